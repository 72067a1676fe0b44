/*
 * The change table: index_change.h. A key is folder, mod-sequence and a number, a value up to
 * VALUE_UIDS UIDs; values of one mod-sequence are numbered from 0, and all but the last are
 * full.
 *
 * What is too much goes in whole mod-sequences: `floor` says that everything above it is here,
 * and a part of one would be a lie.
 */
#include "mailstore/index_change.h"

#include "mailstore/index_block.h"

#include <string.h>

/* Two values of 1,600 octets are a page. */
#define VALUE_UIDS 400
#define UID_SIZE   sizeof(uint32_t)
#define KEY_SIZE   (2 * sizeof(uint32_t) + sizeof(uint64_t))

/* How many changes a folder keeps: a share of its messages, and a number below which it does
 * not matter. */
#define KEPT_SHARE 4
#define KEPT_MIN   16384

struct change_key {
    uint32_t folder;
    uint64_t modseq;
    uint32_t n;
};

static void make_key(unsigned char *out, const struct change_key *key)
{
    index_key_put32(out, key->folder);
    index_key_put64(out + sizeof(uint32_t), key->modseq);
    index_key_put32(out + sizeof(uint32_t) + sizeof(uint64_t), key->n);
}

/* Takes a value apart. False: it is no such thing. */
static bool parse(struct index *ix, const MDB_val *k, const MDB_val *v,
                  struct change_key *key_r)
{
    if (k->mv_size != KEY_SIZE || v->mv_size == 0 || v->mv_size % UID_SIZE != 0 ||
        v->mv_size > VALUE_UIDS * UID_SIZE)
        return index_damaged(ix, "changes");
    const unsigned char *p = k->mv_data;
    key_r->folder = index_key_get32(p);
    key_r->modseq = index_key_get64(p + sizeof(uint32_t));
    key_r->n = index_key_get32(p + sizeof(uint32_t) + sizeof(uint64_t));
    return true;
}

static bool seek(struct index *ix, MDB_cursor *c, const struct change_key *from,
                 struct change_key *key_r, MDB_val *v_r, bool *found_r)
{
    unsigned char want[KEY_SIZE];
    MDB_val k = { sizeof want, want };
    *found_r = false;
    make_key(want, from);
    int rc = mdb_cursor_get(c, &k, v_r, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        return index_ok(ix, MDB_SUCCESS);
    if (!index_ok(ix, rc) || !parse(ix, &k, v_r, key_r))
        return false;
    *found_r = key_r->folder == from->folder;
    return true;
}

static bool step(struct index *ix, MDB_cursor *c, struct change_key *key, MDB_val *v_r,
                 bool *found_r)
{
    struct change_key last = *key;
    MDB_val k;
    *found_r = false;
    int rc = mdb_cursor_get(c, &k, v_r, MDB_NEXT);
    if (rc == MDB_NOTFOUND)
        return index_ok(ix, MDB_SUCCESS);
    if (!index_ok(ix, rc) || !parse(ix, &k, v_r, key))
        return false;
    *found_r = key->folder == last.folder;
    if (*found_r &&
        (key->modseq < last.modseq || (key->modseq == last.modseq && key->n <= last.n)))
        return index_damaged(ix, "the order of changes");
    return true;
}

/* --- Adding. ---------------------------------------------------------------------------------
 */

/* The last value of this mod-sequence: its number, and its UIDs, to be gone on with. */
static bool find_last(struct index *ix, MDB_cursor *c, struct change_key *key, uint32_t *uid,
                      size_t *n_r)
{
    unsigned char want[KEY_SIZE];
    MDB_val k = { sizeof want, want };
    MDB_val v;
    struct change_key last = { key->folder, key->modseq, UINT32_MAX };
    *n_r = 0;
    make_key(want, &last);
    int rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
    if (rc == MDB_SUCCESS)
        rc = mdb_cursor_get(c, &k, &v, MDB_PREV);
    else if (rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
    if (rc == MDB_NOTFOUND)
        return index_ok(ix, MDB_SUCCESS);
    if (!index_ok(ix, rc) || !parse(ix, &k, &v, &last))
        return false;
    if (last.folder != key->folder || last.modseq != key->modseq)
        return true;
    if (last.n >= UINT32_MAX - 1)
        return index_damaged(ix, "the number of changes");
    key->n = last.n;
    *n_r = v.mv_size / UID_SIZE;
    memcpy(uid, v.mv_data, v.mv_size);
    if (*n_r < VALUE_UIDS)
        return true;
    key->n++;
    *n_r = 0;
    return true;
}

static bool add(struct index *ix, MDB_cursor *c, struct change_key *key, const uint32_t *uid,
                size_t n)
{
    uint32_t value[VALUE_UIDS];
    unsigned char key_text[KEY_SIZE];
    size_t had;
    if (!find_last(ix, c, key, value, &had))
        return false;
    while (n > 0) {
        size_t now = n < VALUE_UIDS - had ? n : VALUE_UIDS - had;
        memcpy(value + had, uid, now * UID_SIZE);
        MDB_val k = { sizeof key_text, key_text };
        MDB_val v = { (had + now) * UID_SIZE, value };
        make_key(key_text, key);
        if (!index_ok(ix, mdb_cursor_put(c, &k, &v, 0)))
            return false;
        uid += now;
        n -= now;
        had = 0;
        key->n++;
    }
    return true;
}

/* Takes the oldest out until few enough are left. The step behind a removed value finds the one
 * that took its place. */
static bool trim(struct index *ix, MDB_cursor *c, struct index_folder *f)
{
    uint64_t kept = f->shown / KEPT_SHARE + KEPT_MIN;
    struct change_key from = { f->id, 0, 0 };
    struct change_key key = from;
    MDB_val v;
    bool found;
    if (f->changes <= kept)
        return true;
    if (!seek(ix, c, &from, &key, &v, &found))
        return false;
    while (found && (f->changes > kept || key.modseq <= f->floor)) {
        uint64_t n = v.mv_size / UID_SIZE;
        f->changes -= n < f->changes ? n : f->changes;
        if (key.modseq > f->floor)
            f->floor = key.modseq;
        if (!index_ok(ix, mdb_cursor_del(c, 0)) || !step(ix, c, &key, &v, &found))
            return false;
    }
    return f->changes <= kept || index_damaged(ix, "the count of changes");
}

bool index_change_add(struct index *ix, struct index_folder *f, uint64_t modseq,
                      const uint32_t *uid, size_t n)
{
    struct change_key key = { f->id, modseq, 0 };
    MDB_cursor *c;
    if (!index_writable(ix))
        return false;
    if (n == 0 || modseq <= f->floor) /* too many at once: the rest of them */
        return true;
    if (!index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_CHANGES], &c)))
        return false;
    bool ok = add(ix, c, &key, uid, n);
    if (ok) {
        f->changes += n;
        ok = trim(ix, c, f);
    }
    mdb_cursor_close(c);
    return ok;
}

