/* What store.h keeps to itself: for the files of mailstore/ that work on the whole account. */
#ifndef MAILSTORE_ACCOUNT_H
#define MAILSTORE_ACCOUNT_H

#include "mailstore/store.h"

#include <sys/types.h>

struct index;

struct store {
    int root; /* the directory mail_root */
    enum store_layout layout;
    char *index_dir; /* NULL: the default */
    uint64_t index_size_max;
    struct index *index; /* NULL: not opened yet */
    bool writes;         /* a folder was opened for writing: the index will be written to */
    bool grown;          /* a look has needed much memory, which is free by now */
    store_progress *progress; /* or NULL */
    void *progress_ctx;
};

static inline void store_tell_progress(const struct store *store, uint64_t done, uint64_t goal)
{
    if (store->progress != NULL)
        store->progress(store->progress_ctx, done, goal);
}

/* The index, opened now where it is not yet. NULL: no memory. */
struct index *store_index(struct store *store);

/* What we make is the user's alone (umask 077). */
#define MODE_DIR  0700
#define MODE_FILE 0600

#endif
