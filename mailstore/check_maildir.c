/*
 * A folder's directories: what is in cur/ and new/, and whether it can be mail.
 *
 * Mail in new/ that nobody has looked at, files in tmp/, and dot files are ordinary life. So
 * are two names of one file for a while: a delivery by link(2) and unlink(2).
 */
#include "mailstore/check_private.h"

#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* As mailbox_clash.c's: no delivery takes longer between link and unlink. */
#define LINK_SECONDS 30

static const char *dir_name(bool in_new)
{
    return in_new ? "new" : "cur";
}

static int dir_fd(const struct folder_check *fc, bool in_new)
{
    return in_new ? fc->dirs.new : fc->dirs.cur;
}

/* --- Two files that would be one message. ----------------------------------------------------
 */

static bool is_young(const struct stat *st)
{
    struct timespec now = { 0, 0 };
    (void)sys_clock(&now);
    return st->st_ctim.tv_sec >= now.tv_sec - LINK_SECONDS;
}

static void compare_twins(struct folder_check *fc, struct record *other, const char *name,
                          bool in_new, const struct stat *st)
{
    char here[CHECK_QUOTE_MAX];
    char there[CHECK_QUOTE_MAX];
    struct stat second;
    check_quote(here, name, strlen(name));
    check_quote(there, other->name, strlen(other->name));
    if (sys_fstatat(dir_fd(fc, other->in_new), other->name, &second, AT_SYMLINK_NOFOLLOW) < 0)
        return; /* renamed while we read: the reading does not count */
    other->hidden = true;
    bool same = second.st_ino == st->st_ino && second.st_dev == st->st_dev;
    if (same && is_young(st))
        return;
    if (same)
        check_differs(fc, CURE_LOOK,
                      "%s/%s and %s/%s are one file; --repair, or the next session that reads "
                      "the directory, removes one of the names",
                      dir_name(other->in_new), there, dir_name(in_new), here);
    else
        check_differs(fc, CURE_LOOK,
                      "%s/%s and %s/%s are two files with one message's name; --repair, or the "
                      "next session that reads the directory, renames one: both stay",
                      dir_name(other->in_new), there, dir_name(in_new), here);
}

/* --- One entry. ------------------------------------------------------------------------------
 */

static void count_letters(struct folder_check *fc, uint32_t letters)
{
    for (unsigned i = 0; i < LETTERS_COUNTED; i++)
        if ((letters & (1U << i)) != 0)
            fc->letter_count[i]++;
}

static bool take_file(struct folder_check *fc, const char *name, bool in_new,
                      const struct stat *st)
{
    char quoted[CHECK_QUOTE_MAX];
    struct maildir_name parts;
    if (sys_readable(dir_fd(fc, in_new), name) < 0 && errno == EACCES)
        check_differs(
            fc, 0, "%s/%s can't be read by the user; change its owner or mode (chown, chmod)",
            dir_name(in_new), check_quote(quoted, name, strlen(name)));
    if (!maildir_name_parse(name, &parts)) {
        check_differs(
            fc, CURE_LOOK,
            "%s/%s has a name that a uidlist can't hold; --repair, or the next session "
            "that reads the directory, renames it",
            dir_name(in_new), check_quote(quoted, name, strlen(name)));
        return true;
    }
    struct record *other = table_unique(&fc->files, name, parts.unique_len);
    if (other != NULL && other->in_new == in_new && strcmp(other->name, name) == 0)
        return true; /* readdir(3) may say it twice */
    if (other != NULL) {
        compare_twins(fc, other, name, in_new, st);
        return true;
    }
    struct record *rec = table_add(&fc->files, 0, name, strlen(name));
    if (rec == NULL)
        return check_impossible(fc, "no memory for its messages");
    rec->flags = parts.flags;
    rec->letters = parts.letters;
    rec->in_new = in_new;
    count_letters(fc, parts.letters);
    return true;
}

static bool take_entry(struct folder_check *fc, const char *name, bool in_new)
{
    char quoted[CHECK_QUOTE_MAX];
    struct stat st;
    if (name[0] == '.')
        return true;
    if (sys_fstatat(dir_fd(fc, in_new), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || check_impossible(fc, "%s/ can't be searched: %s",
                                                   dir_name(in_new), strerror(errno));
    if (S_ISREG(st.st_mode))
        return take_file(fc, name, in_new, &st);
    check_differs(fc, 0, "%s/%s is no file but a %s, and no message; move it elsewhere",
                  dir_name(in_new), check_quote(quoted, name, strlen(name)),
                  S_ISDIR(st.st_mode)   ? "directory"
                  : S_ISLNK(st.st_mode) ? "symbolic link"
                                        : "pipe, socket or device");
    return true;
}

/* --- A directory. ----------------------------------------------------------------------------
 */

static bool read_dir(struct folder_check *fc, bool in_new)
{
    int fd = dir_fd(fc, in_new);
    DIR *d = fd < 0 ? NULL : sys_opendirfd(fd);
    if (fd < 0)
        return true;
    if (d == NULL)
        return check_impossible(fc, "%s/ can't be read: %s", dir_name(in_new), strerror(errno));
    struct dirent *entry = NULL;
    bool ok = true;
    while (ok && (entry = sys_readdir(d)) != NULL)
        ok = take_entry(fc, entry->d_name, in_new);
    int err = ok ? errno : 0;
    sys_closedir(d);
    if (err != 0)
        return check_impossible(fc, "%s/ can't be read: %s", dir_name(in_new), strerror(err));
    return ok;
}

static void tell_missing(struct folder_check *fc, int fd, const char *name)
{
    if (fd < 0)
        check_differs(fc, CURE_LOOK, "%s/ is missing; --repair, or the next session, makes it",
                      name);
}

/* Mail moves from new/ to cur/: read in this order, none is missed on its way. */
bool check_maildir(struct folder_check *fc)
{
    tell_missing(fc, fc->dirs.cur, "cur");
    tell_missing(fc, fc->dirs.new, "new");
    tell_missing(fc, fc->dirs.tmp, "tmp");
    return read_dir(fc, true) && read_dir(fc, false);
}
