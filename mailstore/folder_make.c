#include "mailstore/folder_make.h"

#include "mailstore/account.h"
#include "mailstore/maildir.h"
#include "mailstore/name.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Whether what is at `entry` of the directory is a folder, or in fs a level above others. */
static bool is_level(enum store_layout layout, int parent, const char *entry)
{
    struct stat st;
    if (layout == LAYOUT_FS && sys_fstatat(parent, entry, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(st.st_mode) && (entry[0] != '.' || maildir_below(parent, entry)))
        return true;
    return maildir_is_at(parent, entry);
}

static bool place_of(struct making *m, const char *above, const char *name, enum storing how,
                     struct buffer *path)
{
    if (m->store->layout == LAYOUT_MAILDIRPP)
        return name_store(LAYOUT_MAILDIRPP, name, how, path);
    const char *level = strrchr(name, '/');
    bool top = level == NULL;
    level = top ? name : level + 1;
    if (!top)
        buffer_printf(path, "%s/", above);
    return level_store(LAYOUT_FS, level, strlen(level), how, path);
}

/* One try to put it there. */
static enum store_error place_once(struct making *m, const char *path,
                                   int (*put)(void *ctx, int parent, const char *entry),
                                   void *ctx, bool *taken_r)
{
    const char *entry;
    int parent = open_parent(m->store, path, &entry);
    if (parent < 0)
        return store_error_from_errno(errno);
    enum store_error e = STORE_OK;
    if (put(ctx, parent, entry) < 0) {
        e = store_error_from_errno(errno);
        *taken_r = errno == EEXIST && !is_level(m->store->layout, parent, entry);
    }
    sys_close(parent);
    return e;
}

enum store_error making_place(struct making *m, const char *above, const char *name,
                              int (*put)(void *ctx, int parent, const char *entry), void *ctx,
                              struct buffer *path)
{
    static const enum storing hows[] = { STORED_CANONICALLY, STORED_OTHERWISE };
    struct buffer place;
    buffer_init(&place, PATH_ROOM);
    enum store_error e = STORE_UNAVAILABLE;
    bool taken = true;
    for (size_t i = 0; taken && i < sizeof hows / sizeof *hows; i++) {
        taken = false;
        buffer_clear(&place);
        const char *p =
            place_of(m, above, name, hows[i], &place) ? buffer_string(&place) : NULL;
        e = p == NULL ? STORE_UNAVAILABLE : place_once(m, p, put, ctx, &taken);
    }
    if (e == STORE_OK && path != NULL) {
        buffer_clear(path);
        buffer_append(path, place.data, place.len);
    }
    buffer_free(&place);
    return e;
}

static int put_folder(void *ctx, int parent, const char *entry)
{
    const struct making *m = ctx;
    return maildir_create(m->store->root, parent, entry, m->store->layout == LAYOUT_MAILDIRPP);
}

static void take_back(const struct store *store, const char *path)
{
    const char *entry;
    int parent = open_parent(store, path, &entry);
    if (parent < 0)
        return;
    maildir_uncreate(parent, entry);
    sys_close(parent);
}

/* Makes a folder; path gets where. */
static enum store_error make(struct making *m, const char *above, const char *name,
                             struct buffer *path)
{
    if (m->count == FOLDER_LEVELS_MAX)
        return STORE_LIMIT;
    enum store_error e = making_place(m, above, name, put_folder, m, path);
    if (e != STORE_OK)
        return e;
    const char *p = buffer_string(path);
    char *copy = p == NULL ? NULL : strdup(p);
    if (copy != NULL) {
        m->made[m->count++] = copy;
        return STORE_OK;
    }
    if (p != NULL)
        take_back(m->store, p);
    return STORE_UNAVAILABLE;
}

enum store_error making_folder(struct making *m, const char *above, const char *name)
{
    struct buffer path;
    buffer_init(&path, PATH_ROOM);
    enum store_error e = make(m, above, name, &path);
    buffer_free(&path);
    return e;
}

/* The directory that what is below INBOX is in: no folder, the INBOX is the root. */
static enum store_error make_below_inbox(struct making *m, struct buffer *path)
{
    if (m->store->layout == LAYOUT_MAILDIRPP)
        return STORE_OK;
    const char *there = m->listing->below_inbox;
    if (there == NULL && sys_mkdirat(m->store->root, "INBOX", MODE_DIR) < 0 && errno != EEXIST)
        return store_error_from_errno(errno);
    buffer_puts(path, there == NULL ? "INBOX" : there);
    return STORE_OK;
}

/* Makes one of the levels above a name, unless it is there; path becomes its path. */
static enum store_error make_level(struct making *m, const char *level, struct buffer *path)
{
    if (strcmp(level, "INBOX") == 0)
        return make_below_inbox(m, path);
    const struct entry *there = listing_find(m->listing, level);
    if (there != NULL) {
        buffer_clear(path);
        return buffer_puts(path, there->path) ? STORE_OK : STORE_UNAVAILABLE;
    }
    const char *s = buffer_string(path);
    char *above = s == NULL ? NULL : strdup(s);
    if (above == NULL)
        return STORE_UNAVAILABLE;
    enum store_error e = make(m, above, level, path);
    if (e == STORE_EXISTS) { /* somebody else has just made it */
        buffer_clear(path);
        e = place_of(m, above, level, STORED_CANONICALLY, path) ? STORE_OK : STORE_UNAVAILABLE;
    }
    free(above);
    return e;
}

enum store_error making_above(struct making *m, const char *name, struct buffer *above)
{
    char level[FOLDER_NAME_MAX + 1];
    for (size_t i = 0; i < FOLDER_NAME_MAX && name[i] != '\0'; i++) {
        level[i] = name[i];
        if (name[i] != '/')
            continue;
        level[i] = '\0';
        enum store_error e = make_level(m, level, above);
        if (e != STORE_OK)
            return e;
        level[i] = '/';
    }
    return STORE_OK;
}

void making_undo(struct making *m)
{
    while (m->count > 0) {
        char *path = m->made[--m->count];
        take_back(m->store, path);
        free(path);
    }
}

void making_free(struct making *m)
{
    while (m->count > 0)
        free(m->made[--m->count]);
}
