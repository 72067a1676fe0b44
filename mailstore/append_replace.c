/*
 * REPLACE (RFC 8508): a message is added and another removed, and no other session ever sees
 * both or neither.
 *
 * A directory can't have one name taken in and another away in one step. But what sessions are
 * told comes from the index, and what a look finds on the disk it must write there first. So
 * the index's write lock is taken before the first file is moved, and what happened to both
 * messages is written in that one transaction:
 *
 *   1.-5. as for APPEND (append_commit.c)       nothing was added
 *   6. take the lock of the other's folder; begin a write transaction of the index
 *   7. rename tmp/X into its place, fsync       killed here, both are there: never neither
 *   8. unlink the other, fsync                  done
 *   9. both into the index, commit; drop the locks; OK
 *
 * A look that has seen the files in between waits for the transaction, and then leaves both
 * records as it finds them (mailbox_index.c).
 *
 * The other's name is looked at right before step 7. Should another program rename it after
 * that the new message is there, and the other is removed when the locks are dropped.
 */
#include "mailstore/append_private.h"
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"
#include "mailstore/witness.h"

#include <errno.h>
#include <fcntl.h>

static bool is_same_folder(const struct append *a, const struct mailbox *mb)
{
    struct stat ours;
    struct stat theirs;
    return sys_fstat(a->dirs.cur, &ours) == 0 && sys_fstat(mb->dirs.cur, &theirs) == 0 &&
           ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* Finds the other under the name that it has now. */
static enum store_error find_replaced(const struct append *a, struct located *at)
{
    struct mailbox *mb = a->replaced_in;
    unsigned looks = LOOKS_PER_CALL;
    for (;;) {
        struct stat st;
        if (!mailbox_locate(mb, a->replaced, at))
            return mailbox_is_gone(mb, a->replaced) ? STORE_EXPUNGED : STORE_UNAVAILABLE;
        index_release(mb->index);
        if (sys_fstatat(located_dir(mb, at), at->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            return STORE_OK;
        if (errno != ENOENT)
            return store_error_from_errno(errno);
        enum store_error e = mailbox_relocate(mb, at, &looks);
        if (e != STORE_OK)
            return e;
    }
}

/* Once it is unlinked there is no way back. */
static enum store_error remove_replaced(struct append *a, const struct located *at)
{
    struct mailbox *mb = a->replaced_in;
    int dir = located_dir(mb, at);
    if (sys_unlinkat(dir, at->name, 0) < 0) {
        a->replaced_left = errno == ENOENT;
        enum store_error e = a->replaced_left ? STORE_OK : store_error_from_errno(errno);
        if (e != STORE_OK)
            append_take_back(a);
        return e;
    }
    witness_expect(mb->witness, (at->m.bits & INDEX_IN_NEW) != 0 ? 0 : 1);
    return sys_fsync(dir) < 0 ? store_error_from_errno(errno) : STORE_OK;
}

/* Moves and removes the files. */
static enum store_error replace_files(struct append *a, struct dotlock *lock,
                                      const struct located *at)
{
    enum store_error e = append_place(a, lock);
    return e == STORE_OK ? remove_replaced(a, at) : e;
}

/* The record of the other is read once more in the transaction: a look may have changed it. */
static enum store_error replace_locked(struct append *a, struct dotlock *lock,
                                       const struct uidlist *list, const uint32_t *uid,
                                       struct append_index *ai)
{
    struct mailbox *mb = a->replaced_in;
    struct located at;
    struct index_folder f = { .id = 0 };
    enum store_error e = find_replaced(a, &at);
    if (e != STORE_OK)
        return e;
    struct own_change own = mailbox_own_begin(mb);
    if (!index_write(mb->index))
        return replace_files(a, lock, &at);
    e = mailbox_locate(mb, a->replaced, &at) ? replace_files(a, lock, &at) : STORE_EXPUNGED;
    const struct done done = { .uid = at.m.uid, .modseq = at.m.modseq, .gone = true };
    bool ok = e == STORE_OK && append_index_write(a, list, uid, ai);
    if (ok && !a->replaced_left)
        ok = mailbox_own_write(mb, &own, &done, 1, &f);
    else
        ok = ok && mailbox_folder_now(mb, &f);
    (void)mailbox_commit(mb, ok, &f);
    return e;
}

enum store_error append_replace(struct append *a, struct dotlock *lock,
                                const struct uidlist *list, const uint32_t *uid,
                                struct append_index *ai)
{
    struct mailbox *mb = a->replaced_in;
    struct dotlock other;
    bool same = is_same_folder(a, mb);
    bool locked = !same && mailbox_lock_briefly(mb, &other);
    mb->has_lock = same || locked;
    enum store_error e = replace_locked(a, lock, list, uid, ai);
    if (locked)
        dotlock_drop(&other);
    mb->has_lock = false;
    return e;
}
