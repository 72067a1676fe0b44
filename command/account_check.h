/* imapd --check and --repair, as the user whose mail it is. */
#ifndef COMMAND_ACCOUNT_CHECK_H
#define COMMAND_ACCOUNT_CHECK_H

#include "config/settings.h"

/* Exit statuses. */
enum { ACCOUNT_CHECK_SAME = 0, ACCOUNT_CHECK_DIFFERS = 1, ACCOUNT_CHECK_FAILED = 2 };

/* Compares (mailstore/check.h), mends with `repair`, and prints a line for each thing found on
 * standard output. index_dir NULL: in mail_root. Returns the exit status; what kept it from
 * beginning is told on standard error. */
int account_check(const struct settings *s, const char *mail_root, const char *index_dir,
                  bool repair, bool full);

#endif
