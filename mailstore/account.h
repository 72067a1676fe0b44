/* What store.h keeps to itself: for the files of mailstore/ that work on the whole account. */
#ifndef MAILSTORE_ACCOUNT_H
#define MAILSTORE_ACCOUNT_H

#include "mailstore/store.h"

#include <sys/types.h>

struct store {
    int root; /* the directory mail_root */
    enum store_layout layout;
};

/* What we make is the user's alone (umask 077). */
#define MODE_DIR  0700
#define MODE_FILE 0600

#endif
