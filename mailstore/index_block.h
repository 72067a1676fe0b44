/*
 * What the tables' files share beneath index_message.h: blocks of records (index_block.c,
 * index_view.c, index_edit.c), the names in them (index_names.c), UIDs by the unique part of a
 * name (index_uniques.c), and which UIDs are shown (index_shown.c). For these, index_message.c,
 * index_folder.c and index_change.c alone.
 */
#ifndef MAILSTORE_INDEX_BLOCK_H
#define MAILSTORE_INDEX_BLOCK_H

#include "mailstore/index_message.h"
#include "mailstore/index_private.h"
#include "mailstore/table.h"

#include <stddef.h>
#include <string.h>

/* Whether a transaction is open in which nothing has failed; whether it is one that writes. */
static inline bool index_readable(const struct index *ix)
{
    return ix->txn != NULL && !ix->failed;
}

static inline bool index_writable(const struct index *ix)
{
    return index_readable(ix) && ix->writing;
}

/* --- Names: index_names.c
 * -------------------------------------------------------------------------- */

/* A name as it is kept: the base name, or with INDEX_WHOLE in its record all of it. */
struct index_name {
    uint8_t len;
    char text[NAME_MAX];
};

/* Fills *kept_r from a name, and sets or clears INDEX_WHOLE in m->bits, by what m says besides
 * of flags, letters and the file's place. False: it can't be a file's name. */
bool index_name_keep(const char *name, struct index_message *m, struct index_name *kept_r);

/* The reverse: writes to name_r (NAME_MAX + 1) the name of m's file, from the n octets that are
 * kept of it. False: they can't be a file's name. */
bool index_name_make(const struct index_message *m, const char *kept, size_t n, char *name_r);

/* The length of the unique part, of n octets. */
size_t index_name_unique(const char *kept, size_t n);

/* A value of names, as it lies in the table; of any alignment. */
struct index_names {
    const unsigned char *value; /* NULL: none */
    size_t size;
    unsigned count;
};

/* Takes a value for `count` names. False: it is no such thing. */
bool index_names_parse(const MDB_val *data, unsigned count, struct index_names *names_r);

/* The octets of the i-th. 0: it is not there any more (the page was lost meanwhile). */
size_t index_names_at(const struct index_names *names, unsigned i, const char **text_r);

/* The value for these names: how long it gets, and it. */
size_t index_names_size(const struct index_name *name, unsigned count);
void index_names_pack(const struct index_name *name, unsigned count, unsigned char *value);

/* --- UIDs by unique part: index_uniques.c
 * ---------------------------------------------------------- */

/* What is to be put into the table, or taken out, and was not yet: for one folder. */
struct index_uniques {
    uint64_t *change; /* hash << 32 | drop << 31 | uid */
    size_t count;
    size_t allocated;
    uint32_t folder;
};

/* In a write transaction: notes that the message has, or has no more, this unique part. */
bool index_uniques_add(struct index *ix, uint32_t folder, const char *unique, size_t n,
                       uint32_t uid);
bool index_uniques_drop(struct index *ix, uint32_t folder, const char *unique, size_t n,
                        uint32_t uid);

/* Calls each() for the UIDs that may have it, from the highest down, until it returns false:
 * those that are in the table under its hash. */
bool index_uniques_each(struct index *ix, uint32_t folder, const char *unique, size_t n,
                        bool (*each)(void *ctx, uint32_t uid), void *ctx);

/* Writes what is noted. Without a write transaction there is nothing. */
bool index_uniques_flush(struct index *ix);

/* Forgets what is noted. */
void index_uniques_forget(struct index_uniques *u);

/* --- UIDs of messages that are there: index_shown.c
 * ---------------------------------------------- */

#define SHOWN_WORDS 16 /* 1,024 UIDs: small for a folder of ten, few for one of 100,000 */

/* A value, as it lies in the table: a bit for each UID, from the lowest on. */
struct shown_bits {
    uint64_t shown[SHOWN_WORDS];
    uint64_t recent[SHOWN_WORDS]; /* only where it is shown */
};

/* The value in hand of a write transaction. */
struct index_shown {
    bool valid;
    bool stored; /* the table has it */
    bool dirty;
    uint32_t folder;
    uint32_t chunk; /* UID / 1,024 */
    struct shown_bits bits;
};

/* In a write transaction: notes whether the message is shown, and recent then. */
bool index_shown_set(struct index *ix, uint32_t folder, uint32_t uid, bool shown, bool recent);

/* In a snapshot: as index_message_uids. */
bool index_shown_uids(struct index *ix, uint32_t folder, uint32_t uid, uint32_t *uid_r,
                      size_t max, size_t *n_r, bool *recent_r);

/* Writes what is noted. */
bool index_shown_flush(struct index *ix);

/* Drops it, if it is this folder's. */
void index_shown_discard(struct index_shown *s, uint32_t folder);

/* --- GUIDs: index_guid.c
 * -------------------------------------------------------------------------- */

/* guid: as index_message_set_guid, n octets. */
bool index_guid_put(struct index *ix, uint32_t folder, uint32_t uid, const char *guid,
                    size_t n);
