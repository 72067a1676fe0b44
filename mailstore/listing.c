/*
 * All folders of the account.
 *
 * Maildir++: one pass over the root, one access(2) an entry. fs: directory after directory, the
 * entries found so far being the queue, so that there is neither recursion nor more than one
 * directory open. A folder in fs is a directory with cur/; one without is a level above others.
 * Dot directories (.notmuch, .git) are mostly no mail; Dovecot keeps folders whose names begin
 * with a dot in such: they count when they are Maildirs or directly above one.
 *
 * Links are folders when they lead to one inside the root. Nothing is listed below a linked
 * directory: a link to a directory above it would make endlessly many names.
 *
 * Two entries can stand for one name (raw UTF-8 beside modified UTF-7). The canonical one has
 * it, or else the one that sorts first; the others are shown in their opaque form (name.c). So
 * every name here is there once, and finding the entry of a name that isn't canonical on disk
 * is looking it up here.
 */
#include "mailstore/listing.h"

#include "base/log.h"
#include "mailstore/account.h"
#include "mailstore/maildir.h"
#include "mailstore/name.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A name while it is being made: that of the directory above and the opaque form of an entry.
 */
#define NAME_ROOM (FOLDER_NAME_MAX + 1 + 3 * (size_t)ENTRY_MAX)

void listing_free(struct listing *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->entry[i].name);
        free(l->entry[i].path);
    }
    free(l->entry);
    free(l->below_inbox);
    *l = (struct listing){ .entry = NULL };
}

/* Adds an entry; takes over what the two buffers hold. */
static enum store_error add(struct listing *l, struct buffer *name, struct buffer *path,
                            bool selectable, bool link)
{
    if (l->count >= LISTING_MAX)
        return STORE_LIMIT;
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 64 : l->room * 2;
        struct entry *entry = realloc(l->entry, room * sizeof *entry);
        if (entry == NULL)
            return STORE_UNAVAILABLE;
        l->entry = entry;
        l->room = room;
    }
    struct entry e = { .name = buffer_steal(name),
                       .path = buffer_steal(path),
                       .selectable = selectable,
                       .link = link };
    if (e.name == NULL || e.path == NULL) {
        free(e.name);
        free(e.path);
        return STORE_UNAVAILABLE;
    }
    l->entry[l->count++] = e;
    return STORE_OK;
}

/* --- Which entry has a name that two of them stand for. ------------------------------------
 */

static bool is_canonical(enum store_layout layout, const struct entry *e)
{
    struct buffer path;
    buffer_init(&path, PATH_ROOM);
    const char *last = strrchr(e->path, '/');
    last = last == NULL ? e->path : last + 1;
    const char *level = strrchr(e->name, '/');
    bool ok =
        layout == LAYOUT_MAILDIRPP || level == NULL
            ? name_store(layout, e->name, STORED_CANONICALLY, &path)
            : level_store(layout, level + 1, strlen(level + 1), STORED_CANONICALLY, &path);
    const char *s = ok ? buffer_string(&path) : NULL;
    bool is = s != NULL && strcmp(s, last) == 0;
    buffer_free(&path);
    return is;
}

static int by_name_then_path(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int order = name_compare(x->name, y->name);
    return order != 0 ? order : strcmp(x->path, y->path);
}

/* Gives an entry its opaque name. */
static bool rename_opaque(enum store_layout layout, struct entry *e)
{
    struct buffer name;
    buffer_init(&name, NAME_ROOM);
    const char *stored = e->path + 1;
    if (layout == LAYOUT_FS) {
        const char *level = strrchr(e->name, '/');
        if (level != NULL)
            buffer_append(&name, e->name, (size_t)(level - e->name) + 1);
        stored = strrchr(e->path, '/');
        stored = stored == NULL ? e->path : stored + 1;
    }
    level_show_opaque(stored, strlen(stored), &name);
    char *opaque = buffer_steal(&name);
    if (opaque == NULL)
        return false;
    free(e->name);
    e->name = opaque;
    return true;
}

