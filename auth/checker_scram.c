/*
 * SCRAM in the checker, and the parent's side of it (RFC 5802 section 5).
 *
 *     parent                     checker
 *       | fork, the user's name     |
 *       |-------------------------->| looks up the user; makes its part of the nonce
 *       |      salt, nonce          |
 *       |<--------------------------|
 *       |      AuthMessage, proof   |
 *       |-------------------------->| is that nonce in the message? does the proof fit?
 *       |      verdict, signature   |
 *       |<--------------------------|
 *
 * AuthMessage is made in the gate of what the client has sent, and to the checker is octets
 * that a keyed hash is taken of. One thing is looked for in it: what the checker itself has
 * said, nonce, salt and iterations in the words of the message that told them. A proof that was
 * seen before has another nonce, and so a gate that was taken over can't use it again.
 *
 * A user who is not there, or has no verifier, is given one that nothing fits, at the same
 * price.
 */
#include "auth/checker.h"
#include "auth/host_secret.h"
#include "auth/library.h"
#include "auth/sasl.h"

#include <stdio.h>
#include <string.h>

struct exchange {
    struct library_crypto lib;
    struct scram_verifier verifier;
    bool real; /* the user is there and has it */
    const char *reason;
    char said[SCRAM_NONCE + BASE64_ENCODED(SCRAM_SALT_MAX) + 32]; /* in the AuthMessage */
};

/* Whether s->auth asks the passwd file at all. */
static bool has_file(const struct settings *s)
{
    for (size_t i = 0; i < s->auth_count; i++) {
        if (s->auth[i] == AUTH_BACKEND_PASSWD_FILE)
            return true;
    }
    return false;
}

/* The user's verifier, and one as if there were none, in any case. */
static bool find_verifier(const struct settings *s, const char *user, struct exchange *x)
{
    unsigned char secret[HOST_SECRET];
    struct scram_verifier of_user;
    struct scram_verifier like;
    struct scram_verifier invented;
    x->reason = "scram-off";
    if (!s->scram || !has_file(s))
        return false;
    enum backend_result result = passwd_file_verifier(s, user, &of_user, &like, &x->reason);
    if (result == BACKEND_UNAVAILABLE)
        return false;
    const char *reason = x->reason;
    x->reason = "no-crypto";
    if (!library_load_crypto(&x->lib))
        return false;
    x->reason = "no-scram-secret";
    bool ok = host_secret(s->scram_secret, secret) &&
              scram_verifier_invent(&x->lib, secret, sizeof secret, user,
                                    like.iterations == 0 ? NULL : &like, &invented);
    explicit_bzero(secret, sizeof secret);
    if (!ok)
        return false;
    x->reason = reason;
    x->real = result == BACKEND_OK;
    x->verifier = x->real ? of_user : invented;
    return true;
}

/* What server-first-message ends with (section 7), as auth/sasl_scram.c writes it. */
static void write_said(const struct frame_scram_begun *begun, char *said, size_t size)
{
    char salt[BASE64_ENCODED(SCRAM_SALT_MAX) + 1];
    base64_encode(begun->salt, begun->salt_n, salt);
    snprintf(said, size, "%s,s=%s,i=%u,", begun->nonce, salt, (unsigned)begun->iterations);
}

static bool begin(const struct settings *s, const char *user, struct exchange *x,
                  struct frame_scram_begun *begun)
{
    memset(begun, 0, sizeof *begun);
    begun->head = (struct frame_head){ FRAME_MAGIC, FRAME_SCRAM_BEGUN };
    begun->verdict = VERDICT_OK;
    if (!find_verifier(s, user, x))
        return false;
    begun->iterations = x->verifier.iterations;
    begun->salt_n = (uint32_t)x->verifier.salt_n;
    memcpy(begun->salt, x->verifier.salt, x->verifier.salt_n);
    if (!scram_nonce(begun->nonce)) {
        x->reason = "no-random";
        return false;
    }
    write_said(begun, x->said, sizeof x->said);
    return true;
}

