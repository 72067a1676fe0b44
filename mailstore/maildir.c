/*
 * Making and removing whole Maildirs, so that nobody ever sees half of one.
 *
 * A new one is built under a hidden name in the root ("..imapd.<unique>": Maildir++ forbids
 * folders whose names begin with "..", so everybody ignores them) and renamed into place
 * without replacing: of two that make the same folder exactly one succeeds. One that is removed
 * is renamed to the name that Dovecot uses for that, and ignores: there is one such name, so
 * whoever finds it in use first removes what is there, which is always rubbish. Killed in
 * between, a removal is finished by the next one, and a creation by maildir_sweep.
 */
#include "mailstore/maildir.h"

#include "base/log.h"
#include "mailstore/account.h"
#include "mailstore/sys.h"
#include "mailstore/unique.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define STAGE_PREFIX "..imapd."

/* A folder has two levels; what else somebody keeps in one is seldom deeper. Bounds recursion
 * and open descriptors. */
#define TREE_DEPTH_MAX 32

/* Some file systems skip entries of a directory that is changed while it is read: read again.
 */
#define TREE_PASSES 4

/* How often the trash name may be taken by others before we give up. */
#define TRASH_TRIES 16

/* A CREATE takes milliseconds. */
#define STAGE_OLD_SECONDS ((time_t)24 * 60 * 60)

#define STAGE_MAX (sizeof STAGE_PREFIX + UNIQUE_NAME_MAX)

static const char *const markers[] = { "cur", "dovecot-uidlist", "maildirfolder" };

bool maildir_is(int fd)
{
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        if (sys_faccessat(fd, markers[i]) == 0)
            return true;
    }
    return false;
}

bool maildir_is_at(int dir, const char *path)
{
    int fd = sys_open_beneath(dir, path, O_PATH | O_DIRECTORY);
    if (fd < 0)
        return false;
    bool is = maildir_is(fd);
    sys_close(fd);
    return is;
}

bool maildir_below(int dir, const char *name)
{
    int fd = sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    DIR *d = fd < 0 ? NULL : sys_opendirfd(fd);
    bool is = false;
    struct dirent *e;
    while (!is && d != NULL && (e = sys_readdir(d)) != NULL)
        is = strcmp(e->d_name, "..") != 0 && strcmp(e->d_name, ".") != 0 &&
             (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN) && maildir_is_at(fd, e->d_name);
    if (d != NULL)
        sys_closedir(d);
    if (fd >= 0)
        sys_close(fd);
    return is;
}

int maildir_fill(int fd)
{
    if (sys_mkdirat(fd, "tmp", MODE_DIR) < 0 && errno != EEXIST)
        return -1;
    if (sys_mkdirat(fd, "new", MODE_DIR) < 0 && errno != EEXIST)
        return -1;
    return sys_mkdirat(fd, "cur", MODE_DIR);
}

/* Closes and keeps errno. */
static int close_failed(int fd)
{
    int saved = errno;
    sys_close(fd);
    errno = saved;
    return -1;
}

/* Fills the hidden directory `stage` and syncs it. */
static int fill_stage(int root, const char *stage, bool marked)
{
    int fd = sys_openat(root, stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return -1;
    if (maildir_fill(fd) < 0)
        return close_failed(fd);
    if (marked) {
        int mark = sys_openat(fd, "maildirfolder", O_WRONLY | O_CREAT | O_EXCL, MODE_FILE);
        if (mark < 0)
            return close_failed(fd);
        sys_close(mark);
    }
    if (sys_fsync(fd) < 0)
        return close_failed(fd);
    return sys_close(fd);
}

void maildir_uncreate(int parent, const char *name)
{
    int saved = errno;
    int fd = sys_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd >= 0) {
        if (sys_unlinkat(fd, "new", AT_REMOVEDIR) == 0 || errno == ENOENT) {
            sys_unlinkat(fd, "tmp", AT_REMOVEDIR);
            sys_unlinkat(fd, "maildirfolder", 0);
            sys_unlinkat(fd, "cur", AT_REMOVEDIR);
        }
        sys_close(fd);
    }
    sys_unlinkat(parent, name, AT_REMOVEDIR);
    errno = saved;
}

