/*
 * The command loop, for the gate and for the user's session: one loop, one table.
 */
#ifndef COMMAND_SERVER_H
#define COMMAND_SERVER_H

#include "session/session.h"

enum server_end {
    SERVER_LOGOUT,       /* the client said LOGOUT */
    SERVER_DISCONNECTED, /* the client went away */
    SERVER_TIMEOUT,
    SERVER_HANDED_OVER, /* gate: the parent goes on */
    SERVER_REFUSED      /* we said BYE: too many tries, too much nonsense, the store is gone */
};

/* The gate: greets (unless another gate has, before STARTTLS), then serves the not
 * authenticated state. Uses io, settings, gate and password_refused of s; state is set here. */
enum server_end serve_gate(struct session *s, bool greets);

/* Opens the user's mail, as the user. tag: of the command that logged in, to be answered if
 * that fails, with NO and BYE; NULL: PREAUTH, BYE alone. mail_root: expanded, made where it is
 * missing; index_dir too, NULL: inside of it. Uses io and settings of s; s->store is set. */
bool serve_open(struct session *s, const char *tag, const char *mail_root,
                const char *index_dir);

/* The user's session, after serve_open, running as the user. tag: to be answered OK; NULL:
 * greets with PREAUTH. Uses io, settings, user, peer, counts and store of s. Everything that
 * was opened is closed on return. */
enum server_end serve_user(struct session *s, const char *tag);

#endif
