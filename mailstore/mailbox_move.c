/*
 * MOVE (RFC 6851): each file is renamed from its folder into the target, under a unique part of
 * its own as for COPY. One rename a message, so at no moment is a message in both folders or in
 * neither, and of two sessions that move the same one, one does.
 *
 * ORDER, with what is true after a crash behind each step; 1 to 5 are append_commit.c's:
 *
 *   1. look which files there are, and how large            nothing has happened
 *   2.-5. lock, read, make keywords, append the lines       the UIDs are spent: dead lines
 *   6. take the lock of the other folder, for a while       as before
 *   7. rename OTHER/cur/NAME to cur/X:2,FLAGS or new/X      those that were moved are there
 *   8. fsync the target's directories, then the other's     all are there for good
 *   9. tell the index of both; drop the locks; OK
 *
 * A name is renamed from exactly what it was when its flags were taken for the new one. Who has
 * got another in between (ENOENT), lies on another file system, or can't be renamed for another
 * reason that a copy does not have, is copied and removed instead, as is everything where the
 * target is the same folder; its line stays dead.
 *
 * What can't be moved for good reason (no permission, a full disk) ends it: those before have
 * been moved, and are told so (RFC 6851 section 3.3).
 */
#include "mailstore/append_private.h"
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"
#include "mailstore/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* How many removals go to the disk and into the index at once, and how often the lock is looked
 * after, as elsewhere. */
#define SAVE_EVERY 4096
#define KEEP_EVERY 256

/* --- What is to be moved. --------------------------------------------------------------------
 */

static void forget_files(struct moving *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->file[i].name);
    free(m->file);
}

/* A copy does what a rename can't: nothing is wrong yet. */
static bool must_copy(int err)
{
    return err == ENOENT || err == EXDEV || err == EEXIST;
}

static enum store_error add_file(struct append *a, const struct located *at,
                                 const struct stat *st, const char *guid)
{
    struct mailbox *mb = a->moving->from;
    const char *name[KEYWORDS_MAX];
    size_t names = 0;
    keyword_names(mb, keywords_from_letters(&mb->keywords, at->m.letters), name, &names);
    struct append_item *item = append_item_add(a, at->m.flags, name, names);
    struct moved_file file = { .name = strdup(at->name),
                               .uid = at->m.uid,
                               .modseq = at->m.modseq,
                               .in_new = (at->m.bits & INDEX_IN_NEW) != 0 };
    if (item != NULL)
        item->guid = strdup(guid);
    if (item == NULL || item->guid == NULL || file.name == NULL) {
        free(file.name);
        return STORE_UNAVAILABLE;
    }
    append_item_name(item, (uint64_t)st->st_size, known_vsize(at->name, st));
    a->moving->file[a->moving->count++] = file;
    return STORE_OK;
}

/* Finds a message under the name that it has now. */
static enum store_error find(struct mailbox *mb, uint32_t uid, unsigned *looks,
                             struct located *at, struct stat *st)
{
    for (;;) {
        if (!mailbox_locate(mb, uid, at))
            return STORE_EXPUNGED;
        index_release(mb->index); /* the disk is waited for */
        if (sys_fstatat(located_dir(mb, at), at->name, st, AT_SYMLINK_NOFOLLOW) == 0)
            return STORE_OK;
        if (errno != ENOENT)
            return store_error_from_errno(errno);
        enum store_error e = mailbox_relocate(mb, at, looks);
        if (e != STORE_OK)
            return e;
    }
}

/* Adds one message, unless it has to be copied. */
static enum store_error add_message(struct append *a, uint32_t uid, unsigned *looks)
{
    struct mailbox *mb = a->moving->from;
    struct located at;
    struct stat st;
    char guid[GUID_MAX + 1];
    enum store_error e = find(mb, uid, looks, &at, &st);
    if (e == STORE_OK)
        e = mailbox_guid(mb, uid, guid);
    if (e != STORE_OK || !S_ISREG(st.st_mode) || st.st_dev != a->moving->device)
        return e;
    return add_file(a, &at, &st, guid);
}

