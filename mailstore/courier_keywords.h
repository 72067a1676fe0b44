/* Keywords that Courier left: taken over together with its UIDs (uidlist.h). */
#ifndef MAILSTORE_COURIER_KEYWORDS_H
#define MAILSTORE_COURIER_KEYWORDS_H

#include "mailstore/dirs.h"
#include "mailstore/error.h"
#include "mailstore/keywords.h"

/* Writes what `courierimapkeywords` says of the messages in cur/ into dovecot-keywords and the
 * messages' names, durably; that directory itself stays as it is. The folder's uidlist lock is
 * held. Keywords beyond the letters are left out, with a word in the log. On an error it is to
 * be done again: what was done is found done. *renamed_r: names in cur/ are others now. */
enum store_error courier_keywords_take(struct keywords *kw, const struct folder_dirs *dirs,
                                       bool *renamed_r);

#endif
