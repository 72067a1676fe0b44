/*
 * Records of messages: index_message.h. Where they lie is index_block.c's business; here is
 * what keeps together a record, its name, its unique part, its GUID and its bit among those
 * that are shown.
 */
#include "mailstore/index_message.h"

#include "mailstore/index_block.h"

#include "mailstore/uidlist.h"

#include <string.h>

static bool fill_name(struct index *ix, const struct index_message *m, char *name_r)
{
    const char *kept;
    size_t n;
    if (!index_block_name(ix, &kept, &n))
        return false;
    return index_name_make(m, kept, n, name_r) || index_damaged(ix, "a name");
}

static bool seek(struct index *ix, uint32_t folder, uint32_t uid, bool exact,
                 struct index_message *m_r, char *name_r, bool *found_r)
{
    *found_r = false;
    if (!index_readable(ix) || !index_block_seek(ix, folder, uid, exact, m_r, found_r))
        return false;
    if (!*found_r || name_r == NULL)
        return true;
    *found_r = fill_name(ix, m_r, name_r);
    return *found_r;
}

bool index_message_get(struct index *ix, uint32_t folder, uint32_t uid,
                       struct index_message *m_r, char *name_r, bool *found_r)
{
    return seek(ix, folder, uid, true, m_r, name_r, found_r);
}

bool index_message_next(struct index *ix, uint32_t folder, uint32_t uid,
                        struct index_message *m_r, char *name_r, bool *found_r)
{
    return seek(ix, folder, uid, false, m_r, name_r, found_r);
}

bool index_message_uids(struct index *ix, uint32_t folder, uint32_t uid, uint32_t *uid_r,
                        size_t max, size_t *n_r, bool *recent_r)
{
    *n_r = 0;
    return index_readable(ix) && !ix->writing &&
           index_shown_uids(ix, folder, uid, uid_r, max, n_r, recent_r);
}

/* --- By unique part. -------------------------------------------------------------------------
 */

struct quest {
    struct index *ix;
    uint32_t folder;
    const char *unique;
    size_t n;
    uint32_t found;
    bool ok;
};

/* Other unique parts may have the same hash. */
static bool is_it(void *ctx, uint32_t uid)
{
    struct quest *q = ctx;
    struct index_message m;
    const char *kept;
    size_t n;
    bool found;
    q->ok = index_block_seek(q->ix, q->folder, uid, true, &m, &found);
    if (q->ok && !found)
        q->ok = index_damaged(q->ix, "a unique part without a message");
    if (!q->ok || !index_block_name(q->ix, &kept, &n)) {
        q->ok = false;
        return false;
    }
    if (index_name_unique(kept, n) == q->n && memcmp(kept, q->unique, q->n) == 0)
        q->found = uid;
    return q->found == 0;
}

bool index_message_find(struct index *ix, uint32_t folder, const char *unique, size_t n,
                        uint32_t *uid_r)
{
    struct quest q = { ix, folder, unique, n, 0, true };
    *uid_r = 0;
    if (!index_readable(ix) || !index_uniques_each(ix, folder, unique, n, is_it, &q))
        return false;
    *uid_r = q.ok ? q.found : 0;
    return q.ok;
}

/* --- Writing. --------------------------------------------------------------------------------
 */

static bool is_shown(const struct index_message *m)
{
    return m->state == RECORD_SHOWN;
}

static bool is_recent(const struct index_message *m)
{
    return is_shown(m) && (m->bits & INDEX_RECENT) != 0;
}

/* old: what is known of it, which *m replaces; NULL: nothing. */
static bool note_shown(struct index *ix, uint32_t folder, const struct index_message *old,
                       const struct index_message *m)
{
    bool was_shown = old != NULL && is_shown(old);
    bool was_recent = old != NULL && is_recent(old);
    if (is_shown(m) == was_shown && is_recent(m) == was_recent)
        return true;
    return index_shown_set(ix, folder, m->uid, is_shown(m), is_recent(m));
}

