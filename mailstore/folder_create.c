/*
 * CREATE. Each folder appears at once and whole, and of two that create the same one exactly
 * one is told OK (maildir.c). What is above comes first, so that a crash leaves no folder
 * without the one above it; a failure takes back what was made.
 *
 * A folder gets its UIDVALIDITY when its messages are first looked at.
 */
#include "mailstore/account.h"
#include "mailstore/folder_make.h"
#include "mailstore/maildir.h"
#include "mailstore/name.h"
#include "mailstore/special_use.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Layout fs: makes a directory that is only a level above others a folder. Whoever makes its
 * cur/ is the one who created it. */
static enum store_error make_selectable(struct store *store, const char *path)
{
    int fd = sys_open_beneath(store->root, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return store_error_from_errno(errno);
    enum store_error e = STORE_OK;
    if (maildir_fill(fd) < 0 || sys_fsync(fd) < 0) {
        e = store_error_from_errno(errno);
        if (e != STORE_EXISTS) {
            sys_unlinkat(fd, "cur", AT_REMOVEDIR);
            sys_unlinkat(fd, "new", AT_REMOVEDIR);
            sys_unlinkat(fd, "tmp", AT_REMOVEDIR);
        }
    }
    sys_close(fd);
    return e;
}

static enum store_error create(struct making *m, const char *name)
{
    const struct entry *there = listing_find(m->listing, name);
    if (there != NULL)
        return there->selectable ? STORE_EXISTS : make_selectable(m->store, there->path);
    struct buffer above;
    buffer_init(&above, PATH_ROOM);
    enum store_error e = making_above(m, name, &above);
    const char *path = buffer_string(&above);
    if (e == STORE_OK)
        e = path == NULL ? STORE_UNAVAILABLE : making_folder(m, path, name);
    buffer_free(&above);
    /* Whoever was quicker with the folder itself relies on the levels that we made above it. */
    if (e != STORE_OK && e != STORE_EXISTS)
        making_undo(m);
    return e;
}

/* The uses come first, so that none of what can fail then comes after the folder is there. What
 * was left of a folder that others have removed goes. */
static enum store_error create_for(struct making *m, const char *name, unsigned uses)
{
    const struct entry *there = listing_find(m->listing, name);
    if (there != NULL && there->selectable)
        return STORE_EXISTS;
    enum store_error e = special_use_assign(m->store, name, uses);
    if (e != STORE_OK && uses != 0)
        return e;
    e = create(m, name);
    if (e != STORE_OK && e != STORE_EXISTS && uses != 0)
        (void)special_use_assign(m->store, name, 0);
    return e;
}

enum store_error folder_create_for(struct store *store, const char *name, unsigned uses)
{
    char normal[FOLDER_NAME_MAX + 1];
    enum store_error e = name_check(name, normal);
    if (e != STORE_OK)
        return e;
    if (strcmp(normal, "INBOX") == 0)
        return STORE_EXISTS;
    struct listing l;
    e = listing_read(store, &l);
    if (e != STORE_OK)
        return e;
    struct making m = { .store = store, .listing = &l };
    e = create_for(&m, normal, uses);
    making_free(&m);
    listing_free(&l);
    return e;
}

enum store_error folder_create(struct store *store, const char *name)
{
    return folder_create_for(store, name, 0);
}
