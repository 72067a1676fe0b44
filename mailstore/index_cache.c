/*
 * The cache table: index_cache.h. A key is folder, kind and UID; beside these each folder that
 * has a value has one record (kind KIND_SWEPT, UID 0), the mod-sequence up to which it was
 * swept.
 *
 * Sweeping is apart from EXPUNGE because a UID is never given again, so that nobody will ask
 * for what is left behind: it costs space alone, and can be removed while the client is silent.
 */
#include "mailstore/index_cache.h"

#include "mailstore/index_block.h"
#include "mailstore/index_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE   (2 * sizeof(uint32_t) + 1)
#define KIND_SWEPT 0xff

/* Of index_max_size, the part up to which values are added. */
#define ROOM_SHARE 2

/* The UID behind all: the cursor has left the column. */
#define NO_MORE UINT32_MAX

/* Where the last question of a kind has led. */
struct column {
    MDB_cursor *cursor; /* NULL: none was asked */
    uint32_t folder;
    uint32_t after; /* no value has a UID above this and below `at` */
    uint32_t at;    /* the UID at the cursor; NO_MORE */
};

struct index_cache {
    struct column column[INDEX_CACHE_KINDS];
};

struct cache_key {
    uint32_t folder;
    unsigned kind;
    uint32_t uid;
};

static void make_key(unsigned char *out, const struct cache_key *key)
{
    index_key_put32(out, key->folder);
    out[sizeof(uint32_t)] = (unsigned char)key->kind;
    index_key_put32(out + sizeof(uint32_t) + 1, key->uid);
}

/* Takes a key and its value's size apart. False: they are no such thing. */
static bool parse(struct index *ix, const MDB_val *k, const MDB_val *v, struct cache_key *key_r)
{
    if (k->mv_size != KEY_SIZE)
        return index_damaged(ix, "a key of the cache");
    const unsigned char *p = k->mv_data;
    key_r->folder = index_key_get32(p);
    key_r->kind = p[sizeof(uint32_t)];
    key_r->uid = index_key_get32(p + sizeof(uint32_t) + 1);
    bool swept = key_r->kind == KIND_SWEPT && v->mv_size == sizeof(uint64_t);
    bool value = key_r->kind < INDEX_CACHE_KINDS && v->mv_size > 0 &&
                 v->mv_size <= INDEX_CACHE_MAX && key_r->uid > 0 && key_r->uid <= UID_LIMIT;
    return swept || value || index_damaged(ix, "a value of the cache");
}

/* --- Reading. --------------------------------------------------------------------------------
 */

void index_cache_forget(struct index *ix)
{
    for (unsigned i = 0; ix->cache != NULL && i < INDEX_CACHE_KINDS; i++)
        if (ix->cache->column[i].cursor != NULL)
            mdb_cursor_close(ix->cache->column[i].cursor);
    free(ix->cache);
    ix->cache = NULL;
}

static struct column *column_of(struct index *ix, unsigned kind)
{
    if (ix->cache == NULL)
        ix->cache = calloc(1, sizeof *ix->cache);
    if (ix->cache == NULL) {
        (void)index_ok(ix, ENOMEM);
        return NULL;
    }
    struct column *c = &ix->cache->column[kind];
    if (c->cursor == NULL &&
        !index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_CACHE], &c->cursor)))
        return NULL;
    return c;
}

/* Moves the cursor of a column and notes where it is: at the value with the lowest UID above
 * `after`. */
static bool column_move(struct index *ix, struct column *c, const struct cache_key *want,
                        MDB_cursor_op op, uint32_t after, MDB_val *v_r)
{
    unsigned char key[KEY_SIZE];
    struct cache_key found;
    if (op == MDB_SET_RANGE)
        make_key(key, want);
    MDB_val k = { sizeof key, key };
    int rc = mdb_cursor_get(c->cursor, &k, v_r, op);
    c->folder = 0; /* nothing is known, until all has gone well */
    c->after = after;
    c->at = NO_MORE;
    if (rc != MDB_NOTFOUND) {
        if (!index_ok(ix, rc) || !parse(ix, &k, v_r, &found))
            return false;
        if (found.folder == want->folder && found.kind == want->kind)
            c->at = found.uid;
        if (c->at <= after)
            return index_damaged(ix, "the order of the cache");
    }
    c->folder = want->folder;
    return index_ok(ix, MDB_SUCCESS);
}

