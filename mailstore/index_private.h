/*
 * The inside of the index, for the files index*.c alone.
 *
 * index.c          transactions, what fails, and what takes its place
 * index_env.c      LMDB's opening
 * index_place.c    the directory: which file, who may do what with it
 * index_old.c      throwing it away
 * index_inspect.c  opening it only to look
 * index_boot.c     whether it survived a crash of the machine
 * index_sound.c    whether it is LMDB's at all, and whole
 * index_fault.c    damage that shows as a signal
 * index_idle.c     what an idle session gives back
 * index_folder.c, index_message.c, index_names.c, index_uniques.c, index_change.c,
 * index_cache.c, index_shown.c, index_guid.c: the tables
 *
 * Keys are big-endian numbers, so that they sort as numbers; values are in the machine's own
 * order, since the index never leaves it.
 */
#ifndef MAILSTORE_INDEX_PRIVATE_H
#define MAILSTORE_INDEX_PRIVATE_H

#include "mailstore/index.h"

#include <endian.h>
#include <lmdb.h>
#include <string.h>

enum index_table {
    INDEX_FOLDERS,  /* inode and device of cur/ (8, 8) -> struct index_folder; key 0 (8): the
                       index itself */
    INDEX_MESSAGES, /* folder (4), first UID of the block (4) -> struct index_message[] */
    INDEX_NAMES,    /* the same key -> the block's names */
    INDEX_UNIQUES,  /* folder (4), hash (4) -> UIDs (MDB_DUPSORT, DUPFIXED) */
    INDEX_CHANGES,  /* folder (4), modseq (8), count (4) -> UIDs */
    INDEX_CACHE,    /* folder (4), kind (1), UID (4) -> what parsing gave */
    INDEX_SHOWN,    /* folder (4), UID / 1,024 (4) -> struct shown_bits */
    INDEX_GUIDS,    /* folder (4), UID (4) -> the G of its line, where it has one */
    INDEX_TABLES
};

/* What the index says of itself: the value of INDEX_FOLDERS under the key of eight zero octets.
 * What does not fit, or is not of this file (the index was copied), is begun anew. */
#define INDEX_MAGIC  0x78646e69U
#define INDEX_FORMAT 5 /* one more with each change of what a table holds */

struct index_self {
    uint32_t magic;
    uint32_t format;
    uint32_t folder_size; /* of struct index_folder */
    uint32_t message_size;
    uint32_t next_folder; /* index_folder.c: the id of the next new one; from 1 */
    uint32_t spare;
    uint64_t data_dev; /* of data.mdb */
    uint64_t data_ino;
    uint64_t lock_ino; /* of lock.mdb: it belongs to this data.mdb and to no other */
};

/* Why an index can't be used, for a person. */
#define INDEX_WHY_MAX 128

struct index_block; /* index_message.c: the block being written, the block read last */
struct index_cache; /* index_cache.c: where the last questions have led */
struct index_place; /* index_place.c */

struct index {
    MDB_env *env;
    MDB_txn *txn;    /* the open one, a snapshot or a write; NULL: none */
    MDB_txn *reader; /* kept with its slot between snapshots (mdb_txn_reset) */
    MDB_dbi table[INDEX_TABLES];
    bool writing;
    bool failed; /* index_check must look after it */
    unsigned generation;
    struct index_block *block;
    struct index_cache *cache;

    /* of index.c */
    struct index_place *place;
    uint64_t size_max;
    int64_t shared_at;       /* monotonic_ms: not before this is the shared one tried again */
    int64_t condemned_at;    /* monotonic_ms: the last time that one was */
    size_t pages;            /* that the file is known to have */
    unsigned lock_patience;  /* ms */
    bool in_memory;          /* env is private */
    bool condemned;          /* env is damaged, not only of no use at present */
    bool told;               /* the log, of a failure that may come again each minute */
    bool only_looks;         /* index_inspect: nothing is written, made, or put in its place */
    char why[INDEX_WHY_MAX]; /* the last failure */
};

