/* What imapd does with an account without a client: --check, --repair, --adopt. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "config/options.h"

/* Becomes the user that the options name, or else the owner of mail_root, and does what they
 * ask for. home: the invoking user's, or NULL. Returns the exit status. */
int account_command(const struct options *options, const char *home);

/* Why there is nothing to be done, on standard error; returns the exit status for it. */
__attribute__((format(printf, 1, 2))) int account_complain(const char *fmt, ...);

/* Where this user's index is, the caller's to free. NULL: inside of mail_root, also where the
 * user lacks what index_dir asks for. */
char *account_index_dir(const struct settings *s, const struct settings_user *user);

#endif