/* --- Moving, with the target's lock held. ----------------------------------------------------
 */

struct batch {
    struct own_change own;
    struct done *done;
    size_t count;
    bool from_cur;
    bool from_new;
};

static enum store_error sync_both(struct append *a, const struct batch *b)
{
    const struct mailbox *mb = a->moving->from;
    enum store_error e = append_sync_dirs(a);
    if (e == STORE_OK && ((b->from_cur && sys_fsync(mb->dirs.cur) < 0) ||
                          (b->from_new && sys_fsync(mb->dirs.new) < 0)))
        e = store_error_from_errno(errno);
    return e;
}

/* The target's directories first: what is gone from here must be there. */
static enum store_error save(struct append *a, struct batch *b)
{
    struct mailbox *mb = a->moving->from;
    if (b->count == 0)
        return STORE_OK;
    index_release(mb->index);
    enum store_error e = sync_both(a, b);
    (void)mailbox_own_save(mb, &b->own, b->done, b->count); /* else the next look finds it */
    b->count = 0;
    b->from_cur = b->from_new = false;
    b->own = mailbox_own_begin(mb);
    index_release(mb->index);
    return e;
}

static void note(struct append *a, size_t i, struct batch *b)
{
    struct moving *m = a->moving;
    const struct moved_file *file = &m->file[i];
    a->item[i].placed = true;
    b->from_new = b->from_new || file->in_new;
    b->from_cur = b->from_cur || !file->in_new;
    if (++m->moved % WITNESS_TAKE_EVERY == 0)
        witness_take(m->from->witness);
    witness_expect(m->from->witness, file->in_new ? 0 : 1);
    b->done[b->count++] =
        (struct done){ .uid = file->uid, .modseq = file->modseq, .gone = true };
}

static enum store_error move_file(struct append *a, size_t i, struct batch *b)
{
    const struct moved_file *file = &a->moving->file[i];
    const struct folder_dirs *from = &a->moving->from->dirs;
    const struct append_item *item = &a->item[i];
    if (sys_rename_new(file->in_new ? from->new : from->cur, file->name, append_target(a, item),
                       item->name) < 0)
        return must_copy(errno) ? STORE_OK : store_error_from_errno(errno);
    note(a, i, b);
    return b->count == SAVE_EVERY ? save(a, b) : STORE_OK;
}

static enum store_error move_files(struct append *a, struct dotlock *lock, struct batch *b)
{
    enum store_error e = STORE_OK;
    for (size_t i = 0; e == STORE_OK && i < a->count; i++) {
        store_tell_progress(a->store, i, a->count);
        e = i % KEEP_EVERY == 0 && !dotlock_keep(lock) ? STORE_INUSE : move_file(a, i, b);
    }
    enum store_error saved = save(a, b);
    return e != STORE_OK ? e : saved;
}

enum store_error append_move(struct append *a, struct dotlock *lock, struct uidlist *list,
                             uint32_t *uid, struct append_index *ai)
{
    struct mailbox *mb = a->moving->from;
    struct dotlock other;
    struct batch b = { .done = calloc(SAVE_EVERY, sizeof *b.done) };
    if (b.done == NULL)
        return STORE_UNAVAILABLE;
    mb->has_lock = mailbox_lock_briefly(mb, &other);
    b.own = mailbox_own_begin(mb);
    index_release(mb->index);
    enum store_error e = move_files(a, lock, &b);
    if (mb->has_lock)
        dotlock_drop(&other);
    mb->has_lock = false;
    free(b.done);
    if (a->moving->moved == a->count) /* else the next look finds what is there */
        append_index_save(a, list, uid, ai);
    for (size_t i = 0; i < a->count; i++)
        if (!a->item[i].placed)
            uid[i] = 0;
    return e;
}

/* --- All of it. ------------------------------------------------------------------------------
 */

struct request {
    const uint32_t *uid;
    size_t n;
    uint32_t *new_uid; /* 0: not moved */
    uint32_t uidvalidity;
    size_t moved;
};

