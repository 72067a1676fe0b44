/* What auth/sasl.c and the files of the larger mechanisms have in common; nobody else's. */
#ifndef AUTH_SASL_STEPS_H
#define AUTH_SASL_STEPS_H

#include "auth/sasl.h"

/* A string of octets within a response. */
struct piece {
    const char *octets;
    size_t n;
};

/* Takes from the front of *rest what is before the first `c`, and that octet; false: there is
 * none. */
bool sasl_until(struct piece *rest, char c, struct piece *taken_r);

/* Whether it is `text`, but for the case of ASCII letters where any_case. */
bool sasl_is(const struct piece *p, const char *text, bool any_case);

/* Copies it as a string into `to` of `size` octets. SASL_DONE, SASL_MALFORMED (NUL), or
 * SASL_REFUSED: too long. */
enum sasl_step sasl_take(char *to, size_t size, const struct piece *p);

/* The same for a saslname (RFC 5802 section 7), in which "=2C" is ',' and "=3D" is '='. Empty,
 * or with another '=': SASL_MALFORMED. */
enum sasl_step sasl_take_name(char *to, size_t size, const struct piece *p);

/* Formats the challenge; SASL_REFUSED where it does not fit. */
enum sasl_step sasl_challenge(struct sasl *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The mechanisms' own steps. */
enum sasl_step sasl_scram(struct sasl *s, const struct piece *response);
enum sasl_step sasl_oauthbearer(struct sasl *s, const struct piece *response);
enum sasl_step sasl_xoauth2(struct sasl *s, const struct piece *response);

#endif
