/*
 * DELETE. What is below a folder stays (RFC 3501 section 6.3.4).
 *
 * Maildir++: the folder's directory is renamed away at once, then removed.
 *
 * fs: the directory may hold other folders, and one may be created in it at any moment, so it
 * is never renamed as a whole: cur/ goes first, with which it stops being a folder, then all
 * that is no folder, and at last the directory itself, if that leaves it empty. Killed in
 * between, it leaves a level that is no folder, which can be deleted again: whatever it still
 * holds has the name of something that belongs to a folder.
 */
#include "mailstore/account.h"
#include "mailstore/listing.h"
#include "mailstore/maildir.h"
#include "mailstore/name.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* Dovecot's names for what is being deleted; it ignores them as we do. */
static const char *trash_name(const struct store *store)
{
    return store->layout == LAYOUT_FS ? "..DOVECOT-TrasH" : "..DOVECOT-TRASHED";
}

/* Whether an entry of the fs folder at `path`, open at dir, is a level of its own, as listing.c
 * sees it. */
static bool is_child(const struct store *store, const char *path, int dir, const char *entry)
{
    struct stat st;
    if (entry[0] == '.' || sys_fstatat(dir, entry, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    if (S_ISDIR(st.st_mode) && !name_is_reserved(entry))
        return true;
    if (!S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
        return false;
    struct buffer whole;
    buffer_init(&whole, PATH_MAX);
    buffer_printf(&whole, "%s/%s", path, entry);
    const char *p = buffer_string(&whole);
    bool is = p != NULL && maildir_is_at(store->root, p);
    buffer_free(&whole);
    return is;
}

/* Removes all that is in the fs folder at `path`, open at dir, but the folders below it. */
static int strip(const struct store *store, const char *path, int dir)
{
    if (maildir_remove(store->root, dir, "cur", trash_name(store)) < 0 && errno != ENOENT)
        return -1;
    DIR *d = sys_opendirfd(dir);
    if (d == NULL)
        return -1;
    int err = 0;
    struct dirent *e;
    while (err == 0 && (e = sys_readdir(d)) != NULL) {
        const char *entry = e->d_name;
        if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0 ||
            (is_child(store, path, dir, entry) && strcmp(entry, "new") != 0 &&
             strcmp(entry, "tmp") != 0))
            continue;
        if (maildir_remove(store->root, dir, entry, trash_name(store)) < 0 && errno != ENOENT)
            err = errno;
        errno = 0;
    }
    if (err == 0)
        err = errno;
    sys_closedir(d);
    errno = err;
    return err == 0 ? 0 : -1;
}

static enum store_error delete_fs(struct store *store, const struct entry *e)
{
    const char *last;
    int parent = open_parent(store, e->path, &last);
    if (parent < 0)
        return store_error_from_errno(errno);
    int dir = sys_openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    int r = dir < 0 ? -1 : strip(store, e->path, dir);
    enum store_error result = r < 0 ? store_error_from_errno(errno) : STORE_OK;
    if (dir >= 0)
        sys_close(dir);
    if (r == 0) {
        bool gone = sys_unlinkat(parent, last, AT_REMOVEDIR) == 0 || errno == ENOENT ||
                    errno == ENOTEMPTY || errno == EEXIST; /* it has folders below */
        if (!gone || sys_fsync(parent) < 0)
            result = store_error_from_errno(errno);
    }
    sys_close(parent);
    return result;
}

/* Whether all that is in the directory is what a folder leaves behind. */
static bool is_remainder(int dir)
{
    DIR *d = sys_opendirfd(dir);
    if (d == NULL)
        return false;
    bool is = true;
    struct dirent *e;
    while (is && (e = sys_readdir(d)) != NULL)
        is = e->d_name[0] == '.' || name_is_reserved(e->d_name);
    is = is && errno == 0;
    sys_closedir(d);
    return is;
}

/* A directory that is no folder, and has none below it: only when it holds nothing else. */
static enum store_error delete_level(struct store *store, const struct entry *e)
{
    int dir = sys_open_beneath(store->root, e->path, O_RDONLY | O_DIRECTORY);
    if (dir < 0)
        return store_error_from_errno(errno);
    bool is = is_remainder(dir);
    sys_close(dir);
    return is ? delete_fs(store, e) : STORE_CANNOT;
}

/* Maildir++, and a link in either layout: the link goes, not what it leads to. */
static enum store_error delete_whole(struct store *store, const struct entry *e)
{
    const char *last;
    int parent = open_parent(store, e->path, &last);
    if (parent < 0)
        return store_error_from_errno(errno);
    enum store_error result = STORE_OK;
    if (maildir_remove(store->root, parent, last, trash_name(store)) < 0 ||
        sys_fsync(parent) < 0)
        result = store_error_from_errno(errno);
    sys_close(parent);
    return result;
}

static enum store_error delete_listed(struct store *store, const struct listing *l,
                                      const char *name)
{
    size_t count;
    listing_range(l, name, &count);
    const struct entry *e = listing_find(l, name);
    if (e == NULL)
        return count > 0 ? STORE_CANNOT : STORE_NONEXISTENT;
    if (!e->selectable)
        return count > 1 ? STORE_CANNOT : delete_level(store, e);
    if (store->layout == LAYOUT_MAILDIRPP || e->link)
        return delete_whole(store, e);
    return delete_fs(store, e);
}

enum store_error folder_delete(struct store *store, const char *name)
{
    char normal[FOLDER_NAME_MAX + 1];
    enum store_error e = name_check(name, normal);
    if (e != STORE_OK)
        return e;
    if (strcmp(normal, "INBOX") == 0)
        return STORE_CANNOT;
    struct listing l;
    e = listing_read(store, &l);
    if (e != STORE_OK)
        return e;
    e = delete_listed(store, &l, normal);
    listing_free(&l);
    if (e == STORE_OK)
        maildir_sweep(store->root);
    return e;
}