/* Files and uids are in the same order; some uids have no file. */
static void note_moved(struct request *r, const struct moving *m, const uint32_t *new_uid)
{
    for (size_t i = 0, k = 0; i < r->n && k < m->count; i++) {
        if (r->uid[i] != m->file[k].uid)
            continue;
        r->new_uid[i] = new_uid[k++];
        r->moved += r->new_uid[i] != 0;
    }
}

static enum store_error gather(struct append *a, const struct request *r)
{
    enum store_error e = STORE_OK;
    unsigned looks = LOOKS_PER_CALL;
    for (size_t i = 0; e == STORE_OK && i < r->n; i++)
        e = add_message(a, r->uid[i], &looks);
    index_release(a->moving->from->index);
    return e;
}

/* Takes `a`. */
static enum store_error rename_into(struct append *a, struct request *r)
{
    struct moving *m = a->moving;
    uint32_t *new_uid = calloc(r->n, sizeof *new_uid);
    m->file = calloc(r->n, sizeof *m->file);
    enum store_error e = new_uid == NULL || m->file == NULL ? STORE_UNAVAILABLE : gather(a, r);
    if (e != STORE_OK || m->count == 0) {
        append_discard(a);
    } else {
        e = append_commit_items(a, &r->uidvalidity, new_uid);
        if (m->moved > 0)
            note_moved(r, m, new_uid);
    }
    free(new_uid);
    forget_files(m);
    return e;
}

static enum store_error by_renaming(struct mailbox *mb, const char *to, struct request *r)
{
    struct append *a = NULL;
    struct moving m = { .from = mb };
    struct stat ours, theirs;
    enum store_error e = append_open(mb->store, to, &a);
    if (e != STORE_OK)
        return e;
    a->moving = &m;
    if (sys_fstat(mb->dirs.cur, &ours) < 0 || sys_fstat(a->dirs.cur, &theirs) < 0) {
        e = store_error_from_errno(errno);
    } else if (ours.st_dev == theirs.st_dev && ours.st_ino != theirs.st_ino) {
        m.device = theirs.st_dev;
        return rename_into(a, r);
    }
    append_discard(a);
    return e;
}

/* What is left. The originals are removed when the copies are durable, so that no message is
 * ever in neither folder. */
static enum store_error by_copying(struct mailbox *mb, const char *to, struct request *r)
{
    size_t left = 0;
    size_t removed = 0;
    uint32_t uidvalidity;
    uint32_t *uid = calloc(r->n, sizeof *uid);
    uint32_t *new_uid = calloc(r->n, sizeof *new_uid);
    enum store_error e = STORE_UNAVAILABLE;
    if (uid != NULL && new_uid != NULL) {
        for (size_t i = 0; i < r->n; i++)
            if (r->new_uid[i] == 0)
                uid[left++] = r->uid[i];
        e = mailbox_copy_to_remove(mb, uid, left, to, &uidvalidity, new_uid);
    }
    if (e == STORE_OK) {
        r->uidvalidity = uidvalidity;
        for (size_t i = 0, k = 0; i < r->n; i++)
            if (r->new_uid[i] == 0)
                r->new_uid[i] = new_uid[k++];
        e = mailbox_remove(mb, uid, left, &removed);
        r->moved += removed;
    }
    free(uid);
    free(new_uid);
    return e;
}

enum store_error mailbox_move(struct mailbox *mb, const uint32_t *uid, size_t n, const char *to,
                              uint32_t *uidvalidity_r, uint32_t *new_uid, size_t *moved_r)
{
    struct request r = { .uid = uid, .n = n, .new_uid = new_uid };
    memset(new_uid, 0, n * sizeof *new_uid);
    enum store_error e = mb->keywords_unread; /* by name they go along, or not at all */
    if (e == STORE_OK)
        e = by_renaming(mb, to, &r);
    if (e == STORE_OK && r.moved < n)
        e = by_copying(mb, to, &r);
    *uidvalidity_r = r.uidvalidity;
    *moved_r = r.moved;
    return e;
}
