/*
 * Lock files, shared with Dovecot.
 *
 * TAKING. The file is made whole, with its "<pid>:<host>", in tmp/ and then link(2)ed to the
 * lock's name: link is atomic on NFS too, and nobody ever sees a lock without an owner, even if
 * we are killed between any two calls (what stays in tmp/ any Maildir software removes in
 * time). Where that can't be (no tmp/, no hard links) the lock is made in place with O_EXCL,
 * and counts only once its owner is written and it still is our file: a lock that somebody
 * broke while its maker was stopped half-way is thereby noticed. On a full disk the owner may
 * stay unwritten: an empty lock is as good, it only takes longer to be found stale.
 *
 * STALE. Either the owner is on this host and its process is gone; or the lock is old. "Old" is
 * never judged by our own clock alone, which need not be the file server's: the lock must be
 * DOTLOCK_STALE_SECONDS old by the clock that also stamps the file we have just made beside it,
 * and must have stayed as it is for longer than a living owner goes without touching it
 * (WATCH_SECONDS on our monotonic clock, which stands still while the machine sleeps, as the
 * owner does). Or, whatever the stamps say (a server whose clock was set back), it must have
 * stayed as it is for DOTLOCK_STALE_SECONDS of our monotonic clock.
 *
 * A power cut may leave a lock without its contents, which are not synced: nobody knows whose
 * it is. On a disk of our own it is stale at once when it was made before the machine was
 * started, by the one clock that stamps it and tells when that was. But a clock that was set
 * forward since (no battery; NTP) puts the start after what was made since. So nobody may have
 * the lock open, either: who holds a lock of ours without contents (the disk is full, or it is
 * not written yet) does, and Dovecot never makes one without.
 *
 * A lock with our own process id is somebody's whose id we were given later, or the one of
 * another PID namespace: alive, as far as we know, so only its age counts.
 *
 * BREAKING. Two processes may find the same lock stale. One removes it and takes a fresh lock;
 * if the other then removed "the lock", it would remove the fresh one. So the lock is looked at
 * again right before it is renamed away to a name of our own, then that file is looked at: if
 * it is not the stale one, it is linked back (which fails only if a third process took the lock
 * in the microseconds between). The owner of a lock that was broken nevertheless learns it from
 * dotlock_keep and dotlock_drop: it keeps its lock open, so that no other file gets that inode
 * number (but on NFS, whose server does not know), and compares.
 */
#include "mailstore/dotlock.h"

#include "base/log.h"
#include "mailstore/dirs.h"
#include "mailstore/sys.h"
#include "mailstore/unique.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Longer than DOTLOCK_TOUCH_SECONDS, after which a living owner touches its lock. */
#define WATCH_SECONDS (DOTLOCK_TOUCH_SECONDS + 2)

/* How sure we are of the second in which the machine was started. */
#define BOOT_MARGIN_SECONDS 10

/* How long to sleep between two tries: first as long as a short critical section, later so that
 * ten waiters don't keep a disk busy. */
#define PAUSE_FIRST_MS 1
#define PAUSE_MAX_MS   100

/* 20 digits and HOST_NAME_MAX (64) fit. */
#define OWNER_MAX DOTLOCK_OWNER_MAX

/* Attempts to make a file under a name that nobody else uses. */
#define UNIQUE_TRIES 8

/* Attempts to remove our own lock. */
#define DROP_TRIES 3

#define TEMP_MAX (UNIQUE_NAME_MAX + 16)

/* What a waiter knows of the lock. Times in `began`, `since` and `stamped` are monotonic
 * seconds. */
struct wait {
    time_t began;
    unsigned patience; /* seconds */
    bool seen;         /* the lock was there: */
    struct stat st;
    time_t since;   /* first seen as it is */
    time_t stamp;   /* what the file system called the time, 0: not known ... */
    time_t stamped; /* ... when */
};

static time_t monotonic_seconds(void)
{
    struct timespec now = { 0 };
    sys_monotonic(&now);
    return now.tv_sec;
}

