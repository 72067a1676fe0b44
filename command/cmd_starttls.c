/*
 * STARTTLS: RFC 3501 section 6.2.1, RFC 9051 section 6.2.1.
 *
 * This gate says OK and ends; another takes over, which has OpenSSL and the keys. So whatever
 * the client sent behind the command in the clear (CVE-2011-0411 and its kin: commands that an
 * attacker put there, to be run as if they had come encrypted) is gone with this process.
 */
#include "auth/gate.h"
#include "command/command.h"

void run_starttls(struct command *c)
{
    struct session *s = c->session;
    if (!s->gate->starttls) {
        command_bad(c, s->gate->tls != NULL ? "TLS is active already" : "There is no TLS here");
        return;
    }
    stream_printf(s->io, "%s OK Begin TLS now\r\n", c->tag);
    s->handed_over = stream_flush(s->io) && gate_starttls(s->gate);
    c->ending = ENDING_SILENT;
    c->bye = true;
}
