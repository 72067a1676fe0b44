/*
 * Mending what a comparison has found.
 *
 * What every session does when it finds such a thing does nearly all of it: a look (mailbox.h).
 * Sessions find it late, or not at all as long as stamps say that nothing has changed, so here
 * they are made to look at everything. In this order, since each may need the one before:
 *
 *  1. where index and uidlist contradict each other about a UID, the folder is dropped from the
 *     index: the uidlist is the truth. Otherwise the index stays for now, since it still knows
 *     UIDs of lines that are damaged;
 *  2. dovecot-keywords, and lines of the uidlist that a look would leave, are put right;
 *  3. the index is told to forget its stamps, and a look mends the uidlist;
 *  4. where the index contradicts itself, the folder is dropped from it;
 *  5. a look at all of it.
 *
 * No step removes a message. UIDs change only where the list has lost them and the index does
 * not know them either; UIDVALIDITY where two folders have one.
 */
#include "mailstore/check_private.h"

#include "mailstore/dotlock.h"
#include "mailstore/mailbox_private.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- The index. ------------------------------------------------------------------------------
 */

/* Drops a folder from the index. */
static bool forget(struct check *c, struct folder_key key)
{
    struct index *ix = store_index(c->store);
    if (ix == NULL)
        return false;
    (void)index_check(ix);
    return index_write(ix) && index_end(ix, index_folder_drop(ix, key));
}

/* Lets the next look read uidlist, cur/ and new/ whole. */
static void forget_stamps(struct check *c, struct folder_key key)
{
    struct index *ix = store_index(c->store);
    struct index_folder f;
    bool found = false;
    if (ix == NULL)
        return;
    (void)index_check(ix);
    if (!index_write(ix))
        return;
    bool ok = index_folder_get(ix, key, &f, &found) && found;
    if (ok) {
        memset(&f.cur, 0, sizeof f.cur);
        memset(&f.new, 0, sizeof f.new);
        f.list.present = false;
        ok = index_folder_put(ix, &f);
    }
    (void)index_end(ix, ok);
}

static void tell_dropped(struct check *c, const struct checked *folder)
{
    if (forget(c, folder->key))
        check_tell(c, CHECK_DONE, folder->name, "its index was begun anew");
    else
        check_tell(c, CHECK_FAILURE, folder->name, "its index can't be begun anew");
}

/* --- Files of a folder, under its lock. ------------------------------------------------------
 */

/* Runs mend() with the directory open and locked. */
static enum store_error with_lock(struct check *c, const char *name,
                                  enum store_error (*mend)(struct check *c, int dir))
{
    struct dotlock lock;
    int dir = -1;
    enum store_error e = folder_open_dir(c->store, name, &dir);
    if (e != STORE_OK)
        return e;
    e = dotlock_take_within(&lock, dir, UIDLIST_LOCK, c->patience);
    if (e == STORE_OK) {
        e = mend(c, dir);
        dotlock_drop(&lock);
    }
    sys_close(dir);
    return e;
}

static enum store_error rewrite_lines(struct uidlist *list, int dir,
                                      struct uidlist_lines *lines)
{
    return list->present && list->uidvalidity != 0
               ? uidlist_rewrite(list, dir, lines->line, lines->count)
               : STORE_CORRUPT;
}

/* A base name, and where its line is. */
struct later {
    const char *base;
    size_t len;
    size_t at;
};