bool index_guid_drop(struct index *ix, uint32_t folder, uint32_t uid);

/* --- Blocks: index_block.c
 * ------------------------------------------------------------------------- */

struct index_view;
struct index_edit;

struct index_block {
    struct index_view *view; /* in a snapshot: the block read last; NULL: none yet */
    struct index_edit *edit; /* in a write transaction: the block in hand; NULL: none yet */
    struct index_uniques uniques;
    struct index_shown shown;
};

/* ix->block, made when there is none. NULL: no memory, which is noted. */
struct index_block *index_block_memory(struct index *ix);

/* In a write transaction: drops what is not written yet of this folder's records. */
void index_block_discard(struct index *ix, uint32_t folder);

/* --- For index_view.c and index_edit.c.
 */

#define INDEX_RECORD    sizeof(struct index_message)
#define INDEX_BLOCK_KEY (2 * sizeof(uint32_t))

/* A block as it lies in the table. Its records have ascending UIDs, and are of any alignment.
 */
struct index_value {
    uint32_t folder;
    uint32_t first; /* the key; no UID is lower */
    uint32_t last;  /* UID of the last record */
    unsigned count; /* at least 1 */
    const unsigned char *rec;
};

static inline uint32_t index_block_uid(const unsigned char *rec, unsigned i)
{
    uint32_t uid;
    memcpy(&uid, rec + i * INDEX_RECORD + offsetof(struct index_message, uid), sizeof uid);
    return uid;
}

/* The first of records with a UID of at least `uid`; count: none. */
unsigned index_block_lower(const unsigned char *rec, unsigned count, uint32_t uid);

/* Copies a record. False: it makes no sense. */
static inline bool index_block_take(struct index *ix, const unsigned char *rec, unsigned at,
                                    struct index_message *m_r)
{
    memcpy(m_r, rec + at * INDEX_RECORD, INDEX_RECORD);
    if (m_r->state > RECORD_GONE || m_r->state == RECORD_EXPUNGED)
        return index_damaged(ix, "a record's state");
    return true;
}

void index_block_key(unsigned char *key, uint32_t folder, uint32_t first);

/* Checks key and value of a block. */
bool index_block_parse(struct index *ix, const MDB_val *key, const MDB_val *data,
                       struct index_value *v_r);

/* The names of a block, checked. */
bool index_block_names(struct index *ix, uint32_t folder, uint32_t first, unsigned count,
                       struct index_names *names_r);

/* Moves the cursor to the block where `uid` belongs: that with the highest key up to it. When
 * the folder has none, *found_r is false. */
bool index_block_search(struct index *ix, MDB_cursor *c, uint32_t folder, uint32_t uid,
                        MDB_val *key, MDB_val *data, bool *found_r);

/* --- In a snapshot: index_view.c
 */

/* The first record from `uid` on. */
bool index_view_seek(struct index *ix, uint32_t folder, uint32_t uid, struct index_message *m_r,
                     bool *found_r);
bool index_view_name(struct index *ix, const char **kept_r, size_t *n_r);
void index_view_forget(struct index_view *v); /* NULL: nothing */

/* --- In a write transaction: index_edit.c
 */

bool index_edit_seek(struct index *ix, uint32_t folder, uint32_t uid, bool exact,
                     struct index_message *m_r, bool *found_r);
bool index_edit_name(struct index *ix, const char **kept_r, size_t *n_r);

/* For the record that was found last: gives it other contents (m->uid is its UID); another
 * name; takes it out. */
void index_edit_set(struct index *ix, const struct index_message *m);
bool index_edit_rename(struct index *ix, const struct index_name *name);
bool index_edit_remove(struct index *ix);

/* Adds a record, which is not there. */
bool index_edit_insert(struct index *ix, uint32_t folder, const struct index_message *m,
                       const struct index_name *name);

/* Writes the block in hand, if it was changed. */
bool index_edit_flush(struct index *ix);

/* Drops it, if it is this folder's. NULL: nothing. */
void index_edit_discard(struct index_edit *e, uint32_t folder);

/* --- In either.
 */

/* Finds a record and makes its block the current one. exact: the one with this UID; else the
 * first from it on. */
static inline bool index_block_seek(struct index *ix, uint32_t folder, uint32_t uid, bool exact,
                                    struct index_message *m_r, bool *found_r)
{
    if (ix->writing)
        return index_edit_seek(ix, folder, uid, exact, m_r, found_r);
    if (!index_view_seek(ix, folder, uid, m_r, found_r))
        return false;
    *found_r = *found_r && (!exact || m_r->uid == uid);
    return true;
}

/* What is kept of the name of the record that was found last. Good until the next call here. */
static inline bool index_block_name(struct index *ix, const char **kept_r, size_t *n_r)
{
    return ix->writing ? index_edit_name(ix, kept_r, n_r) : index_view_name(ix, kept_r, n_r);
}

/* --- All tables: index_folder.c
 * -------------------------------------------------------------------- */

/* In a write transaction: takes all values out of a table whose keys begin with `folder`. */
bool index_clear_table(struct index *ix, enum index_table table, uint32_t folder);

#endif
