/*
 * The checker: one short-lived process for each try of a password.
 */
#ifndef AUTH_CHECKER_H
#define AUTH_CHECKER_H

#include "auth/backend.h"
#include "auth/frame.h"

/* Seconds that PAM may take (a directory server in trouble, a token that is asked over the
 * network) before the try counts as UNAVAILABLE and the checker is killed. */
#define CHECKER_SECONDS 30

/* Asks the backends of s->auth in their order, in this process; used by the checker, and by
 * tests. Fills verdict, reason and identity. */
void checker_ask(const struct settings *s, const struct credentials *c,
                 struct frame_checked *checked_r);

/* Forks the checker and waits for its answer. Always gives a valid frame; VERDICT_UNAVAILABLE
 * where there was none. `wipe` is called with ctx in each of the two processes as soon as it
 * needs the password no more, and wipes it there. */
void checker_run(const struct settings *s, const struct credentials *c, void (*wipe)(void *ctx),
                 void *ctx, struct frame_checked *checked_r);

#endif
