/* The account: its index as a whole, its folders, and what folders may not share. */
#include "mailstore/check_private.h"

#include "mailstore/dotlock.h"

#include <stdlib.h>
#include <string.h>

/* --- The index. ------------------------------------------------------------------------------
 */

static void open_index(struct check *c)
{
    struct store *store = c->store;
    enum index_condition is = INDEX_IS_REFUSED;
    const char *why = "";
    index_close(store->index);
    store->index = NULL;
    c->index_is_bad = false;
    c->index = index_inspect(store->root, store->index_dir, store->index_size_max, &is, &why);
    switch (is) {
    case INDEX_IS_OPEN:
        return;
    case INDEX_IS_ABSENT:
        check_tell(c, CHECK_NOTE, NULL, "the index %s; the next session makes it", why);
        return;
    case INDEX_IS_SPENT:
        check_tell(c, CHECK_NOTE, NULL, "the index %s; the next session begins it anew", why);
        return;
    case INDEX_IS_REMOTE:
        check_tell(c, CHECK_NOTE, NULL,
                   "the index %s: each session keeps it in memory; index_dir can name another "
                   "place",
                   why);
        return;
    case INDEX_IS_UNFIT:
        check_tell(c, CHECK_DIFFERENCE, NULL,
                   "the index %s: each session keeps it in memory; remove it or change its "
                   "owner or mode, or name another place (index_dir)",
                   why);
        return;
    case INDEX_IS_BUSY:
    case INDEX_IS_REFUSED:
        break;
    }
    check_tell(c, CHECK_FAILURE, NULL, "the index %s", why);
}

struct gathering {
    struct check *c;
    const struct folder_key *key; /* sorted: the folders that there are */
    size_t count;
    bool ok;
};

static int by_key(const void *a, const void *b)
{
    const struct folder_key *x = a;
    const struct folder_key *y = b;
    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return x->dev < y->dev ? -1 : x->dev > y->dev;
}

static bool gather_one(void *ctx, const struct index_folder *f)
{
    struct gathering *g = ctx;
    struct check *c = g->c;
    if (g->count > 0 && bsearch(&f->key, g->key, g->count, sizeof *g->key, by_key))
        return true;
    struct folder_key *grown = reallocarray(c->garbage, c->garbage_count + 1, sizeof *grown);
    if (grown == NULL) {
        g->ok = false;
        return false;
    }
    c->garbage = grown;
    c->garbage[c->garbage_count++] = f->key;
    return true;
}

/* Folders that the index knows and that are no more. It finds folders by inode, so they do no
 * harm. */
static void find_garbage(struct check *c)
{
    struct gathering g = { .c = c, .ok = true };
    bool damaged = false;
    struct folder_key *key = calloc(c->folders + 1, sizeof *key);
    if (key == NULL || c->index == NULL) {
        free(key);
        return;
    }
    for (size_t i = 0; i < c->folders; i++)
        key[i] = c->folder[i].key;
    g.count = c->folders;
    g.key = key;
    qsort(key, g.count, sizeof *key, by_key);
    bool ok = index_read(c->index) && index_folder_each(c->index, gather_one, &g);
    index_release(c->index);
    free(key);
    if (!ok && index_failure(c->index, &damaged) != NULL && damaged) {
        c->index_is_bad = true;
        check_tell(c, CHECK_DIFFERENCE, NULL,
                   "the index is damaged (%s); --repair, or the next session that comes across "
                   "it, begins it anew",
                   index_failure(c->index, &damaged));
    }
    if (!g.ok)
        check_tell(c, CHECK_FAILURE, NULL, "no memory for the index's folders");
    if (c->garbage_count > 0)
        check_tell(c, CHECK_NOTE, NULL,
                   "the index has %zu folders that are no more; --repair drops them",
                   c->garbage_count);
}

/* --- Folders. --------------------------------------------------------------------------------
 */

static bool compare_folder(struct check *c, const char *name)
{
    struct checked *grown = reallocarray(c->folder, c->folders + 1, sizeof *grown);
    char *copy = strdup(name);
    if (grown != NULL)
        c->folder = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return false;
    }
    check_folder(c, name, &grown[c->folders]);
    grown[c->folders++].name = copy;
    return true;
}

