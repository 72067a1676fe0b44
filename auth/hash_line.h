/* imapd -H: a password in, a line for the passwd file out. */
#ifndef AUTH_HASH_LINE_H
#define AUTH_HASH_LINE_H

#include <stdbool.h>

/* Reads a password from standard input, twice and without echo where that is a terminal, and
 * prints "user:{CRYPT}hash::::::", without a user only "{CRYPT}hash"; with `scram` a verifier,
 * {SCRAM-SHA-256}. Returns the exit status: 0, EX_USAGE for a user or password that can't be
 * one, EX_OSERR; what is wrong is told on standard error. */
int hash_line(const char *user, bool scram);

#endif
