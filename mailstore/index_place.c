/*
 * Where the index is, and who may do what with it.
 *
 *     imapd-index/         or index_dir; ours alone, and on a disk of this machine
 *     imapd-index/db/      one index: begun and thrown away as a whole
 *         data.mdb lock.mdb      LMDB's
 *         boot                   index_boot.c
 *
 * Three locks, all of which end with their holder:
 *
 *  - flock(2) of the directory imapd-index/: held while db/ is looked at, made, thrown away or
 *    opened. One at a time: LMDB's opening waits without end for another process that is in
 *    the middle of it, so that one stopped there would stop everybody.
 *  - "in": the octet IN of data.mdb. Shared, by everybody who has the index open. Who gets it
 *    alone is the last one, and may say in `boot` that everything is on the disk. He flushes
 *    with it shared, so that nobody waits for the disk, and needs it alone for the moment of
 *    writing only; what was written in between shows in the number of the last transaction.
 *  - "write": the octet WRITE of data.mdb, alone, around each write transaction. LMDB has a
 * lock of its own, but can't be made to give up waiting for it.
 *
 * The octets are locked by open file description (fcntl(2), F_OFD_SETLK), and far behind the
 * end of the file. LMDB's own fcntl locks are on lock.mdb, which we must never open while LMDB
 * has: closing it would drop them. data.mdb has none.
 *
 * db/ is thrown away by a rename, then by removing what is in it. Who has it open keeps it, as
 * files without a name, and notices at its next look (index_place_stands), as it notices that
 * somebody else removed or replaced it, or the directory, or one above. The new data.mdb can't
 * have the inode of the old one while that one is open, so that the two are told apart.
 *
 * lock.mdb belongs to its data.mdb: it says which pages are still read, and which transaction
 * was the last. One without the other is thrown away. It is made by us with its blocks on the
 * disk: LMDB maps it, and writing to a hole of a mapped file on a full disk is a SIGBUS. An
 * index that was not made to its end has no record of itself (index.c), and is thrown away,
 * too.
 */
#include "mailstore/account.h"
#include "mailstore/dirs.h"
#include "mailstore/index_private.h"
#include "mailstore/path.h"
#include "mailstore/sys.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DATA "data.mdb"
#define LOCK "lock.mdb"

/* Behind anything that a file can hold here: no page of LMDB's is there. */
#define IN    ((off_t)1 << 62)
#define WRITE (IN + 1)

/* Reader slots of 64 octets, and the header before them. */
#define LOCK_FILE_SIZE ((off_t)(INDEX_READERS + 1) * 64)

/* Between two tries to get a lock. */
#define PAUSE_MIN_US 200
#define PAUSE_MAX_US 20000

/* Others may remove and replace directories while we make them: so often we try. */
#define TRIES 4

struct index_place {
    int root;
    char *dir; /* index_dir, or INDEX_NAME in root */
    char *data_path;
    bool elsewhere;  /* dir is index_dir */
    bool told;       /* the log, why this is not for us */
    bool marked;     /* `boot` says that this boot writes */
    bool only_looks; /* index_place_look */
    bool remote;     /* what `why` says is that */
    const char *why; /* it is of no use, for index_place_look; NULL: not said */
    char boot[INDEX_BOOT_SIZE];
    int top; /* imapd-index/: open while we hold its lock */
    int db;
    int data;      /* our locks are on it */
    int condemned; /* the data.mdb that is damage */
    dev_t dev;     /* of data.mdb */
    ino_t ino;
};

/* --- Waiting. --------------------------------------------------------------------------------
 */

struct patience {
    int64_t until;
    unsigned pause;
};

static struct patience patience_for(unsigned milliseconds)
{
    return (struct patience){ monotonic_ms() + milliseconds, PAUSE_MIN_US };
}

/* Sleeps. False: it has lasted long enough. */
static bool be_patient(struct patience *p)
{
    if (monotonic_ms() >= p->until)
        return false;
    sys_pause_us(p->pause);
    p->pause = p->pause * 2 > PAUSE_MAX_US ? PAUSE_MAX_US : p->pause * 2;
    return true;
}

static bool lock_octet(int fd, short type, off_t at, unsigned milliseconds)
{
    struct patience patience = patience_for(milliseconds);
    while (sys_lock_octet(fd, type, at) < 0)
        if ((errno != EAGAIN && errno != EACCES) || !be_patient(&patience))
            return false;
    return true;
}

/* --- Beginning and end. ----------------------------------------------------------------------
 */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        sys_close(*fd);
    *fd = -1;
}

static char *join(const char *dir, const char *path)
{
    char *out = NULL;
    if (asprintf(&out, "%s/%s", dir, path) < 0)
        return NULL;
    return out;
}

