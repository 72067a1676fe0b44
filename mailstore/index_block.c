/*
 * Blocks of records: up to INDEX_BLOCK of them a value, ascending by UID, under the key of a
 * UID that is no higher than the first. A record is in the block with the highest key up to its
 * UID; what the key says is the truth, so it may stay when the first record goes.
 *
 * Here is what reading in a snapshot (index_view.c) and writing (index_edit.c) have in common:
 * finding a block, and believing nothing that stands there. A value is checked once, when a
 * block is taken in hand; then its records can be had without a look at anything else.
 */
#include "mailstore/index_block.h"

#include "mailstore/uidlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(INDEX_RECORD == 40, "two full blocks would not fit a page");

/* --- Memory. ---------------------------------------------------------------------------------
 */

struct index_block *index_block_memory(struct index *ix)
{
    if (ix->block == NULL)
        ix->block = calloc(1, sizeof *ix->block);
    if (ix->block == NULL)
        (void)index_ok(ix, ENOMEM);
    return ix->block;
}

/* LMDB's cursors of a write transaction end with it; those of a snapshot are ours. */
void index_block_forget(struct index *ix)
{
    struct index_block *b = ix->block;
    if (b == NULL)
        return;
    index_view_forget(b->view);
    free(b->edit);
    b->edit = NULL;
    index_uniques_forget(&b->uniques);
    b->shown.valid = false;
}

void index_block_free(struct index *ix)
{
    index_block_forget(ix);
    if (ix->block != NULL)
        free(ix->block->view);
    free(ix->block);
    ix->block = NULL;
}

bool index_block_flush(struct index *ix)
{
    return index_writable(ix) && index_edit_flush(ix) && index_uniques_flush(ix) &&
           index_shown_flush(ix);
}

void index_block_discard(struct index *ix, uint32_t folder)
{
    struct index_block *b = ix->block;
    if (b == NULL)
        return;
    index_edit_discard(b->edit, folder);
    if (b->uniques.folder == folder)
        b->uniques.count = 0;
    index_shown_discard(&b->shown, folder);
}

/* --- Values. ---------------------------------------------------------------------------------
 */

void index_block_key(unsigned char *key, uint32_t folder, uint32_t first)
{
    index_key_put32(key, folder);
    index_key_put32(key + sizeof(uint32_t), first);
}

unsigned index_block_lower(const unsigned char *rec, unsigned count, uint32_t uid)
{
    unsigned lo = 0;
    unsigned hi = count;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (index_block_uid(rec, mid) < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool records_check(const MDB_val *data, uint32_t first)
{
    size_t size = data->mv_size;
    uint64_t least = first;
    if (size == 0 || size % INDEX_RECORD != 0 || size / INDEX_RECORD > INDEX_BLOCK ||
        first == 0)
        return false;
    for (unsigned i = 0; i < size / INDEX_RECORD; i++) {
        uint32_t uid = index_block_uid(data->mv_data, i);
        if (uid < least || uid > UID_LIMIT)
            return false;
        least = (uint64_t)uid + 1;
    }
    return true;
}

bool index_block_parse(struct index *ix, const MDB_val *key, const MDB_val *data,
                       struct index_value *v_r)
{
    if (key->mv_size != INDEX_BLOCK_KEY)
        return index_damaged(ix, "a key of records");
    v_r->folder = index_key_get32(key->mv_data);
    v_r->first = index_key_get32((const unsigned char *)key->mv_data + sizeof(uint32_t));
    if (!records_check(data, v_r->first))
        return index_damaged(ix, "records");
    v_r->rec = data->mv_data;
    v_r->count = (unsigned)(data->mv_size / INDEX_RECORD);
    v_r->last = index_block_uid(v_r->rec, v_r->count - 1);
    return true;
}

bool index_block_names(struct index *ix, uint32_t folder, uint32_t first, unsigned count,
                       struct index_names *names_r)
{
    unsigned char key[INDEX_BLOCK_KEY];
    MDB_val k = { sizeof key, key };
    MDB_val v;
    index_block_key(key, folder, first);
    int rc = mdb_get(ix->txn, ix->table[INDEX_NAMES], &k, &v);
    if (rc == MDB_NOTFOUND)
        return index_damaged(ix, "names");
    return index_ok(ix, rc) &&
           (index_names_parse(&v, count, names_r) || index_damaged(ix, "names"));
}

bool index_block_search(struct index *ix, MDB_cursor *c, uint32_t folder, uint32_t uid,
                        MDB_val *key, MDB_val *data, bool *found_r)
{
    unsigned char want[INDEX_BLOCK_KEY];
    index_block_key(want, folder, uid);
    *key = (MDB_val){ sizeof want, want };
    *found_r = false;
    int rc = mdb_cursor_get(c, key, data, MDB_SET_RANGE);
    bool exact = rc == MDB_SUCCESS && key->mv_size == sizeof want &&
                 memcmp(key->mv_data, want, sizeof want) == 0;
    if (rc == MDB_SUCCESS && !exact)
        rc = mdb_cursor_get(c, key, data, MDB_PREV);
    else if (rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(c, key, data, MDB_LAST);
    if (rc == MDB_NOTFOUND)
        return index_ok(ix, MDB_SUCCESS);
    if (!index_ok(ix, rc))
        return false;
    if (key->mv_size != INDEX_BLOCK_KEY)
        return index_damaged(ix, "a key of records");
    *found_r = memcmp(key->mv_data, want, sizeof folder) == 0;
    return !*found_r || memcmp(key->mv_data, want, sizeof want) <= 0 ||
           index_damaged(ix, "the order of records");
}
