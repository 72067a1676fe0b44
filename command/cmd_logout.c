/* LOGOUT: RFC 3501 section 6.1.3. Nothing is expunged (6.4.2 leaves that to EXPUNGE and CLOSE),
 * unless expunge_on_logout asks for it. */
#include "command/command.h"
#include "config/settings.h"

void run_logout(struct command *c)
{
    struct session *s = c->session;
    if (s->state == STATE_SELECTED && s->settings->expunge_on_logout && !s->view.read_only) {
        size_t removed = 0;
        if (mailbox_expunge(s->view.mailbox, NULL, EXPUNGE_ALL, &removed) != STORE_OK)
            stream_puts(s->io, "* NO The deleted messages could not be expunged\r\n");
        s->counts.expunged += removed;
    }
    stream_puts(s->io, "* BYE imapd terminating connection\r\n");
    s->state = STATE_LOGOUT;
    command_ok(c, NULL, "LOGOUT completed");
}