static bool column_find(struct index *ix, struct column *c, const struct cache_key *want,
                        MDB_val *v_r, bool *found_r)
{
    bool known = c->folder == want->folder && want->uid > c->after;
    *found_r = false;
    bool next = known && want->uid > c->at;
    bool same = known && want->uid == c->at;
    if ((next && !column_move(ix, c, want, MDB_NEXT, c->at, v_r)) ||
        (same && !column_move(ix, c, want, MDB_GET_CURRENT, c->after, v_r)))
        return false;
    if ((!known || want->uid > c->at) &&
        !column_move(ix, c, want, MDB_SET_RANGE, want->uid - 1, v_r))
        return false;
    *found_r = want->uid == c->at;
    return true;
}

/* Where pages move with each put no cursor is kept. */
static bool find_writing(struct index *ix, const struct cache_key *want, MDB_val *v_r,
                         bool *found_r)
{
    unsigned char key[KEY_SIZE];
    struct cache_key found;
    make_key(key, want);
    MDB_val k = { sizeof key, key };
    int rc = mdb_get(ix->txn, ix->table[INDEX_CACHE], &k, v_r);
    *found_r = rc == MDB_SUCCESS;
    if (rc == MDB_NOTFOUND)
        return index_ok(ix, MDB_SUCCESS);
    return index_ok(ix, rc) && parse(ix, &k, v_r, &found);
}

bool index_cache_get(struct index *ix, uint32_t folder, unsigned kind, uint32_t uid,
                     const void **value_r, size_t *n_r)
{
    struct cache_key want = { folder, kind, uid };
    MDB_val v = { 0, NULL };
    bool found = false;
    *n_r = 0;
    if (!index_readable(ix) || kind >= INDEX_CACHE_KINDS || uid == 0 || uid > UID_LIMIT)
        return false;
    if (ix->writing) {
        if (!find_writing(ix, &want, &v, &found))
            return false;
    } else {
        struct column *c = column_of(ix, kind);
        if (c == NULL || !column_find(ix, c, &want, &v, &found))
            return false;
    }
    *value_r = found ? v.mv_data : NULL;
    *n_r = found ? v.mv_size : 0;
    return true;
}

bool index_cache_sound(struct index *ix)
{
    return index_ok(ix, MDB_SUCCESS);
}

bool index_cache_room(struct index *ix)
{
    MDB_envinfo info;
    MDB_stat stat;
    return ix->env != NULL && !ix->in_memory && !ix->failed &&
           mdb_env_info(ix->env, &info) == MDB_SUCCESS &&
           mdb_env_stat(ix->env, &stat) == MDB_SUCCESS &&
           info.me_last_pgno < info.me_mapsize / ROOM_SHARE / stat.ms_psize;
}

/* --- Writing. --------------------------------------------------------------------------------
 */

static bool put(struct index *ix, const struct cache_key *key, const void *value, size_t n)
{
    unsigned char octets[KEY_SIZE];
    make_key(octets, key);
    MDB_val k = { sizeof octets, octets };
    MDB_val v = { .mv_size = n };
    v.mv_data = (void *)(uintptr_t)value; // NOLINT(performance-no-int-to-ptr): is only read
    return index_ok(ix, mdb_put(ix->txn, ix->table[INDEX_CACHE], &k, &v, 0));
}

bool index_cache_swept(struct index *ix, uint32_t folder, uint64_t *modseq_r)
{
    struct cache_key want = { folder, KIND_SWEPT, 0 };
    MDB_val v;
    bool found;
    *modseq_r = 0;
    if (!index_readable(ix) || !find_writing(ix, &want, &v, &found))
        return false;
    if (found)
        memcpy(modseq_r, v.mv_data, sizeof *modseq_r);
    return true;
}

static bool set_swept(struct index *ix, const struct index_folder *f)
{
    struct cache_key key = { f->id, KIND_SWEPT, 0 };
    return put(ix, &key, &f->modseq, sizeof f->modseq);
}