/* Gives the record found last the name that *m has by now. */
static bool rename_message(struct index *ix, uint32_t folder, const struct index_message *m,
                           const struct index_name *name)
{
    const char *old;
    size_t n;
    if (!index_block_name(ix, &old, &n))
        return false;
    if (n == name->len && memcmp(old, name->text, n) == 0)
        return true;
    size_t had = index_name_unique(old, n);
    size_t has = index_name_unique(name->text, name->len);
    if (had != has || memcmp(old, name->text, has) != 0) {
        if (!index_uniques_drop(ix, folder, old, had, m->uid) ||
            !index_uniques_add(ix, folder, name->text, has, m->uid))
            return false;
    }
    return index_edit_rename(ix, name);
}

static bool add_message(struct index *ix, uint32_t folder, const struct index_message *m,
                        const struct index_name *name)
{
    size_t unique = index_name_unique(name->text, name->len);
    return index_edit_insert(ix, folder, m, name) &&
           index_uniques_add(ix, folder, name->text, unique, m->uid) &&
           note_shown(ix, folder, NULL, m);
}

bool index_message_put(struct index *ix, uint32_t folder, const struct index_message *m,
                       const char *name)
{
    struct index_message rec = *m;
    struct index_message old;
    struct index_name kept;
    bool known;
    if (!index_writable(ix))
        return false;
    if (m->uid == 0 || m->uid > UID_LIMIT)
        return index_damaged(ix, "a message without a UID");
    memset(rec.spare, 0, sizeof rec.spare);
    rec.bits &= (uint8_t)~INDEX_GUID;
    if (name != NULL && !index_name_keep(name, &rec, &kept))
        return index_damaged(ix, "a name to be kept");
    if (!index_block_seek(ix, folder, m->uid, true, &old, &known))
        return false;
    if (!known)
        return name != NULL ? add_message(ix, folder, &rec, &kept)
                            : index_damaged(ix, "a message without a name");
    if (name == NULL)
        rec.bits = (uint8_t)((m->bits & ~INDEX_WHOLE) | (old.bits & INDEX_WHOLE));
    else if (!rename_message(ix, folder, &rec, &kept))
        return false;
    rec.bits |= old.bits & INDEX_GUID;
    index_edit_set(ix, &rec);
    return note_shown(ix, folder, &old, &rec);
}

bool index_message_set_guid(struct index *ix, uint32_t folder, uint32_t uid, const char *guid)
{
    struct index_message m;
    bool found;
    size_t n = strnlen(guid, GUID_MAX + 1);
    if (!index_writable(ix) || !index_block_seek(ix, folder, uid, true, &m, &found))
        return false;
    if (!found)
        return true;
    if (n == 0 || n > GUID_MAX)
        return index_damaged(ix, "a GUID to be kept");
    m.bits |= INDEX_GUID;
    index_edit_set(ix, &m);
    return index_guid_put(ix, folder, uid, guid, n);
}

bool index_message_remove(struct index *ix, uint32_t folder, uint32_t uid)
{
    struct index_message m;
    const char *kept;
    size_t n;
    bool found;
    if (!index_writable(ix) || !index_block_seek(ix, folder, uid, true, &m, &found))
        return false;
    if (!found)
        return true;
    if (!index_block_name(ix, &kept, &n) ||
        !index_uniques_drop(ix, folder, kept, index_name_unique(kept, n), uid))
        return false;
    return index_edit_remove(ix) &&
           ((m.bits & INDEX_GUID) == 0 || index_guid_drop(ix, folder, uid)) &&
           (!is_shown(&m) || index_shown_set(ix, folder, uid, false, false));
}

bool index_message_clear(struct index *ix, uint32_t folder)
{
    if (!index_writable(ix))
        return false;
    index_block_discard(ix, folder);
    return index_clear_table(ix, INDEX_MESSAGES, folder) &&
           index_clear_table(ix, INDEX_NAMES, folder) &&
           index_clear_table(ix, INDEX_UNIQUES, folder) &&
           index_clear_table(ix, INDEX_SHOWN, folder) &&
           index_clear_table(ix, INDEX_GUIDS, folder);
}
