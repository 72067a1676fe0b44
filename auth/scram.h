/*
 * SCRAM-SHA-256's arithmetic (RFC 5802 section 3, RFC 7677): what a passwd file keeps of a
 * password, whether a password or a proof fits it, and what is told of users who are not there.
 * SCRAM's messages are auth/sasl_scram.c's. Runs in the checker.
 */
#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct library_crypto;

/* Octets of a key, a proof and a signature: SHA-256's. */
#define SCRAM_KEY 32
/* Octets of a salt, at least and at most. */
#define SCRAM_SALT_MIN 1
#define SCRAM_SALT_MAX 64
/* Octets of a salt of ours: nobody's tables cover 2^128 of them. */
#define SCRAM_SALT 16
/* Iterations of a verifier of ours: RFC 7677 section 4's rule of thumb. */
#define SCRAM_ITERATIONS 15000
/* Most that are taken: a second or two of a password's check. */
#define SCRAM_ITERATIONS_MAX 5000000
/* Characters of the server's part of the nonce: base64 of 24 random octets. */
#define SCRAM_NONCE 32

struct scram_verifier {
    unsigned iterations; /* 1 to SCRAM_ITERATIONS_MAX */
    size_t salt_n;
    unsigned char salt[SCRAM_SALT_MAX];
    unsigned char stored_key[SCRAM_KEY];
    unsigned char server_key[SCRAM_KEY];
};

/* Reads "iterations,salt,StoredKey,ServerKey", the latter three in base64, as Dovecot keeps it
 * behind {SCRAM-SHA-256}. False: it is not that, or beyond the bounds above. */
bool scram_verifier_read(const char *text, struct scram_verifier *v_r);

/* Adds this form of a fresh verifier for a password after SASLprep. False: no random octets, no
 * memory, or libcrypto can't. */
bool scram_verifier_make(const struct library_crypto *lib, const char *password,
                         struct buffer *out);

/* Whether a password (after SASLprep) is the verifier's. In a time that does not depend on
 * which octets differ. *fits_r is set where the function is true; false: libcrypto can't. */
bool scram_password_fits(const struct library_crypto *lib, const struct scram_verifier *v,
                         const char *password, bool *fits_r);

/* Whether the client's proof over the n octets of AuthMessage shows that it has the password.
 * The signature that shows the client the same of us is made in any case, in the same time. As
 * above. */
bool scram_proof_fits(const struct library_crypto *lib, const struct scram_verifier *v,
                      const char *message, size_t n, const unsigned char proof[SCRAM_KEY],
                      unsigned char signature_r[SCRAM_KEY], bool *fits_r);

/* A verifier that nothing fits, for a user who is not there: keys and salt follow from the name
 * and a secret of this host (n octets), so that they are the same whenever they are asked for
 * and no others can foretell them; `like` (NULL: none) lends iterations and the salt's length,
 * so that they tell no more. False: libcrypto can't. */
bool scram_verifier_invent(const struct library_crypto *lib, const unsigned char *secret,
                           size_t n, const char *user, const struct scram_verifier *like,
                           struct scram_verifier *v_r);

/* The server's part of a nonce, fresh. False: no random octets to be had. */
bool scram_nonce(char nonce[SCRAM_NONCE + 1]);

#endif