/* Sorts the entries from `first` on, all of one directory, and makes their names unique. */
static enum store_error settle(enum store_layout layout, struct listing *l, size_t first)
{
    struct entry *e = l->entry + first;
    size_t n = l->count - first;
    if (n < 2)
        return STORE_OK;
    qsort(e, n, sizeof *e, by_name_then_path);
    bool renamed = false;
    for (size_t i = 0; i < n;) {
        size_t same = 1;
        size_t winner = i;
        while (i + same < n && strcmp(e[i].name, e[i + same].name) == 0) {
            if (is_canonical(layout, &e[i + same]))
                winner = i + same;
            same++;
        }
        for (size_t j = i; j < i + same; j++) {
            if (j == winner)
                continue;
            if (!rename_opaque(layout, &e[j]))
                return STORE_UNAVAILABLE;
            renamed = true;
        }
        i += same;
    }
    if (renamed)
        qsort(e, n, sizeof *e, by_name_then_path);
    return STORE_OK;
}

/* --- Maildir++. ----------------------------------------------------------------------------
 */

/* The name that the entry `.stored` of the root stands for. */
static bool show_maildirpp(const char *stored, struct buffer *name)
{
    size_t levels = 0;
    for (const char *at = stored;; at++) {
        size_t n = strcspn(at, ".");
        if (levels > 0)
            buffer_putc(name, '/');
        if (n == 0 || ++levels > FOLDER_LEVELS_MAX || !level_show_somehow(at, n, name))
            break;
        at += n;
        if (*at == '\0') {
            char normal[FOLDER_NAME_MAX + 1];
            const char *s = buffer_string(name);
            if (s == NULL || name_check(s, normal) != STORE_OK || strcmp(normal, "INBOX") == 0)
                break;
            memcpy(name->data, normal, name->len);
            return true;
        }
    }
    buffer_clear(name);
    return level_show_opaque(stored, strlen(stored), name);
}

static bool is_maildirpp_folder(int root, const struct dirent *d)
{
    if (d->d_type == DT_DIR) {
        char cur[ENTRY_MAX + sizeof "/cur"];
        int n = snprintf(cur, sizeof cur, "%s/cur", d->d_name);
        if (n > 0 && (size_t)n < sizeof cur && sys_faccessat(root, cur) == 0)
            return true;
    } else if (d->d_type != DT_LNK && d->d_type != DT_UNKNOWN) {
        return false;
    }
    return maildir_is_at(root, d->d_name);
}

static enum store_error take_maildirpp(struct store *store, struct listing *l,
                                       const struct dirent *d)
{
    const char *entry = d->d_name;
    /* "." and ".." and what Maildir++ reserves: "..anything" */
    if (entry[0] != '.' || entry[1] == '\0' || entry[1] == '.')
        return STORE_OK;
    if (!is_maildirpp_folder(store->root, d))
        return STORE_OK;
    struct buffer name;
    struct buffer path;
    buffer_init(&name, NAME_ROOM);
    buffer_init(&path, ENTRY_MAX + 1);
    enum store_error e = STORE_UNAVAILABLE;
    if (show_maildirpp(entry + 1, &name) && buffer_puts(&path, entry))
        e = add(l, &name, &path, true, d->d_type == DT_LNK);
    buffer_free(&name);
    buffer_free(&path);
    return e;
}

/* --- fs. -----------------------------------------------------------------------------------
 */

enum kind { OTHER, DIRECTORY, LINK };

