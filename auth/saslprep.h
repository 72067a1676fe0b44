/*
 * SASLprep (RFC 4013): the one form of a user name or password that both ends of SCRAM make
 * keys of, however it was typed.
 *
 * With utf8proc, which SEARCH needs already, and RFC 3454's tables, which are short. The one
 * difference from the letter: normal form and "unassigned" are those of utf8proc's Unicode, not
 * of Unicode 3.2, so that a character that has come since counts as a character.
 */
#ifndef AUTH_SASLPREP_H
#define AUTH_SASLPREP_H

#include <stdbool.h>
#include <stddef.h>

/* Octets of a string that can be prepared, and of its form, without the NUL. */
#define SASLPREP_MAX 1023

enum saslprep_kind {
    SASLPREP_STORED, /* a password: what Unicode has not assigned is refused */
    SASLPREP_QUERY   /* a name that is looked up: it is not */
};

/* The form of `in`, which is UTF-8, in out, which holds `size` octets. False, and out empty: it
 * is none, is or becomes empty, has a character that is forbidden or characters of both
 * directions (RFC 3454 section 6), or does not fit. Leaves no copy of it anywhere else. */
bool saslprep(const char *in, enum saslprep_kind kind, char *out, size_t size);

#endif
