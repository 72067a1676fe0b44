/* All folders of the account, with where each is on disk. */
#ifndef MAILSTORE_LISTING_H
#define MAILSTORE_LISTING_H

#include "mailstore/store.h"

/* More folders than anybody has; a bound on memory all the same. */
#define LISTING_MAX 200000

struct entry {
    char *name;      /* normal form */
    char *path;      /* below the root; "." for INBOX */
    bool selectable; /* it is a Maildir; false: a directory above others (layout fs) */
    bool link;       /* a symbolic link; nothing below it is listed */
};

struct listing {
    struct entry *entry; /* in the order of name_compare, no name twice */
    size_t count, room;
    /* Layout fs: the directory that holds what is below INBOX, by its path; NULL: none. */
    char *below_inbox;
};

/* Reads all of it. On failure the listing is empty. */
enum store_error listing_read(struct store *store, struct listing *l);
void listing_free(struct listing *l);

/* The entry of that name, NULL: none. */
const struct entry *listing_find(const struct listing *l, const char *name);

/* The index of the first entry that is `name` or below it, and how many there are of them. */
size_t listing_range(const struct listing *l, const char *name, size_t *count_r);

/* Opens the directory that the last level of `path` is in; *last_r points to that level. -1
 * with errno. The descriptor is the caller's. */
int open_parent(const struct store *store, const char *path, const char **last_r);

#endif
