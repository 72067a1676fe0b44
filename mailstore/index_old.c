/*
 * Throwing an index away: a rename, so that it is there whole or not at all, then what is in
 * it. Who is killed in between leaves directories db.*, which the next one removes. All under
 * the lock of the directory (index_place.c).
 */
#include "mailstore/index_private.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OLD_PREFIX "db."

static void remove_files(int dir)
{
    struct dirent *entry;
    DIR *d = sys_opendirfd(dir);
    if (d == NULL)
        return;
    while ((entry = sys_readdir(d)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)sys_unlinkat(dir, entry->d_name, 0);
    sys_closedir(d);
}

static void remove_old(int top, const char *name)
{
    int fd = sys_openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd >= 0) {
        remove_files(fd);
        sys_close(fd);
    }
    if (sys_unlinkat(top, name, AT_REMOVEDIR) < 0)
        (void)sys_unlinkat(top, name, 0);
}

static void sweep(int top)
{
    struct dirent *entry;
    DIR *d = sys_opendirfd(top);
    if (d == NULL)
        return;
    while ((entry = sys_readdir(d)) != NULL)
        if (strncmp(entry->d_name, OLD_PREFIX, sizeof OLD_PREFIX - 1) == 0)
            remove_old(top, entry->d_name);
    sys_closedir(d);
}

bool index_old_away(int top, const char *name)
{
    char old[sizeof OLD_PREFIX + 64];
    struct timespec now = { 0, 0 };
    (void)sys_clock(&now);
    snprintf(old, sizeof old, OLD_PREFIX "%lld.%09ld.%ld", (long long)now.tv_sec, now.tv_nsec,
             (long)getpid());
    if (sys_renameat(top, name, top, old) < 0 && errno != ENOENT)
        return false;
    sweep(top);
    return true;
}
