/*
 * LMDB's opening: of the shared index, and of the private one.
 *
 * An environment counts as an index when it says so itself (struct index_self): of our format,
 * and of the very file that it is in. That record is written last, in the transaction that
 * makes the tables, so what was not made to its end has none, and a copy has another file's.
 *
 * The private one is a file without a name, in memory. Only we have it, so it needs no locks.
 */
#include "mailstore/index_folder.h"
#include "mailstore/index_message.h"
#include "mailstore/index_private.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FLAGS         (MDB_NOSYNC | MDB_NOTLS)
#define FLAGS_PRIVATE (FLAGS | MDB_NOSUBDIR | MDB_NOLOCK)

/* Address space where there is not as much as asked for. */
#define MAP_MIN ((size_t)64 << 20)
/* The private one's: nobody could begin it anew. */
#define MAP_PRIVATE_SIZE ((uint64_t)64 << 30)

/* After what passes: others are opening or closing. */
#define OPEN_TRIES    4
#define OPEN_PAUSE_MS 2

/* --- LMDB's opening. -------------------------------------------------------------------------
 */

static size_t round_size(uint64_t size)
{
    long page = sysconf(_SC_PAGESIZE);
    uint64_t unit = page > 0 ? (uint64_t)page : 4096;
    uint64_t most = SIZE_MAX / 4;
    if (size > most)
        size = most;
    if (size < unit)
        size = unit;
    return (size_t)(size / unit * unit);
}

static int open_once(const char *path, unsigned flags, size_t size, MDB_env **env_r)
{
    MDB_env *env = NULL;
    int rc = mdb_env_create(&env);
    if (rc != MDB_SUCCESS)
        return rc;
    rc = mdb_env_set_maxdbs(env, INDEX_TABLES);
    if (rc == MDB_SUCCESS)
        rc = mdb_env_set_maxreaders(env, INDEX_READERS);
    if (rc == MDB_SUCCESS)
        rc = mdb_env_set_mapsize(env, size);
    if (rc == MDB_SUCCESS)
        rc = mdb_env_set_assert(env, index_fault_assert);
    if (rc == MDB_SUCCESS)
        rc = mdb_env_open(env, path, flags, S_IRUSR | S_IWUSR);
    if (rc != MDB_SUCCESS) {
        mdb_env_close(env);
        return rc;
    }
    *env_r = env;
    return MDB_SUCCESS;
}

/* As large a map as there is address space for, which may be limited (RLIMIT_AS). */
static int open_env(const char *path, unsigned flags, uint64_t size_max, int db,
                    MDB_env **env_r)
{
    size_t size = round_size(size_max);
    unsigned tries = 0;
    for (;;) {
        index_fault_watch(db, size);
        int rc = open_once(path, flags, size, env_r);
        if (rc == ENOMEM && size / 2 >= MAP_MIN)
            size = round_size(size / 2);
        else if ((rc == EAGAIN || rc == EBUSY || rc == EINTR) && ++tries < OPEN_TRIES)
            sys_pause(OPEN_PAUSE_MS);
        else
            return rc;
    }
}

/* The map can be larger than asked for: the file may be. */
void index_env_watch(MDB_env *env, int db)
{
    MDB_envinfo info;
    if (mdb_env_info(env, &info) == MDB_SUCCESS)
        index_fault_watch(db, info.me_mapsize);
}

/* --- Tables. ---------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    unsigned flags;
} tables[INDEX_TABLES] = {
    [INDEX_FOLDERS] = { "folders", 0 },
    [INDEX_MESSAGES] = { "messages", 0 },
    [INDEX_NAMES] = { "names", 0 },
    [INDEX_UNIQUES] = { "uniques", MDB_DUPSORT | MDB_DUPFIXED },
    [INDEX_CHANGES] = { "changes", 0 },
    [INDEX_CACHE] = { "cache", 0 },
    [INDEX_SHOWN] = { "shown", 0 },
    [INDEX_GUIDS] = { "guids", 0 },
};

/* The first n of them. */
static int open_tables(MDB_txn *txn, MDB_dbi *table_r, size_t n, unsigned create)
{
    int rc = MDB_SUCCESS;
    for (size_t i = 0; rc == MDB_SUCCESS && i < n; i++)
        rc = mdb_dbi_open(txn, tables[i].name, tables[i].flags | create, &table_r[i]);
    return rc;
}

static MDB_val self_key(void)
{
    static unsigned char key[sizeof(uint64_t)];
    return (MDB_val){ sizeof key, key };
}

static void self_make(struct index_self *self)
{
    self->magic = INDEX_MAGIC;
    self->format = INDEX_FORMAT;
    self->folder_size = sizeof(struct index_folder);
    self->message_size = sizeof(struct index_message);
    self->next_folder = 1;
}

