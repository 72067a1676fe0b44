/*
 * What crashed deliveries left in tmp/, see doc/store.md: files not touched for 36 hours are
 * removed. tmp/ is read at most once a week, and not at all when nothing was put there since a
 * reading that saw everything old; the directory's atime tells when it was read last, and is
 * set here, since file systems are mounted with noatime.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <fcntl.h>

#define HOUR         (60L * 60)
#define OLD_SECONDS  (36 * HOUR)
#define WEEK_SECONDS (7 * 24L * HOUR)

struct cleaning {
    int fd;
    time_t old; /* what was changed before this goes */
};

static bool clean_one(void *ctx, const char *name)
{
    const struct cleaning *c = ctx;
    struct stat st;
    if (sys_fstatat(c->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ctim.tv_sec < c->old)
        (void)sys_unlinkat(c->fd, name, 0);
    return true;
}

void tmp_clean(int tmp_fd)
{
    struct stat st;
    struct timespec now = { 0, 0 };
    if (tmp_fd < 0 || sys_fstat(tmp_fd, &st) < 0 || sys_clock(&now) < 0)
        return;
    if (st.st_atim.tv_sec > st.st_ctim.tv_sec + OLD_SECONDS ||
        st.st_atim.tv_sec >= now.tv_sec - WEEK_SECONDS)
        return;
    struct cleaning c = { tmp_fd, now.tv_sec - OLD_SECONDS };
    const struct timespec read_now[2] = { now, { 0, UTIME_OMIT } };
    (void)dir_scan(tmp_fd, clean_one, &c);
    (void)sys_futimens(tmp_fd, read_now);
}