static int by_base(const void *a, const void *b)
{
    const struct later *x = a;
    const struct later *y = b;
    int c = memcmp(x->base, y->base, x->len < y->len ? x->len : y->len);
    if (c != 0 || x->len != y->len)
        return c != 0 ? c : (x->len < y->len ? -1 : 1);
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Takes out the lines that a later one has made void. */
static bool drop_repeated(struct uidlist_lines *lines)
{
    size_t n = 0;
    struct later *by = calloc(lines->count + 1, sizeof *by);
    if (by == NULL)
        return false;
    for (size_t i = 0; i < lines->count; i++)
        by[i] = (struct later){ lines->line[i].base, lines->line[i].base_len, i };
    qsort(by, lines->count, sizeof *by, by_base);
    for (size_t i = 0; i + 1 < lines->count; i++)
        if (by[i].len == by[i + 1].len && memcmp(by[i].base, by[i + 1].base, by[i].len) == 0)
            lines->line[by[i].at].uid = 0;
    for (size_t i = 0; i < lines->count; i++)
        if (lines->line[i].uid != 0)
            lines->line[n++] = lines->line[i];
    lines->count = n;
    free(by);
    return true;
}

static enum store_error mend_repeated(struct check *c, int dir)
{
    struct uidlist list;
    struct uidlist_lines lines;
    (void)c;
    memset(&list, 0, sizeof list);
    enum store_error e = uidlist_load(&list, dir, &lines);
    if (e == STORE_OK && !drop_repeated(&lines))
        e = STORE_UNAVAILABLE;
    if (e == STORE_OK)
        e = rewrite_lines(&list, dir, &lines);
    uidlist_lines_free(&lines);
    return e;
}

/* A copy has the original's GUID, too: uidlist_rewrite makes one where there is none. */
static void drop_guid(struct uidlist *list)
{
    char *guid = strstr(list->fields, " G");
    if (guid == NULL)
        return;
    size_t n = 1 + strcspn(guid + 1, " ");
    memmove(guid, guid + n, strlen(guid + n) + 1);
}

static enum store_error mend_validity(struct check *c, int dir)
{
    struct uidlist list;
    struct uidlist_lines lines;
    memset(&list, 0, sizeof list);
    enum store_error e = uidlist_load(&list, dir, &lines);
    if (e == STORE_OK)
        e = uidvalidity_next(c->store, &list.uidvalidity);
    if (e == STORE_OK) {
        drop_guid(&list);
        e = rewrite_lines(&list, dir, &lines);
    }
    uidlist_lines_free(&lines);
    return e;
}

/* The letters that files have. */
static bool note_letters(void *ctx, const char *name)
{
    uint32_t *used = ctx;
    uint8_t flags = 0;
    uint32_t letters = 0;
    maildir_name_flags(name, &flags, &letters);
    *used |= letters & LETTERS_AZ;
    return true;
}

static enum store_error find_letters(int dir, uint32_t *used_r)
{
    static const char *const sub[] = { "cur", "new" };
    enum store_error e = STORE_OK;
    *used_r = 0;
    for (size_t i = 0; i < 2 && e == STORE_OK; i++) {
        int fd = sys_openat(dir, sub[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0)
            return store_error_from_errno(errno);
        e = dir_scan(fd, note_letters, used_r);
        sys_close(fd);
    }
    return e;
}

/* Whether the letter's name can't be told from that of another, lower one. */
static bool is_repeated(const struct keywords *kw, int letter)
{
    for (int i = 0; i < letter; i++)
        if (kw->name[i] != NULL && kw->name[letter] != NULL &&
            strcasecmp(kw->name[i], kw->name[letter]) == 0)
            return true;
    return false;
}

static bool name_letters(struct keywords *kw, uint32_t used)
{
    for (int i = LETTERS_COUNTED - 1; i >= 0; i--) {
        if (is_repeated(kw, i)) {
            free(kw->name[i]);
            kw->name[i] = NULL;
        }
        if (kw->name[i] != NULL || (used & (1U << i)) == 0)
            continue;
        kw->name[i] = strdup(kw->unknown[i]);
        if (kw->name[i] == NULL)
            return false;
    }
    return true;
}

static enum store_error mend_keywords(struct check *c, int dir)
{
    struct keywords kw;
    uint32_t ignored = 0;
    uint32_t used = 0;
    (void)c;
    keywords_init(&kw);
    enum store_error e = keywords_look(&kw, dir, &ignored);
    if (e == STORE_OK)
        e = find_letters(dir, &used);
    if (e == STORE_OK && !name_letters(&kw, used))
        e = STORE_UNAVAILABLE;
    if (e == STORE_OK)
        e = keywords_write(&kw, dir);
    keywords_free(&kw);
    return e;
}

static void tell_mended(struct check *c, const char *name, const char *what, enum store_error e)
{
    if (e == STORE_OK)
        check_tell(c, CHECK_DONE, name, "%s", what);
    else
        check_tell(c, CHECK_FAILURE, name, "not mended (%s): %s", what, store_error_text(e));
}

/* --- Folders. --------------------------------------------------------------------------------
 */

static enum store_error look_at_all(struct check *c, const struct checked *folder)
{
    struct mailbox *mb = NULL;
    enum store_error e = mailbox_open(c->store, folder->name, false, &mb);
    mailbox_close(mb);
    return e;
}

static void mend_files(struct check *c, const struct checked *folder)
{
    const char *name = folder->name;
    if ((folder->cures & CURE_KEYWORDS) != 0)
        tell_mended(c, name, KEYWORDS_NAME " was written anew",
                    with_lock(c, name, mend_keywords));
    if ((folder->cures & CURE_REPEATED) != 0)
        tell_mended(c, name, "lines of " UIDLIST_NAME " that had lost their files were dropped",
                    with_lock(c, name, mend_repeated));
    if ((folder->cures & CURE_VALIDITY) != 0)
        tell_mended(c, name, "it was given another UIDVALIDITY",
                    with_lock(c, name, mend_validity));
}

static void mend_folder(struct check *c, const struct checked *folder)
{
    if ((folder->cures & (CURE_BELIEVE | CURE_VALIDITY)) != 0)
        tell_dropped(c, folder);
    mend_files(c, folder);
    forget_stamps(c, folder->key);
    if ((folder->cures & CURE_UIDLIST) != 0)
        tell_mended(c, folder->name, UIDLIST_NAME " was put right",
                    mailbox_mend(c->store, folder->name));
    if ((folder->cures & CURE_FORGET) != 0)
        tell_dropped(c, folder);
    tell_mended(c, folder->name, "it was looked at anew", look_at_all(c, folder));
}

static void mend(struct check *c)
{
    struct store *store = c->store;
    if (c->index_is_bad) {
        if (index_throw_away(store->root, store->index_dir))
            check_tell(c, CHECK_DONE, NULL, "the index was begun anew");
        else
            check_tell(c, CHECK_FAILURE, NULL, "the index can't be thrown away: %s",
                       strerror(errno));
    }
    for (size_t i = 0; i < c->folders; i++)
        if (c->folder[i].cures != 0)
            mend_folder(c, &c->folder[i]);
    size_t dropped = 0;
    for (size_t i = 0; i < c->garbage_count; i++)
        dropped += forget(c, c->garbage[i]);
    if (dropped > 0)
        check_tell(c, CHECK_DONE, NULL,
                   "%zu folders that are no more were dropped from the index", dropped);
    index_close(store->index);
    store->index = NULL;
}

enum store_error store_repair(struct store *store, const struct check_options *o,
                              struct check_counts *counts_r)
{
    struct check c = { .store = store, .o = o };
    enum store_error e = check_account(&c);
    if (e == STORE_OK) {
        mend(&c);
        check_free(&c);
        memset(&c.counts, 0, sizeof c.counts);
        e = check_account(&c);
    }
    *counts_r = c.counts;
    check_free(&c);
    return e;
}
