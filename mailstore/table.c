/* The hash is open addressing with linear probing, at most half full. Nothing is ever taken out
 * of it but by building it anew, so there are no tombstones. */
#include "mailstore/table.h"

#include <stdlib.h>
#include <string.h>

/* What table.h promises. */
_Static_assert(sizeof(struct record) <= 32, "a record grew");

#define SLOTS_MIN 64

/* Indexes are kept in 32 bits, one of them for "free". */
#define RECORDS_MAX ((size_t)1 << 30)

void table_init(struct table *t)
{
    memset(t, 0, sizeof *t);
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->rec[i].name);
    free(t->rec);
    free(t->slot);
    table_init(t);
}

/* FNV-1a, its high bits folded into the low ones that choose the slot. */
static uint32_t hash(const char *s, size_t n)
{
    uint64_t h = 0xcbf29ce484222325U;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3U;
    return (uint32_t)(h ^ (h >> 32));
}

static bool same_unique(const struct record *rec, const char *name, size_t n)
{
    return rec->unique_len == n && memcmp(rec->name, name, n) == 0;
}

/* The slot that holds this unique part, or the free one where it belongs. */
static uint32_t *find_slot(const struct table *t, const char *name, size_t n)
{
    size_t mask = t->slots - 1;
    size_t i = hash(name, n) & mask;
    while (t->slot[i] != 0 && !same_unique(&t->rec[t->slot[i] - 1], name, n))
        i = (i + 1) & mask;
    return &t->slot[i];
}

static void fill_slots(struct table *t)
{
    memset(t->slot, 0, t->slots * sizeof *t->slot);
    for (size_t i = 0; i < t->count; i++)
        *find_slot(t, t->rec[i].name, t->rec[i].unique_len) = (uint32_t)(i + 1);
}

static bool make_room(struct table *t)
{
    if (t->count >= RECORDS_MAX)
        return false;
    if (t->count == t->allocated) {
        size_t n = t->allocated == 0 ? SLOTS_MIN / 2 : t->allocated + t->allocated / 2;
        struct record *grown = reallocarray(t->rec, n, sizeof *grown);
        if (grown == NULL)
            return false;
        t->rec = grown;
        t->allocated = n;
    }
    if ((t->count + 1) * 2 <= t->slots)
        return true;
    size_t slots = t->slots == 0 ? SLOTS_MIN : t->slots * 2;
    uint32_t *slot = calloc(slots, sizeof *slot);
    if (slot == NULL)
        return false;
    free(t->slot);
    t->slot = slot;
    t->slots = slots;
    fill_slots(t);
    return true;
}

struct record *table_add(struct table *t, uint32_t uid, const char *name, size_t n)
{
    struct maildir_name parts;
    if (!make_room(t))
        return NULL;
    char *copy = strndup(name, n);
    if (copy == NULL || !maildir_name_parse(copy, &parts)) {
        free(copy);
        return NULL;
    }
    struct record *rec = &t->rec[t->count];
    memset(rec, 0, sizeof *rec);
    rec->uid = uid;
    rec->name = copy;
    rec->unique_len = (uint8_t)parts.unique_len;
    rec->flags = parts.flags;
    rec->letters = parts.letters;
    *find_slot(t, copy, parts.unique_len) = (uint32_t)++t->count;
    return rec;
}

struct record *table_insert(struct table *t, uint32_t uid, const char *name, size_t n)
{
    size_t at = table_lower(t, uid);
    struct record *last = table_add(t, uid, name, n);
    if (last == NULL || at == t->count - 1)
        return last;
    struct record made = *last;
    memmove(&t->rec[at + 1], &t->rec[at], (t->count - 1 - at) * sizeof *t->rec);
    t->rec[at] = made;
    fill_slots(t);
    return &t->rec[at];
}

struct record *table_unique(const struct table *t, const char *name, size_t unique_len)
{
    if (t->slots == 0)
        return NULL;
    uint32_t at = *find_slot(t, name, unique_len);
    return at == 0 ? NULL : &t->rec[at - 1];
}

size_t table_lower(const struct table *t, uint32_t uid)
{
    size_t lo = 0;
    size_t hi = t->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->rec[mid].uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct record *table_uid(const struct table *t, uint32_t uid)
{
    size_t i = table_lower(t, uid);
    return i < t->count && t->rec[i].uid == uid ? &t->rec[i] : NULL;
}

bool table_rename(struct record *rec, const char *name)
{
    size_t n = strlen(name) + 1;
    if (n <= strlen(rec->name) + 1) {
        memcpy(rec->name, name, n);
        return true;
    }
    char *copy = realloc(rec->name, n);
    if (copy == NULL)
        return false;
    memcpy(copy, name, n);
    rec->name = copy;
    return true;
}

void table_sweep(struct table *t, bool (*keep)(const struct record *rec, void *ctx), void *ctx)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (!keep(&t->rec[i], ctx)) {
            free(t->rec[i].name);
            continue;
        }
        t->rec[n++] = t->rec[i];
    }
    t->count = n;
    if (t->slots > 0)
        fill_slots(t);
}
