/*
 * SASL's server side, free of I/O: responses in, challenges out (RFC 4422; PLAIN: RFC 4616;
 * LOGIN: as the clients of draft-murchison-sasl-login expect it).
 */
#ifndef AUTH_SASL_H
#define AUTH_SASL_H

#include "auth/gate.h"

#include <stdbool.h>
#include <stddef.h>

enum sasl_step {
    SASL_CHALLENGE, /* send the challenge, wait for the response */
    SASL_DONE,      /* user and password are there */
    SASL_MALFORMED, /* the response is no message of this mechanism: BAD */
    SASL_REFUSED    /* well-formed, but can never succeed (other authzid, too long): as a failed
                       try, after asking the parent all the same, with nothing in it */
};

struct sasl {
    enum auth_mechanism mechanism;
    unsigned round;
    char user[AUTH_USER_MAX + 1];
    char password[AUTH_PASSWORD_MAX + 1];
};

/* Whether we have a mechanism of that name (any case). */
bool sasl_find(const char *name, enum auth_mechanism *mechanism_r);

/* The names of the mechanisms, as AUTH= lists them, NULL-terminated. */
extern const char *const sasl_mechanisms[];

/* How the log names it: LOGIN, PLAIN, and "command" for the LOGIN command. Static. */
const char *auth_mechanism_name(enum auth_mechanism mechanism);

void sasl_begin(struct sasl *s, enum auth_mechanism mechanism);

/* One step. After MALFORMED and REFUSED user and password are empty. response NULL: none came
 * yet (no initial response); else n decoded octets. With SASL_CHALLENGE *challenge_r and
 * *challenge_n_r are the octets to send, base64 still to be made; static. */
enum sasl_step sasl_respond(struct sasl *s, const unsigned char *response, size_t n,
                            const char **challenge_r, size_t *challenge_n_r);

/* Wipes it all. */
void sasl_end(struct sasl *s);

/* Strict base64 (RFC 4648 section 4). Decoding: -1 for anything that is not exactly that, else
 * the octets written to out, which holds 3 for each 4 of in. Encoding: out holds
 * BASE64_ENCODED(n) + 1; NUL-terminated. */
#define BASE64_ENCODED(n) (((n) + 2) / 3 * 4)
#define BASE64_DECODE_MAX 65536 /* characters in one piece; more is refused */
long base64_decode(const char *in, size_t n, unsigned char *out);
void base64_encode(const void *in, size_t n, char *out);

#endif
