/* A directory of this process, in memory where there is such a place, for targets that read
 * files; empty at the beginning of each input. */
#ifndef TESTS_FUZZ_SCRATCH_H
#define TESTS_FUZZ_SCRATCH_H

#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_path[80];
static pid_t scratch_owner;

static inline int scratch_remove_one(const char *path, const struct stat *st, int type,
                                     struct FTW *ftw)
{
    (void)st;
    (void)type;
    return ftw->level == 0 ? 0 : remove(path);
}

static inline void scratch_clear(void)
{
    nftw(scratch_path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void scratch_end(void)
{
    if (getpid() != scratch_owner)
        return;
    scratch_clear();
    rmdir(scratch_path);
}

/* Its path. */
static inline const char *scratch_begin(void)
{
    if (scratch_path[0] != '\0' && getpid() == scratch_owner) {
        scratch_clear();
        return scratch_path;
    }
    snprintf(scratch_path, sizeof scratch_path, "%s/imapd-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(scratch_path) != NULL);
    scratch_owner = getpid();
    CHECK(atexit(scratch_end) == 0);
    return scratch_path;
}

static inline int scratch_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(fd >= 0);
    return fd;
}

static inline void scratch_write_all(int fd, const void *octets, size_t n)
{
    const char *p = octets;
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        CHECK(done > 0);
        p += done;
        n -= (size_t)done;
    }
}

/* Writes, or with O_APPEND in `flags` adds to, a file below the directory. */
static inline void scratch_file(int dir, const char *name, int flags, const void *octets,
                                size_t n)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    CHECK(fd >= 0);
    scratch_write_all(fd, octets, n);
    close(fd);
}

static inline void scratch_mkdir(int dir, const char *name)
{
    CHECK(mkdirat(dir, name, 0700) == 0);
}

/* A file without a name, read from its beginning; by name it is /proc/self/fd/N. */
static inline int scratch_memfd(const void *octets, size_t n)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(fd >= 0 && fchmod(fd, 0600) == 0);
    scratch_write_all(fd, octets, n);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

#endif