static int fill_new(MDB_env *env, MDB_dbi *table_r, struct index_self *self)
{
    MDB_txn *txn = NULL;
    MDB_val key = self_key();
    MDB_val value = { sizeof *self, self };
    int rc = mdb_txn_begin(env, NULL, 0, &txn);
    if (rc != MDB_SUCCESS)
        return rc;
    rc = open_tables(txn, table_r, INDEX_TABLES, MDB_CREATE);
    if (rc == MDB_SUCCESS)
        rc = mdb_put(txn, table_r[INDEX_FOLDERS], &key, &value, 0);
    if (rc == MDB_SUCCESS)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

/* MDB_VERSION_MISMATCH: of another format. MDB_INVALID: not of this file, or damage. */
static int compare_self(const MDB_val *value, const struct index_self *want)
{
    struct index_self self;
    memset(&self, 0, sizeof self);
    memcpy(&self, value->mv_data, value->mv_size < sizeof self ? value->mv_size : sizeof self);
    if (self.magic != want->magic)
        return MDB_INVALID;
    if (self.format > want->format)
        return MDB_INCOMPATIBLE;
    if (self.format != want->format || value->mv_size != sizeof self ||
        self.folder_size != want->folder_size || self.message_size != want->message_size)
        return MDB_VERSION_MISMATCH;
    bool of_this = self.data_dev == want->data_dev && self.data_ino == want->data_ino &&
                   self.lock_ino == want->lock_ino;
    return of_this ? MDB_SUCCESS : MDB_INVALID;
}

/* Another format may have other tables: so what it says of itself comes first. */
static int check_old(MDB_env *env, MDB_dbi *table_r, const struct index_self *want)
{
    MDB_txn *txn = NULL;
    MDB_val key = self_key();
    MDB_val value;
    int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (rc != MDB_SUCCESS)
        return rc;
    rc = open_tables(txn, table_r, INDEX_FOLDERS + 1, 0);
    if (rc == MDB_SUCCESS)
        rc = mdb_get(txn, table_r[INDEX_FOLDERS], &key, &value);
    if (rc == MDB_SUCCESS)
        rc = compare_self(&value, want);
    if (rc == MDB_SUCCESS)
        rc = open_tables(txn, table_r, INDEX_TABLES, 0);
    if (rc == MDB_SUCCESS)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static int take_slot(struct index_opened *o)
{
    int rc = mdb_txn_begin(o->env, NULL, MDB_RDONLY, &o->reader);
    if (rc == MDB_SUCCESS)
        mdb_txn_reset(o->reader);
    return rc;
}

/* The slots of those who were killed, then tables and slot. */
static int prepare(struct index_opened *o, struct index_self *self, bool fresh)
{
    int dead = 0;
    self_make(self);
    int rc = mdb_reader_check(o->env, &dead);
    if (rc == MDB_SUCCESS)
        rc = fresh ? fill_new(o->env, o->table, self) : check_old(o->env, o->table, self);
    if (rc == MDB_SUCCESS)
        rc = take_slot(o);
    if (rc == MDB_SUCCESS && index_fault_seen())
        rc = MDB_CORRUPTED;
    return rc;
}

/* --- The two kinds. --------------------------------------------------------------------------
 */

void index_env_close(struct index_opened *o)
{
    if (o->reader != NULL)
        mdb_txn_abort(o->reader);
    if (o->env != NULL)
        mdb_env_close(o->env);
    o->reader = NULL;
    o->env = NULL;
}

/* db: where damage that ends the process is to be removed; -1: nowhere. */
static int open_found(struct index_place *p, const char *path, unsigned flags, int db,
                      bool fresh, uint64_t size_max, struct index_opened *o)
{
    struct index_self self;
    mdb_filehandle_t fd = -1;
    memset(&self, 0, sizeof self);
    index_fault_work(true);
    int rc = open_env(path, flags, size_max, db, &o->env);
    if (rc == MDB_SUCCESS) {
        index_env_watch(o->env, db);
        rc = mdb_env_get_fd(o->env, &fd);
    }
    if (rc == MDB_SUCCESS && !index_place_holds(p, fd, &self))
        rc = EAGAIN; /* replaced meanwhile */
    if (rc == MDB_SUCCESS)
        rc = prepare(o, &self, fresh);
    index_fault_work(false);
    if (rc != MDB_SUCCESS)
        index_env_close(o);
    return rc;
}

int index_env_shared(struct index_place *p, const char *path, bool fresh, uint64_t size_max,
                     struct index_opened *o)
{
    return open_found(p, path, FLAGS, index_place_db(p), fresh, size_max, o);
}

int index_env_look(struct index_place *p, const char *path, uint64_t size_max,
                   struct index_opened *o)
{
    return open_found(p, path, FLAGS | MDB_RDONLY, -1, false, size_max, o);
}

/* /proc gives what has no name a path, and LMDB opens what has a path. Else a name that nobody
 * knows, for a moment. -1 with errno. */
static int open_memory(char *path_r)
{
    static const char *const template[] = { "/dev/shm/imapd-index.XXXXXX",
                                            "/tmp/imapd-index.XXXXXX" };
    int fd = sys_memfd(INDEX_NAME);
    if (fd >= 0 && index_place_by_fd(fd, path_r))
        return fd;
    if (fd >= 0)
        sys_close(fd);
    fd = -1;
    for (size_t i = 0; fd < 0 && i < sizeof template / sizeof *template; i++) {
        snprintf(path_r, PATH_MAX, "%s", template[i]);
        fd = sys_mkostemp(path_r);
    }
    return fd;
}

static void hide_memory(int fd, const char *path)
{
    static const char proc[] = "/proc/";
    if (strncmp(path, proc, sizeof proc - 1) != 0)
        (void)sys_unlinkat(AT_FDCWD, path, 0);
    sys_close(fd);
}

int index_env_private(uint64_t size_max, struct index_opened *o)
{
    char path[PATH_MAX];
    struct index_self self;
    memset(&self, 0, sizeof self);
    int fd = open_memory(path);
    if (fd < 0)
        return errno;
    uint64_t size = size_max > MAP_PRIVATE_SIZE ? size_max : MAP_PRIVATE_SIZE;
    int rc = open_env(path, FLAGS_PRIVATE, size, -1, &o->env);
    hide_memory(fd, path);
    if (rc == MDB_SUCCESS) {
        index_env_watch(o->env, -1);
        rc = prepare(o, &self, true);
    }
    if (rc != MDB_SUCCESS)
        index_env_close(o);
    return rc;
}
