/*
 * Which UIDs of a folder are those of messages that are there (RECORD_SHOWN), and which of
 * these are INDEX_RECENT: two bits for each UID, SHOWN_UIDS of them a value. The records say
 * the same; but who selects a folder wants no more of them, and would have to touch them all.
 *
 * A value is there where a bit of it is set. As in index_edit.c, the one in hand is a copy that
 * is written when another one is asked for, or before the commit.
 */
#include "mailstore/index_block.h"

#include "mailstore/uidlist.h"

#include <string.h>

#define SHOWN_UIDS ((uint32_t)(SHOWN_WORDS * SHOWN_BITS))
#define SHOWN_BITS 64
#define KEY_SIZE   (2 * sizeof(uint32_t))
#define NO_CHUNK   UINT32_MAX

_Static_assert(sizeof(struct shown_bits) == 2 * SHOWN_UIDS / 8, "a value has no gaps");

static uint64_t bit_of(uint32_t uid)
{
    return (uint64_t)1 << uid % SHOWN_BITS;
}

static size_t word_of(uint32_t uid)
{
    return uid % SHOWN_UIDS / SHOWN_BITS;
}

static void make_key(unsigned char *key, uint32_t folder, uint32_t chunk)
{
    index_key_put32(key, folder);
    index_key_put32(key + sizeof(uint32_t), chunk);
}

static uint64_t all_bits(const struct shown_bits *b)
{
    uint64_t all = 0;
    for (size_t i = 0; i < SHOWN_WORDS; i++)
        all |= b->shown[i];
    return all;
}

/* Copies a value. False: it can't be one. */
static bool take(struct index *ix, uint32_t chunk, const MDB_val *data, struct shown_bits *b_r)
{
    uint64_t wrong = 0;
    if (data->mv_size != sizeof *b_r)
        return index_damaged(ix, "the UIDs that are shown");
    memcpy(b_r, data->mv_data, sizeof *b_r);
    for (size_t i = 0; i < SHOWN_WORDS; i++)
        wrong |= b_r->recent[i] & ~b_r->shown[i];
    if (chunk == 0)
        wrong |= b_r->shown[0] & bit_of(0);
    return (wrong == 0 && all_bits(b_r) != 0) || index_damaged(ix, "the UIDs that are shown");
}

/* --- Changing. -------------------------------------------------------------------------------
 */

static bool delete_stored(struct index *ix, struct index_shown *s, MDB_val *key)
{
    int rc = mdb_del(ix->txn, ix->table[INDEX_SHOWN], key, NULL);
    s->stored = false;
    if (rc == MDB_NOTFOUND)
        return index_damaged(ix, "the UIDs that are shown");
    return index_ok(ix, rc);
}

/* Behind all others it fills its page up. */
static bool store(struct index *ix, struct index_shown *s, MDB_val *key)
{
    MDB_val v = { sizeof s->bits, &s->bits };
    int rc = MDB_KEYEXIST;
    if (!s->stored)
        rc = mdb_put(ix->txn, ix->table[INDEX_SHOWN], key, &v, MDB_APPEND);
    if (rc == MDB_KEYEXIST)
        rc = mdb_put(ix->txn, ix->table[INDEX_SHOWN], key, &v, 0);
    s->stored = true;
    return index_ok(ix, rc);
}

static bool flush(struct index *ix, struct index_shown *s)
{
    unsigned char key[KEY_SIZE];
    MDB_val k = { sizeof key, key };
    if (!s->valid || !s->dirty)
        return true;
    s->dirty = false;
    make_key(key, s->folder, s->chunk);
    if (all_bits(&s->bits) != 0)
        return store(ix, s, &k);
    return !s->stored || delete_stored(ix, s, &k);
}

bool index_shown_flush(struct index *ix)
{
    return ix->block == NULL || flush(ix, &ix->block->shown);
}

void index_shown_discard(struct index_shown *s, uint32_t folder)
{
    if (s->folder == folder)
        s->valid = false;
}

static bool load(struct index *ix, struct index_shown *s, uint32_t folder, uint32_t chunk)
{
    unsigned char key[KEY_SIZE];
    MDB_val k = { sizeof key, key };
    MDB_val v;
    s->valid = false;
    make_key(key, folder, chunk);
    int rc = mdb_get(ix->txn, ix->table[INDEX_SHOWN], &k, &v);
    if (rc != MDB_NOTFOUND && !(index_ok(ix, rc) && take(ix, chunk, &v, &s->bits)))
        return false;
    s->stored = rc != MDB_NOTFOUND;
    if (!s->stored)
        memset(&s->bits, 0, sizeof s->bits);
    s->folder = folder;
    s->chunk = chunk;
    s->dirty = false;
    s->valid = index_ok(ix, MDB_SUCCESS);
    return s->valid;
}

