/*
 * Reading records in a snapshot. The block read last is remembered as pointers into the map,
 * with a cursor on it: the next record is an addition away, the next block a step of the
 * cursor. Nothing is copied but the record that was asked for.
 */
#include "mailstore/index_block.h"

#include <errno.h>
#include <stdlib.h>

struct index_view {
    bool valid;
    bool is_last; /* of the folder; the cursor is elsewhere then */
    struct index_value b;
    unsigned at;              /* of the record found last */
    struct index_names names; /* value NULL: not looked up yet */
    MDB_cursor *cursor;
};

void index_view_forget(struct index_view *v)
{
    if (v == NULL)
        return;
    v->valid = false;
    if (v->cursor != NULL)
        mdb_cursor_close(v->cursor);
    v->cursor = NULL;
}

static struct index_view *view_of(struct index *ix)
{
    struct index_block *b = index_block_memory(ix);
    if (b == NULL)
        return NULL;
    if (b->view == NULL)
        b->view = calloc(1, sizeof *b->view);
    if (b->view == NULL) {
        (void)index_ok(ix, ENOMEM);
        return NULL;
    }
    if (b->view->cursor == NULL &&
        !index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_MESSAGES], &b->view->cursor)))
        return NULL;
    return b->view;
}

static bool view_set(struct index *ix, struct index_view *v, const MDB_val *key,
                     const MDB_val *data)
{
    v->at = 0;
    v->names.value = NULL;
    v->is_last = false;
    v->valid = index_block_parse(ix, key, data, &v->b);
    return v->valid;
}

/* Makes the block behind the view the view; where there is none, view->is_last. */
static bool view_step(struct index *ix, struct index_view *v)
{
    MDB_val key;
    MDB_val data;
    uint32_t folder = v->b.folder;
    uint32_t last = v->b.last;
    int rc = mdb_cursor_get(v->cursor, &key, &data, MDB_NEXT);
    if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
        v->valid = false;
        return index_ok(ix, rc);
    }
    if (rc == MDB_SUCCESS && key.mv_size == INDEX_BLOCK_KEY &&
        index_key_get32(key.mv_data) == folder) {
        if (!view_set(ix, v, &key, &data))
            return false;
        if (v->b.first > last)
            return true;
        v->valid = false;
        return index_damaged(ix, "the order of records");
    }
    v->is_last = true;
    return index_ok(ix, MDB_SUCCESS);
}

/* Makes the block where `uid` belongs the view, or the one behind it; *found_r: it has a record
 * from `uid` on. */
static bool view_search(struct index *ix, struct index_view *v, uint32_t folder, uint32_t uid,
                        bool *found_r)
{
    MDB_val key;
    MDB_val data;
    bool found;
    v->valid = false;
    *found_r = false;
    if (!index_block_search(ix, v->cursor, folder, uid, &key, &data, &found))
        return false;
    if (found) {
        if (!view_set(ix, v, &key, &data) || (v->b.last < uid && !view_step(ix, v)))
            return false;
        *found_r = !v->is_last;
        return true;
    }
    unsigned char want[INDEX_BLOCK_KEY];
    index_block_key(want, folder, uid);
    key = (MDB_val){ sizeof want, want };
    int rc = mdb_cursor_get(v->cursor, &key, &data, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        return index_ok(ix, MDB_SUCCESS);
    if (!index_ok(ix, rc))
        return false;
    if (!view_set(ix, v, &key, &data))
        return false;
    *found_r = v->b.folder == folder;
    return true;
}

/* Makes the block with the first record from `uid` on the view; *found_r: there is one. */
static bool view_find(struct index *ix, struct index_view *v, uint32_t folder, uint32_t uid,
                      bool *found_r)
{
    bool here = v->valid && v->b.folder == folder && uid >= v->b.first;
    *found_r = here && uid <= v->b.last;
    if (!here)
        return view_search(ix, v, folder, uid, found_r);
    if (*found_r || v->is_last)
        return true;
    if (!view_step(ix, v))
        return false;
    *found_r = !v->is_last && uid <= v->b.last;
    return *found_r || v->is_last || view_search(ix, v, folder, uid, found_r);
}

/* Whether the first record from `uid` on is the one behind that which was found last. */
static bool view_follows(const struct index_view *v, uint32_t folder, uint32_t uid)
{
    return v->valid && v->b.folder == folder && v->at + 1 < v->b.count &&
           index_block_uid(v->b.rec, v->at) < uid &&
           index_block_uid(v->b.rec, v->at + 1) >= uid;
}

/* What was checked when the block became the view is checked again where it would do harm: a
 * page that can't be read any more is one of zeros from then on (index_fault.c). */
bool index_view_seek(struct index *ix, uint32_t folder, uint32_t uid, struct index_message *m_r,
                     bool *found_r)
{
    struct index_block *b = ix->block;
    struct index_view *v = b == NULL ? NULL : b->view;
    *found_r = false;
    if (v == NULL || !view_follows(v, folder, uid)) {
        bool found;
        v = view_of(ix);
        if (v == NULL || !view_find(ix, v, folder, uid, &found))
            return false;
        if (!found)
            return true;
        v->at = index_block_lower(v->b.rec, v->b.count, uid);
        if (v->at == v->b.count)
            return index_damaged(ix, "the order of records");
    } else {
        v->at++;
    }
    if (!index_block_take(ix, v->b.rec, v->at, m_r))
        return false;
    *found_r = m_r->uid >= uid || index_damaged(ix, "the order of records");
    return *found_r;
}

bool index_view_name(struct index *ix, const char **kept_r, size_t *n_r)
{
    struct index_view *v = ix->block->view;
    if (v->names.value == NULL &&
        !index_block_names(ix, v->b.folder, v->b.first, v->b.count, &v->names))
        return false;
    *n_r = index_names_at(&v->names, v->at, kept_r);
    return *n_r > 0 || index_damaged(ix, "names");
}
