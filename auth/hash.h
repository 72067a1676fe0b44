/*
 * Passwords against hashes in the schemes of Dovecot's passwd files: those of crypt(3), and
 * SCRAM's verifiers.
 */
#ifndef AUTH_HASH_H
#define AUTH_HASH_H

#include "auth/scram.h"
#include "base/buffer.h"

#include <stdbool.h>

enum hash_result {
    HASH_MATCH,
    HASH_MISMATCH,
    HASH_LOCKED,  /* '*' or '!': no password fits */
    HASH_REFUSED, /* {PLAIN}, and not allowed */
    HASH_UNKNOWN, /* a scheme that is none of ours, or a hash that is none of its scheme */
    HASH_FAILED   /* no memory, or a library is missing */
};

/* A password in the two forms that hashes are made of. */
struct hash_password {
    const char *sent;     /* as it came */
    const char *prepared; /* after SASLprep (auth/saslprep.h); empty: it has no such form */
};

/* `stored`: "{SCHEME}hash", or a hash without a scheme, which is {CRYPT}. Schemes, in any case:
 * CRYPT (whatever libcrypt knows), SHA256-CRYPT, SHA512-CRYPT, BLF-CRYPT, SCRAM-SHA-256, and
 * with allow_plain PLAIN and CLEARTEXT. Compares in a time that does not depend on where they
 * differ. */
enum hash_result hash_check(const char *stored, const struct hash_password *password,
                            bool allow_plain);

/* The verifier of a stored hash of SCRAM-SHA-256. False: it is none; *locked_r: because no
 * password is to fit. */
bool hash_scram(const char *stored, struct scram_verifier *v_r, bool *locked_r);

/* Whether the user is shut out, with or without a password: '!' at the front. */
bool hash_is_shut(const char *stored);

/* Whether it is a hash that costs something to check: one to spend time on for a user who does
 * not exist. */
bool hash_costs(const char *stored);

/* Adds "{CRYPT}" and a fresh yescrypt hash. False: no memory, or no random octets. */
bool hash_make(const char *password, struct buffer *out);

/* Adds "{SCRAM-SHA-256}" and a fresh verifier. `prepared`: the password after SASLprep. */
bool hash_make_scram(const char *prepared, struct buffer *out);

#endif
