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
#include "mailstore/index_private.h"
#include "mailstore/sys.h"

#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRIVATE_MS 60000
/* Condemned twice within this time: not begun anew a second time at once. */
#define REPEAT_MS 600000

/* Opening again, after what was found was thrown away. */
#define OPEN_TRIES 4

/* Who did not get the lock once, from somebody who is stopped, does not wait so long again. */
#define LOCK_AGAIN_MS 100

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

static void note_failure(struct index *ix, const char *why)
{
    ix->failed = true;
    snprintf(ix->why, sizeof ix->why, "%s", why);
}

static bool fail_passing(struct index *ix, const char *why)
{
    if (ix->failed)
        return false;
    note_failure(ix, why);
    use_private(ix);
    if (!ix->told && !ix->only_looks)
        log_warning("the index can't be used for the while: %s", why);
    ix->told = true;
    return false;
}

static bool fail_condemned(struct index *ix, const char *why)
{
    if (ix->failed)
        return false;
    note_failure(ix, why);
    ix->condemned = true;
    if (!ix->only_looks)
        log_warning("the index is begun anew: %s", why);
    return false;
}

/* LMDB's own numbers are negative. EINVAL: the tables are not what they say. EFBIG: it was led
 * to a page that no file can have, or the process may not have a file so long. */
static bool is_damage(int rc)
{
    bool own = rc < 0 && rc != MDB_READERS_FULL && rc != MDB_MAP_RESIZED;
    return own || rc == EINVAL || rc == EFBIG;
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
    char why[INDEX_WHY_MAX];
    snprintf(why, sizeof why, "%s in it can't be right", what);
    return fail_condemned(ix, why);
}

/* --- One in the place of another. ------------------------------------------------------------
 */

static void put_in_place(struct index *ix, const struct index_opened *o, bool in_memory)
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
static bool open_shared(struct index *ix, struct index_opened *o)
{
    char path[PATH_MAX];
    int rc = 0;
    for (unsigned i = 0; i < OPEN_TRIES; i++) {
        enum index_find found = index_place_enter(ix->place, path);
        if (found != INDEX_FOUND && found != INDEX_FRESH) {
            tell_refused(ix, found, errno);
            return false;
        }
        rc = index_env_shared(ix->place, path, found == INDEX_FRESH, ix->size_max, o);
        if (rc == MDB_SUCCESS) {
            index_place_settled(ix->place);
            return true;
        }
        /* An older format, a copy, damage: none is worth a word. A newer format is that of the
         * server that was just installed: its sessions need it. */
        bool damage = is_damage(rc) && rc != MDB_INCOMPATIBLE;
        if (damage)
            index_place_condemn(ix->place);
        else
            index_place_leave(ix->place, NULL);
        if (!damage && rc != EAGAIN)
            break;
    }
    if (!ix->told)
        log_warning("the index can't be opened, and is kept in memory: %s", reason(rc));
    ix->told = true;
    return false;
}

static void drop_env(struct index *ix)
{
    struct index_opened o = { .env = ix->env, .reader = ix->reader };
    index_block_forget(ix);
    index_cache_forget(ix);
    if (ix->env != NULL && !ix->in_memory && ix->condemned)
        index_place_condemn(ix->place);
    else if (ix->env != NULL && !ix->in_memory)
        index_place_leave(ix->place, ix->failed || ix->only_looks ? NULL : ix->env);
    index_env_close(&o);
    ix->env = NULL;
    ix->reader = NULL;
    ix->in_memory = false;
    ix->condemned = false;
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
    struct index_opened o = { .env = NULL };
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
    int rc = index_env_private(ix->size_max, &o);
    if (rc == MDB_SUCCESS) {
        put_in_place(ix, &o, true);
        return;
    }
    if (!ix->failed)
        log_warning("no index can be kept in memory: %s", reason(rc));
    ix->failed = true;
    ix->generation++;
}

/* From the private index, which is kept where that does not succeed. */
static void go_back(struct index *ix)
{
    struct index_opened o = { .env = NULL };
    if (!open_shared(ix, &o)) {
        use_private(ix);
        index_env_watch(ix->env, -1);
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
    bool gone =
        ix->env == NULL || ix->failed || (!ix->in_memory && !index_place_stands(ix->place));
    if (gone)
        open_another(ix);
    else if (ix->in_memory && monotonic_ms() >= ix->shared_at)
        go_back(ix);
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
    if (soon && !ix->in_memory && !ix->failed && !ix->only_looks)
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
        index_env_watch(ix->env,
                        ix->in_memory || ix->only_looks ? -1 : index_place_db(ix->place));
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
    index_cache_forget(ix);
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
    index_cache_forget(ix);
    index_fault_work(false);
    if (!ix->in_memory)
        index_place_unlock(ix->place);
}

bool index_write(struct index *ix)
{
    end_transaction(ix);
    if (ix->only_looks || !is_usable(ix) || !lock_write(ix))
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

bool index_end(struct index *ix, bool ok)
{
    if (ok)
        return index_commit(ix);
    index_abort(ix);
    return false;
}
