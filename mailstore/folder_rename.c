/*
 * RENAME of any folder but INBOX, with all that is below it.
 *
 * fs: one rename(2) of the directory.
 *
 * Maildir++: `.a`, `.a.b`, `.a.b.c` ... are directories beside each other and must be renamed
 * one by one. Each is whole, with its messages and UIDs, under its old or its new name at every
 * moment. What can be known to fail (a name that gets too long) is found before the first
 * rename; should one fail all the same, those done are renamed back. The folder itself comes
 * first: of two that rename it at the same time, one finds it gone. A crash in between leaves
 * the rest under the old names, where nothing is lost and the client sees it: one half can be
 * renamed after the other by hand. Nothing is written down beforehand to finish it by itself,
 * because whoever finished it later could not know whether somebody has used the old name anew
 * since.
 *
 * A level that is no folder, only above others, can be renamed too: then those move. The new
 * name must be neither a folder nor such a level. Subscriptions stay as they are (RFC
 * 3501 6.3.6); special uses follow.
 */
#include "mailstore/account.h"
#include "mailstore/folder_make.h"
#include "mailstore/name.h"
#include "mailstore/special_use.h"
#include "mailstore/sys.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A folder on its way: renamed from this entry. */
struct move {
    int parent;        /* the directory it is in */
    const char *entry; /* its entry there */
};

/* As sys_rename_new; the directories are synced by the caller. */
static int put_move(void *ctx, int parent, const char *entry)
{
    const struct move *move = ctx;
    return sys_rename_new(move->parent, move->entry, parent, entry);
}

/* The new name of what was called `old`: `to` in place of its first `cut` octets. */
static bool new_name(const char *old, size_t cut, const char *to, char out[FOLDER_NAME_MAX + 1])
{
    int n = snprintf(out, FOLDER_NAME_MAX + 1, "%s%s", to, old + cut);
    return n > 0 && n <= FOLDER_NAME_MAX;
}

/* Whether all names that would come of it can be: STORE_LIMIT if not. */
static enum store_error check_names(struct store *store, const struct entry *e, size_t count,
                                    size_t cut, const char *to)
{
    struct buffer path;
    buffer_init(&path, PATH_ROOM);
    enum store_error result = STORE_OK;
    for (size_t i = 0; i < count && result == STORE_OK; i++) {
        char name[FOLDER_NAME_MAX + 1];
        buffer_clear(&path);
        bool fits =
            new_name(e[i].name, cut, to, name) && name_levels(name) <= FOLDER_LEVELS_MAX;
        if (fits && !name_store(store->layout, name, STORED_CANONICALLY, &path))
            result = STORE_UNAVAILABLE;
        else if (!fits || (store->layout == LAYOUT_MAILDIRPP && path.len > ENTRY_MAX))
            result = STORE_LIMIT;
    }
    buffer_free(&path);
    return result;
}

/* Renames what was renamed back, last first. */
static void move_back(struct store *store, const struct entry *e, char **moved, size_t count)
{
    while (count-- > 0) {
        if (moved[count] != NULL &&
            sys_rename_new(store->root, moved[count], store->root, e[count].path) < 0)
            log_error("a folder could not be renamed back: %s", strerrordesc_np(errno));
    }
}

static enum store_error move_one(struct making *m, const struct entry *e, size_t cut,
                                 const char *to, char **moved)
{
    char name[FOLDER_NAME_MAX + 1];
    if (!new_name(e->name, cut, to, name))
        return STORE_LIMIT;
    struct buffer path;
    buffer_init(&path, PATH_ROOM);
    struct move move = { .parent = m->store->root, .entry = e->path };
    enum store_error result = making_place(m, "", name, put_move, &move, &path);
    if (result == STORE_OK) {
        *moved = buffer_steal(&path);
        if (*moved == NULL)
            log_error("no memory for the way back of a rename");
    }
    buffer_free(&path);
    return result;
}

