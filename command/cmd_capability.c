/* CAPABILITY: RFC 3501 section 6.1.1. */
#include "auth/gate.h"
#include "auth/mechanism.h"
#include "auth/sasl.h"
#include "command/command.h"
#include "config/settings.h"

#include <inttypes.h>

void put_capabilities(const struct session *s, struct stream *io)
{
    /* ENABLE and IDLE are for after a login, but there are clients that ask only before it and
     * look for them then (Python's imaplib); Dovecot says them there, too. */
    stream_puts(io, "IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE IDLE");
    /* Never both (RFC 7888 section 5). */
    stream_puts(io, s->settings->literal_minus ? " LITERAL-" : " LITERAL+");
    if (s->state != STATE_NOT_AUTHENTICATED) {
        stream_puts(
            io,
            " UTF8=ACCEPT NAMESPACE CHILDREN LIST-EXTENDED LIST-STATUS "
            "STATUS=SIZE SPECIAL-USE CREATE-SPECIAL-USE "
            "CONDSTORE QRESYNC UNSELECT UIDPLUS MOVE BINARY WITHIN I18NLEVEL=1 "
            "ESEARCH SEARCHRES CONTEXT=SEARCH PARTIAL SEARCH=FUZZY PREVIEW OBJECTID SAVEDATE "
            "SORT SORT=DISPLAY ESORT "
            "THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS MULTIAPPEND "
            "CATENATE URL-PARTIAL REPLACE"
            " COMPRESS=DEFLATE INPROGRESS");
        stream_printf(io, " APPENDLIMIT=%" PRIu64, s->settings->max_message);
        return;
    }
    const struct sasl_terms terms = { s->settings, s->gate->tls, s->password_refused };
    if (s->gate->starttls)
        stream_puts(io, " STARTTLS");
    if (s->password_refused)
        stream_puts(io, " LOGINDISABLED");
    for (const enum auth_mechanism *m = sasl_order; *m != MECHANISMS; m++) {
        if (sasl_offered(&terms, *m))
            stream_printf(io, " AUTH=%s", auth_mechanism_name(*m));
    }
}

void run_capability(struct command *c)
{
    stream_puts(c->session->io, "* CAPABILITY ");
    put_capabilities(c->session, c->session->io);
    stream_puts(c->session->io, "\r\n");
    command_ok(c, NULL, "CAPABILITY completed");
}
