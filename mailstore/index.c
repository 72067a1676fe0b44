/*
 * The environment: opening, transactions, and what becomes of an index that fails.
 *
 * A failure never changes anything at once, since somebody up the stack may be in the middle of
 * a transaction. It is noted (`failed`), every function of the index returns false from then
 * on, and index_check puts another environment in its place. There are two kinds:
 *
 *  - damage (`condemned`): the files are thrown away and begun anew. Also when the map is full:
 *    that is the end of a file's life here. Where it happens again within minutes (the folders
 *    do not fit, the disk is bad) the private index takes over for a minute.
 *  - what is no fault of the files: no space, no rights, somebody stopped who has the lock.
 * They stay as they are, and the private index takes over for a minute.
 *
 * Of a stale snapshot of LMDB's nothing is used again: the private index and the one begun anew
 * are other environments, and all that was read from the old one is the caller's to forget,
 * when the number that index_check returns is another.
 *
 * Each process takes its reader's slot while it has the lock of the directory, and keeps it:
 * LMDB's lock of the slots can't be waited for with a limit either.
 */
#include "mailstore/index.h"

#include "mailstore/dirs.h"
#include "mailstore/index_folder.h"
#include "mailstore/index_message.h"
#include "mailstore/index_private.h"
#include "mailstore/sys.h"

#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLAGS         (MDB_NOSYNC | MDB_NOTLS)
#define FLAGS_PRIVATE (FLAGS | MDB_NOSUBDIR | MDB_NOLOCK)

#define PRIVATE_MS 60000
/* Condemned twice within this time: not begun anew a second time at once. */
#define REPEAT_MS 600000

/* Address space where there is not as much as asked for. */
#define MAP_MIN ((size_t)64 << 20)
/* The private one's: nobody could begin it anew. */
#define MAP_PRIVATE_SIZE ((uint64_t)64 << 30)

/* Opening again after what passes, or after what was found was thrown away. */
#define OPEN_TRIES    4
#define OPEN_PAUSE_MS 2

/* Who did not get the lock once, from somebody who is stopped, does not wait so long again. */
#define LOCK_AGAIN_MS 100

struct opened {
    MDB_env *env;
    MDB_txn *reader;
    MDB_dbi table[INDEX_TABLES];
};

/* --- What fails. -----------------------------------------------------------------------------
 */

static void use_private(struct index *ix)
{
    ix->shared_at = monotonic_ms() + PRIVATE_MS;
}

static const char *reason(int rc)
{
    return rc > 0 ? strerror(rc) : mdb_strerror(rc);
}

static bool fail_passing(struct index *ix, const char *why)
{
    if (ix->failed)
        return false;
    ix->failed = true;
    use_private(ix);
    if (!ix->told)
        log_warning("the index can't be used for the while: %s", why);
    ix->told = true;
    return false;
}

static bool fail_condemned(struct index *ix, const char *why)
{
    if (ix->failed)
        return false;
    ix->failed = true;
    ix->condemned = true;
    log_warning("the index is begun anew: %s", why);
    return false;
}

/* LMDB's own numbers are negative. EINVAL is an index that is not what its tables say. */
static bool is_damage(int rc)
{
    return (rc < 0 && rc != MDB_READERS_FULL && rc != MDB_MAP_RESIZED) || rc == EINVAL;
}

bool index_ok(struct index *ix, int rc)
{
    if (rc == MDB_SUCCESS && !index_fault_seen())
        return true;
    if (rc == MDB_SUCCESS)
        return fail_condemned(ix, "a page could not be read");
    if (rc == MDB_MAP_FULL)
        return fail_condemned(ix, "it is as large as index_max_size");
    return is_damage(rc) ? fail_condemned(ix, reason(rc)) : fail_passing(ix, reason(rc));
}

bool index_damaged(struct index *ix, const char *what)
{
    char why[128];
    snprintf(why, sizeof why, "%s in it can't be right", what);
    return fail_condemned(ix, why);
}

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
static void watch_map(MDB_env *env, int db)
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
};

