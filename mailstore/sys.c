#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* EAGAIN from openat2(2) means that a rename elsewhere made its check unsure; it asks to be
 * called again. */
#define OPENAT2_TRIES 16

int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
    int fd;
    do {
        fd = openat(dir, path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

/* Without openat2: level by level, no link followed. */
static int open_by_levels(int dir, const char *path, int flags)
{
    if (path[0] == '/') {
        errno = EXDEV;
        return -1;
    }
    int at = dir;
    for (;;) {
        size_t n = strcspn(path, "/");
        size_t gap = strspn(path + n, "/");
        char level[256]; /* NAME_MAX and a NUL */
        if (n >= sizeof level || (n == 2 && memcmp(path, "..", 2) == 0)) {
            errno = n == 2 ? EXDEV : ENAMETOOLONG;
            if (at != dir)
                sys_close(at);
            return -1;
        }
        memcpy(level, path, n);
        level[n] = '\0';
        bool last = path[n + gap] == '\0';
        int how = last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW;
        int fd = sys_openat(at, level, how, 0);
        int saved = errno;
        if (at != dir)
            sys_close(at);
        errno = saved;
        if (fd < 0 || last)
            return fd;
        at = fd;
        path += n + gap;
    }
}

int sys_open_beneath(int dir, const char *path, int flags)
{
    struct open_how how = { .flags = (unsigned)(flags | O_CLOEXEC),
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    for (int i = 0; i < OPENAT2_TRIES; i++) {
        long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
        if (fd >= 0)
            return (int)fd;
        if (errno == ENOSYS)
            return open_by_levels(dir, path, flags);
        if (errno != EINTR && errno != EAGAIN)
            return -1;
    }
    return -1;
}

int sys_faccessat(int dir, const char *path)
{
    int r;
    do {
        r = faccessat(dir, path, F_OK, 0);
    } while (r < 0 && errno == EINTR);
    return r;
}

/* Linux has freed the descriptor even when close(2) says EINTR. */
int sys_close(int fd)
{
    int r = close(fd);
    return r < 0 && errno == EINTR ? 0 : r;
}

int sys_dup(int fd)
{
    int r;
    do {
        r = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    } while (r < 0 && errno == EINTR);
    return r;
}

ssize_t sys_read(int fd, void *buf, size_t n)
{
    ssize_t r;
    do {
        r = read(fd, buf, n);
    } while (r < 0 && errno == EINTR);
    return r;
}

ssize_t sys_pread(int fd, void *buf, size_t n, off_t off)
{
    ssize_t r;
    do {
        r = pread(fd, buf, n, off);
    } while (r < 0 && errno == EINTR);
    return r;
}

ssize_t sys_pread_cached(int fd, void *buf, size_t n, off_t off)
{
    struct iovec iov = { buf, n };
    ssize_t r;
    do {
        r = preadv2(fd, &iov, 1, off, RWF_NOWAIT);
    } while (r < 0 && errno == EINTR);
    return r;
}

void sys_will_need(int fd, off_t n)
{
    posix_fadvise(fd, 0, n, POSIX_FADV_WILLNEED);
}

ssize_t sys_write(int fd, const void *buf, size_t n)
{
    ssize_t r;
    do {
        r = write(fd, buf, n);
    } while (r < 0 && errno == EINTR);
    return r;
}

ssize_t sys_pwrite(int fd, const void *buf, size_t n, off_t off)
{
    ssize_t r;
    do {
        r = pwrite(fd, buf, n, off);
    } while (r < 0 && errno == EINTR);
    return r;
}

off_t sys_lseek(int fd, off_t off, int whence)
{
    return lseek(fd, off, whence);
}

int sys_fstat(int fd, struct stat *st)
{
    return fstat(fd, st);
}

int sys_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    int r;
    do {
        r = fstatat(dir, path, st, flags);
    } while (r < 0 && errno == EINTR);
    return r;
}

int64_t sys_birth(int fd)
{
    struct statx stx;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx) < 0 ||
        (stx.stx_mask & STATX_BTIME) == 0)
        return 0;
    return stx.stx_btime.tv_sec * 1000000000 + stx.stx_btime.tv_nsec;
}

int sys_fsync(int fd)
{
    int r;
    do {
        r = fsync(fd);
    } while (r < 0 && errno == EINTR);
    return r;
}

int sys_fdatasync(int fd)
{
    int r;
    do {
        r = fdatasync(fd);
    } while (r < 0 && errno == EINTR);
    return r;
}