static enum kind kind_of(int dir, const struct dirent *d)
{
    if (d->d_type == DT_DIR)
        return DIRECTORY;
    if (d->d_type == DT_LNK)
        return LINK;
    struct stat st;
    if (d->d_type != DT_UNKNOWN || sys_fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return OTHER;
    if (S_ISDIR(st.st_mode))
        return DIRECTORY;
    return S_ISLNK(st.st_mode) ? LINK : OTHER;
}

/* Name and path of the entry `stored` of the directory `above`. False: no memory. */
static bool show_fs(const struct entry *above, const char *stored, struct buffer *name,
                    struct buffer *path)
{
    bool top = strcmp(above->path, ".") == 0;
    if (!top) {
        buffer_printf(name, "%s/", above->name);
        buffer_printf(path, "%s/", above->path);
    }
    size_t begin = name->len;
    level_show_somehow(stored, strlen(stored), name);
    buffer_puts(path, stored);
    const char *s = buffer_string(name);
    if (s != NULL && top && strcasecmp(s + begin, "INBOX") == 0)
        memcpy(name->data, "INBOX", 5);
    return s != NULL && !path->failed;
}

/* Takes in one entry of the fs directory `above`, which is open at dir. */
static enum store_error take_fs(struct store *store, struct listing *l,
                                const struct entry *above, int dir, const struct dirent *d)
{
    const char *entry = d->d_name;
    if (name_is_hidden(entry) || strcmp(entry, "cur") == 0 || strcmp(entry, "new") == 0 ||
        strcmp(entry, "tmp") == 0 || strcmp(entry, "imapd-index") == 0)
        return STORE_OK;
    enum kind kind = kind_of(dir, d);
    if (kind == OTHER)
        return STORE_OK;
    struct buffer name;
    struct buffer path;
    buffer_init(&name, NAME_ROOM);
    buffer_init(&path, SIZE_MAX);
    enum store_error e = STORE_OK;
    if (!show_fs(above, entry, &name, &path)) {
        e = STORE_UNAVAILABLE;
    } else if (name.len > FOLDER_NAME_MAX || path.len >= PATH_MAX ||
               name_levels(name.data) > FOLDER_LEVELS_MAX) {
        log_warning("a folder is not listed: its name is too long");
    } else {
        bool dotted = entry[0] == '.';
        bool must_be_one = kind == LINK || dotted || name_is_reserved(entry);
        bool is = must_be_one && maildir_is_at(store->root, buffer_string(&path));
        bool level = dotted && kind == DIRECTORY && maildir_below(dir, entry);
        if (is || !must_be_one || level)
            e = add(l, &name, &path, is, kind == LINK);
    }
    buffer_free(&name);
    buffer_free(&path);
    return e;
}

/* What in the directory of entry `at` tells that it is a folder itself. */
static bool is_marker(const char *entry)
{
    return strcmp(entry, "cur") == 0 || strcmp(entry, "dovecot-uidlist") == 0 ||
           strcmp(entry, "maildirfolder") == 0;
}

/* --- The passes. ---------------------------------------------------------------------------
 */

static enum store_error take_directory(struct store *store, struct listing *l, size_t at,
                                       DIR *d, int fd)
{
    struct dirent *entry;
    enum store_error e = STORE_OK;
    while (e == STORE_OK && (entry = sys_readdir(d)) != NULL) {
        if (store->layout == LAYOUT_MAILDIRPP) {
            e = take_maildirpp(store, l, entry);
        } else {
            struct entry above = l->entry[at];
            if (is_marker(entry->d_name))
                l->entry[at].selectable = true;
            e = take_fs(store, l, &above, fd, entry);
        }
    }
    return e == STORE_OK ? store_error_from_errno(errno) : e;
}

/* Reads the directory of the entry `at` and adds what is in it. */
static enum store_error expand(struct store *store, struct listing *l, size_t at)
{
    int fd = sys_open_beneath(store->root, l->entry[at].path, O_RDONLY | O_DIRECTORY);
    DIR *d = fd < 0 ? NULL : sys_opendirfd(fd);
    if (d == NULL) {
        enum store_error e = store_error_from_errno(errno);
        if (fd >= 0)
            sys_close(fd);
        /* Gone by now, or not ours to read: it is no more than its name. */
        return at > 0 && (e == STORE_NONEXISTENT || e == STORE_NOPERM) ? STORE_OK : e;
    }
    size_t first = l->count;
    enum store_error e = take_directory(store, l, at, d, fd);
    sys_closedir(d);
    sys_close(fd);
    if (at > 0 && e == STORE_NONEXISTENT) /* removed while it was read */
        e = STORE_OK;
    return e == STORE_OK ? settle(store->layout, l, first) : e;
}

static enum store_error add_inbox(struct listing *l)
{
    struct buffer name;
    struct buffer path;
    buffer_init(&name, FOLDER_NAME_MAX);
    buffer_init(&path, FOLDER_NAME_MAX);
    enum store_error e = STORE_UNAVAILABLE;
    if (buffer_puts(&name, "INBOX") && buffer_puts(&path, "."))
        e = add(l, &name, &path, true, false);
    buffer_free(&name);
    buffer_free(&path);
    return e;
}

/* The directory INBOX/ of layout fs is not the INBOX, but what the folders below INBOX are in.
 * Should it be a folder itself, that one is shown in its opaque form. */
static bool settle_inbox_level(struct listing *l, size_t at)
{
    struct entry *e = &l->entry[at];
    l->below_inbox = strdup(e->path);
    if (l->below_inbox == NULL)
        return false;
    if (e->selectable)
        return rename_opaque(LAYOUT_FS, e);
    free(e->name);
    free(e->path);
    l->entry[at] = l->entry[--l->count];
    return true;
}

static enum store_error read_all(struct store *store, struct listing *l)
{
    enum store_error e = add_inbox(l);
    if (e == STORE_OK)
        e = expand(store, l, 0);
    size_t inbox_level = 0;
    for (size_t i = 1; store->layout == LAYOUT_FS && e == STORE_OK && i < l->count; i++) {
        if (strcmp(l->entry[i].name, "INBOX") == 0)
            inbox_level = i;
        if (!l->entry[i].link)
            e = expand(store, l, i);
    }
    if (e == STORE_OK && inbox_level > 0 && !settle_inbox_level(l, inbox_level))
        e = STORE_UNAVAILABLE;
    return e;
}

enum store_error listing_read(struct store *store, struct listing *l)
{
    *l = (struct listing){ .entry = NULL };
    enum store_error e = read_all(store, l);
    if (e != STORE_OK)
        listing_free(l);
    else
        qsort(l->entry, l->count, sizeof *l->entry, by_name_then_path);
    return e;
}

/* --- Looking things up. --------------------------------------------------------------------
 */

/* The index of the first entry that does not sort before `name`. */
static size_t lower_bound(const struct listing *l, const char *name)
{
    size_t low = 0;
    size_t high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (name_compare(l->entry[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct entry *listing_find(const struct listing *l, const char *name)
{
    size_t i = lower_bound(l, name);
    return i < l->count && strcmp(l->entry[i].name, name) == 0 ? &l->entry[i] : NULL;
}

size_t listing_range(const struct listing *l, const char *name, size_t *count_r)
{
    size_t first = lower_bound(l, name);
    size_t n = 0;
    while (first + n < l->count && (strcmp(l->entry[first + n].name, name) == 0 ||
                                    name_is_below(l->entry[first + n].name, name)))
        n++;
    *count_r = n;
    return first;
}

int open_parent(const struct store *store, const char *path, const char **last_r)
{
    const char *slash = strrchr(path, '/');
    *last_r = slash == NULL ? path : slash + 1;
    if (slash == NULL)
        return sys_openat(store->root, ".", O_RDONLY | O_DIRECTORY, 0);
    char *above = strndup(path, (size_t)(slash - path));
    if (above == NULL)
        return -1;
    int fd = sys_open_beneath(store->root, above, O_RDONLY | O_DIRECTORY);
    int saved = errno;
    free(above);
    errno = saved;
    return fd;
}