static enum store_error move_maildirpp(struct making *m, const struct entry *e, size_t count,
                                       size_t cut, const char *to)
{
    char **moved = calloc(count, sizeof *moved);
    if (moved == NULL)
        return STORE_UNAVAILABLE;
    enum store_error result = STORE_OK;
    size_t done = 0;
    while (done < count && result == STORE_OK) {
        result = move_one(m, &e[done], cut, to, &moved[done]);
        if (result == STORE_OK)
            done++;
    }
    if (result == STORE_OK && sys_fsync(m->store->root) < 0)
        result = store_error_from_errno(errno);
    if (result != STORE_OK)
        move_back(m->store, e, moved, done);
    for (size_t i = 0; i < count; i++)
        free(moved[i]);
    free(moved);
    return result;
}

static int sync_both(struct store *store, int from, const char *path)
{
    const char *last;
    int to = open_parent(store, path, &last);
    int r = to < 0 ? -1 : sys_fsync(to);
    if (r == 0)
        r = sys_fsync(from);
    if (to >= 0) {
        int saved = errno;
        sys_close(to);
        errno = saved;
    }
    return r;
}

static enum store_error move_fs(struct making *m, const struct entry *e, const char *above,
                                const char *to)
{
    struct move move;
    move.parent = open_parent(m->store, e->path, &move.entry);
    if (move.parent < 0)
        return store_error_from_errno(errno);
    struct buffer path;
    buffer_init(&path, PATH_ROOM);
    enum store_error result = making_place(m, above, to, put_move, &move, &path);
    const char *p = buffer_string(&path);
    if (result == STORE_OK && p != NULL && sync_both(m->store, move.parent, p) < 0) {
        result = store_error_from_errno(errno);
        move_back(m->store, e, &path.data, 1);
    }
    buffer_free(&path);
    sys_close(move.parent);
    return result;
}

static enum store_error rename_listed(struct making *m, const char *from, const char *to)
{
    size_t taken;
    listing_range(m->listing, to, &taken);
    if (taken > 0)
        return STORE_EXISTS;
    size_t count;
    size_t first = listing_range(m->listing, from, &count);
    if (count == 0)
        return STORE_NONEXISTENT;
    const struct entry *e = &m->listing->entry[first];
    enum store_error result = check_names(m->store, e, count, strlen(from), to);
    if (result != STORE_OK)
        return result;
    /* The directory that holds what is below INBOX is not for sale. */
    if (m->listing->below_inbox != NULL && strcmp(e->path, m->listing->below_inbox) == 0)
        return STORE_CANNOT;
    /* Of a file that can't be read nothing is known, and nothing follows. */
    result = special_uses_follow(m->store, from, to);
    if (result != STORE_OK && result != STORE_CORRUPT && result != STORE_LIMIT)
        return result;
    struct buffer above;
    buffer_init(&above, PATH_ROOM);
    result = making_above(m, to, &above);
    const char *path = buffer_string(&above);
    if (result == STORE_OK && path == NULL)
        result = STORE_UNAVAILABLE;
    if (result == STORE_OK)
        result = m->store->layout == LAYOUT_MAILDIRPP
                     ? move_maildirpp(m, e, count, strlen(from), to)
                     : move_fs(m, e, path, to);
    buffer_free(&above);
    if (result != STORE_OK)
        making_undo(m);
    (void)special_uses_forget(m->store, result == STORE_OK ? from : to);
    return result;
}

enum store_error folder_rename(struct store *store, const char *from, const char *to)
{
    char old[FOLDER_NAME_MAX + 1];
    char new[FOLDER_NAME_MAX + 1];
    enum store_error e = name_check(from, old);
    if (e == STORE_OK)
        e = name_check(to, new);
    if (e != STORE_OK)
        return e;
    if (strcmp(old, new) == 0 || strcmp(new, "INBOX") == 0)
        return STORE_EXISTS;
    if (strcmp(old, "INBOX") == 0 || name_is_below(new, old))
        return STORE_CANNOT;
    struct listing l;
    e = listing_read(store, &l);
    if (e != STORE_OK)
        return e;
    struct making m = { .store = store, .listing = &l };
    e = rename_listed(&m, old, new);
    making_free(&m);
    listing_free(&l);
    return e;
}