void sys_write_out(int fd)
{
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

int sys_ftruncate(int fd, off_t len)
{
    int r;
    do {
        r = ftruncate(fd, len);
    } while (r < 0 && errno == EINTR);
    return r;
}

int sys_fchmod(int fd, mode_t mode)
{
    int r;
    do {
        r = fchmod(fd, mode);
    } while (r < 0 && errno == EINTR);
    return r;
}

int sys_futimens(int fd, const struct timespec ts[2])
{
    int r;
    do {
        r = futimens(fd, ts);
    } while (r < 0 && errno == EINTR);
    return r;
}

int sys_utimensat(int dir, const char *path, const struct timespec ts[2], int flags)
{
    int r;
    do {
        r = utimensat(dir, path, ts, flags);
    } while (r < 0 && errno == EINTR);
    return r;
}

int sys_linkat(int olddir, const char *old, int newdir, const char *new)
{
    int r;
    do {
        r = linkat(olddir, old, newdir, new, 0);
    } while (r < 0 && errno == EINTR);
    return r;
}

int sys_renameat(int olddir, const char *old, int newdir, const char *new)
{
    int r;
    do {
        r = renameat(olddir, old, newdir, new);
    } while (r < 0 && errno == EINTR);
    return r;
}

static int rename_new_by_hand(int olddir, const char *old, int newdir, const char *new)
{
    struct stat st;
    if (sys_fstatat(olddir, old, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
    if (!S_ISDIR(st.st_mode))
        return sys_linkat(olddir, old, newdir, new) < 0 ? -1 : sys_unlinkat(olddir, old, 0);
    struct stat taken;
    if (sys_fstatat(newdir, new, &taken, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    if (errno != ENOENT)
        return -1;
    int r = sys_renameat(olddir, old, newdir, new);
    if (r < 0 && errno == ENOTEMPTY)
        errno = EEXIST;
    return r;
}

int sys_rename_new(int olddir, const char *old, int newdir, const char *new)
{
    int r;
    do {
        r = renameat2(olddir, old, newdir, new, RENAME_NOREPLACE);
    } while (r < 0 && errno == EINTR);
    /* EINVAL is also what a directory moved into itself gets: the way by hand says so again. */
    if (r < 0 && (errno == EINVAL || errno == ENOSYS))
        return rename_new_by_hand(olddir, old, newdir, new);
    return r;
}

int sys_unlinkat(int dir, const char *path, int flags)
{
    int r;
    do {
        r = unlinkat(dir, path, flags);
    } while (r < 0 && errno == EINTR);
    return r;
}

int sys_mkdirat(int dir, const char *path, mode_t mode)
{
    int r;
    do {
        r = mkdirat(dir, path, mode);
    } while (r < 0 && errno == EINTR);
    return r;
}

DIR *sys_opendirfd(int fd)
{
    int own = sys_openat(fd, ".", O_RDONLY | O_DIRECTORY, 0);
    if (own < 0)
        return NULL;
    DIR *d = fdopendir(own);
    if (d == NULL) {
        int saved = errno;
        sys_close(own);
        errno = saved;
    }
    return d;
}

struct dirent *sys_readdir(DIR *d)
{
    struct dirent *e;
    do {
        errno = 0;
        e = readdir(d); /* NOLINT(concurrency-mt-unsafe): one stream, one thread */
    } while (e == NULL && errno == EINTR);
    return e;
}

int sys_closedir(DIR *d)
{
    return closedir(d);
}

int sys_clock(struct timespec *now)
{
    return clock_gettime(CLOCK_REALTIME, now);
}

int sys_monotonic(struct timespec *now)
{
    return clock_gettime(CLOCK_MONOTONIC, now);
}

time_t sys_boot_time(void)
{
    struct timespec now;
    struct timespec up; /* with the time that the machine slept */
    if (clock_gettime(CLOCK_REALTIME, &now) < 0 || clock_gettime(CLOCK_BOOTTIME, &up) < 0 ||
        now.tv_sec <= up.tv_sec)
        return 0;
    return now.tv_sec - up.tv_sec;
}

int sys_hostname(char *name, size_t n)
{
    if (n == 0 || gethostname(name, n) < 0)
        return -1;
    name[n - 1] = '\0';
    return 0;
}

bool sys_process_gone(pid_t pid)
{
    return kill(pid, 0) < 0 && errno == ESRCH;
}

int sys_writable(int dir, const char *path)
{
    return faccessat(dir, path, W_OK, AT_EACCESS);
}

int sys_readable(int dir, const char *path)
{
    return faccessat(dir, path, R_OK, AT_EACCESS);
}

int sys_fstatfs(int fd, struct statfs *st)
{
    int r;
    do {
        r = fstatfs(fd, st);
    } while (r < 0 && errno == EINTR);
    return r;
}

int sys_flock(int fd, int op)
{
    int r;
    do {
        r = flock(fd, op | LOCK_NB);
    } while (r < 0 && errno == EINTR);
    return r;
}

/* The kernel grants a lease for reading on no file that is open for writing. */
bool sys_nobody_writes(int fd)
{
    bool granted = fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
    if (granted)
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return granted;
}

int sys_lock_octet(int fd, short type, off_t at)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
    int r;
    do {
        r = fcntl(fd, F_OFD_SETLK, &lock);
    } while (r < 0 && errno == EINTR);
    return r;
}

int sys_fallocate(int fd, off_t len)
{
    int err;
    do {
        err = posix_fallocate(fd, 0, len);
    } while (err == EINTR);
    if (err == 0)
        return 0;
    errno = err;
    return -1;
}

int sys_memfd(const char *name)
{
    return memfd_create(name, MFD_CLOEXEC);
}

int sys_mkostemp(char *path)
{
    return mkostemp(path, O_CLOEXEC);
}

int sys_inotify_init(void)
{
    return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

int sys_inotify_add(int fd, int dir, uint32_t mask)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
    return inotify_add_watch(fd, path, mask);
}

int sys_dir_barrier(int dir)
{
    /* The kernel reads a directory under its lock, also where there is nothing more to read. */
    struct dirent64 entry;
    if (lseek(dir, 0, SEEK_END) < 0)
        return -1;
    long n = syscall(SYS_getdents64, dir, &entry, sizeof entry);
    return n < 0 && errno != EINVAL ? -1 : 0;
}

void sys_unneeded(void *map, size_t n)
{
    (void)madvise(map, n, MADV_DONTNEED);
}

static void sleep_for(struct timespec t)
{
    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

void sys_pause(unsigned milliseconds)
{
    sleep_for((struct timespec){ .tv_sec = milliseconds / 1000,
                                 .tv_nsec = (long)(milliseconds % 1000) * 1000000 });
}

void sys_pause_us(unsigned microseconds)
{
    sleep_for((struct timespec){ .tv_sec = microseconds / 1000000,
                                 .tv_nsec = (long)(microseconds % 1000000) * 1000 });
}