/* --- Asking. ---------------------------------------------------------------------------------
 */

/* *more_r false: each() has had enough. The value is copied, since each() may write. */
static bool tell(struct index *ix, const MDB_val *v, uint64_t modseq,
                 bool (*each)(void *ctx, uint32_t uid, uint64_t modseq), void *ctx,
                 bool *more_r)
{
    uint32_t uid[VALUE_UIDS];
    size_t n = v->mv_size / UID_SIZE;
    memcpy(uid, v->mv_data, v->mv_size);
    for (size_t i = 0; i < n && *more_r; i++) {
        if ((uid[i] & ~INDEX_EXPUNGED) == 0)
            return index_damaged(ix, "a change of no message");
        *more_r = each(ctx, uid[i], modseq);
    }
    return true;
}

static bool walk(struct index *ix, MDB_cursor *c, uint32_t folder, uint64_t since,
                 bool (*each)(void *ctx, uint32_t uid, uint64_t modseq), void *ctx)
{
    struct change_key from = { folder, since + 1, 0 };
    struct change_key key = from;
    MDB_val v;
    bool found;
    bool more = true;
    if (!seek(ix, c, &from, &key, &v, &found))
        return false;
    while (found && more) {
        if (!tell(ix, &v, key.modseq, each, ctx, &more))
            return false;
        if (more && !step(ix, c, &key, &v, &found))
            return false;
    }
    return true;
}

bool index_change_each(struct index *ix, uint32_t folder, uint64_t since,
                       bool (*each)(void *ctx, uint32_t uid, uint64_t modseq), void *ctx)
{
    MDB_cursor *c;
    if (!index_readable(ix))
        return false;
    if (since == UINT64_MAX)
        return true;
    if (!index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_CHANGES], &c)))
        return false;
    bool ok = walk(ix, c, folder, since, each, ctx);
    mdb_cursor_close(c);
    return ok;
}

bool index_change_clear(struct index *ix, uint32_t folder)
{
    return index_writable(ix) && index_clear_table(ix, INDEX_CHANGES, folder);
}
