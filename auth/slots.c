#include "auth/slots.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum slots_result failed(const char *what)
{
    log_warning("connections of this user are not counted: %s: %s", what, strerror(errno));
    return SLOTS_FAILED;
}

/* A directory that is ours alone. Nobody else can make one in /run, so one that is not was made
 * so by an administrator, and is not written to. -1, with errno, where it can't be had. */
static int open_own(int at, const char *name)
{
    enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
    int fd = openat(at, name, FLAGS);
    if (fd < 0 && errno == ENOENT && (mkdirat(at, name, 0700) == 0 || errno == EEXIST))
        fd = openat(at, name, FLAGS);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
        return fd;
    if (fd >= 0) {
        close(fd);
        errno = EPERM;
    }
    return -1;
}

static bool is_file_name(const char *user)
{
    return user[0] != '\0' && user[0] != '.' && strchr(user, '/') == NULL &&
           strlen(user) <= NAME_MAX;
}

/* The lowest that is free: so there are never more files than connections at once. */
static enum slots_result take_in(int dir, unsigned max, int *fd_r)
{
    for (unsigned i = 0; i < max; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u", i);
        int fd = openat(dir, name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return failed(name);
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            *fd_r = fd;
            return SLOTS_TAKEN;
        }
        int why = errno;
        close(fd);
        errno = why;
        if (errno != EWOULDBLOCK)
            return failed("flock");
    }
    return SLOTS_FULL;
}

enum slots_result slots_take(const char *dir, const char *user, unsigned max, int *fd_r)
{
    *fd_r = -1;
    if (!is_file_name(user)) {
        errno = EINVAL;
        return failed("the name");
    }
    int all = open_own(AT_FDCWD, dir);
    if (all < 0)
        return failed(dir);
    int own = open_own(all, user);
    enum slots_result result = own < 0 ? failed("a directory") : take_in(own, max, fd_r);
    if (own >= 0)
        close(own);
    close(all);
    return result;
}