/* Takes LMDB's return value: true for MDB_SUCCESS. Else notes that the index has failed, logs
 * it once, and returns false. MDB_NOTFOUND must be handled before; but it means "there is none"
 * only where index_ok(ix, MDB_SUCCESS) is true, which it is not when a page could not be read.
 */
bool index_ok(struct index *ix, int rc);
/* The same for a value that can't be (too short, a count that does not fit): damage. Always
 * false. */
bool index_damaged(struct index *ix, const char *what);

/* index_message.c: forgets what it remembers of blocks, since the snapshot has ended; and
 * writes what it has not written yet, before a commit. */
void index_block_forget(struct index *ix);
bool index_block_flush(struct index *ix);
void index_block_free(struct index *ix);

/* index_cache.c: the same of what it remembers. */
void index_cache_forget(struct index *ix);

/* Numbers in keys, whose octets sort as the numbers do. */
static inline void index_key_put32(unsigned char *key, uint32_t n)
{
    n = htobe32(n);
    memcpy(key, &n, sizeof n);
}

static inline void index_key_put64(unsigned char *key, uint64_t n)
{
    n = htobe64(n);
    memcpy(key, &n, sizeof n);
}

static inline uint32_t index_key_get32(const unsigned char *key)
{
    uint32_t n;
    memcpy(&n, key, sizeof n);
    return be32toh(n);
}

static inline uint64_t index_key_get64(const unsigned char *key)
{
    uint64_t n;
    memcpy(&n, key, sizeof n);
    return be64toh(n);
}

/* --- index_boot.c ----------------------------------------------------------------------------
 */

#define INDEX_BOOT_SIZE 64 /* octets of the file `boot` */

enum index_boot {
    INDEX_BOOT_WHOLE, /* the disk has all of it */
    INDEX_BOOT_THIS,  /* the kernel has all of it */
    INDEX_BOOT_OTHER  /* it was written to when the machine stopped, or nobody knows */
};

/* What `boot` says while this boot's writes are not on the disk; all NUL where the kernel does
 * not say which boot this is. */
void index_boot_id(char id_r[INDEX_BOOT_SIZE]);
/* Without an id, `others` (somebody else has the index open) says that it is this boot's. */
enum index_boot index_boot_look(int db, const char id[INDEX_BOOT_SIZE], bool others);
/* Makes the file; nothing has to be durable, since a missing one is INDEX_BOOT_OTHER's. */
bool index_boot_make(int db, const char id[INDEX_BOOT_SIZE]);
/* Durably; false with errno. */
bool index_boot_mark(int db, const char id[INDEX_BOOT_SIZE]);
void index_boot_whole(int db);

/* --- index_sound.c ---------------------------------------------------------------------------
 */

/* Whether LMDB may be given the file: it believes what the first two pages say. Not whether
 * what is behind them is sound. */
bool index_sound(int fd, uint64_t size);

/* --- index_place.c ---------------------------------------------------------------------------
 */

#define INDEX_DB_NAME "db" /* in the directory of the index: one index */

#define INDEX_READERS 1024 /* snapshots at one time; 64 octets of lock.mdb each */

enum index_find {
    INDEX_FOUND,
    INDEX_FRESH,  /* made now: nothing is in it */
    INDEX_BUSY,   /* somebody holds a lock for too long */
    INDEX_UNFIT,  /* not for us, as long as nobody changes that; the log has been told */
    INDEX_ABSENT, /* index_place_look: there is none */
    INDEX_SPENT,  /* index_place_look: the next index_place_enter will begin it anew */
    INDEX_REFUSED /* errno: no space, no rights, no descriptors... */
};

struct index_place *index_place_new(int root, const char *dir);
void index_place_free(struct index_place *p);

