/*
 * DELETE. What is below a folder stays (RFC 3501 section 6.3.4).
 *
 * Maildir++: the folder's directory is renamed away at once, then removed.
 *
 * fs: the directory may hold other folders, and one may be created in it at any moment, so it
 * is never renamed as a whole, and may become a folder again while we are at it. Under
 * dovecot-uidlist.lock, so that nothing is added meanwhile and no session that has the folder
 * open writes its list anew (mailbox_number.c) into what is made here next: cur/ goes first,
 * with which it stops being a folder, then all that is no folder, and at last the directory
 * itself, if that leaves it empty. Killed in between, it leaves a level that is no folder,
 * which can be deleted again: whatever it still holds has the name of something that belongs to
 * a folder.
 */
#include "mailstore/account.h"
#include "mailstore/dotlock.h"
#include "mailstore/index_folder.h"
#include "mailstore/listing.h"
#include "mailstore/maildir.h"
#include "mailstore/name.h"
#include "mailstore/special_use.h"
#include "mailstore/sys.h"
#include "mailstore/uidlist.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* How often a directory may be filled again while it is removed. */
#define STRIP_TRIES 4

/* Dovecot's names for what is being deleted; it ignores them as we do. */
static const char *trash_name(const struct store *store)
{
    return store->layout == LAYOUT_FS ? "..DOVECOT-TrasH" : "..DOVECOT-TRASHED";
}

/* Whether the directory `name` in dir has others in it; also when that can't be seen. */
static bool holds_directory(int dir, const char *name)
{
    int fd = sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    DIR *d = fd < 0 ? NULL : sys_opendirfd(fd);
    bool holds = d == NULL && errno != ENOENT;
    struct dirent *e;
    while (!holds && d != NULL && (e = sys_readdir(d)) != NULL) {
        struct stat st;
        holds =
            strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            (sys_fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode));
    }
    if (d != NULL)
        sys_closedir(d);
    if (fd >= 0)
        sys_close(fd);
    return holds;
}

/* Whether an entry of the fs folder at `path`, open at dir, is a level of its own, as listing.c
 * sees it. A dot directory is taken for one as soon as it has others in it: better something
 * stays that is no mail than that a folder goes which Dovecot keeps there, however deep. */
static bool is_child(const struct store *store, const char *path, int dir, const char *entry)
{
    struct stat st;
    if (sys_fstatat(dir, entry, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno != ENOENT; /* what can't be seen may hold mail */
    if (S_ISDIR(st.st_mode) && entry[0] == '.')
        return holds_directory(dir, entry);
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

/* Makes the directory stop being a folder: both marks of one (maildir_is) go one after the
 * other and at once, or none. */
static int unmark(const struct store *store, int dir)
{
    const char *trash = trash_name(store);
    bool moved = sys_rename_new(dir, "cur", dir, trash) == 0;
    /* EEXIST: what a deletion left that was broken off. */
    if (!moved && errno != ENOENT &&
        (errno != EEXIST || maildir_remove(store->root, dir, "cur", trash) < 0))
        return -1;
    if (sys_unlinkat(dir, UIDLIST_NAME, 0) == 0 || errno == ENOENT)
        return 0;
    int saved = errno;
    if (moved)
        (void)sys_rename_new(dir, trash, dir, "cur");
    errno = saved;
    return -1;
}

/* Removes all that is in the fs folder at `path`, open at dir, but the folders below it and the
 * lock that we hold. */
static int strip(const struct store *store, const char *path, int dir)
{
    if (unmark(store, dir) < 0)
        return -1;
    DIR *d = sys_opendirfd(dir);
    if (d == NULL)
        return -1;
    int err = 0;
    struct dirent *e;
    while (err == 0 && (e = sys_readdir(d)) != NULL) {
        const char *entry = e->d_name;
        struct stat st;
        if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0 ||
            strcmp(entry, UIDLIST_LOCK) == 0)
            continue;
        if (sys_fstatat(dir, entry, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT) {
            err = errno;
            break;
        }
        if ((is_child(store, path, dir, entry) && strcmp(entry, "new") != 0 &&
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

/* Where no lock can be made (a full disk) the folder goes all the same: that is how a user
 * makes room. */
static enum store_error strip_locked(const struct store *store, const char *path, int dir)
{
    struct dotlock lock;
    enum store_error e = dotlock_take(&lock, dir, UIDLIST_LOCK);
    if (e == STORE_INUSE)
        return e;
    e = strip(store, path, dir) < 0 ? store_error_from_errno(errno) : STORE_OK;
    dotlock_drop(&lock);
    return e;
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
        is = name_is_hidden(e->d_name) || name_is_reserved(e->d_name) ||
             (e->d_name[0] == '.' && !holds_directory(dir, e->d_name));
    is = is && errno == 0;
    sys_closedir(d);
    return is;
}

/* Empties the directory `last` of `parent`, and removes it if that leaves it empty. Somebody
 * who was waiting for the lock to add something may have it by then: he finds no folder and
 * gives up, and what is left is removed once more. */
static enum store_error remove_fs(const struct store *store, const char *path, int parent,
                                  const char *last, int dir)
{
    for (int i = 0; i < STRIP_TRIES; i++) {
        enum store_error e = strip_locked(store, path, dir);
        if (e != STORE_OK)
            return e;
        if (sys_unlinkat(parent, last, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return STORE_OK;
        if (errno != ENOTEMPTY && errno != EEXIST)
            return store_error_from_errno(errno);
        if (!is_remainder(dir)) /* it has folders below */
            return STORE_OK;
    }
    return STORE_INUSE;
}

static enum store_error delete_fs(struct store *store, const struct entry *e)
{
    const char *last;
    int parent = open_parent(store, e->path, &last);
    if (parent < 0)
        return store_error_from_errno(errno);
    int dir = sys_openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    enum store_error result =
        dir < 0 ? store_error_from_errno(errno) : remove_fs(store, e->path, parent, last, dir);
    if (dir >= 0)
        sys_close(dir);
    if (result == STORE_OK && sys_fsync(parent) < 0)
        result = store_error_from_errno(errno);
    sys_close(parent);
    return result;
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
        return count > 0 ? STORE_HASCHILDREN : STORE_NONEXISTENT;
    if (!e->selectable)
        return count > 1 ? STORE_HASCHILDREN : delete_level(store, e);
    if (store->layout == LAYOUT_MAILDIRPP || e->link)
        return delete_whole(store, e);
    return delete_fs(store, e);
}

/* By which the index knows the folder; zeroes: it has no cur/. */
static struct folder_key key_of(struct store *store, const char *name)
{
    struct folder_key none = { 0, 0 };
    struct stat st;
    int fd = -1;
    if (folder_open_dir(store, name, &fd) != STORE_OK)
        return none;
    bool is = sys_fstatat(fd, "cur", &st, AT_SYMLINK_NOFOLLOW) == 0;
    sys_close(fd);
    return is ? folder_key_of(&st) : none;
}

/* What the index knows of a folder that is gone is of no use; that it stays does no harm. */
static void forget(struct store *store, struct folder_key key)
{
    struct index *ix = key.ino != 0 ? store_index(store) : NULL;
    if (ix == NULL)
        return;
    index_release(ix);
    (void)index_check(ix);
    if (index_write(ix))
        (void)index_end(ix, index_folder_drop(ix, key));
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
    struct folder_key key = key_of(store, normal);
    e = delete_listed(store, &l, normal);
    listing_free(&l);
    if (e != STORE_OK)
        return e;
    forget(store, key);
    (void)special_use_assign(store, normal, 0);
    maildir_sweep(store->root);
    return STORE_OK;
}
