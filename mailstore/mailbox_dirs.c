/*
 * Whether the folder is still the one that was opened.
 *
 * It may be gone, or have lost new/ or cur/ to others of the name: somebody put a backup in
 * their place, or deleted the folder and made it again (in layout fs its directory stays when
 * there are folders below it). We hold the old directories open, so no other has their inode
 * numbers.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Opens a directory anew when another one has taken its place. */
static enum store_error check_dir(struct mailbox *mb, const char *name, int *fd,
                                  struct dir_stamp *stamp)
{
    struct stat st;
    if (sys_fstatat(mb->dirs.dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return store_error_from_errno(errno);
    if (stamp->ino == 0 || (st.st_ino == stamp->ino && st.st_dev == stamp->dev))
        return STORE_OK;
    int other = sys_openat(mb->dirs.dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (other < 0)
        return store_error_from_errno(errno);
    sys_close(*fd);
    *fd = other;
    memset(stamp, 0, sizeof *stamp);
    return STORE_OK;
}

enum store_error mailbox_check_dirs(struct mailbox *mb)
{
    struct stat st;
    if (sys_fstat(mb->dirs.dir, &st) < 0)
        return store_error_from_errno(errno);
    if (st.st_nlink == 0)
        return STORE_NONEXISTENT;
    enum store_error e = check_dir(mb, "new", &mb->dirs.new, &mb->new);
    int cur = mb->dirs.cur;
    if (e == STORE_OK)
        e = check_dir(mb, "cur", &mb->dirs.cur, &mb->cur);
    mb->replaced = mb->replaced || mb->dirs.cur != cur;
    return e;
}
