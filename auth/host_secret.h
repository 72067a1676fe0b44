/*
 * A secret of this host, for what must look random to everybody else and yet be the same each
 * time: the salts that SCRAM tells of users who are not there. Were they made of nothing that
 * lasts, two questions would show which users are real.
 *
 * It is a file of root's, made at first need. (The passwd file's own hashes would do as well,
 * until somebody changes a password; /etc/machine-id every local user can read.)
 */
#ifndef AUTH_HOST_SECRET_H
#define AUTH_HOST_SECRET_H

#include <stdbool.h>

#define HOST_SECRET 32

/* Reads the secret from `path`; makes the file, and the directory it is in, where they are
 * missing. False: not to be had, or not ours alone (another's, or readable by others); logged.
 */
bool host_secret(const char *path, unsigned char secret[HOST_SECRET]);

#endif
