/*
 * Taking over a folder that UW-IMAP keeps in one file (message/mbox.h): its messages with
 * flags, keywords and dates become a Maildir folder's, under the UIDs and the UIDVALIDITY that
 * clients know. The file is only read.
 *
 * It may be done again: what has a UID that the folder has given already is passed over,
 * whether it is still there or was deleted since. So between two times nothing is doubled, and
 * nothing comes back.
 */
#ifndef MAILSTORE_ADOPT_H
#define MAILSTORE_ADOPT_H

#include "mailstore/store.h"

enum adopt_result {
    ADOPT_DONE,
    ADOPT_NO_MBOX,    /* the file is none */
    ADOPT_VALIDITY,   /* the folder has given UIDs under another UIDVALIDITY */
    ADOPT_UNNUMBERED, /* no UIDs are in the file, and it is not what was taken before with more
                         behind it */
    ADOPT_CHANGED,    /* it was changed while it was read: whole messages may have come */
    ADOPT_FAILED      /* `error` says how */
};

struct adopted {
    enum store_error error;
    size_t messages; /* that the file has */
    size_t added;
    size_t known;         /* that were passed over */
    uint32_t uidvalidity; /* of the file; 0: it has none */
    uint32_t folder_uidvalidity;
    char keywords_left[256]; /* names that a Maildir folder has no room for, cut off */
};

/* Takes over the file open at fd (the caller's; it is read from its beginning with pread(2))
 * into the folder, which is made where there is none. Times without a zone are local ones. */
enum adopt_result adopt_mbox(struct store *store, int fd, const char *folder,
                             struct adopted *adopted_r);

#endif
