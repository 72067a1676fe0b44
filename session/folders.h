/* The folders that a LIST selects, with what is told of each (RFC 5258). */
#ifndef SESSION_FOLDERS_H
#define SESSION_FOLDERS_H

#include "mailstore/store.h"

struct listed {
    char *name;
    bool exists;     /* there is a level of that name */
    bool selectable; /* and it is a mailbox */
    bool has_children;
    bool subscribed;
    unsigned use; /* enum special_use, by special_uses_mark */
};

struct listed_folders {
    struct listed *folder; /* in the order of name_compare, each name once */
    size_t count;
};

/* All folders; with `subscriptions` also the names that are subscribed without being there, and
 * the levels above these. Free with listed_folders_free, on failure too. */
enum store_error listed_folders_read(struct store *store, bool subscriptions,
                                     struct listed_folders *l_r);
void listed_folders_free(struct listed_folders *l);

#endif
