/*
 * What a directory's mtime proves.
 *
 * The kernel stamps a change with a clock that moves in ticks. Two changes within a tick get
 * the same mtime: one that comes after we looked may not show. So an mtime proves "nothing
 * changed since" only when it was older than a tick as we took it (`settled`): then any later
 * change gets another one. TICK_MS is two ticks of the slowest kernel that is built (HZ=100). A
 * file system that keeps no nanoseconds has a tick of 1 s, or 2 s (FAT).
 *
 * The clock of a file server is not ours. There the same is proved without comparing the two:
 * an mtime that we have known for longer than REMOTE_MS of our own monotonic clock is older
 * than that by any clock. (A minute is more than clocks differ by where anybody cares for
 * them.)
 *
 * Our own renames change the mtime too. When the directory was unchanged before and we record
 * what it is afterwards, a change by somebody else between our two stats would be lost, since
 * it may carry the very same mtime. No call tells. So the stamp is taken as good for the
 * while, and the directory is read once more, some time later (`verify_at`): such a change is
 * seen late, never missed.
 */
#include "mailstore/dirs.h"

#include "mailstore/maildir.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define TICK_MS        20
#define COARSE_TICK_MS 2000
#define REMOTE_MS      1100
#define REMOTE_SKEW_MS 60000

/* After a change of our own a directory is read again no sooner than this, and so seldom that
 * the reading takes no more than 2 % of the time. */
#define VERIFY_MIN_MS 1000
#define VERIFY_MAX_MS 60000
#define VERIFY_FACTOR 50

static const int64_t ms_per_second = 1000;

int64_t monotonic_ms(void)
{
    struct timespec now = { 0, 0 };
    (void)sys_monotonic(&now);
    return (int64_t)now.tv_sec * ms_per_second + now.tv_nsec / 1000000;
}

/* --- Opening. --------------------------------------------------------------------------------
 */

static int open_sub(int dir, const char *name)
{
    return sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

static bool open_all(struct folder_dirs *dirs)
{
    if (dirs->cur < 0)
        dirs->cur = open_sub(dirs->dir, "cur");
    if (dirs->new < 0)
        dirs->new = open_sub(dirs->dir, "new");
    if (dirs->tmp < 0)
        dirs->tmp = open_sub(dirs->dir, "tmp");
    return dirs->cur >= 0 && dirs->new >= 0 && dirs->tmp >= 0;
}

/* Why a directory could not be opened. A Maildir that can be read but not completed is not
 * "nonexistent". */
static enum store_error why_not(int err)
{
    return err == ENOENT ? STORE_NOPERM : store_error_from_errno(err);
}

enum store_error folder_dirs_open(struct store *store, const char *name,
                                  struct folder_dirs *dirs_r)
{
    struct folder_dirs dirs = { -1, -1, -1, -1 };
    *dirs_r = dirs;
    enum store_error e = folder_open_dir(store, name, &dirs.dir);
    if (e != STORE_OK)
        return e;
    if (!open_all(&dirs) && errno == ENOENT) {
        (void)maildir_fill(dirs.dir);
        errno = 0;
        (void)open_all(&dirs);
    }
    if (dirs.cur < 0 || dirs.new < 0) {
        e = why_not(errno);
        folder_dirs_close(&dirs);
        return e;
    }
    *dirs_r = dirs;
    return STORE_OK;
}

void folder_dirs_close(struct folder_dirs *dirs)
{
    int *fd[] = { &dirs->dir, &dirs->cur, &dirs->new, &dirs->tmp };
    for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++) {
        if (*fd[i] >= 0)
            sys_close(*fd[i]);
        *fd[i] = -1;
    }
}

/* --- Timestamps. -----------------------------------------------------------------------------
 */

/* f_type of file systems whose files live on another machine, or behind a program that may do
 * as it likes (FUSE). From statfs(2). */
static const unsigned remote_types[] = {
    0x6969U,     /* NFS */
    0xff534d42U, /* CIFS */
    0xfe534d42U, /* SMB2 */
    0x517bU,     /* SMB */
    0x65735546U, /* FUSE */
    0x00c36400U, /* Ceph */
    0x01021997U, /* 9P */
    0x5346414fU, /* AFS */
    0x6b414653U, /* kAFS */
    0x73757245U, /* Coda */
    0x0bd00bd0U, /* Lustre */
    0x01161970U, /* GFS2: local disk, many machines */
    0x7461636fU, /* OCFS2 */
    0x19830326U  /* BeeGFS */
};

struct grain grain_of(int fd)
{
    struct statfs fs;
    struct grain grain = { true };
    if (sys_fstatfs(fd, &fs) < 0)
        return grain;
    grain.remote = false;
    for (size_t i = 0; i < sizeof remote_types / sizeof remote_types[0]; i++)
        if ((unsigned)fs.f_type == remote_types[i])
            grain.remote = true;
    return grain;
}