bool index_cache_put(struct index *ix, const struct index_folder *f, unsigned kind,
                     uint32_t uid, const void *value, size_t n)
{
    struct cache_key key = { f->id, kind, uid };
    uint64_t swept;
    if (!index_writable(ix) || !index_cache_swept(ix, f->id, &swept))
        return false;
    if (kind >= INDEX_CACHE_KINDS || uid == 0 || uid > UID_LIMIT || n == 0 ||
        n > INDEX_CACHE_MAX)
        return index_damaged(ix, "what is to be kept");
    return (swept > 0 || set_swept(ix, f)) && put(ix, &key, value, n);
}

bool index_cache_clear(struct index *ix, uint32_t folder)
{
    return index_writable(ix) && index_clear_table(ix, INDEX_CACHE, folder);
}

/* --- Sweeping. -------------------------------------------------------------------------------
 */

struct sweep {
    struct index *ix;
    uint32_t folder;
    bool ok;
};

/* All kinds of one message. */
static bool drop(struct sweep *s, uint32_t uid)
{
    for (unsigned kind = 0; kind < INDEX_CACHE_KINDS; kind++) {
        struct cache_key key = { s->folder, kind, uid };
        unsigned char octets[KEY_SIZE];
        make_key(octets, &key);
        MDB_val k = { sizeof octets, octets };
        int rc = mdb_del(s->ix->txn, s->ix->table[INDEX_CACHE], &k, NULL);
        if (!index_ok(s->ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc))
            return false;
    }
    return true;
}

static bool drop_expunged(void *ctx, uint32_t uid, uint64_t modseq)
{
    struct sweep *s = ctx;
    (void)modseq;
    if ((uid & INDEX_EXPUNGED) != 0)
        s->ok = drop(s, uid & ~INDEX_EXPUNGED);
    return s->ok;
}

static bool is_there(struct index *ix, uint32_t folder, uint32_t uid, bool *there_r)
{
    struct index_message m;
    bool found;
    if (!index_message_get(ix, folder, uid, &m, NULL, &found))
        return false;
    *there_r = found && m.state == RECORD_SHOWN;
    return true;
}

static bool sweep_all(struct index *ix, MDB_cursor *c, uint32_t folder)
{
    unsigned char octets[KEY_SIZE];
    struct cache_key key = { folder, 0, 0 };
    MDB_val k = { sizeof octets, octets };
    MDB_val v;
    make_key(octets, &key);
    int rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
    /* The step behind a removed value finds the one that took its place. */
    for (; rc == MDB_SUCCESS; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        bool there;
        if (!parse(ix, &k, &v, &key))
            return false;
        if (key.folder != folder || key.kind == KIND_SWEPT)
            break;
        if (!is_there(ix, folder, key.uid, &there) ||
            (!there && !index_ok(ix, mdb_cursor_del(c, 0))))
            return false;
    }
    return index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
}

bool index_cache_sweep(struct index *ix, const struct index_folder *f)
{
    struct sweep s = { ix, f->id, true };
    uint64_t swept;
    if (!index_writable(ix) || !index_cache_swept(ix, f->id, &swept))
        return false;
    if (swept == 0 || swept >= f->modseq)
        return true;
    if (swept >= f->floor) {
        if (!index_change_each(ix, f->id, swept, drop_expunged, &s) || !s.ok)
            return false;
        return set_swept(ix, f);
    }
    MDB_cursor *c;
    if (!index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_CACHE], &c)))
        return false;
    bool ok = sweep_all(ix, c, f->id);
    mdb_cursor_close(c);
    return ok && set_swept(ix, f);
}

bool index_cache_each(struct index *ix, uint32_t folder,
                      bool (*each)(void *ctx, unsigned kind, uint32_t uid, size_t n), void *ctx)
{
    struct cache_key key = { folder, 0, 0 };
    unsigned char octets[KEY_SIZE];
    make_key(octets, &key);
    MDB_val k = { sizeof octets, octets };
    MDB_val v;
    MDB_cursor *c;
    if (!index_readable(ix) ||
        !index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_CACHE], &c)))
        return false;
    bool ok = true;
    int rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
    for (; rc == MDB_SUCCESS; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        ok = parse(ix, &k, &v, &key);
        if (!ok || key.folder != folder || key.kind == KIND_SWEPT ||
            !each(ctx, key.kind, key.uid, v.mv_size))
            break;
    }
    mdb_cursor_close(c);
    return ok && index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
}