static int open_tables(MDB_txn *txn, MDB_dbi *table_r, unsigned create)
{
    int rc = MDB_SUCCESS;
    for (size_t i = 0; rc == MDB_SUCCESS && i < INDEX_TABLES; i++)
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
    rc = open_tables(txn, table_r, MDB_CREATE);
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

static int check_old(MDB_env *env, MDB_dbi *table_r, const struct index_self *want)
{
    MDB_txn *txn = NULL;
    MDB_val key = self_key();
    MDB_val value;
    int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (rc != MDB_SUCCESS)
        return rc;
    rc = open_tables(txn, table_r, 0);
    if (rc == MDB_SUCCESS)
        rc = mdb_get(txn, table_r[INDEX_FOLDERS], &key, &value);
    if (rc == MDB_SUCCESS)
        rc = compare_self(&value, want);
    if (rc == MDB_SUCCESS)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static int take_slot(struct opened *o)
{
    int rc = mdb_txn_begin(o->env, NULL, MDB_RDONLY, &o->reader);
    if (rc == MDB_SUCCESS)
        mdb_txn_reset(o->reader);
    return rc;
}

/* The slots of those who were killed, then tables and slot. */
static int prepare(struct opened *o, struct index_self *self, bool fresh)
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

/* --- Opening the shared index, or the private one.
 * --------------------------------------------
 */

static void close_opened(struct opened *o)
{
    if (o->reader != NULL)
        mdb_txn_abort(o->reader);
    if (o->env != NULL)
        mdb_env_close(o->env);
    o->reader = NULL;
    o->env = NULL;
}

static int open_found(struct index *ix, const char *path, bool fresh, struct opened *o)
{
    struct index_self self;
    mdb_filehandle_t fd = -1;
    memset(&self, 0, sizeof self);
    int db = index_place_db(ix->place);
    index_fault_work(true);
    int rc = open_env(path, FLAGS, ix->size_max, db, &o->env);
    if (rc == MDB_SUCCESS) {
        watch_map(o->env, db);
        rc = mdb_env_get_fd(o->env, &fd);
    }
    if (rc == MDB_SUCCESS && !index_place_holds(ix->place, fd, &self))
        rc = EAGAIN; /* replaced meanwhile */
    if (rc == MDB_SUCCESS)
        rc = prepare(o, &self, fresh);
    index_fault_work(false);
    if (rc != MDB_SUCCESS)
        close_opened(o);
    return rc;
}

static void put_in_place(struct index *ix, const struct opened *o, bool in_memory)
{
    ix->env = o->env;
    ix->reader = o->reader;
    memcpy(ix->table, o->table, sizeof ix->table);
    ix->in_memory = in_memory;
    ix->failed = false;
    ix->condemned = false;
    ix->pages = 0;
    ix->generation++;
}

static void tell_refused(struct index *ix, enum index_find found, int err)
{
    const char *why =
        found == INDEX_BUSY ? "another process does not let go of it" : strerror(err);
    if (!ix->told && found != INDEX_UNFIT)
        log_warning("the index can't be opened, and is kept in memory: %s", why);
    ix->told = true;
}

/* What stays the caller's: the environment that was in use before. */
static bool open_shared(struct index *ix, struct opened *o)
{
    char path[PATH_MAX];
    int rc = 0;
    for (unsigned i = 0; i < OPEN_TRIES; i++) {
        enum index_find found = index_place_enter(ix->place, path);
        if (found != INDEX_FOUND && found != INDEX_FRESH) {
            tell_refused(ix, found, errno);
            return false;
        }
        rc = open_found(ix, path, found == INDEX_FRESH, o);
        if (rc == MDB_SUCCESS) {
            index_place_settled(ix->place);
            return true;
        }
        /* An older format, a copy, damage: none is worth a word more than this. A newer format
         * is that of the server that was just installed: its sessions need it. */
        if ((is_damage(rc) && rc != MDB_INCOMPATIBLE) || rc == MDB_NOTFOUND)
            index_place_condemn(ix->place);
        else
            index_place_leave(ix->place, NULL);
        if (!is_damage(rc) && rc != EAGAIN)
            break;
        if (rc == MDB_INCOMPATIBLE)
            break;
    }
    if (!ix->told)
        log_warning("the index can't be opened, and is kept in memory: %s", reason(rc));
    ix->told = true;
    return false;
}

static bool open_private(struct index *ix, struct opened *o)
{
    char path[PATH_MAX];
    struct index_self self;
    memset(&self, 0, sizeof self);
    int fd = index_place_memory(path);
    if (fd < 0)
        return false;
    uint64_t size = ix->size_max > MAP_PRIVATE_SIZE ? ix->size_max : MAP_PRIVATE_SIZE;
    int rc = open_env(path, FLAGS_PRIVATE, size, -1, &o->env);
    index_place_hide(fd, path);
    if (rc == MDB_SUCCESS) {
        watch_map(o->env, -1);
        rc = prepare(o, &self, true);
    }
    if (rc == MDB_SUCCESS)
        return true;
    log_warning("no index can be kept in memory: %s", reason(rc));
    close_opened(o);
    return false;
}

/* --- One in the place of another. ------------------------------------------------------------
 */

static void drop_env(struct index *ix)
{
    struct opened o = { .env = ix->env, .reader = ix->reader };
    index_block_forget(ix);
    if (ix->env != NULL && !ix->in_memory && ix->condemned)
        index_place_condemn(ix->place);
    else if (ix->env != NULL && !ix->in_memory)
        index_place_leave(ix->place, ix->failed ? NULL : ix->env);
    close_opened(&o);
    ix->env = NULL;
    ix->reader = NULL;
    ix->in_memory = false;
}

static void note_condemned(struct index *ix)
{
    int64_t now = monotonic_ms();
    if (ix->condemned_at != 0 && now - ix->condemned_at < REPEAT_MS)
        use_private(ix);
    ix->condemned_at = now;
}

static void open_another(struct index *ix)
{
    struct opened o = { .env = NULL };
    if (ix->condemned && !ix->in_memory)
        note_condemned(ix);
    drop_env(ix);
    if (monotonic_ms() >= ix->shared_at) {
        if (open_shared(ix, &o)) {
            put_in_place(ix, &o, false);
            return;
        }
        use_private(ix);
    }
    if (open_private(ix, &o)) {
        put_in_place(ix, &o, true);
        return;
    }
    ix->failed = true;
    ix->generation++;
}

/* From the private index, which is kept where that does not succeed. */
static void go_back(struct index *ix)
{
    struct opened o = { .env = NULL };
    if (!open_shared(ix, &o)) {
        use_private(ix);
        watch_map(ix->env, -1);
        return;
    }
    drop_env(ix);
    put_in_place(ix, &o, false);
}

struct index *index_open(int root, const char *dir, uint64_t size_max)
{
    struct index *ix = calloc(1, sizeof *ix);
    if (ix == NULL)
        return NULL;
    ix->size_max = size_max;
    ix->lock_patience = INDEX_LOCK_SECONDS * 1000;
    ix->place = index_place_new(root, dir);
    if (ix->place == NULL) {
        free(ix);
        return NULL;
    }
    ix->shared_at = INT64_MIN;
    open_another(ix);
    return ix;
}

static void end_transaction(struct index *ix)
{
    if (ix->writing)
        index_abort(ix);
    else
        index_release(ix);
}

void index_close(struct index *ix)
{
    if (ix == NULL)
        return;
    end_transaction(ix);
    drop_env(ix);
    index_fault_end();
    index_block_free(ix);
    index_place_free(ix->place);
    free(ix);
}

bool index_is_private(const struct index *ix)
{
    return ix->in_memory;
}

unsigned index_check(struct index *ix)
{
    end_transaction(ix);
    if (index_fault_seen())
        (void)index_ok(ix, MDB_SUCCESS);
    if (ix->env == NULL || ix->failed)
        open_another(ix);
    else if (ix->in_memory && monotonic_ms() >= ix->shared_at)
        go_back(ix);
    else if (!ix->in_memory && !index_place_stands(ix->place))
        open_another(ix);
    return ix->generation;
}

unsigned index_generation(const struct index *ix)
{
    return ix->generation;
}

void index_go_private(struct index *ix)
{
    if (!ix->in_memory)
        (void)fail_passing(ix, "it is kept in memory meanwhile");
}

void index_settle(struct index *ix, bool soon)
{
    /* That it fails says nothing yet: the write that needs it may never come. */
    if (soon && !ix->in_memory && !ix->failed)
        (void)index_place_mark(ix->place);
}

/* --- Snapshots. ------------------------------------------------------------------------------
 */

static bool is_usable(struct index *ix)
{
    return ix->env != NULL && !ix->failed && index_ok(ix, MDB_SUCCESS);
}

/* Another process has a larger map: takes its size. */
static int map_anew(struct index *ix)
{
    int rc = mdb_env_set_mapsize(ix->env, 0);
    if (rc == MDB_SUCCESS)
        watch_map(ix->env, ix->in_memory ? -1 : index_place_db(ix->place));
    return rc;
}

bool index_read(struct index *ix)
{
    if (!is_usable(ix))
        return false;
    if (ix->txn != NULL)
        return true;
    index_fault_work(true);
    int rc = mdb_txn_renew(ix->reader);
    if (rc == MDB_MAP_RESIZED) {
        rc = map_anew(ix);
        if (rc == MDB_SUCCESS)
            rc = mdb_txn_renew(ix->reader);
    }
    if (rc != MDB_SUCCESS) {
        index_fault_work(false);
        return index_ok(ix, rc);
    }
    ix->txn = ix->reader;
    if (index_ok(ix, MDB_SUCCESS))
        return true;
    index_release(ix);
    return false;
}

void index_release(struct index *ix)
{
    if (ix->txn == NULL || ix->writing)
        return;
    index_block_forget(ix);
    mdb_txn_reset(ix->txn);
    ix->txn = NULL;
    index_fault_work(false);
}

/* --- Write transactions. ---------------------------------------------------------------------
 */

static bool lock_write(struct index *ix)
{
    if (ix->in_memory)
        return true;
    if (!index_place_mark(ix->place))
        return index_ok(ix, errno);
    if (!index_place_lock(ix->place, ix->lock_patience)) {
        ix->lock_patience = LOCK_AGAIN_MS;
        return fail_passing(ix, "another process does not end what it writes");
    }
    ix->lock_patience = INDEX_LOCK_SECONDS * 1000;
    return true;
}

static void end_write(struct index *ix)
{
    ix->txn = NULL;
    ix->writing = false;
    index_block_forget(ix);
    index_fault_work(false);
    if (!ix->in_memory)
        index_place_unlock(ix->place);
}

bool index_write(struct index *ix)
{
    end_transaction(ix);
    if (!is_usable(ix) || !lock_write(ix))
        return false;
    index_fault_work(true);
    ix->writing = true;
    int rc = mdb_txn_begin(ix->env, NULL, 0, &ix->txn);
    if (rc == MDB_MAP_RESIZED) {
        rc = map_anew(ix);
        if (rc == MDB_SUCCESS)
            rc = mdb_txn_begin(ix->env, NULL, 0, &ix->txn);
    }
    if (rc == MDB_SUCCESS && index_ok(ix, rc))
        return true;
    if (rc == MDB_SUCCESS)
        index_abort(ix);
    else
        end_write(ix);
    return rc != MDB_SUCCESS && index_ok(ix, rc);
}

/* LMDB does not write pages that it took and gave back in one transaction. At the end of the
 * file that leaves it shorter than its meta page says, which index_sound would take for damage.
 */
static void keep_length(struct index *ix)
{
    MDB_envinfo info;
    MDB_stat stat;
    mdb_filehandle_t fd = -1;
    struct stat st;
    if (mdb_env_info(ix->env, &info) != MDB_SUCCESS || info.me_last_pgno < ix->pages ||
        mdb_env_stat(ix->env, &stat) != MDB_SUCCESS ||
        mdb_env_get_fd(ix->env, &fd) != MDB_SUCCESS || sys_fstat(fd, &st) < 0)
        return;
    off_t length = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
    if (st.st_size >= length || sys_ftruncate(fd, length) == 0)
        ix->pages = info.me_last_pgno + 1;
}

bool index_commit(struct index *ix)
{
    if (ix->txn == NULL || !ix->writing)
        return false;
    bool ok = !ix->failed && index_block_flush(ix) && index_ok(ix, MDB_SUCCESS);
    if (!ok) {
        index_abort(ix);
        return false;
    }
    int rc = mdb_txn_commit(ix->txn);
    if (rc == MDB_SUCCESS && !ix->in_memory)
        keep_length(ix);
    end_write(ix);
    return index_ok(ix, rc);
}

void index_abort(struct index *ix)
{
    if (ix->txn == NULL || !ix->writing)
        return;
    mdb_txn_abort(ix->txn);
    end_write(ix);
}
