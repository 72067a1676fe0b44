/*
 * The one struct of a connection: everything that lasts longer than a command.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "mailstore/mailbox.h"
#include "net/stream.h"
#include "session/view.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct gate;
struct settings;
struct transport;

/* RFC 3501 section 3. */
enum session_state {
    STATE_NOT_AUTHENTICATED = 1 << 0,
    STATE_AUTHENTICATED = 1 << 1,
    STATE_SELECTED = 1 << 2,
    STATE_LOGOUT = 1 << 3
};

/* What the client has asked for, by ENABLE (RFC 5161) or by using it. */
enum session_extension {
    EXTENSION_CONDSTORE = 1 << 0, /* RFC 7162 section 3.1: MODSEQ in FETCH responses */
    EXTENSION_QRESYNC = 1 << 1,   /* section 3.2.3: VANISHED; never without CONDSTORE */
    EXTENSION_UTF8 = 1 << 2,      /* UTF-8 in quoted strings, mailbox names and headers */
    EXTENSION_ACCEPT = 1 << 3,    /* by UTF8=ACCEPT (RFC 6855), never without EXTENSION_UTF8 */
    EXTENSION_REV2 = 1 << 4       /* IMAP4rev2 (RFC 9051), never without EXTENSION_UTF8 */
};

/* What the logout line in the log counts. */
struct session_counts {
    uint64_t fetched;  /* messages of which a body or header was sent */
    uint64_t appended; /* by APPEND and COPY */
    uint64_t expunged;
    time_t began; /* CLOCK_MONOTONIC seconds */
};

struct session {
    struct stream *io;
    const struct settings *settings;
    enum session_state state;
    unsigned enabled;      /* enum session_extension */
    struct gate *gate;     /* in the gate alone, else NULL */
    bool password_refused; /* no password may be sent on this connection: LOGINDISABLED */
    bool handed_over;      /* the gate has done its work */
    const char *user;      /* for the log; NULL in the gate */
    const char *peer;      /* the client's address, for the log */
    struct store *store;
    struct view view;          /* the selected folder as this client sees it */
    struct view parked;        /* session/select.h: the one that was selected before, if any */
    struct transport *deflate; /* COMPRESS is active; or NULL */
    struct session_counts counts;
};

#endif
