/* imapd --adopt, as the user whose mail it is. */
#ifndef COMMAND_ACCOUNT_ADOPT_H
#define COMMAND_ACCOUNT_ADOPT_H

#include "config/settings.h"

/* Exit statuses: everything was taken over; something was not, as was told; nothing could be
 * begun. */
enum { ACCOUNT_ADOPT_ALL = 0, ACCOUNT_ADOPT_LEFT = 1, ACCOUNT_ADOPT_FAILED = 2 };

/* Takes over mbox folders (mailstore/adopt.h): the file `source` (an absolute path) becomes the
 * folder `into`, or else INBOX; of a directory each mbox below it becomes the folder of its
 * name, below `into` where that is given, and what its .mailboxlist names is subscribed.
 * into: UTF-8, or NULL. mail_root is made where there is none; index_dir NULL: in mail_root.
 * The source is only read. Prints a line a folder, and for what was left out, on standard
 * output; what kept it from beginning on standard error. Returns the exit status. */
int account_adopt(const struct settings *s, const char *mail_root, const char *index_dir,
                  const char *source, const char *into);

#endif
