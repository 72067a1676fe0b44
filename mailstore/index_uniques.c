/*
 * Which UID has a unique part of a name: a hash of it to UIDs. The hash finds candidates; what
 * is kept of their names decides.
 *
 * The order of hashes has nothing to do with that of UIDs, and each change of a B-tree at a
 * random place costs a search and mostly a page. So changes are noted first, in their order,
 * and made sorted by hash, once there are many, or before somebody asks, or before the commit.
 */
#include "mailstore/index_block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 2 MiB, and as much again to sort them, while messages are added in bulk: so an index of most
 * folders is built in order of the hash from one end to the other. */
#define CHANGES_MAX ((size_t)1 << 18)
#define CHANGES_MIN ((size_t)1 << 6)

/* UIDs are below 2^31 (mailstore/uidlist.h). */
#define DROP     ((uint64_t)1 << 31)
#define KEY_SIZE (2 * sizeof(uint32_t))
#define UID_SIZE sizeof(uint32_t) /* as a key, since it is one to LMDB */

/* Eight octets at a time, each multiplied through all of the rest; the high half is the better
 * one. Names are numbers mostly: all of their octets must count. */
static uint32_t hash(const char *s, size_t n)
{
    uint64_t h = n;
    for (size_t i = 0; i < n; i += sizeof h) {
        uint64_t part = 0;
        memcpy(&part, s + i, n - i < sizeof part ? n - i : sizeof part);
        h = (h ^ part) * 0x9e3779b97f4a7c15U;
        h ^= h >> 32;
    }
    h *= 0xd6e8feb86659fd93U;
    return (uint32_t)(h >> 32);
}

static void make_key(unsigned char *key, uint32_t folder, uint32_t h)
{
    index_key_put32(key, folder);
    index_key_put32(key + sizeof(uint32_t), h);
}

/* --- Changing. -------------------------------------------------------------------------------
 */

void index_uniques_forget(struct index_uniques *u)
{
    free(u->change);
    memset(u, 0, sizeof *u);
}

static bool make_room(struct index *ix, struct index_uniques *u, uint32_t folder)
{
    if ((u->count > 0 && u->folder != folder) || u->count == CHANGES_MAX)
        if (!index_uniques_flush(ix))
            return false;
    u->folder = folder;
    if (u->count < u->allocated)
        return true;
    size_t n = u->allocated == 0 ? CHANGES_MIN : u->allocated * 2;
    uint64_t *grown = reallocarray(u->change, n, sizeof *grown);
    if (grown == NULL)
        return index_ok(ix, ENOMEM);
    u->change = grown;
    u->allocated = n;
    return true;
}

static bool note(struct index *ix, uint32_t folder, const char *unique, size_t n, uint64_t what)
{
    struct index_block *b = index_block_memory(ix);
    if (b == NULL || !make_room(ix, &b->uniques, folder))
        return false;
    b->uniques.change[b->uniques.count++] = (uint64_t)hash(unique, n) << 32 | what;
    return true;
}

bool index_uniques_add(struct index *ix, uint32_t folder, const char *unique, size_t n,
                       uint32_t uid)
{
    return note(ix, folder, unique, n, uid);
}

bool index_uniques_drop(struct index *ix, uint32_t folder, const char *unique, size_t n,
                        uint32_t uid)
{
    return note(ix, folder, unique, n, uid | DROP);
}

/* One octet of the hash: a stable counting sort. */
static void sort_by_octet(const uint64_t *from, uint64_t *to, size_t n, unsigned shift)
{
    size_t at[256] = { 0 };
    for (size_t i = 0; i < n; i++)
        at[(from[i] >> shift) & 0xff]++;
    size_t sum = 0;
    for (size_t i = 0; i < 256; i++) {
        size_t here = at[i];
        at[i] = sum;
        sum += here;
    }
    for (size_t i = 0; i < n; i++)
        to[at[(from[i] >> shift) & 0xff]++] = from[i];
}

/* By hash; those of one hash stay in the order in which they were noted. False: no memory for
 * that, and it only gets slower. */
static bool sort_changes(struct index_uniques *u)
{
    if (u->count < 2)
        return true;
    uint64_t *other = reallocarray(NULL, u->count, sizeof *other);
    if (other == NULL)
        return false;
    for (unsigned shift = 32; shift < 64; shift += 16) {
        sort_by_octet(u->change, other, u->count, shift);
        sort_by_octet(other, u->change, u->count, shift + 8);
    }
    free(other);
    return true;
}

static bool drop_one(struct index *ix, MDB_cursor *c, MDB_val *key, MDB_val *uid)
{
    int rc = mdb_cursor_get(c, key, uid, MDB_GET_BOTH);
    if (rc == MDB_SUCCESS)
        rc = mdb_cursor_del(c, 0);
    return index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
}

