/*
 * Every system call of the store, in one place, so that a test can make any one of them fail
 * or end the process there (it links another sys.c). Each is the call of its name, with two
 * additions: EINTR is tried again, and descriptors are close-on-exec.
 */
#ifndef MAILSTORE_SYS_H
#define MAILSTORE_SYS_H

#include <dirent.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

int sys_openat(int dir, const char *path, int flags, mode_t mode);
int sys_close(int fd);
int sys_dup(int fd);
ssize_t sys_read(int fd, void *buf, size_t n);
ssize_t sys_pread(int fd, void *buf, size_t n, off_t off);
ssize_t sys_write(int fd, const void *buf, size_t n);
off_t sys_lseek(int fd, off_t off, int whence);
int sys_fstat(int fd, struct stat *st);
int sys_fstatat(int dir, const char *path, struct stat *st, int flags);
int sys_fsync(int fd);
int sys_fdatasync(int fd);
int sys_ftruncate(int fd, off_t len);
int sys_fchmod(int fd, mode_t mode);
int sys_futimens(int fd, const struct timespec ts[2]);
int sys_utimensat(int dir, const char *path, const struct timespec ts[2], int flags);
int sys_linkat(int olddir, const char *old, int newdir, const char *new);
int sys_renameat(int olddir, const char *old, int newdir, const char *new);
/* renameat2(2) with RENAME_NOREPLACE; where the file system has no such thing, linkat and
 * unlinkat for files. EEXIST when the new name is taken. */
int sys_rename_new(int olddir, const char *old, int newdir, const char *new);
int sys_unlinkat(int dir, const char *path, int flags);
int sys_mkdirat(int dir, const char *path, mode_t mode);
/* A stream over the directory open at fd; the stream owns a new descriptor, fd stays the
 * caller's. */
DIR *sys_opendirfd(int fd);
/* NULL at the end with errno 0, NULL on failure with errno set. */
struct dirent *sys_readdir(DIR *d);
int sys_closedir(DIR *d);
int sys_clock(struct timespec *now); /* CLOCK_REALTIME */
/* Sleeps for so many milliseconds. */
void sys_pause(unsigned milliseconds);

#endif
