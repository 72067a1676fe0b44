/*
 * The change table, the table of unique parts and that of UIDs, against the records.
 *
 * A message that is there and has changed since the table's floor stands in it with the
 * mod-sequence of its last change; one that is not there any more stands in it as expunged, or
 * not at all. Each record is found by its unique part, and nothing else is. Among the UIDs that
 * are shown are those of messages that are there, and no others.
 */
#include "mailstore/check_private.h"

#include "mailstore/index_change.h"

#include <stdlib.h>
#include <string.h>

#define READ_SHOWN 8192 /* at once */

struct change {
    uint32_t uid;
    bool expunged;
    bool known; /* a record has it */
    uint64_t modseq;
    size_t order;
};

struct unique {
    uint32_t uid;
    uint32_t hash;
    bool known;
};

/* As index_message_uids gives them: without the records, by UID. */
struct shown {
    uint32_t *uid;
    size_t count;
    size_t at; /* the next to be compared */
};

struct check_tables {
    struct folder_check *fc;
    struct change *change; /* by UID; of each the last one */
    size_t changes;
    struct unique *unique; /* by UID */
    size_t uniques;
    size_t room;
    struct shown shown;
};

/* --- Reading. --------------------------------------------------------------------------------
 */

/* Room for one more of `size` octets. */
static bool make_room(struct check_tables *t, void **array, size_t count, size_t size)
{
    if (count < t->room)
        return true;
    size_t room = t->room == 0 ? 1024 : t->room * 2;
    void *grown = reallocarray(*array, room, size);
    if (grown == NULL)
        return check_impossible(t->fc, "no memory for the index's tables");
    *array = grown;
    t->room = room;
    return true;
}

static bool take_change(void *ctx, uint32_t uid, uint64_t modseq)
{
    struct check_tables *t = ctx;
    void *array = t->change;
    bool ok = make_room(t, &array, t->changes, sizeof *t->change);
    t->change = array;
    if (!ok)
        return false;
    t->change[t->changes] = (struct change){ .uid = uid & ~INDEX_EXPUNGED,
                                             .expunged = (uid & INDEX_EXPUNGED) != 0,
                                             .modseq = modseq,
                                             .order = t->changes };
    t->changes++;
    return true;
}

static bool take_unique(void *ctx, uint32_t uid, uint32_t hash)
{
    struct check_tables *t = ctx;
    void *array = t->unique;
    bool ok = make_room(t, &array, t->uniques, sizeof *t->unique);
    t->unique = array;
    if (!ok)
        return false;
    t->unique[t->uniques++] = (struct unique){ .uid = uid, .hash = hash };
    return true;
}

static bool take_shown(struct check_tables *t)
{
    struct folder_check *fc = t->fc;
    struct shown *s = &t->shown;
    size_t n = READ_SHOWN;
    while (n == READ_SHOWN) {
        uint32_t *grown = reallocarray(s->uid, s->count + READ_SHOWN, sizeof *grown);
        if (grown == NULL)
            return check_impossible(fc, "no memory for the index's tables");
        s->uid = grown;
        uint32_t from = s->count == 0 ? 0 : (grown[s->count - 1] & ~INDEX_UID_RECENT) + 1;
        if (!index_message_uids(fc->c->index, fc->f.id, from, grown + s->count, READ_SHOWN, &n,
                                NULL))
            return false;
        s->count += n;
    }
    return true;
}