int maildir_create(int root, int parent, const char *name, bool marked)
{
    char unique[UNIQUE_NAME_MAX];
    char stage[STAGE_MAX];
    unique_name(unique);
    snprintf(stage, sizeof stage, STAGE_PREFIX "%s", unique);
    if (sys_mkdirat(root, stage, MODE_DIR) < 0) {
        if (errno == EEXIST)
            errno = EAGAIN; /* not the name that was asked for */
        return -1;
    }
    if (fill_stage(root, stage, marked) < 0 || sys_rename_new(root, stage, parent, name) < 0) {
        maildir_uncreate(root, stage);
        return -1;
    }
    if (sys_fsync(parent) < 0) {
        maildir_uncreate(parent, name);
        return -1;
    }
    return 0;
}

static int remove_tree(int dir, const char *name, int depth);

/* Removes what is in the directory open at fd; *removed_r counts. -1: some of it stays. */
static int remove_contents(int fd, int depth, size_t *removed_r)
{
    DIR *d = sys_opendirfd(fd);
    if (d == NULL)
        return -1;
    int r = 0;
    int err = 0;
    struct dirent *e;
    while ((e = sys_readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (remove_tree(fd, e->d_name, depth + 1) == 0) {
            (*removed_r)++;
        } else {
            err = errno;
            r = -1;
        }
    }
    if (errno != 0) {
        err = errno;
        r = -1;
    }
    sys_closedir(d);
    errno = err;
    return r;
}

/* Removes a file, or a directory with what is in it. Gone already is as good. */
static int remove_tree(int dir, const char *name, int depth)
{
    if (sys_unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    if (depth >= TREE_DEPTH_MAX) {
        errno = ELOOP;
        return -1;
    }
    int fd = sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    int r = -1;
    for (int pass = 0; pass < TREE_PASSES; pass++) {
        size_t removed = 0;
        r = remove_contents(fd, depth, &removed);
        if (r < 0 && removed == 0)
            break;
        r = sys_unlinkat(dir, name, AT_REMOVEDIR);
        if (r == 0 || errno == ENOENT) {
            r = 0;
            break;
        }
        if (errno != ENOTEMPTY && errno != EEXIST)
            break;
    }
    return r == 0 ? sys_close(fd) : close_failed(fd);
}

int maildir_remove(int root, int parent, const char *name, const char *trash)
{
    if (sys_unlinkat(parent, name, 0) == 0)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    int r = -1;
    for (int i = 0; i < TRASH_TRIES; i++) {
        r = sys_rename_new(parent, name, root, trash);
        if (r == 0 || errno != EEXIST)
            break;
        if (remove_tree(root, trash, 0) < 0)
            return -1;
    }
    if (r < 0)
        return -1;
    if (remove_tree(root, trash, 0) < 0)
        log_warning("%s: not all of a removed folder could be removed: %s", trash,
                    strerrordesc_np(errno));
    return 0;
}

static bool is_old_stage(int root, const char *name, time_t now)
{
    struct stat st;
    return strncmp(name, STAGE_PREFIX, sizeof STAGE_PREFIX - 1) == 0 &&
           sys_fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
           st.st_ctime < now - STAGE_OLD_SECONDS;
}

void maildir_sweep(int root)
{
    DIR *d = sys_opendirfd(root);
    if (d == NULL)
        return;
    struct timespec now = { 0 };
    sys_clock(&now);
    struct dirent *e;
    while ((e = sys_readdir(d)) != NULL) {
        if (is_old_stage(root, e->d_name, now.tv_sec))
            maildir_uncreate(root, e->d_name);
    }
    sys_closedir(d);
}
