/*
 * EXPUNGE: unlink what carries \Deleted now. MOVE, once its copies are durable: unlink what was
 * copied, whatever its flags.
 *
 * unlink(2) takes the exact name, with its T: if somebody has cleared \Deleted since we looked,
 * that name is not there (ENOENT), and the message is looked for again; without T it stays. At
 * the end one fsync of the directory: OK means that the messages will not come back. The lines
 * of the uidlist stay until it is rewritten; dead lines mean nothing to anybody. Only then the
 * index is told, so that no session reports what could come back.
 *
 * The uidlist lock is taken as by STORE, so that our own sessions do not hide each other's
 * changes (mailbox_own.c).
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/dotlock.h"
#include "mailstore/sys.h"
#include "mailstore/witness.h"

#include <errno.h>
#include <stdlib.h>

/* How many removals go to the disk and into the index at once. */
#define SAVE_EVERY 4096

/* An EXPUNGE under way. */
struct removal {
    struct mailbox *mb;
    struct own_change own;
    bool moved; /* \Deleted is not asked for */
    unsigned looks;
    bool from_cur; /* to be synced */
    bool from_new;
    size_t removed;
    struct done *done;
    size_t count;
};

static enum store_error sync_dirs(struct removal *r)
{
    struct mailbox *mb = r->mb;
    index_release(mb->index);
    if ((r->from_cur && sys_fsync(mb->dirs.cur) < 0) ||
        (r->from_new && sys_fsync(mb->dirs.new) < 0))
        return store_error_from_errno(errno);
    r->from_cur = r->from_new = false;
    return STORE_OK;
}

static enum store_error save(struct removal *r)
{
    enum store_error e = sync_dirs(r);
    bool ok = mailbox_own_save(r->mb, &r->own, r->done, r->count);
    r->count = 0;
    if (!ok && e == STORE_OK)
        e = mailbox_look(r->mb, LOOK_CHANGED);
    r->own = mailbox_own_begin(r->mb);
    return e;
}

static void note(struct removal *r, const struct located *at)
{
    bool in_new = (at->m.bits & INDEX_IN_NEW) != 0;
    r->from_new = r->from_new || in_new;
    r->from_cur = r->from_cur || !in_new;
    if (++r->removed % WITNESS_TAKE_EVERY == 0)
        witness_take(r->mb->witness);
    witness_expect(r->mb->witness, in_new ? 0 : 1);
    r->done[r->count++] =
        (struct done){ .uid = at->m.uid, .modseq = at->m.modseq, .gone = true };
}

static enum store_error expunge_one(struct removal *r, uint32_t uid)
{
    struct mailbox *mb = r->mb;
    for (;;) {
        struct located at;
        if (!mailbox_locate(mb, uid, &at) || !(r->moved || (at.m.flags & FLAG_DELETED) != 0))
            return STORE_OK;
        if (sys_unlinkat(located_dir(mb, &at), at.name, 0) == 0) {
            note(r, &at);
            return r->count == SAVE_EVERY ? save(r) : STORE_OK;
        }
        if (errno != ENOENT)
            return store_error_from_errno(errno);
        enum store_error e = save(r);
        if (e == STORE_OK)
            e = mailbox_relocate(mb, &at, &r->looks);
        r->own = mailbox_own_begin(mb);
        if (e != STORE_OK)
            return e;
    }
}

static enum store_error expunge_all(struct removal *r)
{
    enum store_error e = STORE_OK;
    struct message_info info;
    if (r->mb->folder.deleted == 0)
        return STORE_OK;
    for (uint32_t uid = 1; e == STORE_OK && mailbox_next(r->mb, uid, &info); uid = info.uid + 1)
        if ((info.flags & FLAG_DELETED) != 0)
            e = expunge_one(r, info.uid);
    return e;
}

static enum store_error expunge_list(struct removal *r, const uint32_t *uid, size_t n)
{
    enum store_error e = STORE_OK;
    if (n == EXPUNGE_ALL)
        return expunge_all(r);
    for (size_t i = 0; e == STORE_OK && i < n; i++)
        e = expunge_one(r, uid[i]);
    return e;
}

static enum store_error remove_under_lock(struct removal *r, const uint32_t *uid, size_t n)
{
    struct mailbox *mb = r->mb;
    struct dotlock lock;
    r->done = calloc(SAVE_EVERY, sizeof *r->done);
    if (r->done == NULL)
        return STORE_UNAVAILABLE;
    mb->has_lock = mailbox_lock_briefly(mb, &lock);
    r->own = mailbox_own_begin(mb);
    enum store_error e = expunge_list(r, uid, n);
    enum store_error saved = save(r);
    if (mb->has_lock)
        dotlock_drop(&lock);
    mb->has_lock = false;
    free(r->done);
    return e != STORE_OK ? e : saved;
}

enum store_error mailbox_expunge(struct mailbox *mb, const uint32_t *uid, size_t n,
                                 size_t *removed_r)
{
    struct removal r = { .mb = mb, .looks = LOOKS_PER_CALL };
    enum store_error e = mailbox_look(mb, LOOK_CHANGED);
    if (e == STORE_OK && mb->folder.deleted > 0)
        e = remove_under_lock(&r, uid, n);
    if (removed_r != NULL)
        *removed_r = r.removed;
    return e;
}

enum store_error mailbox_remove(struct mailbox *mb, const uint32_t *uid, size_t n,
                                size_t *removed_r)
{
    struct removal r = { .mb = mb, .moved = true, .looks = LOOKS_PER_CALL };
    enum store_error e = remove_under_lock(&r, uid, n);
    *removed_r = r.removed;
    return e;
}
