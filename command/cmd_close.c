/* CLOSE: RFC 3501 section 6.4.2. UNSELECT: RFC 3691. */
#include "command/command.h"

#include "session/select.h"

static void leave(struct command *c)
{
    select_leave(&c->session->view, &c->session->parked);
    c->session->state = STATE_AUTHENTICATED;
}

/* Expunges silently; nothing is removed from a folder that was EXAMINEd. Where that fails the
 * folder is closed all the same, and what is deleted stays so. */
void run_close(struct command *c)
{
    struct session *s = c->session;
    enum store_error error = STORE_OK;
    size_t removed = 0;
    if (!s->view.read_only)
        error = mailbox_expunge(s->view.mailbox, NULL, EXPUNGE_ALL, &removed);
    s->counts.expunged += removed;
    leave(c);
    if (error != STORE_OK)
        command_store_error(c, error);
    else
        command_ok(c, NULL, "CLOSE completed");
}

void run_unselect(struct command *c)
{
    leave(c);
    command_ok(c, NULL, "UNSELECT completed");
}
