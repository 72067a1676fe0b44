/*
 * Writing records. Pages move with every put, so the block in hand is a copy, read and changed
 * in memory, and written when another one is asked for, or before the commit: changes in order
 * of UID write each block once. Its names are read from their table only when one of them is
 * asked for, and written only when one has changed.
 *
 * Blocks fill up because messages mostly come at the end: when the block there is full, a new
 * one is begun behind it. A full block in the middle is split. Below the first block, and
 * between a full one and the next, a record goes into the next one, whose key is lowered.
 */
#include "mailstore/index_block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Above all UIDs: no block follows. */
#define NO_BLOCK ((uint64_t)1 << 32)

struct index_edit {
    bool valid;
    bool stored; /* the table has it, under stored_first */
    bool dirty;
    bool names_known;
    bool names_dirty;
    uint32_t folder;
    uint32_t first;
    uint32_t stored_first;
    uint64_t next; /* key of the next block of the folder; NO_BLOCK */
    unsigned count;
    unsigned at;
    struct index_message rec[INDEX_BLOCK];
    struct index_name name[INDEX_BLOCK];
};

static struct index_edit *edit_of(struct index *ix)
{
    struct index_block *b = index_block_memory(ix);
    if (b == NULL)
        return NULL;
    if (b->edit == NULL) {
        b->edit = malloc(sizeof *b->edit);
        if (b->edit != NULL)
            b->edit->valid = false;
    }
    if (b->edit == NULL)
        (void)index_ok(ix, ENOMEM);
    return b->edit;
}

/* --- Writing a block. ------------------------------------------------------------------------
 */

/* Puts a value whose key is new or known. Behind all others it fills its page up. */
static bool put_value(struct index *ix, enum index_table table, MDB_val *key, MDB_val *data,
                      unsigned flags, bool append)
{
    int rc = MDB_KEYEXIST;
    if (append)
        rc = mdb_put(ix->txn, ix->table[table], key, data, flags | MDB_APPEND);
    if (rc == MDB_KEYEXIST)
        rc = mdb_put(ix->txn, ix->table[table], key, data, flags);
    return index_ok(ix, rc);
}

static bool put_records(struct index *ix, uint32_t folder, struct index_message *rec,
                        uint32_t first, unsigned count, bool append)
{
    unsigned char key[INDEX_BLOCK_KEY];
    MDB_val k = { sizeof key, key };
    MDB_val v = { count * INDEX_RECORD, rec };
    index_block_key(key, folder, first);
    return put_value(ix, INDEX_MESSAGES, &k, &v, 0, append);
}

static bool put_names(struct index *ix, uint32_t folder, const struct index_name *name,
                      uint32_t first, unsigned count, bool append)
{
    unsigned char key[INDEX_BLOCK_KEY];
    MDB_val k = { sizeof key, key };
    MDB_val v = { index_names_size(name, count), NULL };
    index_block_key(key, folder, first);
    if (!put_value(ix, INDEX_NAMES, &k, &v, MDB_RESERVE, append))
        return false;
    index_names_pack(name, count, v.mv_data);
    return true;
}

/* Takes out of the tables what they must not have any more: an empty block, or one under a key
 * that was lowered. */
static bool delete_old(struct index *ix, struct index_edit *e)
{
    unsigned char key[INDEX_BLOCK_KEY];
    MDB_val k = { sizeof key, key };
    if (!e->stored || (e->count > 0 && e->stored_first == e->first))
        return true;
    index_block_key(key, e->folder, e->stored_first);
    int rc = mdb_del(ix->txn, ix->table[INDEX_MESSAGES], &k, NULL);
    if (rc == MDB_SUCCESS)
        rc = mdb_del(ix->txn, ix->table[INDEX_NAMES], &k, NULL);
    if (rc == MDB_NOTFOUND)
        return index_damaged(ix, "a block is not there");
    e->stored = false;
    return index_ok(ix, rc);
}

static bool edit_flush(struct index *ix, struct index_edit *e)
{
    if (!e->valid)
        return true;
    if (!delete_old(ix, e))
        return false;
    bool append = !e->stored && e->next == NO_BLOCK;
    if (e->count > 0 && e->dirty) {
        if (!put_records(ix, e->folder, e->rec, e->first, e->count, append))
            return false;
        e->stored = true;
        e->stored_first = e->first;
    }
    if (e->count > 0 && e->names_dirty &&
        !put_names(ix, e->folder, e->name, e->first, e->count, append))
        return false;
    e->dirty = e->names_dirty = false;
    return true;
}

bool index_edit_flush(struct index *ix)
{
    struct index_edit *e = ix->block == NULL ? NULL : ix->block->edit;
    return e == NULL || edit_flush(ix, e);
}

