/* NOOP and CHECK: RFC 3501 sections 6.1.2 and 6.4.1. What NOOP is for, the loop does. */
#include "command/command.h"

void run_noop(struct command *c)
{
    command_ok(c, NULL, "NOOP completed");
}

void run_check(struct command *c)
{
    enum store_error error = mailbox_check(c->session->view.mailbox);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    command_ok(c, NULL, "CHECK completed");
}