/* Whether the proof fits is found out also where the user is not there. */
static void prove(const struct settings *s, const char *user, const struct exchange *x,
                  const struct frame_scram_proof *proof, struct frame_checked *checked)
{
    bool fits = false;
    bool ours = memmem(proof->message, proof->message_n, x->said, strlen(x->said)) != NULL;
    if (!scram_proof_fits(&x->lib, &x->verifier, proof->message, proof->message_n, proof->proof,
                          checked->signature, &fits)) {
        checker_set(checked, VERDICT_UNAVAILABLE, "no-crypto");
        return;
    }
    checker_set(checked, VERDICT_FAILED, x->real ? "mismatch" : x->reason);
    if (!x->real || !ours || !fits)
        return;
    const char *reason = x->reason;
    struct credentials vouched = { .user = user, .prepared = "" };
    bool found = backend_passwd_file(s, &vouched, &checked->identity, &reason) == BACKEND_OK;
    checker_set(checked, found ? VERDICT_OK : VERDICT_FAILED, reason);
}

/* The checker's whole work. Where there can be no exchange it says why instead of begun. */
static bool check_scram(const struct settings *s, void *ctx, int channel)
{
    const struct frame_scram_begin *ask = ctx;
    struct exchange x = { .real = false };
    struct frame_scram_begun begun;
    struct frame_scram_proof proof;
    struct frame_checked checked;
    size_t n = 0;
    memset(&checked, 0, sizeof checked);
    if (!begin(s, ask->user, &x, &begun)) {
        checker_set(&checked, VERDICT_UNAVAILABLE, x.reason);
        return frame_send(channel, &checked, sizeof checked);
    }
    if (!frame_send(channel, &begun, sizeof begun) ||
        frame_receive(channel, &proof, sizeof proof, &n, NULL) != FRAME_GOT ||
        !frame_scram_proof_valid(&proof, n))
        return false;
    prove(s, ask->user, &x, &proof, &checked);
    if (checked.verdict != VERDICT_OK)
        memset(checked.signature, 0, sizeof checked.signature);
    explicit_bzero(&x.verifier, sizeof x.verifier);
    return frame_send(channel, &checked, sizeof checked);
}

/* --- The parent's side. ---------------------------------------------------------------------
 */

bool checker_scram_begin(const struct settings *s, const struct frame_scram_begin *ask,
                         struct checker *c_r, struct frame_scram_begun *begun_r,
                         struct frame_checked *checked_r)
{
    union {
        struct frame_scram_begun begun;
        struct frame_checked checked;
    } answer;
    const char *why;
    size_t n = 0;
    bool heard = checker_start(c_r, s, check_scram, (void *)ask, &why) &&
                 checker_hear(c_r, &answer, sizeof answer, &n, &why);
    if (heard && frame_scram_begun_valid(&answer.begun, n)) {
        *begun_r = answer.begun;
        return true;
    }
    memset(checked_r, 0, sizeof *checked_r);
    if (heard && frame_checked_valid(&answer.checked, n))
        checker_set(checked_r, VERDICT_UNAVAILABLE, answer.checked.reason);
    else
        checker_set(checked_r, VERDICT_UNAVAILABLE, heard ? "checker-nonsense" : why);
    checker_end(c_r);
    return false;
}

void checker_scram_prove(struct checker *c, const struct frame_scram_proof *proof,
                         struct frame_checked *checked_r)
{
    const char *why = "checker-died";
    size_t n = 0;
    bool heard = frame_send(c->channel, proof, sizeof *proof) &&
                 checker_hear(c, checked_r, sizeof *checked_r, &n, &why);
    if (heard && !frame_checked_valid(checked_r, n)) {
        heard = false;
        why = "checker-nonsense";
    }
    if (!heard) {
        memset(checked_r, 0, sizeof *checked_r);
        checker_set(checked_r, VERDICT_UNAVAILABLE, why);
    }
    checker_end(c);
}
