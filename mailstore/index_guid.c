/*
 * GUIDs of messages: the G fields of the uidlist's lines (index_message.h). Most messages have
 * none, and who they are follows from their names; so these are in a table of their own.
 */
#include "mailstore/index_block.h"

#include <string.h>

#define KEY_SIZE (2 * sizeof(uint32_t))

static void make_key(unsigned char *key, uint32_t folder, uint32_t uid)
{
    index_key_put32(key, folder);
    index_key_put32(key + sizeof(uint32_t), uid);
}

bool index_guid_put(struct index *ix, uint32_t folder, uint32_t uid, const char *guid, size_t n)
{
    unsigned char key[KEY_SIZE];
    MDB_val k = { sizeof key, key };
    MDB_val v = { n, (void *)guid };
    make_key(key, folder, uid);
    return index_ok(ix, mdb_put(ix->txn, ix->table[INDEX_GUIDS], &k, &v, 0));
}

bool index_guid_drop(struct index *ix, uint32_t folder, uint32_t uid)
{
    unsigned char key[KEY_SIZE];
    MDB_val k = { sizeof key, key };
    make_key(key, folder, uid);
    int rc = mdb_del(ix->txn, ix->table[INDEX_GUIDS], &k, NULL);
    if (rc == MDB_NOTFOUND)
        return index_damaged(ix, "a GUID is not there");
    return index_ok(ix, rc);
}

bool index_message_guid(struct index *ix, uint32_t folder, uint32_t uid, char *guid_r)
{
    unsigned char key[KEY_SIZE];
    MDB_val k = { sizeof key, key };
    MDB_val v;
    if (!index_readable(ix))
        return false;
    make_key(key, folder, uid);
    int rc = mdb_get(ix->txn, ix->table[INDEX_GUIDS], &k, &v);
    if (rc == MDB_NOTFOUND)
        return index_damaged(ix, "a GUID is not there");
    if (!index_ok(ix, rc))
        return false;
    if (v.mv_size == 0 || v.mv_size > GUID_MAX || memchr(v.mv_data, '\0', v.mv_size) != NULL ||
        memchr(v.mv_data, ' ', v.mv_size) != NULL)
        return index_damaged(ix, "a GUID");
    memcpy(guid_r, v.mv_data, v.mv_size);
    guid_r[v.mv_size] = '\0';
    return true;
}
