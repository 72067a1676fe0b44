/*
 * The hash is open addressing with linear probing, at most half full. Nothing is ever taken out
 * of it but by building it anew, so there are no tombstones.
 *
 * Names lie in large pieces of memory, which go back to the system with the table: a session
 * that has looked through a large folder once must not stay large.
 */
#include "mailstore/table.h"

#include <stdlib.h>
#include <string.h>

/* What table.h promises. */
_Static_assert(sizeof(struct record) <= 32, "a record grew");

#define SLOTS_MIN 64

/* Indexes are kept in 32 bits, one of them for "free". */
#define RECORDS_MAX ((size_t)1 << 30)

/* Above what malloc(3) takes from the system for itself alone (M_MMAP_THRESHOLD). */
#define TEXT_SIZE ((size_t)512 << 10)
/* The first piece of a table, which often has a handful of names. */
#define TEXT_SIZE_MIN ((size_t)4 << 10)

struct table_text {
    struct table_text *before;
    size_t size;
    size_t used;
    char octet[];
};

void table_init(struct table *t)
{
    memset(t, 0, sizeof *t);
}

void table_free(struct table *t)
{
    while (t->text != NULL) {
        struct table_text *before = t->text->before;
        free(t->text);
        t->text = before;
    }
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

static struct record *of_slot(const struct table *t, uint64_t slot)
{
    return &t->rec[(uint32_t)slot - 1];
}

static bool same_unique(const struct record *rec, const char *name, size_t n)
{
    return rec->unique_len == n && memcmp(rec->name, name, n) == 0;
}

/* The slot that holds this unique part, or the free one where it belongs. Names are looked at
 * only where the hash is the same: they are what is not in the processor's cache. */
static uint64_t *find_slot(const struct table *t, const char *name, size_t n, uint32_t h)
{
    size_t mask = t->slots - 1;
    size_t i = h & mask;
    while (t->slot[i] != 0 &&
           (t->slot[i] >> 32 != h || !same_unique(of_slot(t, t->slot[i]), name, n)))
        i = (i + 1) & mask;
    return &t->slot[i];
}

static void set_slot(struct table *t, size_t at)
{
    const struct record *rec = &t->rec[at];
    uint32_t h = hash(rec->name, rec->unique_len);
    *find_slot(t, rec->name, rec->unique_len, h) = (uint64_t)h << 32 | (at + 1);
}

static void fill_slots(struct table *t)
{
    memset(t->slot, 0, t->slots * sizeof *t->slot);
    for (size_t i = 0; i < t->count; i++)
        set_slot(t, i);
}

/* n octets, at most TEXT_SIZE_MIN. */
static char *text_room(struct table *t, size_t n)
{
    if (t->text == NULL || t->text->size - t->text->used < n) {
        size_t size = t->text == NULL ? TEXT_SIZE_MIN : TEXT_SIZE;
        struct table_text *text = malloc(sizeof *text + size);
        if (text == NULL)
            return NULL;
        text->before = t->text;
        text->size = size;
        text->used = 0;
        t->text = text;
    }
    char *room = t->text->octet + t->text->used;
    t->text->used += n;
    return room;
}

static bool grow_records(struct table *t, size_t n)
{
    struct record *grown = reallocarray(t->rec, n, sizeof *grown);
    if (grown == NULL)
        return false;
    t->rec = grown;
    t->allocated = n;
    return true;
}

static bool grow_slots(struct table *t, size_t slots)
{
    uint64_t *slot = calloc(slots, sizeof *slot);
    if (slot == NULL)
        return false;
    free(t->slot);
    t->slot = slot;
    t->slots = slots;
    fill_slots(t);
    return true;
}

bool table_reserve(struct table *t, size_t count)
{
    size_t slots = t->slots == 0 ? SLOTS_MIN : t->slots;
    if (count > RECORDS_MAX)
        return false;
    while (slots < count * 2)
        slots *= 2;
    return (count <= t->allocated || grow_records(t, count)) &&
           (slots == t->slots || grow_slots(t, slots));
}

static bool make_room(struct table *t)
{
    size_t more = t->allocated + t->allocated / 2 + SLOTS_MIN / 2;
    if (t->count >= RECORDS_MAX || (t->count == t->allocated && !grow_records(t, more)))
        return false;
    return (t->count + 1) * 2 <= t->slots ||
           grow_slots(t, t->slots == 0 ? SLOTS_MIN : t->slots * 2);
}

struct record *table_put(struct table *t, uint32_t uid, const char *name, size_t n,
                         size_t unique_len)
{
    if (n > NAME_MAX || unique_len == 0 || unique_len > UINT8_MAX || unique_len > n ||
        !make_room(t))
        return NULL;
    char *copy = text_room(t, n + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, name, n);
    copy[n] = '\0';
    struct record *rec = &t->rec[t->count];
    memset(rec, 0, sizeof *rec);
    rec->uid = uid;
    rec->name = copy;
    rec->unique_len = (uint8_t)unique_len;
    set_slot(t, t->count++);
    return rec;
}

struct record *table_add(struct table *t, uint32_t uid, const char *name, size_t n)
{
    char copy[NAME_MAX + 1];
    struct maildir_name parts;
    if (n > NAME_MAX)
        return NULL;
    memcpy(copy, name, n);
    copy[n] = '\0';
    if (!maildir_name_parse(copy, &parts))
        return NULL;
    struct record *rec = table_put(t, uid, copy, n, parts.unique_len);
    if (rec == NULL)
        return NULL;
    rec->flags = parts.flags;
    rec->letters = parts.letters;
    return rec;
}

struct record *table_insert(struct table *t, uint32_t uid, const char *name, size_t n,
                            size_t unique_len)
{
    size_t at = table_lower(t, uid);
    struct record *last = table_put(t, uid, name, n, unique_len);
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
    uint64_t slot = *find_slot(t, name, unique_len, hash(name, unique_len));
    return slot == 0 ? NULL : of_slot(t, slot);
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

bool table_rename(struct table *t, struct record *rec, const char *name)
{
    size_t n = strlen(name) + 1;
    char *room = n <= strlen(rec->name) + 1 ? rec->name
                 : n <= TEXT_SIZE_MIN       ? text_room(t, n)
                                            : NULL;
    if (room == NULL)
        return false;
    memcpy(room, name, n);
    rec->name = room;
    return true;
}

void table_sweep(struct table *t, bool (*keep)(const struct record *rec, void *ctx), void *ctx)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        if (keep(&t->rec[i], ctx))
            t->rec[n++] = t->rec[i];
    t->count = n;
    if (t->slots > 0)
        fill_slots(t);
}
