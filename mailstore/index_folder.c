/* Folders in the index: index_folder.h. What is read is a file's, and may be damage: a value is
 * checked as far as it would do harm here or in the code that copies strings and flags from it;
 * that its numbers are wrong otherwise is found by comparing them with the disk. */
#include "mailstore/index_folder.h"

#include "mailstore/index_block.h"
#include "mailstore/index_cache.h"
#include "mailstore/index_change.h"

#include "mailstore/sys.h"

#include <string.h>

#define KEY_SIZE  16 /* of a folder */
#define SELF_SIZE 8  /* of what the index says of itself */

/* RFC 7162: a mod-sequence is an unsigned number of 63 bits. */
#define MODSEQ_MAX ((uint64_t)INT64_MAX)

/* Microseconds above this (the year 148,000) are no time: a file's timestamp can be anything,
 * and must not use up all mod-sequences at once. */
#define TIME_MAX ((uint64_t)1 << 62)

#define SECOND 1000000U

/* --- All of a folder's. ----------------------------------------------------------------------
 */

/* The step behind a removed value finds the one that took its place. */
static bool clear_range(struct index *ix, MDB_cursor *c, uint32_t folder, unsigned flags)
{
    unsigned char want[sizeof folder];
    MDB_val key = { sizeof want, want };
    MDB_val data;
    index_key_put32(want, folder);
    int rc = mdb_cursor_get(c, &key, &data, MDB_SET_RANGE);
    while (rc == MDB_SUCCESS && key.mv_size >= sizeof folder &&
           index_key_get32(key.mv_data) == folder) {
        rc = mdb_cursor_del(c, flags);
        if (rc == MDB_SUCCESS)
            rc = mdb_cursor_get(c, &key, &data, MDB_NEXT);
        else if (rc == MDB_NOTFOUND)
            return index_damaged(ix, "a value is not there");
    }
    return index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
}

bool index_clear_table(struct index *ix, enum index_table table, uint32_t folder)
{
    MDB_cursor *c;
    if (!index_ok(ix, mdb_cursor_open(ix->txn, ix->table[table], &c)))
        return false;
    bool ok = clear_range(ix, c, folder, table == INDEX_UNIQUES ? MDB_NODUPDATA : 0);
    mdb_cursor_close(c);
    return ok;
}

static void put_key(unsigned char to[KEY_SIZE], struct folder_key key)
{
    index_key_put64(to, key.ino);
    index_key_put64(to + 8, key.dev);
}

/* --- One record. -----------------------------------------------------------------------------
 */

/* A bool that is neither true nor false must not even be looked at. */
static bool is_bool(const unsigned char *value, size_t offset)
{
    return value[offset] <= 1;
}

static bool folder_take(struct index *ix, const MDB_val *key, const MDB_val *data,
                        struct index_folder *f_r)
{
    const unsigned char *copy = (const unsigned char *)f_r;
    size_t list = offsetof(struct index_folder, list);
    if (key->mv_size != KEY_SIZE || data->mv_size != sizeof *f_r)
        return index_damaged(ix, "a folder");
    memcpy(f_r, data->mv_data, sizeof *f_r);
    if (!is_bool(copy, list + offsetof(struct uidlist, present)) ||
        !is_bool(copy, list + offsetof(struct uidlist, rewrite)))
        return index_damaged(ix, "a folder");
    const char *fields = f_r->list.fields;
    unsigned char own[KEY_SIZE];
    put_key(own, f_r->key);
    if (memcmp(own, key->mv_data, KEY_SIZE) != 0 || f_r->key.ino == 0 || f_r->id == 0 ||
        f_r->uidvalidity == 0 || f_r->modseq > MODSEQ_MAX ||
        memchr(fields, '\0', sizeof f_r->list.fields) == NULL)
        return index_damaged(ix, "a folder's record");
    return true;
}

bool index_folder_get(struct index *ix, struct folder_key key, struct index_folder *f_r,
                      bool *found_r)
{
    unsigned char text[KEY_SIZE];
    MDB_val k = { sizeof text, text };
    MDB_val v;
    *found_r = false;
    if (!index_readable(ix))
        return false;
    if (key.ino == 0)
        return true;
    put_key(text, key);
    int rc = mdb_get(ix->txn, ix->table[INDEX_FOLDERS], &k, &v);
    if (rc == MDB_NOTFOUND)
        return index_ok(ix, MDB_SUCCESS);
    *found_r = index_ok(ix, rc) && folder_take(ix, &k, &v, f_r);
    return *found_r;
}

