/* Making folders and the levels above them, with the way back. */
#ifndef MAILSTORE_FOLDER_MAKE_H
#define MAILSTORE_FOLDER_MAKE_H

#include "mailstore/listing.h"

struct making {
    struct store *store;
    const struct listing *listing;
    char *made[FOLDER_LEVELS_MAX]; /* paths of what making_above and making_folder made */
    size_t count;
};

/* Makes the missing levels above `name` as folders. `above` gets the path of the last of them,
 * nothing in Maildir++ and at the top. */
enum store_error making_above(struct making *m, const char *name, struct buffer *above);

/* Makes the folder `name` in the directory `above`. STORE_EXISTS: it is there. */
enum store_error making_folder(struct making *m, const char *above, const char *name);

/* Puts something at the place where the folder `name` is stored, by put(ctx, the directory, the
 * entry): 0, or -1 with errno, EEXIST when the entry is taken. When it is taken by what is no
 * folder, once more where the name is stored otherwise. path, if not NULL, gets the place. */
enum store_error making_place(struct making *m, const char *above, const char *name,
                              int (*put)(void *ctx, int parent, const char *entry), void *ctx,
                              struct buffer *path);

/* Takes back what was made, as far as it is still empty. */
void making_undo(struct making *m);
void making_free(struct making *m);

#endif
