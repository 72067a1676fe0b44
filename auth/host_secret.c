#include "auth/host_secret.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static bool failed(const char *path, const char *what)
{
    log_error("scram_secret %s: %s", path, what);
    return false;
}

/* True, or errno. */
static bool write_new(int fd)
{
    unsigned char octets[HOST_SECRET];
    bool ok = getrandom(octets, sizeof octets, 0) == (ssize_t)sizeof octets &&
              write(fd, octets, sizeof octets) == (ssize_t)sizeof octets && fsync(fd) == 0;
    explicit_bzero(octets, sizeof octets);
    return ok;
}

/* The directory above, for root alone. One that is there is as good. */
static bool make_directory(const char *path)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (n == 0 || n >= sizeof directory)
        return n == 0;
    memcpy(directory, path, n);
    directory[n] = '\0';
    return mkdir(directory, 0700) == 0 || errno == EEXIST;
}

/* Whole or not at all: made under a name of its own, then given its name unless somebody else
 * was faster, which is as good. */
static bool make(const char *path)
{
    char name[PATH_MAX];
    int n = snprintf(name, sizeof name, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof name)
        return failed(path, "too long a path");
    int fd = make_directory(path) ? mkostemp(name, O_CLOEXEC) : -1;
    if (fd < 0)
        return failed(path, strerror(errno));
    bool ok = write_new(fd) && (link(name, path) == 0 || errno == EEXIST);
    if (!ok)
        failed(path, strerror(errno));
    unlink(name);
    close(fd);
    return ok;
}

static bool read_from(int fd, const char *path, unsigned char secret[HOST_SECRET])
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return failed(path, strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return failed(path, "not a file that is ours alone (mode 0600)");
    if (read(fd, secret, HOST_SECRET) != HOST_SECRET)
        return failed(path, "too short: remove it, and another is made");
    return true;
}

bool host_secret(const char *path, unsigned char secret[HOST_SECRET])
{
    const int how = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    int fd = open(path, how);
    if (fd < 0 && errno == ENOENT) {
        if (!make(path))
            return false;
        fd = open(path, how);
    }
    if (fd < 0)
        return failed(path, strerror(errno));
    bool ok = read_from(fd, path, secret);
    close(fd);
    return ok;
}
