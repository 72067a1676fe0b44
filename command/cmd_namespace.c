/* NAMESPACE: RFC 2342. One personal namespace without a prefix; nothing is shared. */
#include "command/command.h"

void run_namespace(struct command *c)
{
    stream_puts(c->session->io, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
    command_ok(c, NULL, "NAMESPACE completed");
}
