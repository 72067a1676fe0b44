/*
 * Changing dovecot-keywords, always with dovecot-uidlist.lock held.
 *
 * Dovecot sees a change by the mtime alone, in whole seconds, so that it must grow by at least
 * one each time. The new file is made under the name dovecot-keywords.lock, which is the
 * dotlock too (O_EXCL): write, utimensat, fsync, rename over, fsync of the directory. Since
 * nobody changes keywords without the uidlist lock, which we hold, a .lock that is there is
 * what a crash left.
 *
 * A letter may be on files and have no name (the file was lost, another program set it). Given
 * to a new keyword it would put that on messages that never had it, so cur/ and new/ are
 * searched before: a keyword is made a few times in the life of a folder. Names are never taken
 * back.
 */
#include "mailstore/keywords.h"

#include "base/buffer.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum store_error collect_used(int fd, uint32_t *used)
{
    DIR *d = sys_opendirfd(fd);
    if (d == NULL)
        return store_error_from_errno(errno);
    struct dirent *entry = NULL;
    while ((entry = sys_readdir(d)) != NULL) {
        uint8_t flags = 0;
        uint32_t letters = 0;
        maildir_name_flags(entry->d_name, &flags, &letters);
        *used |= letters & LETTERS_AZ;
    }
    int err = errno;
    sys_closedir(d);
    return err != 0 ? store_error_from_errno(err) : STORE_OK;
}

/* Creates the temporary file; one that a crash left is removed. */
static int create_temp(int dir)
{
    int fd = sys_openat(dir, KEYWORDS_TEMP, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd >= 0 || errno != EEXIST)
        return fd;
    if (sys_unlinkat(dir, KEYWORDS_TEMP, 0) < 0)
        return -1;
    return sys_openat(dir, KEYWORDS_TEMP, O_WRONLY | O_CREAT | O_EXCL, 0600);
}

static bool write_names(int fd, char *const *name)
{
    struct buffer b;
    buffer_init(&b, 65536);
    for (int i = 0; i < LETTERS_COUNTED; i++)
        if (name[i] != NULL)
            buffer_printf(&b, "%d %s\n", i, name[i]);
    bool ok = !b.failed;
    for (size_t done = 0; ok && done < b.len;) {
        ssize_t n = sys_write(fd, b.data + done, b.len - done);
        ok = n > 0;
        done += ok ? (size_t)n : 0;
    }
    buffer_free(&b);
    return ok;
}

/* The mtime is now, but a whole second later than the old file's. */
static bool set_mtime(int dir, int fd)
{
    struct stat old;
    struct timespec ts[2];
    if (sys_clock(&ts[1]) < 0)
        return false;
    if (sys_fstatat(dir, KEYWORDS_NAME, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
        ts[1].tv_sec <= old.st_mtim.tv_sec)
        ts[1].tv_sec = old.st_mtim.tv_sec + 1;
    ts[0] = ts[1];
    return sys_futimens(fd, ts) == 0;
}

/* A shared folder's rights are kept. */
static void keep_mode(int dir, int fd)
{
    struct stat st;
    if (sys_fstatat(dir, KEYWORDS_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
        (void)sys_fchmod(fd, st.st_mode & 0777);
}

static enum store_error replace_file(int dir, char *const *name, struct stat *st)
{
    int fd = create_temp(dir);
    if (fd < 0)
        return store_error_from_errno(errno);
    keep_mode(dir, fd);
    bool ok = write_names(fd, name) && set_mtime(dir, fd) && sys_fsync(fd) == 0 &&
              sys_fstat(fd, st) == 0;
    int err = errno;
    sys_close(fd);
    if (ok && sys_renameat(dir, KEYWORDS_TEMP, dir, KEYWORDS_NAME) == 0)
        return sys_fsync(dir) < 0 ? store_error_from_errno(errno) : STORE_OK;
    err = ok ? errno : err;
    (void)sys_unlinkat(dir, KEYWORDS_TEMP, 0);
    return err == 0 ? STORE_OVERQUOTA : store_error_from_errno(err);
}

/* Gives names letters, in `set`. */
static enum store_error give_letters(const struct keywords *kw, uint32_t used, char **set,
                                     const char *const *name, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int letter = 0;
        bool given = keywords_index(kw, name[i]) >= 0;
        for (int j = 0; j < LETTERS_COUNTED && !given; j++)
            given = set[j] != NULL && strcasecmp(set[j], name[i]) == 0;
        if (given)
            continue;
        if (!keyword_valid(name[i]))
            return STORE_LIMIT;
        while (letter < LETTERS_COUNTED &&
               (set[letter] != NULL || (used & (1U << letter)) != 0))
            letter++;
        if (letter == LETTERS_COUNTED)
            return STORE_LIMIT;
        set[letter] = strdup(name[i]);
        if (set[letter] == NULL)
            return STORE_UNAVAILABLE;
    }
    return STORE_OK;
}

static bool all_known(const struct keywords *kw, const char *const *name, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (keywords_index(kw, name[i]) < 0)
            return false;
    return true;
}

enum store_error keywords_add(struct keywords *kw, int dir, int cur_fd, int new_fd,
                              const char *const *name, size_t count)
{
    if (all_known(kw, name, count))
        return STORE_OK;
    struct stat st = { 0 };
    char *set[LETTERS_COUNTED];
    uint32_t used = kw->used;
    memcpy(set, kw->name, sizeof set);
    enum store_error e = collect_used(cur_fd, &used);
    if (e == STORE_OK)
        e = collect_used(new_fd, &used);
    if (e == STORE_OK)
        e = give_letters(kw, used, set, name, count);
    if (e == STORE_OK)
        e = replace_file(dir, set, &st);
    if (e != STORE_OK) {
        for (int i = 0; i < LETTERS_COUNTED; i++)
            if (set[i] != kw->name[i])
                free(set[i]);
        return e;
    }
    memcpy(kw->name, set, sizeof set);
    kw->used |= used;
    keywords_remember(kw, &st);
    return STORE_OK;
}

enum store_error keywords_write(struct keywords *kw, int dir)
{
    struct stat st = { 0 };
    enum store_error e = replace_file(dir, kw->name, &st);
    if (e == STORE_OK)
        keywords_remember(kw, &st);
    return e;
}
