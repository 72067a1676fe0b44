/*
 * The index for a look at it, as it is: for comparing it with the Maildir, where taking it as
 * every session does would hide what is wrong (it would be begun anew) or make what is not
 * there.
 *
 * LMDB is told to open it for reading. It still takes a slot in lock.mdb, which keeps writers
 * from using the pages again that are being read; nothing else is written to.
 */
#include "mailstore/index.h"

#include "mailstore/index_private.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

/* Sessions may put another index in the place of the one that is being opened. */
#define OPEN_TRIES 4

/* While another process opens the index or throws it away. */
#define PAUSE_MS 20

static enum index_condition condition_of(struct index_place *p, enum index_find found, int err,
                                         const char **why_r)
{
    bool remote = false;
    switch (found) {
    case INDEX_ABSENT:
        *why_r = "is not there";
        return INDEX_IS_ABSENT;
    case INDEX_SPENT:
        *why_r = index_place_why(p, &remote);
        return INDEX_IS_SPENT;
    case INDEX_UNFIT:
        *why_r = index_place_why(p, &remote);
        return remote ? INDEX_IS_REMOTE : INDEX_IS_UNFIT;
    case INDEX_BUSY:
        *why_r = "is locked by another process, which does not let go of it";
        return INDEX_IS_BUSY;
    default:
        break;
    }
    if (err == EACCES || err == EPERM) {
        *why_r = "can't be opened by the user";
        return INDEX_IS_UNFIT;
    }
    *why_r = "can't be opened now: no memory, no descriptors, or a disk that fails";
    return INDEX_IS_REFUSED;
}

/* What LMDB says of a file that was found. */
static enum index_condition condition_of_file(int rc, const char **why_r)
{
    if (rc == MDB_SUCCESS)
        return INDEX_IS_OPEN;
    if (rc == MDB_INCOMPATIBLE) {
        *why_r = "was made by a newer imapd";
        return INDEX_IS_UNFIT;
    }
    if (rc == MDB_VERSION_MISMATCH) {
        *why_r = "was made by an older imapd";
        return INDEX_IS_SPENT;
    }
    if (rc < 0 || rc == EINVAL || rc == EFBIG) {
        *why_r = "is damaged, or a copy";
        return INDEX_IS_SPENT;
    }
    *why_r = "can't be opened now: no memory, no descriptors, or a disk that fails";
    return INDEX_IS_REFUSED;
}

static enum index_condition open_it(struct index *ix, const char **why_r)
{
    char path[PATH_MAX];
    struct index_opened o = { .env = NULL };
    int rc = EAGAIN;
    for (int i = 0; i < OPEN_TRIES && rc == EAGAIN; i++) {
        errno = 0;
        enum index_find found = index_place_look(ix->place, path);
        if (found != INDEX_FOUND) {
            int err = errno;
            enum index_condition c = condition_of(ix->place, found, err, why_r);
            index_place_leave(ix->place, NULL);
            return c;
        }
        rc = index_env_look(ix->place, path, ix->size_max, &o);
        index_place_settled(ix->place);
        if (rc != MDB_SUCCESS)
            index_place_leave(ix->place, NULL);
    }
    ix->env = o.env;
    ix->reader = o.reader;
    memcpy(ix->table, o.table, sizeof ix->table);
    return condition_of_file(rc, why_r);
}

struct index *index_inspect(int root, const char *dir, uint64_t size_max,
                            enum index_condition *condition_r, const char **why_r)
{
    *condition_r = INDEX_IS_REFUSED;
    *why_r = "can't be opened: no memory";
    struct index *ix = calloc(1, sizeof *ix);
    if (ix == NULL)
        return NULL;
    ix->size_max = size_max;
    ix->only_looks = true;
    ix->place = index_place_new(root, dir);
    if (ix->place != NULL)
        *condition_r = open_it(ix, why_r);
    if (*condition_r == INDEX_IS_OPEN)
        return ix;
    index_close(ix);
    return NULL;
}

const char *index_failure(const struct index *ix, bool *damaged_r)
{
    *damaged_r = ix->condemned;
    return ix->failed ? ix->why : NULL;
}

/* --- Throwing away. --------------------------------------------------------------------------
 */

static bool lock_patiently(int top)
{
    for (int ms = 0; sys_flock(top, LOCK_EX) < 0; ms += PAUSE_MS) {
        if (errno != EWOULDBLOCK || ms >= INDEX_LOCK_SECONDS * 1000)
            return false;
        sys_pause(PAUSE_MS);
    }
    return true;
}

bool index_throw_away(int root, const char *dir)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    int top = dir != NULL ? sys_openat(AT_FDCWD, dir, flags, 0)
                          : sys_openat(root, INDEX_NAME, flags, 0);
    if (top < 0)
        return errno == ENOENT;
    bool ok = lock_patiently(top) && index_old_away(top, INDEX_DB_NAME);
    int saved = errno;
    sys_close(top);
    errno = saved;
    return ok;
}