struct index_place *index_place_new(int root, const char *dir)
{
    struct index_place *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->root = root;
    p->elsewhere = dir != NULL;
    p->top = p->db = p->data = p->condemned = -1;
    p->dir = strdup(dir != NULL ? dir : INDEX_NAME);
    p->data_path = p->dir == NULL ? NULL : join(p->dir, INDEX_DB_NAME "/" DATA);
    if (p->data_path == NULL) {
        index_place_free(p);
        return NULL;
    }
    index_boot_id(p->boot);
    return p;
}

void index_place_free(struct index_place *p)
{
    if (p == NULL)
        return;
    index_place_leave(p, NULL);
    close_fd(&p->condemned);
    free(p->dir);
    free(p->data_path);
    free(p);
}

/* --- The directory. --------------------------------------------------------------------------
 */

static enum index_find unfit(struct index_place *p, const char *why)
{
    char quoted[LOG_QUOTE_MAX];
    p->why = why;
    if (!p->told && !p->only_looks)
        log_warning("the index in %s %s: it is kept in memory (index_dir can name another "
                    "place)",
                    log_quote(quoted, sizeof quoted, p->dir), why);
    p->told = true;
    return INDEX_UNFIT;
}

static int make_top(const struct index_place *p)
{
    if (p->elsewhere)
        return path_make(p->dir);
    return sys_mkdirat(p->root, p->dir, MODE_DIR) < 0 && errno != EEXIST ? -1 : 0;
}

static enum index_find open_top(struct index_place *p)
{
    int at = p->elsewhere ? AT_FDCWD : p->root;
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    struct stat st;
    p->top = sys_openat(at, p->dir, flags, 0);
    if (p->top < 0 && errno == ENOENT && p->only_looks)
        return INDEX_ABSENT;
    if (p->top < 0 && errno == ENOENT && make_top(p) == 0)
        p->top = sys_openat(at, p->dir, flags, 0);
    if (p->top < 0 && (errno == ENOTDIR || errno == ELOOP))
        return unfit(p, "is no directory");
    if (p->top < 0 || sys_fstat(p->top, &st) < 0)
        return INDEX_REFUSED;
    if (st.st_uid != geteuid())
        return unfit(p, "belongs to somebody else");
    if ((st.st_mode & S_IWOTH) != 0)
        return unfit(p, "can be changed by everybody");
    p->remote = grain_of(p->top).remote;
    if (p->remote)
        return unfit(p, "is on another machine's disk");
    return INDEX_FOUND;
}

static enum index_find lock_top(struct index_place *p)
{
    struct patience patience = patience_for(INDEX_LOCK_SECONDS * 1000);
    while (sys_flock(p->top, LOCK_EX) < 0) {
        if (errno != EWOULDBLOCK)
            return INDEX_REFUSED;
        if (!be_patient(&patience))
            return INDEX_BUSY;
    }
    return INDEX_FOUND;
}

/* --- Making and finding. ---------------------------------------------------------------------
 */

static bool throw_away(struct index_place *p)
{
    close_fd(&p->data);
    close_fd(&p->db);
    p->marked = false;
    return index_old_away(p->top, INDEX_DB_NAME);
}

static bool make_lock_file(int db)
{
    int fd = sys_openat(db, LOCK, O_RDWR | O_CREAT | O_EXCL, MODE_FILE);
    if (fd < 0)
        return false;
    bool ok = sys_fallocate(fd, LOCK_FILE_SIZE) == 0;
    int saved = errno;
    sys_close(fd);
    errno = saved;
    return ok;
}

static bool enter_in(struct index_place *p, const struct stat *st)
{
    p->dev = st->st_dev;
    p->ino = st->st_ino;
    if (p->only_looks)
        return true;
    return lock_octet(p->data, F_RDLCK, IN, INDEX_LOCK_SECONDS * 1000);
}

