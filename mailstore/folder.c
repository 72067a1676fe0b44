/* From a name to an open folder. */
#include "mailstore/account.h"
#include "mailstore/listing.h"
#include "mailstore/maildir.h"
#include "mailstore/name.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Opens the directory `path` below the root if it is a folder. */
static enum store_error open_folder(struct store *store, const char *path, int *fd_r)
{
    int fd = sys_open_beneath(store->root, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return store_error_from_errno(errno);
    if (maildir_is(fd)) {
        *fd_r = fd;
        return STORE_OK;
    }
    sys_close(fd);
    return STORE_NONEXISTENT;
}

/* The entry that stands for the name though its own is another: the head of listing.c. */
static enum store_error open_listed(struct store *store, const char *name, int *fd_r)
{
    struct listing l;
    enum store_error e = listing_read(store, &l);
    if (e != STORE_OK)
        return e;
    const struct entry *entry = listing_find(&l, name);
    e = STORE_NONEXISTENT;
    if (entry != NULL && entry->selectable)
        e = open_folder(store, entry->path, fd_r);
    listing_free(&l);
    return e;
}

enum store_error folder_open_dir(struct store *store, const char *name, int *fd_r)
{
    char normal[FOLDER_NAME_MAX + 1];
    enum store_error e = name_check(name, normal);
    if (e != STORE_OK)
        return e;
    if (strcmp(normal, "INBOX") == 0) {
        *fd_r = sys_openat(store->root, ".", O_RDONLY | O_DIRECTORY, 0);
        return *fd_r < 0 ? store_error_from_errno(errno) : STORE_OK;
    }
    struct buffer path;
    buffer_init(&path, PATH_ROOM);
    const char *p = name_store(store->layout, normal, STORED_CANONICALLY, &path)
                        ? buffer_string(&path)
                        : NULL;
    e = p == NULL ? STORE_UNAVAILABLE : open_folder(store, p, fd_r);
    buffer_free(&path);
    if (e == STORE_NONEXISTENT || e == STORE_LIMIT)
        e = open_listed(store, normal, fd_r);
    return e;
}