/* Finds the files, or makes them; path_r (PATH_MAX octets) is what mdb_env_open takes.
 * INDEX_FOUND and INDEX_FRESH: with the lock of the directory held, so that LMDB's opening is
 * done alone: index_place_settled or index_place_leave must follow. */
enum index_find index_place_enter(struct index_place *p, char *path_r);

/* As index_place_enter, but only looks: makes and throws away nothing, and is not among those
 * who have it open. INDEX_FOUND: as there. */
enum index_find index_place_look(struct index_place *p, char *path_r);

/* Why the last index_place_look found nothing to be used: "is ...", "was ..."; with `remote_r`
 * whether the reason is that it would be on another machine's disk. */
const char *index_place_why(const struct index_place *p, bool *remote_r);

/* LMDB has opened it: drops the directory's lock. */
void index_place_settled(struct index_place *p);

/* The directory db/, of the place; -1: not open. */
int index_place_db(const struct index_place *p);

/* Whether fd, which LMDB opened, is the file that index_place_enter found; fills in what
 * index_self has of it. */
bool index_place_holds(struct index_place *p, int fd, struct index_self *self_r);

/* Closes all. The last one out writes the file to the disk and marks it as whole; env NULL: not
 * that. To be called before mdb_env_close. */
void index_place_leave(struct index_place *p, MDB_env *env);

/* The files are damage: leaves them, and the next index_place_enter begins anew, where nobody
 * has done so meanwhile. */
void index_place_condemn(struct index_place *p);

/* Whether the files are still where others find them. One stat. */
bool index_place_stands(const struct index_place *p);

/* Before the first page is written: notes durably that the file may not survive a crash. False
 * with errno. Costs a test where it is noted already. */
bool index_place_mark(struct index_place *p);

/* The right to write, waited for at most so long. */
bool index_place_lock(struct index_place *p, unsigned milliseconds);
void index_place_unlock(struct index_place *p);

/* The path of what is open at fd, by way of /proc (PATH_MAX octets). False where there is none.
 */
bool index_place_by_fd(int fd, char *path_r);

/* --- index_old.c -----------------------------------------------------------------------------
 */

/* Throws `name` in the directory `top` away, if there is such a thing, and what was left behind
 * when others did. False with errno: it is still there. */
bool index_old_away(int top, const char *name);

/* --- index_env.c -----------------------------------------------------------------------------
 */

struct index_opened {
    MDB_env *env;
    MDB_txn *reader; /* reset */
    MDB_dbi table[INDEX_TABLES];
};

/* Opens what index_place_enter found, or fills what it made (fresh). LMDB's return value;
 * nothing is open then but for MDB_SUCCESS. MDB_INCOMPATIBLE: it has a newer format than ours.
 * EAGAIN: it is not the file any more that was found. */
int index_env_shared(struct index_place *p, const char *path, bool fresh, uint64_t size_max,
                     struct index_opened *o_r);
/* As index_env_shared for what index_place_look found; only to be read. */
int index_env_look(struct index_place *p, const char *path, uint64_t size_max,
                   struct index_opened *o_r);
/* One in memory. An errno, or LMDB's return value. */
int index_env_private(uint64_t size_max, struct index_opened *o_r);
void index_env_close(struct index_opened *o);
/* Tells index_fault.c of the map; `db` as there. */
void index_env_watch(MDB_env *env, int db);

/* --- index_fault.c ---------------------------------------------------------------------------
 */

/* From now on damage of the environment whose map is so long, and whose data.mdb is in the
 * directory `db` (-1: none), is told from other faults. */
void index_fault_watch(int db, size_t map_size);
void index_fault_end(void);
/* Between these LMDB is at work, or what it returned is looked at. */
void index_fault_work(bool begins);
/* A page was not to be had since index_fault_watch: nothing read then is worth anything. */
bool index_fault_seen(void);
/* mdb_assert_func */
void index_fault_assert(MDB_env *env, const char *what);

#endif
