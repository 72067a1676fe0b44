/*
 * Every system call of the store, in one place, so that a test can make any one of them fail
 * or end the process there (it links another sys.c). Each is the call of its name, with two
 * additions: EINTR is tried again, and descriptors are close-on-exec.
 */
#ifndef MAILSTORE_SYS_H
#define MAILSTORE_SYS_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <time.h>

int sys_openat(int dir, const char *path, int flags, mode_t mode);
/* Opens what is below dir, to read: no `..`, no absolute path and no link leads above dir
 * (openat2(2), RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS). EXDEV: it would have. Where the
 * kernel has no openat2, links are not followed at all (ELOOP or ENOTDIR). */
int sys_open_beneath(int dir, const char *path, int flags);
/* 0 when there is such a path (links followed), else -1 with errno. */
int sys_faccessat(int dir, const char *path);
int sys_close(int fd);
int sys_dup(int fd);
ssize_t sys_read(int fd, void *buf, size_t n);
ssize_t sys_pread(int fd, void *buf, size_t n, off_t off);
/* The same without waiting for the disk: what is in memory; EAGAIN: nothing is. Other errors:
 * it can't be said here, or it failed. */
ssize_t sys_pread_cached(int fd, void *buf, size_t n, off_t off);
/* Asks the kernel to begin reading the first n octets (posix_fadvise(2)). That it could not
 * means nothing. */
void sys_will_need(int fd, off_t n);
ssize_t sys_write(int fd, const void *buf, size_t n);
ssize_t sys_pwrite(int fd, const void *buf, size_t n, off_t off);
off_t sys_lseek(int fd, off_t off, int whence);
int sys_fstat(int fd, struct stat *st);
int sys_fstatat(int dir, const char *path, struct stat *st, int flags);
/* When the file open at fd was made (statx(2)), nanoseconds since the epoch; 0: the file system
 * does not say. */
int64_t sys_birth(int fd);
int sys_fsync(int fd);
int sys_fdatasync(int fd);
/* Asks the kernel to begin writing what was written to fd (sync_file_range(2)). That it could
 * not means nothing: fsync will. */
void sys_write_out(int fd);
int sys_ftruncate(int fd, off_t len);
int sys_fchmod(int fd, mode_t mode);
int sys_futimens(int fd, const struct timespec ts[2]);
int sys_utimensat(int dir, const char *path, const struct timespec ts[2], int flags);
int sys_linkat(int olddir, const char *old, int newdir, const char *new);
int sys_renameat(int olddir, const char *old, int newdir, const char *new);
/* renameat2(2) with RENAME_NOREPLACE. EEXIST when the new name is taken. Where the file system
 * has no such thing (NFS), linkat and unlinkat for files; for a directory a look and renameat,
 * which is as safe when the directory that may get in between is not empty, as a Maildir never
 * is. */
int sys_rename_new(int olddir, const char *old, int newdir, const char *new);
int sys_unlinkat(int dir, const char *path, int flags);
int sys_mkdirat(int dir, const char *path, mode_t mode);
/* A stream over the directory open at fd; the stream owns a new descriptor, fd stays the
 * caller's. */
DIR *sys_opendirfd(int fd);
/* NULL at the end with errno 0, NULL on failure with errno set. */
struct dirent *sys_readdir(DIR *d);
int sys_closedir(DIR *d);
int sys_clock(struct timespec *now);     /* CLOCK_REALTIME */
int sys_monotonic(struct timespec *now); /* CLOCK_MONOTONIC */
/* When the machine was started, by its clock as it is set now; 0: not known. */
time_t sys_boot_time(void);
/* gethostname(2); always ends in NUL. */
int sys_hostname(char *name, size_t n);
/* True only when there is provably no process with this id here. */
bool sys_process_gone(pid_t pid);
/* access(2) for writing, with the rights this process acts with: 0, or -1 with EACCES, EROFS.
 */
int sys_writable(int dir, const char *path);
/* The same for reading: -1 also with ENOENT. */
int sys_readable(int dir, const char *path);
int sys_fstatfs(int fd, struct statfs *st);
/* flock(2), which never waits: 0, or -1 with EWOULDBLOCK. op: LOCK_EX, LOCK_SH or LOCK_UN. */
int sys_flock(int fd, int op);
/* F_OFD_SETLK (fcntl(2)) of one octet, which need not exist, for this open file description.
 * type: F_RDLCK, F_WRLCK or F_UNLCK. Never waits: 0, or -1 with EAGAIN. */
/* Whether it is certain that no process of this machine has the file open for writing. */
bool sys_nobody_writes(int fd);
int sys_lock_octet(int fd, short type, off_t at);
/* posix_fallocate(3): 0, or -1 with errno. */
int sys_fallocate(int fd, off_t len);
/* memfd_create(2) */
int sys_memfd(const char *name);
/* mkostemp(3) */
int sys_mkostemp(char *path);
/* inotify(7): a descriptor that does not block, and a watch on the directory open at dir (by
 * way of /proc: -1 where there is none). */
int sys_inotify_init(void);
int sys_inotify_add(int fd, int dir, uint32_t mask);
/* Waits until whoever is just changing the directory open at dir has done so; leaves the
 * descriptor at the directory's end. */
int sys_dir_barrier(int dir);
/* madvise(2), MADV_DONTNEED: n octets of a map of a file, from a page on, are not needed now.
 */
void sys_unneeded(void *map, size_t n);
/* Sleeps for so many milliseconds, or microseconds. */
void sys_pause(unsigned milliseconds);
void sys_pause_us(unsigned microseconds);

#endif
