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
#include "mailstore/witness.h"

#include <errno.h>
#include <fcntl.h>

/* Opens a directory anew when another one has taken its place. */
static enum store_error check_dir(struct mailbox *mb, const char *name, int *fd, ino_t ino,
                                  ino_t *ino_r)
{
    struct stat st;
    *ino_r = ino;
    if (sys_fstatat(mb->dirs.dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return store_error_from_errno(errno);
    if (ino != 0 && st.st_ino == ino && st.st_dev == mb->dev)
        return STORE_OK;
    int other = sys_openat(mb->dirs.dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (other < 0)
        return store_error_from_errno(errno);
    if (sys_fstat(other, &st) < 0) {
        int err = errno;
        sys_close(other);
        return store_error_from_errno(err);
    }
    sys_close(*fd);
    *fd = other;
    *ino_r = st.st_ino;
    mb->dev = st.st_dev;
    return STORE_OK;
}

enum store_error mailbox_check_dirs(struct mailbox *mb)
{
    struct stat st;
    ino_t cur = (ino_t)mb->folder.cur_ino;
    ino_t cur_now = cur;
    if (sys_fstat(mb->dirs.dir, &st) < 0)
        return store_error_from_errno(errno);
    if (st.st_nlink == 0)
        return STORE_NONEXISTENT;
    enum store_error e = check_dir(mb, "new", &mb->dirs.new, mb->new_ino, &mb->new_ino);
    if (e == STORE_OK)
        e = check_dir(mb, "cur", &mb->dirs.cur, cur, &cur_now);
    mb->folder.cur_ino = cur_now;
    if (cur != cur_now) {
        witness_free(mb->witness);
        mb->witness = NULL;
        mb->witnessed = false;
    }
    mb->replaced = mb->replaced || (cur != 0 && cur != cur_now);
    return e;
}