static void set_bit(uint64_t *word, uint64_t bit, bool on)
{
    *word = on ? *word | bit : *word & ~bit;
}

bool index_shown_set(struct index *ix, uint32_t folder, uint32_t uid, bool shown, bool recent)
{
    struct index_block *b = index_block_memory(ix);
    uint32_t chunk = uid / SHOWN_UIDS;
    if (b == NULL)
        return false;
    struct index_shown *s = &b->shown;
    bool here = s->valid && s->folder == folder && s->chunk == chunk;
    if (!here && !(flush(ix, s) && load(ix, s, folder, chunk)))
        return false;
    set_bit(&s->bits.shown[word_of(uid)], bit_of(uid), shown);
    set_bit(&s->bits.recent[word_of(uid)], bit_of(uid), shown && recent);
    s->dirty = true;
    return true;
}

/* --- Asking. ---------------------------------------------------------------------------------
 */

struct listing {
    uint32_t *uid;
    size_t max;
    size_t n;
    uint64_t recent; /* not 0: some of them are */
};

/* One word of bits. Mostly all are set, and nobody must be told of any. */
static size_t list_word(uint32_t *out, size_t room, uint32_t base, uint64_t shown,
                        uint64_t recent)
{
    size_t n = 0;
    if (shown == UINT64_MAX && recent == 0 && room >= SHOWN_BITS) {
        for (; n < SHOWN_BITS; n++)
            out[n] = base + (uint32_t)n;
        return n;
    }
    for (; shown != 0 && n < room; shown &= shown - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(shown);
        uint32_t mark = (recent >> at & 1) != 0 ? INDEX_UID_RECENT : 0;
        out[n++] = (base + at) | mark;
    }
    return n;
}

/* Those of a value from `uid` on, which is one of its UIDs. */
static void list_bits(struct listing *l, const struct shown_bits *b, uint32_t uid)
{
    uint32_t base = uid - uid % SHOWN_BITS;
    uint64_t mask = ~(bit_of(uid) - 1);
    for (size_t i = word_of(uid); i < SHOWN_WORDS; i++, base += SHOWN_BITS, mask = UINT64_MAX) {
        l->n += list_word(l->uid + l->n, l->max - l->n, base, b->shown[i] & mask, b->recent[i]);
        l->recent |= b->recent[i] & mask;
    }
}

/* *chunk_r: what the key says; NO_CHUNK: it is another folder's. */
static bool take_key(struct index *ix, const MDB_val *key, uint32_t folder, uint32_t least,
                     uint32_t *chunk_r)
{
    const unsigned char *octets = key->mv_data;
    *chunk_r = NO_CHUNK;
    if (key->mv_size != KEY_SIZE)
        return index_damaged(ix, "a key of UIDs that are shown");
    if (index_key_get32(octets) != folder)
        return true;
    *chunk_r = index_key_get32(octets + sizeof folder);
    return (*chunk_r >= least && *chunk_r <= UID_LIMIT / SHOWN_UIDS) ||
           index_damaged(ix, "a key of UIDs that are shown");
}

static bool walk(struct index *ix, MDB_cursor *c, uint32_t folder, uint32_t uid,
                 struct listing *l)
{
    unsigned char want[KEY_SIZE];
    MDB_val key = { sizeof want, want };
    MDB_val data;
    uint32_t least = uid / SHOWN_UIDS;
    make_key(want, folder, least);
    int rc = mdb_cursor_get(c, &key, &data, MDB_SET_RANGE);
    for (; rc == MDB_SUCCESS; rc = mdb_cursor_get(c, &key, &data, MDB_NEXT)) {
        struct shown_bits b;
        uint32_t chunk;
        if (!take_key(ix, &key, folder, least, &chunk))
            return false;
        if (chunk == NO_CHUNK || l->n == l->max)
            break;
        if (!take(ix, chunk, &data, &b))
            return false;
        uint32_t first = chunk * SHOWN_UIDS;
        list_bits(l, &b, first < uid ? uid : first);
        least = chunk + 1;
    }
    return index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
}

bool index_shown_uids(struct index *ix, uint32_t folder, uint32_t uid, uint32_t *uid_r,
                      size_t max, size_t *n_r, bool *recent_r)
{
    struct listing l = { uid_r, max, 0, 0 };
    MDB_cursor *c;
    if (!index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_SHOWN], &c)))
        return false;
    bool ok = walk(ix, c, folder, uid, &l);
    mdb_cursor_close(c);
    *n_r = ok ? l.n : 0;
    if (recent_r != NULL)
        *recent_r = l.recent != 0;
    return ok;
}