static enum store_error compare_folders(struct check *c)
{
    struct folder_list list;
    enum store_error e = folder_list(c->store, &list);
    if (e != STORE_OK)
        return e;
    for (size_t i = 0; e == STORE_OK && i < list.count; i++)
        if (list.folder[i].selectable && !compare_folder(c, list.folder[i].name))
            e = STORE_UNAVAILABLE;
    folder_list_free(&list);
    return e;
}

/* By UIDVALIDITY and GUID; of one the oldest list first: the others are copies of it. */
static int by_validity(const void *a, const void *b)
{
    const struct checked *x = *(const struct checked *const *)a;
    const struct checked *y = *(const struct checked *const *)b;
    if (x->uidvalidity != y->uidvalidity)
        return x->uidvalidity < y->uidvalidity ? -1 : 1;
    if (strcmp(x->guid, y->guid) != 0)
        return strcmp(x->guid, y->guid);
    if (x->list_born != y->list_born)
        return x->list_born < y->list_born ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* A folder that was copied has its GUID, too. Two that were taken over from a server to which
 * it is enough that one name never has the same UIDVALIDITY twice (RFC 3501 section 2.3.1.1)
 * have each their own. */
static bool is_copy(const struct checked *x, const struct checked *of)
{
    return x->guid[0] == '\0' || of->guid[0] == '\0' || strcmp(x->guid, of->guid) == 0;
}

static void compare_validities(struct check *c)
{
    struct checked **by = calloc(c->folders + 1, sizeof(struct checked *));
    if (by == NULL) {
        check_tell(c, CHECK_FAILURE, NULL, "no memory to compare UIDVALIDITYs");
        return;
    }
    for (size_t i = 0; i < c->folders; i++)
        by[i] = &c->folder[i];
    qsort(by, c->folders, sizeof(struct checked *), by_validity);
    for (size_t i = 1; i < c->folders; i++) {
        if (by[i]->uidvalidity == 0 || by[i]->uidvalidity != by[i - 1]->uidvalidity)
            continue;
        if (!is_copy(by[i], by[i - 1])) {
            check_tell(c, CHECK_NOTE, by[i]->name,
                       "its UIDVALIDITY %u is that of %s, too, as another server gave it",
                       by[i]->uidvalidity, by[i - 1]->name);
            continue;
        }
        by[i]->cures |= CURE_VALIDITY;
        check_tell(
            c, CHECK_DIFFERENCE, by[i]->name,
            "its UIDVALIDITY %u is that of %s, too (a copied folder?); --repair gives it "
            "another one, and clients load it again",
            by[i]->uidvalidity, by[i - 1]->name);
    }
    free(by);
}

/* --- All of it. ------------------------------------------------------------------------------
 */

static void tell_left_locks(struct check *c)
{
    static const char *const lock[] = { "subscriptions.lock", "dovecot-uidvalidity.lock" };
    char owner[DOTLOCK_OWNER_MAX];
    bool gone = false;
    for (size_t i = 0; i < sizeof lock / sizeof *lock; i++)
        if (dotlock_owner(c->store->root, lock[i], owner, &gone) && gone)
            check_tell(c, CHECK_NOTE, NULL,
                       "%s was left by a process that is gone (%s); whoever needs it breaks it",
                       lock[i], owner[0] != '\0' ? owner : "before the machine started");
}

enum store_error check_account(struct check *c)
{
    c->patience = c->o->patience > 0 ? c->o->patience : CHECK_PATIENCE_SECONDS;
    open_index(c);
    tell_left_locks(c);
    enum store_error e = compare_folders(c);
    if (e == STORE_OK) {
        compare_validities(c);
        find_garbage(c);
    }
    index_close(c->index);
    c->index = NULL;
    return e;
}

void check_free(struct check *c)
{
    for (size_t i = 0; i < c->folders; i++)
        free(c->folder[i].name);
    free(c->folder);
    free(c->garbage);
    c->folder = NULL;
    c->garbage = NULL;
    c->folders = c->garbage_count = 0;
}

enum store_error store_check(struct store *store, const struct check_options *o,
                             struct check_counts *counts_r)
{
    struct check c = { .store = store, .o = o };
    enum store_error e = check_account(&c);
    *counts_r = c.counts;
    check_free(&c);
    return e;
}
