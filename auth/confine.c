/*
 * The gate's place.
 *
 * A fixed directory (/var/empty and its kin) must be made by somebody, and be kept empty and
 * unwritable for ever. Here it is made, entered and removed again within three system calls: a
 * directory without links is empty, nothing can be created in it (ENOENT), and no other process
 * has a path to it. Should we be killed in between, an empty directory of mode 0700 stays in
 * /run until the next boot.
 */
#include "auth/become.h"
#include "auth/process.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The client's two, standard error and the channel, with TLS the session's: the lowest numbers,
 * so that no further descriptor is to be had. The log's stays open above the limit. poll(2)
 * takes no more than the limit at once. */
#define GATE_FILES     4
#define TLS_GATE_FILES 5

static bool failed(const char *what)
{
    log_error("gate: %s: %s", what, strerror(errno));
    return false;
}

/* Makes a directory from the template, enters it and removes its name. Silent where that can't
 * be done there: the caller tries another place. */
static bool enter_new_directory(char *template)
{
    if (mkdtemp(template) == NULL)
        return false;
    int fd = open(template, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
              (st.st_mode & 07777) == 0700 && fchdir(fd) == 0;
    int saved = errno;
    ok = rmdir(template) == 0 && ok;
    if (ok)
        saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return ok;
}

static bool lock_in(void)
{
    char in_run[] = "/run/imapd.XXXXXX";
    char in_tmp[] = "/tmp/imapd.XXXXXX";
    if (!enter_new_directory(in_run) && !enter_new_directory(in_tmp))
        return failed("no empty directory to be had in /run or /tmp");
    if (chroot(".") < 0 || chdir("/") < 0)
        return failed("chroot");
    int fd = open("/x", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
        log_error("gate: something can be created in its directory");
        return false;
    }
    return true;
}

static bool limit(int resource, rlim_t value)
{
    struct rlimit r;
    if (getrlimit((__rlimit_resource_t)resource, &r) < 0)
        return false;
    if (r.rlim_max < value)
        value = r.rlim_max;
    r = (struct rlimit){ value, value };
    return setrlimit((__rlimit_resource_t)resource, &r) == 0;
}

static bool is_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* A client's answers or the log may go to a file (a test, a demonstration): then files may
 * grow. */
static bool set_limits(bool tls)
{
    if (!is_file(1) && !is_file(2) && !limit(RLIMIT_FSIZE, 0))
        return failed("RLIMIT_FSIZE");
    if (!limit(RLIMIT_NOFILE, tls ? TLS_GATE_FILES : GATE_FILES))
        return failed("RLIMIT_NOFILE");
    if (!limit(RLIMIT_NPROC, 0))
        return failed("RLIMIT_NPROC");
    return true;
}

bool become_gate(uid_t uid, gid_t gid, bool tls)
{
    if (geteuid() == 0 && (!lock_in() || !become(uid, gid, &gid, 1)))
        return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed("PR_SET_NO_NEW_PRIVS");
    /* The same user's other processes, another connection's gate among them, can't look into
     * this one. */
    if (!process_hide())
        return failed("PR_SET_DUMPABLE");
    return set_limits(tls);
}