/* Ids go up and are not given twice, so that what is left of a folder is never another's. */
static bool next_id(struct index *ix, uint32_t *id_r)
{
    unsigned char key[SELF_SIZE] = { 0 };
    MDB_val k = { sizeof key, key };
    MDB_val v;
    struct index_self self;
    int rc = mdb_get(ix->txn, ix->table[INDEX_FOLDERS], &k, &v);
    if (rc == MDB_NOTFOUND || (rc == MDB_SUCCESS && v.mv_size != sizeof self))
        return index_damaged(ix, "what it says of itself");
    if (!index_ok(ix, rc))
        return false;
    memcpy(&self, v.mv_data, sizeof self);
    if (self.next_folder == 0 || self.next_folder == UINT32_MAX)
        return index_damaged(ix, "the next folder's id");
    *id_r = self.next_folder++;
    v = (MDB_val){ sizeof self, &self };
    return index_ok(ix, mdb_put(ix->txn, ix->table[INDEX_FOLDERS], &k, &v, 0));
}

bool index_folder_put(struct index *ix, struct index_folder *f)
{
    unsigned char key[KEY_SIZE];
    MDB_val k = { sizeof key, key };
    MDB_val v = { sizeof *f, f };
    if (!index_writable(ix))
        return false;
    if (f->key.ino == 0 || f->uidvalidity == 0)
        return index_damaged(ix, "a folder to be put");
    if (f->id == 0 && !next_id(ix, &f->id))
        return false;
    f->version++;
    put_key(key, f->key);
    return index_ok(ix, mdb_put(ix->txn, ix->table[INDEX_FOLDERS], &k, &v, 0));
}

bool index_folder_drop(struct index *ix, struct folder_key key)
{
    unsigned char text[KEY_SIZE];
    MDB_val k = { sizeof text, text };
    struct index_folder f = { .id = 0 };
    bool found;
    if (!index_writable(ix) || !index_folder_get(ix, key, &f, &found))
        return false;
    if (!found)
        return true;
    put_key(text, key);
    return index_message_clear(ix, f.id) && index_change_clear(ix, f.id) &&
           index_cache_clear(ix, f.id) &&
           index_ok(ix, mdb_del(ix->txn, ix->table[INDEX_FOLDERS], &k, NULL));
}

/* --- All of them. ----------------------------------------------------------------------------
 */

static bool each_folder(struct index *ix, MDB_cursor *c,
                        bool (*each)(void *ctx, const struct index_folder *f), void *ctx)
{
    unsigned char last[KEY_SIZE] = { 0 }; /* behind the index itself */
    MDB_val key = { sizeof last, last };
    MDB_val data;
    int rc = mdb_cursor_get(c, &key, &data, MDB_SET_RANGE);
    for (; rc == MDB_SUCCESS; rc = mdb_cursor_get(c, &key, &data, MDB_NEXT)) {
        struct index_folder f = { .id = 0 };
        if (!folder_take(ix, &key, &data, &f))
            return false;
        if (memcmp(key.mv_data, last, sizeof last) <= 0)
            return index_damaged(ix, "the order of folders");
        put_key(last, f.key);
        if (!each(ctx, &f))
            return true;
    }
    return index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
}

bool index_folder_each(struct index *ix, bool (*each)(void *ctx, const struct index_folder *f),
                       void *ctx)
{
    MDB_cursor *c;
    if (!index_readable(ix) ||
        !index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_FOLDERS], &c)))
        return false;
    bool ok = each_folder(ix, c, each, ctx);
    mdb_cursor_close(c);
    return ok;
}

/* --- Mod-sequences. --------------------------------------------------------------------------
 */

static uint64_t clock_micros(void)
{
    struct timespec now;
    if (sys_clock(&now) != 0 || now.tv_sec < 0 || (uint64_t)now.tv_sec > TIME_MAX / SECOND)
        return 0;
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000;
}

uint64_t index_folder_next_modseq(struct index_folder *f, uint64_t base)
{
    uint64_t now = clock_micros();
    uint64_t next = f->modseq < MODSEQ_MAX ? f->modseq + 1 : MODSEQ_MAX;
    if (next < now)
        next = now;
    /* What the lost index gave was at most a second before a timestamp that it left. */
    if (f->modseq == 0 && base <= TIME_MAX && next <= base + SECOND)
        next = base + SECOND + 1;
    f->modseq = next;
    return next;
}