void index_edit_discard(struct index_edit *e, uint32_t folder)
{
    if (e != NULL && e->folder == folder)
        e->valid = false;
}

/* --- Reading a block to write it. ------------------------------------------------------------
 */

/* A block that is not stored yet. */
static void edit_begin(struct index_edit *e, uint32_t folder, uint32_t first, uint64_t next)
{
    e->valid = true;
    e->stored = e->dirty = e->names_dirty = false;
    e->names_known = true;
    e->folder = folder;
    e->first = first;
    e->stored_first = 0;
    e->next = next;
    e->count = 0;
    e->at = 0;
}

/* Checks the copy, which stays as it is. */
static bool edit_copy(struct index *ix, struct index_edit *e, const MDB_val *key,
                      const MDB_val *data)
{
    struct index_value v;
    MDB_val copy = { data->mv_size, e->rec };
    if (data->mv_size > sizeof e->rec)
        return index_damaged(ix, "records");
    memcpy(e->rec, data->mv_data, data->mv_size);
    if (!index_block_parse(ix, key, &copy, &v))
        return false;
    edit_begin(e, v.folder, v.first, NO_BLOCK);
    e->stored = true;
    e->stored_first = v.first;
    e->names_known = false;
    e->count = v.count;
    return true;
}

/* Where the next block begins: the cursor is on this one, or (not stored) anywhere. */
static bool edit_find_next(struct index *ix, MDB_cursor *c, struct index_edit *e)
{
    unsigned char want[INDEX_BLOCK_KEY];
    MDB_val key = { sizeof want, want };
    MDB_val data;
    index_block_key(want, e->folder, e->first);
    int rc = mdb_cursor_get(c, &key, &data, e->stored ? MDB_NEXT : MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        return index_ok(ix, MDB_SUCCESS);
    if (!index_ok(ix, rc))
        return false;
    if (key.mv_size != INDEX_BLOCK_KEY)
        return index_damaged(ix, "a key of records");
    if (index_key_get32(key.mv_data) != e->folder)
        return true;
    e->next = index_key_get32((const unsigned char *)key.mv_data + sizeof(uint32_t));
    if (e->next <= e->first || (e->count > 0 && e->next <= e->rec[e->count - 1].uid))
        return index_damaged(ix, "the order of records");
    return true;
}

static bool edit_read(struct index *ix, struct index_edit *e, MDB_cursor *c, uint32_t folder,
                      uint32_t uid)
{
    MDB_val key;
    MDB_val data;
    bool found;
    if (!index_block_search(ix, c, folder, uid, &key, &data, &found))
        return false;
    if (!found)
        edit_begin(e, folder, uid, NO_BLOCK);
    else if (!edit_copy(ix, e, &key, &data))
        return false;
    return edit_find_next(ix, c, e);
}

static bool edit_load(struct index *ix, struct index_edit *e, uint32_t folder, uint32_t uid)
{
    MDB_cursor *c;
    e->valid = false;
    if (!index_ok(ix, mdb_cursor_open(ix->txn, ix->table[INDEX_MESSAGES], &c)))
        return false;
    bool ok = edit_read(ix, e, c, folder, uid);
    mdb_cursor_close(c);
    e->valid = ok;
    return ok;
}

/* Takes the block where `uid` belongs in hand: an empty one, if the folder has none for it. */
static struct index_edit *edit_own(struct index *ix, uint32_t folder, uint32_t uid)
{
    struct index_edit *e = edit_of(ix);
    if (e == NULL)
        return NULL;
    if (e->valid && e->folder == folder && uid >= e->first && uid < e->next)
        return e;
    return edit_flush(ix, e) && edit_load(ix, e, folder, uid) ? e : NULL;
}

static bool edit_know_names(struct index *ix, struct index_edit *e)
{
    if (e->names_known)
        return true;
    struct index_names names;
    if (!index_block_names(ix, e->folder, e->stored_first, e->count, &names))
        return false;
    for (unsigned i = 0; i < e->count; i++) {
        const char *text = NULL;
        size_t n = index_names_at(&names, i, &text);
        if (n == 0)
            return index_damaged(ix, "names");
        e->name[i].len = (uint8_t)n;
        memcpy(e->name[i].text, text, n);
    }
    e->names_known = true;
    return true;
}

static unsigned edit_lower(struct index_edit *e, uint32_t uid)
{
    if (e->count > 0 && e->rec[e->count - 1].uid < uid)
        return e->count;
    return index_block_lower((const unsigned char *)e->rec, e->count, uid);
}

bool index_edit_seek(struct index *ix, uint32_t folder, uint32_t uid, bool exact,
                     struct index_message *m_r, bool *found_r)
{
    struct index_edit *e = edit_own(ix, folder, uid);
    *found_r = false;
    if (e == NULL)
        return false;
    e->at = edit_lower(e, uid);
    /* Blocks in the table have records: so at most the second look finds one. */
    if (e->at == e->count && !exact && e->next != NO_BLOCK) {
        e = edit_own(ix, folder, (uint32_t)e->next);
        if (e == NULL)
            return false;
        e->at = 0;
    }
    if (e->at == e->count || (exact && e->rec[e->at].uid != uid))
        return true;
    *found_r = index_block_take(ix, (const unsigned char *)e->rec, e->at, m_r);
    return *found_r;
}

bool index_edit_name(struct index *ix, const char **kept_r, size_t *n_r)
{
    struct index_edit *e = ix->block->edit;
    if (!edit_know_names(ix, e))
        return false;
    *kept_r = e->name[e->at].text;
    *n_r = e->name[e->at].len;
    return true;
}

/* --- Changing it. ----------------------------------------------------------------------------
 */

void index_edit_set(struct index *ix, const struct index_message *m)
{
    struct index_edit *e = ix->block->edit;
    if (memcmp(&e->rec[e->at], m, INDEX_RECORD) == 0)
        return;
    e->rec[e->at] = *m;
    e->dirty = true;
}

bool index_edit_rename(struct index *ix, const struct index_name *name)
{
    struct index_edit *e = ix->block->edit;
    if (!edit_know_names(ix, e))
        return false;
    e->name[e->at].len = name->len;
    memcpy(e->name[e->at].text, name->text, name->len);
    e->names_dirty = true;
    return true;
}

bool index_edit_remove(struct index *ix)
{
    struct index_edit *e = ix->block->edit;
    if (!edit_know_names(ix, e))
        return false;
    size_t behind = e->count - e->at - 1;
    memmove(&e->rec[e->at], &e->rec[e->at + 1], behind * sizeof e->rec[0]);
    memmove(&e->name[e->at], &e->name[e->at + 1], behind * sizeof e->name[0]);
    e->count--;
    e->dirty = e->names_dirty = true;
    return true;
}

/* Writes the upper half of a full block as one of its own; perhaps under the key that this one
 * had. */
static bool edit_split(struct index *ix, struct index_edit *e)
{
    unsigned half = e->count / 2;
    unsigned rest = e->count - half;
    uint32_t first = e->rec[half].uid;
    if (!edit_know_names(ix, e) || !delete_old(ix, e) ||
        !put_records(ix, e->folder, &e->rec[half], first, rest, false) ||
        !put_names(ix, e->folder, &e->name[half], first, rest, false))
        return false;
    e->count = half;
    e->next = first;
    e->dirty = e->names_dirty = true;
    return true;
}

/* Where a record behind all of this block's shall go: into the next block, with a lower key, or
 * where that is full, or there is none, into a new one. */
static bool edit_next(struct index *ix, struct index_edit *e, uint32_t uid)
{
    uint32_t folder = e->folder;
    uint64_t next = e->next;
    if (!edit_flush(ix, e))
        return false;
    if (next != NO_BLOCK) {
        if (!edit_load(ix, e, folder, (uint32_t)next))
            return false;
        if (e->count < INDEX_BLOCK) {
            e->first = uid;
            e->dirty = e->names_dirty = true;
            return edit_know_names(ix, e);
        }
    }
    edit_begin(e, folder, uid, next);
    return true;
}

bool index_edit_insert(struct index *ix, uint32_t folder, const struct index_message *m,
                       const struct index_name *name)
{
    struct index_edit *e = edit_own(ix, folder, m->uid);
    if (e == NULL)
        return false;
    bool full = e->count == INDEX_BLOCK;
    bool inside = edit_lower(e, m->uid) < e->count;
    if (full && inside) {
        if (!edit_split(ix, e))
            return false;
        e = edit_own(ix, folder, m->uid);
    } else if (full || (e->count == 0 && !e->stored)) {
        if (!edit_next(ix, e, m->uid))
            return false;
    }
    if (e == NULL || !edit_know_names(ix, e))
        return false;
    if (e->count == INDEX_BLOCK)
        return index_damaged(ix, "a block is fuller than it was");
    e->at = edit_lower(e, m->uid);
    size_t behind = e->count - e->at;
    memmove(&e->rec[e->at + 1], &e->rec[e->at], behind * sizeof e->rec[0]);
    memmove(&e->name[e->at + 1], &e->name[e->at], behind * sizeof e->name[0]);
    e->rec[e->at] = *m;
    e->name[e->at].len = name->len;
    memcpy(e->name[e->at].text, name->text, name->len);
    e->count++;
    e->dirty = e->names_dirty = true;
    return true;
}
