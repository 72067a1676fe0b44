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

/* Opens a directory anew when it is not `key` (any more), and brings that up to date. */
static enum store_error check_dir(struct mailbox *mb, const char *name, int *fd,
                                  struct folder_key *key)
{
    struct stat st;
    if (sys_fstatat(mb->dirs.dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return store_error_from_errno(errno);
    if (folder_key_same(folder_key_of(&st), *key))
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
    *key = folder_key_of(&st);
    return STORE_OK;
}

enum store_error mailbox_check_dirs(struct mailbox *mb)
{
    struct stat st;
    struct folder_key was = mb->folder.key;
    if (sys_fstat(mb->dirs.dir, &st) < 0)
        return store_error_from_errno(errno);
    if (st.st_nlink == 0)
        return STORE_NONEXISTENT;
    enum store_error e = check_dir(mb, "new", &mb->dirs.new, &mb->new_key);
    if (e == STORE_OK)
        e = check_dir(mb, "cur", &mb->dirs.cur, &mb->folder.key);
    bool other = !folder_key_same(was, mb->folder.key);
    if (other) {
        witness_free(mb->witness);
        mb->witness = NULL;
        mb->witnessed = false;
    }
    mb->replaced = mb->replaced || (other && was.ino != 0);
    return e;
}