static void owner_text(char out[OWNER_MAX])
{
    char host[OWNER_MAX - 24];
    if (sys_hostname(host, sizeof host) < 0)
        snprintf(host, sizeof host, "?");
    snprintf(out, OWNER_MAX, "%ld:%s", (long)getpid(), host);
}

/* False only for a failure that is not a lack of space. */
static bool write_owner(int fd)
{
    char owner[OWNER_MAX];
    owner_text(owner);
    size_t len = strlen(owner);
    if (sys_write(fd, owner, len) == (ssize_t)len)
        return true;
    int err = errno;
    /* A part of a process id would name another process. */
    if (sys_ftruncate(fd, 0) == 0 && (err == ENOSPC || err == EDQUOT))
        return true;
    errno = err;
    return false;
}

/* Makes a file in tmp/ with the owner in it; its name goes to temp. */
static int make_temp(int dir, char temp[TEMP_MAX])
{
    for (int i = 0; i < UNIQUE_TRIES; i++) {
        char unique[UNIQUE_NAME_MAX];
        unique_name(unique);
        snprintf(temp, TEMP_MAX, "tmp/%s.lock", unique);
        int fd = sys_openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL, 0644);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return -1;
        if (write_owner(fd))
            return fd;
        int saved = errno;
        sys_unlinkat(dir, temp, 0);
        sys_close(fd);
        errno = saved;
        return -1;
    }
    return -1;
}

/* The lock is ours; fd is kept open until it no longer is. */
static void remember(struct dotlock *lock, int fd, const struct stat *st)
{
    lock->fd = fd;
    lock->dev = st->st_dev;
    lock->ino = st->st_ino;
    lock->touched = monotonic_seconds();
    lock->held = true;
}

/* Whether the lock's name is still the file with this device and inode. */
static bool still_is(int dir, const char *name, dev_t dev, ino_t ino)
{
    struct stat st;
    return sys_fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == dev &&
           st.st_ino == ino;
}

enum attempt { TAKEN, OCCUPIED, IMPOSSIBLE, FAILED };

/* One try by way of tmp/. IMPOSSIBLE: not this way. */
static enum attempt try_link(struct dotlock *lock, struct wait *wait)
{
    char temp[TEMP_MAX];
    int fd = make_temp(lock->dir, temp);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? IMPOSSIBLE : FAILED;
    int r = sys_linkat(lock->dir, temp, lock->dir, lock->name);
    int err = errno;
    struct stat st;
    bool known = sys_fstat(fd, &st) == 0;
    sys_unlinkat(lock->dir, temp, 0);
    if (known) {
        wait->stamp = st.st_mtime;
        wait->stamped = monotonic_seconds();
    }
    /* NFS may have made the link and lost the answer: the count of links tells. */
    if (known && (r == 0 || st.st_nlink == 2)) {
        remember(lock, fd, &st);
        return TAKEN;
    }
    sys_close(fd);
    if (r == 0) {
        sys_unlinkat(lock->dir, lock->name, 0);
        errno = EIO;
        return FAILED;
    }
    errno = err;
    if (err == EEXIST)
        return OCCUPIED;
    return err == EPERM || err == EOPNOTSUPP || err == EXDEV || err == EMLINK ? IMPOSSIBLE
                                                                              : FAILED;
}

static enum attempt try_in_place(struct dotlock *lock)
{
    int fd = sys_openat(lock->dir, lock->name, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0)
        return errno == EEXIST ? OCCUPIED : FAILED;
    struct stat st;
    enum attempt got = FAILED;
    if (write_owner(fd) && sys_fstat(fd, &st) == 0)
        got = still_is(lock->dir, lock->name, st.st_dev, st.st_ino) ? TAKEN : OCCUPIED;
    if (got == TAKEN) {
        remember(lock, fd, &st);
        return TAKEN;
    }
    int saved = errno;
    sys_close(fd);
    if (got == FAILED)
        sys_unlinkat(lock->dir, lock->name, 0);
    errno = saved;
    return got;
}

