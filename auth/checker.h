/*
 * The checker: one short-lived process for each try of a password. For SCRAM it lives for two
 * frames: between them the client computes its proof.
 */
#ifndef AUTH_CHECKER_H
#define AUTH_CHECKER_H

#include "auth/backend.h"
#include "auth/frame.h"

/* Seconds that PAM may take (a directory server in trouble, a token that is asked over the
 * network) before the try counts as UNAVAILABLE and the checker is killed. */
#define CHECKER_SECONDS 30

/* A checker that runs. */
struct checker {
    pid_t pid;   /* 0: none */
    int channel; /* to it */
};

/* What the checker's process does with its end of the channel; true: it ended well. */
typedef bool checker_work(const struct settings *s, void *ctx, int channel);

/* Fills in the head, a verdict and a word for the log. */
void checker_set(struct frame_checked *checked, enum auth_verdict verdict, const char *reason);

/* Asks the backends of s->auth in their order, in this process; used by the checker, and by
 * tests. Fills verdict, reason and identity. */
void checker_ask(const struct settings *s, const struct credentials *c,
                 struct frame_checked *checked_r);

/* Forks a checker that does `work`. False: not to be had, with a word in *why_r; logged. */
bool checker_start(struct checker *c, const struct settings *s, checker_work *work, void *ctx,
                   const char **why_r);

/* Waits CHECKER_SECONDS for a frame of `size` octets at most; *why_r: why there is none. */
bool checker_hear(const struct checker *c, void *frame, size_t size, size_t *n_r,
                  const char **why_r);

/* Kills it with all that it has started, and reaps it. Nothing where there is none. */
void checker_end(struct checker *c);

/* One try: starts a checker, waits for its answer, ends it. Always gives a valid frame;
 * VERDICT_UNAVAILABLE where there was none. `wipe` is called with ctx in each of the two
 * processes as soon as it needs the password no more, and wipes it there. */
void checker_run(const struct settings *s, const struct credentials *c, void (*wipe)(void *ctx),
                 void *ctx, struct frame_checked *checked_r);

/* SCRAM's first half (auth/checker_scram.c): starts a checker and asks it for the user's salt.
 * True: *begun_r has it, and the checker waits for the proof in *c_r. False: there is none, and
 * *checked_r is a valid frame that says why. */
bool checker_scram_begin(const struct settings *s, const struct frame_scram_begin *ask,
                         struct checker *c_r, struct frame_scram_begun *begun_r,
                         struct frame_checked *checked_r);

/* The second half; the checker has ended afterwards. Always gives a valid frame. */
void checker_scram_prove(struct checker *c, const struct frame_scram_proof *proof,
                         struct frame_checked *checked_r);

#endif
