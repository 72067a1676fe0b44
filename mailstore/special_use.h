/*
 * What folders are for (RFC 6154), as clients have said when they made them: kept in the file
 * `imapd-special-use` of the Maildir.
 */
#ifndef MAILSTORE_SPECIAL_USE_H
#define MAILSTORE_SPECIAL_USE_H

#include "mailstore/store.h"

enum special_use {
    USE_ARCHIVE = 1 << 0,
    USE_DRAFTS = 1 << 1,
    USE_JUNK = 1 << 2,
    USE_SENT = 1 << 3,
    USE_TRASH = 1 << 4
};
#define SPECIAL_USES 5

/* As LIST tells them: bit i of enum special_use. */
extern const char *const special_use_name[SPECIAL_USES];

/* The bit of an attribute's name (n octets, with its backslash), any case; 0: none that is
 * known here. */
unsigned special_use_bit(const char *name, size_t n);

struct special_use_entry {
    char *name;    /* a normal name; there need be no folder of it */
    unsigned uses; /* enum special_use; not 0 */
};

struct special_uses {
    struct special_use_entry
        *entry; /* a use that several have is the first one's that is there */
    size_t count;
};

/* All of them; none where there is no file. STORE_CORRUPT: it is no file; STORE_LIMIT: it is
 * too long. Free with special_uses_free, on failure too. */
enum store_error special_uses_read(struct store *store, struct special_uses *uses_r);
void special_uses_free(struct special_uses *uses);

/* From now on the folder, there or not yet, has exactly these uses, before all others that have
 * them; with uses 0 nothing is known of it any more. Durable; nothing is written where nothing
 * changes. Errors as those of subscriptions_change. */
enum store_error special_use_assign(struct store *store, const char *name, unsigned uses);

/* For RENAME: what is known of `from` and of what is below it holds for these names with `to`
 * in its place, too; nothing else does. When no such folder is there and before the others
 * move, so that whatever happens one of the two is right. */
enum store_error special_uses_follow(struct store *store, const char *from, const char *to);
/* And after: nothing is known any more of `name` and what is below it. */
enum store_error special_uses_forget(struct store *store, const char *name);

#endif