/* The first line of the lock. False: there is none. */
static bool read_owner(int dir, const char *name, char text[OWNER_MAX])
{
    int fd = sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return false;
    ssize_t n = sys_read(fd, text, OWNER_MAX - 1);
    sys_close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return true;
}

/* Whether the owner is of this host and provably gone. */
static bool owner_gone(int dir, const char *name)
{
    char text[OWNER_MAX];
    if (!read_owner(dir, name, text))
        return false;
    char *end;
    errno = 0;
    long pid = strtol(text, &end, 10);
    if (errno != 0 || *end != ':' || pid <= 0 || pid > INT32_MAX || pid == (long)getpid())
        return false;
    char host[OWNER_MAX];
    return sys_hostname(host, sizeof host) == 0 && strcmp(end + 1, host) == 0 &&
           sys_process_gone((pid_t)pid);
}

/* Whether it is the same file, perhaps renamed. The inode's number alone does not tell: that of
 * a removed lock is soon used again. */
static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(&a->st_mtim, &b->st_mtim);
}

static bool untouched(const struct stat *a, const struct stat *b)
{
    return same_file(a, b) && same_time(&a->st_ctim, &b->st_ctim);
}

static time_t last_touched(const struct stat *st)
{
    return st->st_ctime > st->st_mtime ? st->st_ctime : st->st_mtime;
}

static bool nobody_writes(int dir, const char *name, const struct stat *st)
{
    struct stat is;
    int fd = sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool alone = sys_fstat(fd, &is) == 0 && is.st_dev == st->st_dev &&
                 is.st_ino == st->st_ino && is.st_size == 0 && sys_nobody_writes(fd);
    sys_close(fd);
    return alone;
}

/* Whether it was left empty when the machine stopped. */
static bool is_of_another_boot(int dir, const char *name, const struct stat *st)
{
    return st->st_size == 0 && last_touched(st) < sys_boot_time() - BOOT_MARGIN_SECONDS &&
           !grain_of(dir).remote && nobody_writes(dir, name, st);
}