unsigned grain_ms(struct grain grain)
{
    return grain.remote ? REMOTE_MS : TICK_MS + 2;
}

bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Whether t lies more than ms before now. */
static bool older(const struct timespec *t, const struct timespec *now, int64_t ms)
{
    if (t->tv_sec >= now->tv_sec + 1)
        return false;
    if (t->tv_sec < now->tv_sec - (time_t)(ms / ms_per_second) - 2)
        return true;
    int64_t diff = ((int64_t)now->tv_sec - (int64_t)t->tv_sec) * ms_per_second +
                   (now->tv_nsec - t->tv_nsec) / 1000000;
    return diff > ms;
}

/* How long a time must have been known before it proves anything. */
static int64_t tick_ms(const struct timespec *t, struct grain grain)
{
    if (grain.remote)
        return REMOTE_MS;
    return t->tv_nsec == 0 ? COARSE_TICK_MS : TICK_MS;
}

static bool is_past(const struct timespec *t, const struct timespec *now, struct grain grain)
{
    return older(t, now, grain.remote ? REMOTE_SKEW_MS : tick_ms(t, grain));
}

static bool is_settled(const struct dir_stamp *stamp, const struct timespec *now, int64_t mono,
                       struct grain grain)
{
    return is_past(&stamp->mtime, now, grain) ||
           mono - stamp->since > tick_ms(&stamp->mtime, grain);
}

int64_t grain_passes_at(const struct timespec *t, const struct timespec *now,
                        struct grain grain)
{
    return is_past(t, now, grain) ? 0 : monotonic_ms() + tick_ms(t, grain) + 1;
}

enum store_error dir_stamp_take(struct dir_stamp *stamp, int fd, struct grain grain,
                                bool *same_r, bool *settled_r)
{
    struct stat st;
    struct timespec now = { 0, 0 };
    int64_t mono = monotonic_ms(); /* the clocks first: time passes to the safe side */
    (void)sys_clock(&now);
    if (sys_fstat(fd, &st) < 0)
        return store_error_from_errno(errno);
    if (st.st_nlink == 0)
        return STORE_NONEXISTENT;
    *same_r = stamp->ino == st.st_ino && stamp->dev == st.st_dev &&
              same_time(&stamp->mtime, &st.st_mtim);
    if (!*same_r) {
        stamp->dev = st.st_dev;
        stamp->ino = st.st_ino;
        stamp->mtime = st.st_mtim;
        stamp->since = monotonic_ms();
        stamp->known = false;
        stamp->verify_at = 0;
    }
    *settled_r = is_settled(stamp, &now, mono, grain);
    return STORE_OK;
}

/* A time that is further off than any that we set is another boot's: that clock began anew. */
bool verify_later(int64_t verify_at)
{
    int64_t left = verify_at - monotonic_ms();
    return left > 0 && left <= VERIFY_MAX_MS;
}

bool dir_stamp_holds(const struct dir_stamp *stamp)
{
    return stamp->known && (stamp->verify_at == 0 || verify_later(stamp->verify_at));
}

bool dir_stamp_unchanged(struct dir_stamp *stamp, int fd, struct grain grain)
{
    bool same = false;
    bool settled = false;
    return dir_stamp_take(stamp, fd, grain, &same, &settled) == STORE_OK && same &&
           dir_stamp_holds(stamp);
}

void dir_stamp_take_over(struct dir_stamp *stamp, int fd, struct grain grain, uint32_t scan_ms)
{
    bool same = false;
    bool settled = false;
    int64_t verify_at = stamp->verify_at;
    if (dir_stamp_take(stamp, fd, grain, &same, &settled) != STORE_OK || same)
        return;
    int64_t delay = (int64_t)scan_ms * VERIFY_FACTOR;
    delay = delay < VERIFY_MIN_MS ? VERIFY_MIN_MS : delay;
    delay = delay > VERIFY_MAX_MS ? VERIFY_MAX_MS : delay;
    stamp->known = true;
    stamp->verify_at = verify_at != 0 ? verify_at : monotonic_ms() + delay;
}

/* --- Reading. --------------------------------------------------------------------------------
 */

/* Links are no messages: what they point to may be anywhere. */
static bool is_file(int fd, const struct dirent *entry)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_REG;
    return sys_fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

enum store_error dir_scan(int fd, bool (*each)(void *ctx, const char *name), void *ctx)
{
    DIR *d = sys_opendirfd(fd);
    if (d == NULL)
        return store_error_from_errno(errno);
    struct dirent *entry = NULL;
    bool ok = true;
    while (ok && (entry = sys_readdir(d)) != NULL)
        if (entry->d_name[0] != '.' && is_file(fd, entry))
            ok = each(ctx, entry->d_name);
    int err = errno;
    sys_closedir(d);
    if (!ok)
        return STORE_UNAVAILABLE;
    return err != 0 ? store_error_from_errno(err) : STORE_OK;
}