/* data.mdb comes last: without it the others are nothing. */
static enum index_find make_db(struct index_place *p)
{
    struct stat st;
    if (sys_mkdirat(p->top, INDEX_DB_NAME, MODE_DIR) < 0)
        return INDEX_REFUSED;
    p->db = sys_openat(p->top, INDEX_DB_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (p->db < 0 || !make_lock_file(p->db) || !index_boot_make(p->db, p->boot))
        return INDEX_REFUSED;
    p->data = sys_openat(p->db, DATA, O_RDWR | O_CREAT | O_EXCL, MODE_FILE);
    if (p->data < 0 || sys_fstat(p->data, &st) < 0)
        return INDEX_REFUSED;
    p->marked = true;
    return enter_in(p, &st) ? INDEX_FRESH : INDEX_BUSY;
}

/* What keeps us from a file, but is no fault of it. */
static bool is_passing(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOMEM || err == EIO || err == EROFS ||
           err == EINTR;
}

static bool is_own_file(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == geteuid() && st->st_nlink == 1;
}

static bool is_condemned(const struct index_place *p, const struct stat *st)
{
    struct stat bad;
    return p->condemned >= 0 && sys_fstat(p->condemned, &bad) == 0 &&
           bad.st_ino == st->st_ino && bad.st_dev == st->st_dev;
}

/* Whether there are others is asked before we are in ourselves. */
static bool are_others_in(int data)
{
    bool alone = sys_lock_octet(data, F_WRLCK, IN) == 0;
    if (alone)
        (void)sys_lock_octet(data, F_UNLCK, IN);
    return !alone;
}

enum state { STATE_GOOD, STATE_BAD, STATE_BUSY, STATE_REFUSED };

static enum state bad(struct index_place *p, const char *why)
{
    p->why = why;
    return STATE_BAD;
}

/* A data.mdb that is open, and may be used if all that belongs to it is there. */
static enum state judge(struct index_place *p)
{
    struct stat st;
    struct stat lock;
    if (sys_fstat(p->data, &st) < 0)
        return STATE_REFUSED;
    if (!is_own_file(&st) || is_condemned(p, &st) || st.st_size < 0)
        return bad(p, "is no file of the user's own");
    if (sys_fstatat(p->db, LOCK, &lock, AT_SYMLINK_NOFOLLOW) < 0)
        return is_passing(errno) ? STATE_REFUSED : bad(p, "has lost its " LOCK);
    if (!is_own_file(&lock) || lock.st_size < LOCK_FILE_SIZE)
        return bad(p, "has a damaged " LOCK);
    bool others = p->boot[0] == '\0' && are_others_in(p->data);
    if (!enter_in(p, &st))
        return STATE_BUSY;
    enum index_boot boot = index_boot_look(p->db, p->boot, others);
    p->marked = boot == INDEX_BOOT_THIS;
    /* Now that nobody can say "whole" any more: the size, which only grows. */
    if (boot == INDEX_BOOT_OTHER)
        return bad(p, "was in use when the machine stopped");
    if (sys_fstat(p->data, &st) < 0 || !index_sound(p->data, (uint64_t)st.st_size))
        return bad(p, "is damaged");
    return STATE_GOOD;
}

static enum state open_db(struct index_place *p)
{
    struct stat st;
    p->db = sys_openat(p->top, INDEX_DB_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (p->db < 0)
        return is_passing(errno) ? STATE_REFUSED : bad(p, "has no files");
    if (sys_fstat(p->db, &st) < 0)
        return STATE_REFUSED;
    if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return bad(p, "can be changed by others");
    int access = p->only_looks ? O_RDONLY : O_RDWR;
    p->data = sys_openat(p->db, DATA, access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    if (p->data < 0)
        return is_passing(errno) ? STATE_REFUSED : bad(p, "has lost its " DATA);
    return judge(p);
}

static enum index_find find_db(struct index_place *p)
{
    switch (open_db(p)) {
    case STATE_GOOD:
        return INDEX_FOUND;
    case STATE_BUSY:
        return INDEX_BUSY;
    case STATE_REFUSED:
        return INDEX_REFUSED;
    case STATE_BAD:
        break;
    }
    if (p->only_looks)
        return INDEX_SPENT;
    return throw_away(p) ? make_db(p) : INDEX_REFUSED;
}

/* --- What LMDB is to open. -------------------------------------------------------------------
 */

/* By way of the descriptor, so that nothing can be put in place of db/ meanwhile. */
bool index_place_by_fd(int fd, char *path_r)
{
    struct stat by_path;
    struct stat by_fd;
    snprintf(path_r, PATH_MAX, "/proc/self/fd/%d", fd);
    return sys_fstatat(AT_FDCWD, path_r, &by_path, 0) == 0 && sys_fstat(fd, &by_fd) == 0 &&
           by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
}

static enum index_find db_path(struct index_place *p, char *path_r, enum index_find found)
{
    if (index_place_by_fd(p->db, path_r))
        return found;
    if (!p->elsewhere)
        return unfit(p, "can't be opened without /proc");
    int n = snprintf(path_r, PATH_MAX, "%s/%s", p->dir, INDEX_DB_NAME);
    return n > 0 && n < PATH_MAX ? found : unfit(p, "has too long a name");
}

enum index_find index_place_enter(struct index_place *p, char *path_r)
{
    enum index_find found = INDEX_REFUSED;
    for (unsigned i = 0; i < TRIES; i++) {
        found = open_top(p);
        if (found == INDEX_FOUND)
            found = lock_top(p);
        if (found == INDEX_FOUND)
            found = find_db(p);
        if (found == INDEX_FOUND || found == INDEX_FRESH)
            found = db_path(p, path_r, found);
        if (found == INDEX_FOUND || found == INDEX_FRESH) {
            close_fd(&p->condemned);
            return found;
        }
        int saved = errno;
        index_place_leave(p, NULL);
        errno = saved;
        /* Somebody removed the directory under us. */
        if (found != INDEX_REFUSED || saved != ENOENT)
            return found;
    }
    return found;
}

enum index_find index_place_look(struct index_place *p, char *path_r)
{
    p->only_looks = true;
    p->remote = false;
    p->why = NULL;
    return index_place_enter(p, path_r);
}

const char *index_place_why(const struct index_place *p, bool *remote_r)
{
    *remote_r = p->remote;
    return p->why != NULL ? p->why : "is damaged";
}

void index_place_settled(struct index_place *p)
{
    close_fd(&p->top);
}

/* Folders are known by the number of their device (struct folder_key), which may be another one
 * each time that a file system without a device of its own is mounted. Then they are not found
 * any more, and would stay for ever where the index is on another disk than the mail: so it
 * belongs to both. (Numbers of devices have 32 bits.) */
static uint64_t both_devices(const struct index_place *p, dev_t data)
{
    struct stat mail;
    bool known = sys_fstat(p->root, &mail) == 0;
    return (uint64_t)data ^ (known ? (uint64_t)mail.st_dev << 32 : 0);
}

bool index_place_holds(struct index_place *p, int fd, struct index_self *self_r)
{
    struct stat st;
    struct stat lock;
    if (sys_fstat(fd, &st) < 0 || st.st_dev != p->dev || st.st_ino != p->ino ||
        sys_fstatat(p->db, LOCK, &lock, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    self_r->data_dev = both_devices(p, st.st_dev);
    self_r->data_ino = st.st_ino;
    self_r->lock_ino = lock.st_ino;
    return true;
}

int index_place_db(const struct index_place *p)
{
    return p->db;
}

/* --- Leaving. --------------------------------------------------------------------------------
 */

static size_t last_transaction(MDB_env *env)
{
    MDB_envinfo info;
    return mdb_env_info(env, &info) == MDB_SUCCESS ? info.me_last_txnid : 0;
}

static bool is_alone(const struct index_place *p)
{
    return sys_lock_octet(p->data, F_WRLCK, IN) == 0;
}

/* The last one out. Another one may come in while we flush: then it is its turn. */
static void make_whole(struct index_place *p, MDB_env *env)
{
    if (!is_alone(p) || index_boot_look(p->db, p->boot, true) != INDEX_BOOT_THIS)
        return;
    if (sys_lock_octet(p->data, F_RDLCK, IN) < 0)
        return;
    size_t before = last_transaction(env);
    if (sys_fdatasync(p->data) < 0 || !is_alone(p))
        return;
    if (last_transaction(env) == before)
        index_boot_whole(p->db);
}

void index_place_leave(struct index_place *p, MDB_env *env)
{
    if (env != NULL && p->data >= 0)
        make_whole(p, env);
    close_fd(&p->data);
    close_fd(&p->db);
    close_fd(&p->top);
    p->marked = false;
}

void index_place_condemn(struct index_place *p)
{
    if (p->data >= 0) {
        close_fd(&p->condemned);
        p->condemned = p->data;
        p->data = -1;
        (void)sys_lock_octet(p->condemned, F_UNLCK, IN);
        (void)sys_lock_octet(p->condemned, F_UNLCK, WRITE);
    }
    index_place_leave(p, NULL);
}

bool index_place_stands(const struct index_place *p)
{
    struct stat st;
    if (sys_fstatat(p->elsewhere ? AT_FDCWD : p->root, p->data_path, &st,
                    AT_SYMLINK_NOFOLLOW) == 0)
        return st.st_ino == p->ino && st.st_dev == p->dev;
    return errno != ENOENT && errno != ENOTDIR && sys_fstat(p->data, &st) == 0 &&
           st.st_nlink != 0;
}

/* --- Writing. --------------------------------------------------------------------------------
 */

bool index_place_mark(struct index_place *p)
{
    if (p->marked)
        return true;
    p->marked = index_boot_mark(p->db, p->boot);
    return p->marked;
}

bool index_place_lock(struct index_place *p, unsigned milliseconds)
{
    return lock_octet(p->data, F_WRLCK, WRITE, milliseconds);
}

void index_place_unlock(struct index_place *p)
{
    (void)sys_lock_octet(p->data, F_UNLCK, WRITE);
}