static int by_uid_and_order(const void *a, const void *b)
{
    const struct change *x = a;
    const struct change *y = b;
    if (x->uid != y->uid)
        return x->uid < y->uid ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int unique_by_uid(const void *a, const void *b)
{
    const struct unique *x = a;
    const struct unique *y = b;
    return x->uid < y->uid ? -1 : x->uid > y->uid;
}

/* What all changes must be, before only the last of each message is kept. */
static void compare_changes(struct folder_check *fc, const struct check_tables *t)
{
    for (size_t i = 0; i < t->changes; i++) {
        const struct change *ch = &t->change[i];
        if (ch->modseq > fc->f.floor && ch->modseq <= fc->f.modseq)
            continue;
        check_differs(
            fc, CURE_FORGET,
            "the index has a change of UID %u at mod-sequence %llu, and says that it "
            "has those above %llu up to %llu; --repair begins the folder's index anew",
            ch->uid, (unsigned long long)ch->modseq, (unsigned long long)fc->f.floor,
            (unsigned long long)fc->f.modseq);
    }
    if (t->changes != fc->f.changes)
        check_differs(
            fc, CURE_FORGET,
            "the index counts %llu changes, and has %zu; --repair begins the folder's "
            "index anew",
            (unsigned long long)fc->f.changes, t->changes);
}

static void keep_last(struct check_tables *t)
{
    size_t n = 0;
    if (t->changes > 0)
        qsort(t->change, t->changes, sizeof *t->change, by_uid_and_order);
    for (size_t i = 0; i < t->changes; i++)
        if (i + 1 == t->changes || t->change[i + 1].uid != t->change[i].uid)
            t->change[n++] = t->change[i];
    t->changes = n;
}

struct check_tables *check_tables_read(struct folder_check *fc)
{
    struct index *ix = fc->c->index;
    struct check_tables *t = calloc(1, sizeof *t);
    if (t == NULL) {
        check_impossible(fc, "no memory for the index's tables");
        return NULL;
    }
    t->fc = fc;
    bool ok = index_change_each(ix, fc->f.id, 0, take_change, t);
    t->room = 0;
    ok = ok && index_message_uniques(ix, fc->f.id, take_unique, t) && take_shown(t);
    if (!ok || fc->impossible) {
        check_tables_free(t);
        return NULL;
    }
    compare_changes(fc, t);
    keep_last(t);
    if (t->uniques > 0)
        qsort(t->unique, t->uniques, sizeof *t->unique, unique_by_uid);
    return t;
}

void check_tables_free(struct check_tables *t)
{
    if (t == NULL)
        return;
    free(t->change);
    free(t->unique);
    free(t->shown.uid);
    free(t);
}

/* --- Comparing. ------------------------------------------------------------------------------
 */

static int change_of_uid(const void *key, const void *element)
{
    uint32_t uid = *(const uint32_t *)key;
    const struct change *ch = element;
    return uid < ch->uid ? -1 : uid > ch->uid;
}

static void compare_change(struct folder_check *fc, struct check_tables *t,
                           const struct index_message *m)
{
    struct change *ch = t->changes == 0 ? NULL
                                        : bsearch(&m->uid, t->change, t->changes,
                                                  sizeof *t->change, change_of_uid);
    if (m->state != RECORD_SHOWN)
        return;
    if (ch != NULL)
        ch->known = true;
    bool due = m->modseq > fc->f.floor;
    bool ok = due ? ch != NULL && !ch->expunged && ch->modseq == m->modseq : ch == NULL;
    if (!ok)
        check_differs(
            fc, CURE_FORGET,
            "UID %u has changed at mod-sequence %llu, and the index's table of changes "
            "says otherwise; --repair begins the folder's index anew",
            m->uid, (unsigned long long)m->modseq);
}

/* The first of the entries with this UID; there should be no second. */
static struct unique *find_unique(struct check_tables *t, uint32_t uid)
{
    size_t lo = 0;
    size_t hi = t->uniques;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->unique[mid].uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->uniques && t->unique[lo].uid == uid ? &t->unique[lo] : NULL;
}

/* Those below `uid` that are left are of no message that is there. */
static void skip_shown(struct folder_check *fc, struct shown *s, uint64_t uid)
{
    for (; s->at < s->count && (s->uid[s->at] & ~INDEX_UID_RECENT) < uid; s->at++)
        check_differs(
            fc, CURE_FORGET,
            "the index lists UID %u as a message that is there, and has no such message; "
            "--repair begins the folder's index anew",
            s->uid[s->at] & ~INDEX_UID_RECENT);
}

static void compare_shown(struct folder_check *fc, struct check_tables *t,
                          const struct index_message *m)
{
    struct shown *s = &t->shown;
    skip_shown(fc, s, m->uid);
    if (m->state != RECORD_SHOWN)
        return;
    bool listed = s->at < s->count && (s->uid[s->at] & ~INDEX_UID_RECENT) == m->uid;
    bool recent = (m->bits & INDEX_RECENT) != 0;
    if (!listed)
        check_differs(
            fc, CURE_FORGET,
            "UID %u is there, and is missing from the index's list of UIDs; --repair begins "
            "the folder's index anew",
            m->uid);
    else if (((s->uid[s->at] & INDEX_UID_RECENT) != 0) != recent)
        check_differs(fc, CURE_FORGET,
                      "UID %u is %s\\Recent, and the index's list of UIDs says otherwise; "
                      "--repair begins the folder's index anew",
                      m->uid, recent ? "" : "not ");
    s->at += listed;
}

void check_tables_record(struct folder_check *fc, struct check_tables *t,
                         const struct index_message *m, const char *name)
{
    char quoted[CHECK_QUOTE_MAX];
    struct unique *u = find_unique(t, m->uid);
    compare_change(fc, t, m);
    compare_shown(fc, t, m);
    bool fits = u != NULL && u->hash == index_message_hash(name, strcspn(name, ",:"));
    if (u != NULL)
        u->known = true;
    if (!fits)
        check_differs(fc, CURE_FORGET,
                      "UID %u can't be found by its name %s in the index; --repair begins the "
                      "folder's index anew",
                      m->uid, check_quote(quoted, name, strlen(name)));
}

void check_tables_end(struct folder_check *fc, struct check_tables *t)
{
    for (size_t i = 0; i < t->changes; i++)
        if (!t->change[i].known && !t->change[i].expunged)
            check_differs(fc, CURE_FORGET,
                          "the index says that UID %u has changed, and neither has it nor says "
                          "that it is gone; --repair begins the folder's index anew",
                          t->change[i].uid);
    for (size_t i = 0; i < t->uniques; i++)
        if (!t->unique[i].known)
            check_differs(
                fc, CURE_FORGET,
                "the index finds UID %u by a name that it has not; --repair begins the "
                "folder's index anew",
                t->unique[i].uid);
    skip_shown(fc, &t->shown, UINT64_MAX);
}