/* append: its key is behind all others. */
static bool change_one(struct index *ix, MDB_cursor *c, uint32_t folder, uint64_t change,
                       bool append)
{
    unsigned char key[KEY_SIZE];
    unsigned char uid[UID_SIZE];
    MDB_val k = { sizeof key, key };
    MDB_val v = { sizeof uid, uid };
    make_key(key, folder, (uint32_t)(change >> 32));
    index_key_put32(uid, (uint32_t)(change & (DROP - 1)));
    if ((change & DROP) != 0)
        return drop_one(ix, c, &k, &v);
    int rc = append ? mdb_cursor_put(c, &k, &v, MDB_APPEND) : MDB_KEYEXIST;
    if (rc == MDB_KEYEXIST)
        rc = mdb_cursor_put(c, &k, &v, MDB_NODUPDATA);
    return rc == MDB_KEYEXIST || index_ok(ix, rc);
}

/* Whether the table has nothing from the first change on: LMDB fills pages up then. */
static bool is_behind_all(MDB_cursor *c, const struct index_uniques *u)
{
    unsigned char key[KEY_SIZE];
    MDB_val k;
    MDB_val v;
    make_key(key, u->folder, (uint32_t)(u->change[0] >> 32));
    int rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
    return rc == MDB_NOTFOUND || (rc == MDB_SUCCESS && k.mv_size == sizeof key &&
                                  memcmp(k.mv_data, key, sizeof key) < 0);
}

static bool change_all(struct index *ix, MDB_cursor *c, struct index_uniques *u)
{
    bool sorted = sort_changes(u);
    bool append = sorted && is_behind_all(c, u);
    for (size_t i = 0; i < u->count; i++) {
        bool other = i == 0 || u->change[i] >> 32 != u->change[i - 1] >> 32;
        if (!change_one(ix, c, u->folder, u->change[i], append && other))
            return false;
    }
    return true;
}

bool index_uniques_flush(struct index *ix)
{
    struct index_uniques *u = ix->block == NULL ? NULL : &ix->block->uniques;
    MDB_cursor *c;
    if (u == NULL || u->count == 0)
        return true;
    if (!index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_UNIQUES], &c)))
        return false;
    bool ok = change_all(ix, c, u);
    mdb_cursor_close(c);
    u->count = 0;
    return ok;
}

/* --- Asking. ---------------------------------------------------------------------------------
 */

static bool walk(struct index *ix, MDB_cursor *c, MDB_val *key,
                 bool (*each)(void *ctx, uint32_t uid), void *ctx)
{
    MDB_val v;
    uint32_t above = UINT32_MAX;
    int rc = mdb_cursor_get(c, key, &v, MDB_SET);
    if (rc == MDB_SUCCESS)
        rc = mdb_cursor_get(c, key, &v, MDB_LAST_DUP);
    for (; rc == MDB_SUCCESS; rc = mdb_cursor_get(c, key, &v, MDB_PREV_DUP)) {
        uint32_t uid = v.mv_size == UID_SIZE ? index_key_get32(v.mv_data) : 0;
        if (uid == 0 || uid >= above)
            return index_damaged(ix, "a UID of a unique part");
        if (!each(ctx, uid))
            return true;
        above = uid;
    }
    return index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
}

bool index_uniques_each(struct index *ix, uint32_t folder, const char *unique, size_t n,
                        bool (*each)(void *ctx, uint32_t uid), void *ctx)
{
    unsigned char key[KEY_SIZE];
    MDB_val k = { sizeof key, key };
    MDB_cursor *c;
    if (!index_uniques_flush(ix) ||
        !index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_UNIQUES], &c)))
        return false;
    make_key(key, folder, hash(unique, n));
    bool ok = walk(ix, c, &k, each, ctx);
    mdb_cursor_close(c);
    return ok;
}

/* --- All of them. ----------------------------------------------------------------------------
 */

uint32_t index_message_hash(const char *unique, size_t n)
{
    return hash(unique, n);
}

static bool walk_all(struct index *ix, MDB_cursor *c, uint32_t folder,
                     bool (*each)(void *ctx, uint32_t uid, uint32_t hash), void *ctx)
{
    unsigned char want[KEY_SIZE];
    MDB_val k = { sizeof want, want };
    MDB_val v;
    make_key(want, folder, 0);
    int rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
    for (; rc == MDB_SUCCESS; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        if (k.mv_size != KEY_SIZE || v.mv_size != UID_SIZE)
            return index_damaged(ix, "a UID of a unique part");
        const unsigned char *key = k.mv_data;
        if (index_key_get32(key) != folder)
            return index_ok(ix, MDB_SUCCESS);
        uint32_t uid = index_key_get32(v.mv_data);
        if (!each(ctx, uid, index_key_get32(key + sizeof folder)))
            return index_ok(ix, MDB_SUCCESS);
    }
    return index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
}

bool index_message_uniques(struct index *ix, uint32_t folder,
                           bool (*each)(void *ctx, uint32_t uid, uint32_t hash), void *ctx)
{
    MDB_cursor *c;
    if (!index_readable(ix) ||
        !index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_UNIQUES], &c)))
        return false;
    bool ok = walk_all(ix, c, folder, each, ctx);
    mdb_cursor_close(c);
    return ok;
}
