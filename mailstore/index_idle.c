/*
 * What an idle session gives back: the pages of the index that it has mapped.
 *
 * They are the page cache's, and cost no memory that the machine could not have otherwise; but
 * their page tables do, and they count as the session's. A thousand sessions wait for their
 * clients for hours after they have walked through a large folder once. The next command maps
 * what it needs again, 16 pages a fault.
 *
 * LMDB does not tell where its map is. A value lies in a page that begins with the page's
 * number, so the map begins that many pages before it; and what begins there must be LMDB's
 * first page, with its mark.
 */
#include "mailstore/index_private.h"
#include "mailstore/sys.h"

#include <string.h>

/* LMDB's file format, version 1: a page begins with its number, in the machine's word; behind
 * its header of 16 octets the first page has this mark. */
#define META_MARK   0xBEEFC0DEU
#define META_OFFSET 16

/* The address of the map; NULL: it can't be told. */
static char *find_map(struct index *ix, size_t page_size, size_t last_page)
{
    unsigned char key[sizeof(uint64_t)] = { 0 };
    MDB_val k = { sizeof key, key };
    MDB_val v;
    size_t number = 0;
    uint32_t mark = 0;
    if (mdb_get(ix->txn, ix->table[INDEX_FOLDERS], &k, &v) != MDB_SUCCESS)
        return NULL;
    char *page = (char *)v.mv_data - (uintptr_t)v.mv_data % page_size;
    memcpy(&number, page, sizeof number);
    if (number > last_page)
        return NULL;
    char *map = page - number * page_size;
    memcpy(&mark, map + META_OFFSET, sizeof mark);
    return mark == META_MARK ? map : NULL;
}

void index_idle(struct index *ix)
{
    MDB_envinfo info;
    MDB_stat st;
    if (ix->in_memory || ix->writing || !index_read(ix))
        return;
    if (mdb_env_info(ix->env, &info) == MDB_SUCCESS &&
        mdb_env_stat(ix->env, &st) == MDB_SUCCESS) {
        char *map = find_map(ix, st.ms_psize, info.me_last_pgno);
        if (map != NULL && !index_fault_seen())
            sys_unneeded(map, (info.me_last_pgno + 1) * st.ms_psize);
    }
    index_release(ix);
}
