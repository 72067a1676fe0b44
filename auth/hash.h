/*
 * Passwords against the hashes of crypt(3), in the schemes of Dovecot's passwd files.
 */
#ifndef AUTH_HASH_H
#define AUTH_HASH_H

#include "base/buffer.h"

#include <stdbool.h>

enum hash_result {
    HASH_MATCH,
    HASH_MISMATCH,
    HASH_LOCKED,  /* '*' or '!': no password fits */
    HASH_REFUSED, /* {PLAIN}, and not allowed */
    HASH_UNKNOWN, /* a scheme that is none of ours, or a hash that is none of its scheme */
    HASH_FAILED   /* no memory */
};

/* `stored`: "{SCHEME}hash", or a hash without a scheme, which is {CRYPT}. Schemes, in any case:
 * CRYPT (whatever libcrypt knows), SHA256-CRYPT, SHA512-CRYPT, BLF-CRYPT, and with allow_plain
 * PLAIN and CLEARTEXT. Compares in a time that does not depend on where they differ. */
enum hash_result hash_check(const char *stored, const char *password, bool allow_plain);

/* Whether it is a hash that costs something to check: one to spend time on for a user who does
 * not exist. */
bool hash_is_crypt(const char *stored);

/* Adds "{CRYPT}" and a fresh yescrypt hash. False: no memory, or no random octets. */
bool hash_make(const char *password, struct buffer *out);

#endif