bool dotlock_owner(int dir, const char *name, char out[DOTLOCK_OWNER_MAX], bool *gone_r)
{
    struct stat st;
    *gone_r = false;
    out[0] = '\0';
    if (sys_fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    if (!read_owner(dir, name, out)) {
        *gone_r = is_of_another_boot(dir, name, &st);
        return true;
    }
    for (char *p = out; *p != '\0'; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    *gone_r = owner_gone(dir, name);
    return true;
}

/* Whether nothing has touched the lock for so long that its owner must be gone. */
static bool is_old(const struct wait *wait, time_t now)
{
    time_t watched = now - wait->since;
    if (watched >= DOTLOCK_STALE_SECONDS)
        return true;
    if (wait->stamp == 0 || watched < WATCH_SECONDS)
        return false;
    time_t fs_now = wait->stamp + (now - wait->stamped);
    return fs_now - DOTLOCK_STALE_SECONDS >= last_touched(&wait->st);
}

enum finding { ABSENT, ALIVE, STALE };

/* Looks at the lock. STALE: the file that wait->st describes is. */
static enum finding look_at(const struct dotlock *lock, struct wait *wait)
{
    struct stat st;
    if (sys_fstatat(lock->dir, lock->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        wait->seen = false;
        return ABSENT; /* or not to be looked at: the next try to take it will tell */
    }
    time_t now = monotonic_seconds();
    if (!wait->seen || !untouched(&st, &wait->st)) {
        wait->st = st;
        wait->since = now;
        wait->seen = true;
    }
    return is_old(wait, now) || owner_gone(lock->dir, lock->name) ||
                   is_of_another_boot(lock->dir, lock->name, &wait->st)
               ? STALE
               : ALIVE;
}

/* Removes a stale lock; the head of this file tells how and why. False: it is still there, as
 * far as we know. */
static bool break_lock(const struct dotlock *lock, const struct stat *stale)
{
    char unique[UNIQUE_NAME_MAX];
    char aside[TEMP_MAX];
    unique_name(unique);
    snprintf(aside, sizeof aside, "tmp/%s.old", unique);
    struct stat st;
    if (sys_fstatat(lock->dir, lock->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !untouched(&st, stale))
        return false;
    int r = sys_renameat(lock->dir, lock->name, lock->dir, aside);
    if (r < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EXDEV)) {
        snprintf(aside, sizeof aside, ".%s.old", unique);
        r = sys_renameat(lock->dir, lock->name, lock->dir, aside);
    }
    if (r < 0)
        return false;
    if (sys_fstatat(lock->dir, aside, &st, AT_SYMLINK_NOFOLLOW) == 0 && same_file(&st, stale))
        log_warning("broke the stale lock %s", lock->name);
    else if (sys_linkat(lock->dir, aside, lock->dir, lock->name) < 0)
        log_error("the lock %s was broken while it was fresh", lock->name);
    sys_unlinkat(lock->dir, aside, 0);
    return true;
}

/* Sleeps a little longer each time, by a length that differs between two waiters. */
static unsigned pause_between(unsigned ms)
{
    struct timespec now = { 0 };
    sys_monotonic(&now);
    unsigned jitter = ((unsigned)now.tv_nsec / 1000U + (unsigned)getpid()) % (ms / 2 + 1);
    sys_pause(ms + jitter);
    return ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : ms * 2;
}

/* Waits until the lock seems to be free. False: it took too long. */
static bool wait_until_free(const struct dotlock *lock, struct wait *wait)
{
    unsigned ms = PAUSE_FIRST_MS;
    for (;;) {
        enum finding found = look_at(lock, wait);
        if (found == STALE && break_lock(lock, &wait->st))
            return true;
        if (monotonic_seconds() - wait->began >= (time_t)wait->patience)
            return false;
        ms = pause_between(ms);
        if (found == ABSENT)
            return true;
    }
}

enum store_error dotlock_take(struct dotlock *lock, int dir, const char *name)
{
    return dotlock_take_within(lock, dir, name, DOTLOCK_WAIT_SECONDS);
}

enum store_error dotlock_take_within(struct dotlock *lock, int dir, const char *name,
                                     unsigned seconds)
{
    *lock = (struct dotlock){ .dir = dir, .name = name };
    struct wait wait = { .began = monotonic_seconds(), .patience = seconds };
    bool by_link = true;
    for (;;) {
        enum attempt got = by_link ? try_link(lock, &wait) : try_in_place(lock);
        if (got == TAKEN)
            return STORE_OK;
        if (got == FAILED)
            return store_error_from_errno(errno);
        if (got == IMPOSSIBLE)
            by_link = false;
        else if (!wait_until_free(lock, &wait))
            return STORE_INUSE;
    }
}

/* Lets go of a lock that is no longer ours. */
static void forget(struct dotlock *lock)
{
    lock->held = false;
    sys_close(lock->fd);
}

bool dotlock_keep(struct dotlock *lock)
{
    if (!lock->held)
        return false;
    time_t now = monotonic_seconds();
    if (now - lock->touched < DOTLOCK_TOUCH_SECONDS)
        return true;
    if (!still_is(lock->dir, lock->name, lock->dev, lock->ino)) {
        forget(lock);
        return false;
    }
    sys_futimens(lock->fd, NULL);
    lock->touched = now;
    return true;
}

/* A failure is tried again: a lock that stays while its owner lives blocks everybody until it
 * is old. */
void dotlock_drop(struct dotlock *lock)
{
    bool gone = !lock->held;
    if (gone)
        return;
    for (int i = 0; !gone && i < DROP_TRIES; i++) {
        errno = 0;
        if (still_is(lock->dir, lock->name, lock->dev, lock->ino)) {
            gone = sys_unlinkat(lock->dir, lock->name, 0) == 0 || errno == ENOENT;
        } else if (errno == 0 || errno == ENOENT) {
            log_error("the lock %s was broken while it was held", lock->name);
            gone = true;
        }
    }
    if (!gone)
        log_error("the lock %s can't be removed: %m", lock->name);
    forget(lock);
}
