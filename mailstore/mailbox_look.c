/*
 * A look: from the index to the table, the disk, and back to the index.
 *
 * What the stamps of uidlist, new/ and cur/ say has changed is read (mailbox_refresh.c), new
 * files get UIDs under the uidlist lock (mailbox_number.c), mail is moved from new/ to cur/,
 * and the index gets what has changed (mailbox_index.c). Where nothing has, all that a look
 * costs is the stats.
 *
 * UNDER THE LOCK once more: between loading and locking another session may have taken in the
 * very same mail, or changed flags. If the index says so, the look begins anew with the lock
 * held; then nobody else adds, and whoever changes flags is waiting.
 *
 * THE INDEX MAY FAIL at any moment (mailstore/index.h). Then the look begins anew with another,
 * and in the end with a private one, which can't fail but for memory. What was written to the
 * disk meanwhile is found there.
 *
 * ANOTHER INDEX (a private one, the shared one after it, one begun anew) has given
 * mod-sequences of its own: those up to what this session was told may be of changes that it
 * has not heard of. So all messages count as changed here, once; and the folder's goes up to
 * what this session was told, where it was lower.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/dotlock.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Other sessions may make or drop the folder's record while we look; not for ever. */
#define LOOK_TRIES 4

/* How long to be without the shared index when it fails that often. */
#define PRIVATE_TRIES (LOOK_TRIES + 2)

static void look_free(struct look *l)
{
    table_free(&l->fresh);
    table_free(&l->mb->table);
    for (size_t i = 0; i < l->clashes; i++) {
        free(l->clash[i].name[0]);
        free(l->clash[i].name[1]);
    }
    free(l->clash);
    free(l->removed.uid);
    look_guids_free(l);
    memset(l, 0, sizeof *l);
}

/* One attempt at a look. */
struct attempt {
    struct look l;
    struct dotlock lock;
    uint32_t uidvalidity; /* as it was before */
    bool again;           /* the index has failed, or was another's work: try anew */
};

static void begin(struct attempt *a, struct mailbox *mb, enum look_how how, bool locked)
{
    memset(&a->l, 0, sizeof a->l);
    a->l.mb = mb;
    a->l.how = how;
    a->l.locked = locked;
    table_init(&a->l.fresh);
}

/* Finds out what there is to know without the lock, or anew with it. */
static enum store_error look_first(struct attempt *a)
{
    struct look *l = &a->l;
    struct mailbox *mb = l->mb;
    enum store_error e = mailbox_check_dirs(mb);
    if (e != STORE_OK)
        return e;
    if (!look_load(l)) {
        a->again = true;
        return STORE_UNAVAILABLE;
    }
    if (l->indexed && mb->uidvalidity == 0)
        mb->uidvalidity = l->base.uidvalidity;
    if (l->indexed && mb->uidvalidity != l->base.uidvalidity)
        return STORE_CORRUPT;
    return look_through(l);
}

static bool moves_recent(const struct mailbox *mb)
{
    return mb->writable && mb->folder.in_new > 0;
}

/* Whether this look needs the lock at all. */
static bool needs_lock(struct look *l)
{
    if (l->how == LOOK_MEND || look_wants_lock(l)) {
        if (!l->mb->has_lock && (l->how != LOOK_ALL || l->mb->uidvalidity == 0))
            return true;
        l->unsettled = true; /* somebody is waiting for a file: new mail can wait */
    }
    return false;
}

static enum store_error with_lock(struct attempt *a, bool numbers)
{
    struct mailbox *mb = a->l.mb;
    enum look_how how = a->l.how;
    enum store_error e = STORE_OK;
    a->l.locked = true;
    if (look_is_outdated(&a->l)) {
        look_free(&a->l);
        mb->uidvalidity = a->uidvalidity;
        begin(a, mb, how, true);
        e = look_first(a);
        numbers = e == STORE_OK && needs_lock(&a->l);
    }
    if (e == STORE_OK && numbers) {
        e = look_number(&a->l, &a->lock);
        if (e != STORE_OK)
            e = look_not_numbered(&a->l, e);
    }
    return e;
}

/* Shows what can be shown, moves it out of new/ and saves. */
static void finish(struct attempt *a)
{
    struct look *l = &a->l;
    struct mailbox *mb = l->mb;
    look_publish(l);
    if (l->unsettled)
        mb->cur.known = mb->new.known = false;
    if (moves_recent(mb))
        look_take_recent(l);
    if (!look_save(l))
        a->again = true;
}

static enum store_error attempt(struct attempt *a)
{
    struct mailbox *mb = a->l.mb;
    bool locked = false;
    enum store_error e = look_first(a);
    bool numbers = e == STORE_OK && needs_lock(&a->l);
    index_release(mb->index);
    if (numbers) {
        e = dotlock_take_within(&a->lock, mb->dirs.dir, UIDLIST_LOCK,
                                look_patience(mb, a->l.how));
        locked = e == STORE_OK;
        e = locked ? with_lock(a, true) : look_not_numbered(&a->l, e);
    } else if (e == STORE_OK && moves_recent(mb) && !mb->has_lock) {
        locked = mailbox_lock_briefly(mb, &a->lock);
        e = locked ? with_lock(a, false) : STORE_OK;
    }
    if (e == STORE_OK)
        finish(a);
    index_release(mb->index);
    a->l.locked = false;
    if (locked)
        dotlock_drop(&a->lock);
    return e;
}

/* The index tells of a folder that is no more: another UIDVALIDITY is on the disk. */
static bool drop_from_index(struct mailbox *mb, struct folder_key key)
{
    return index_write(mb->index) && index_end(mb->index, index_folder_drop(mb->index, key));
}

static enum store_error try_look(struct mailbox *mb, enum look_how how, bool *again_r)
{
    struct attempt a = { .uidvalidity = mb->uidvalidity };
    struct index_folder was = mb->folder;
    begin(&a, mb, how, false);
    enum store_error e = attempt(&a);
    bool stale = e == STORE_CORRUPT && a.uidvalidity == 0 && a.l.indexed;
    struct folder_key key = mb->folder.key;
    a.again = a.again || a.l.failed;
    look_free(&a.l);
    *again_r = a.again;
    if (stale) {
        (void)drop_from_index(mb, key);
        *again_r = true;
    }
    if (e != STORE_OK || a.again) {
        mb->folder = was;
        mb->folder.key = key;
        mb->uidvalidity = a.uidvalidity;
    }
    return a.again ? STORE_UNAVAILABLE : e;
}

/* See the head. `told`: what was told before this look. */
static bool raise_modseq(struct mailbox *mb, uint64_t told)
{
    struct index_folder f;
    if (mb->folder.modseq > told) {
        mb->doubt = mb->folder.modseq;
        return true;
    }
    if (!index_write(mb->index))
        return false;
    bool ok = mailbox_folder_now(mb, &f) && f.id == mb->folder.id;
    if (ok)
        (void)mailbox_next_modseq(mb, &f, 0);
    if (!mailbox_commit(mb, ok && index_folder_put(mb->index, &f), &f))
        return false;
    mb->doubt = mb->modseq;
    return true;
}

/* The environment is taken for ours only when the look has found what the folder is there:
 * until then the id that we have is another's (mailbox_read). */
enum store_error mailbox_look(struct mailbox *mb, enum look_how how)
{
    uint64_t told = mb->modseq = mailbox_modseq(mb);
    uint32_t id = mb->folder.id;
    for (int i = 0;; i++) {
        bool again = false;
        index_release(mb->index);
        unsigned generation = index_check(mb->index);
        enum store_error e = try_look(mb, how, &again);
        bool same = generation == mb->generation && mb->folder.id == id;
        if (e == STORE_OK && !again && told != 0 && (!same || mb->folder.modseq < told))
            again = !raise_modseq(mb, told);
        if (e == STORE_OK && !again)
            mb->generation = generation;
        if (!again || i == PRIVATE_TRIES)
            return again ? STORE_UNAVAILABLE : e;
        if (i >= LOOK_TRIES)
            index_go_private(mb->index);
    }
}

enum store_error mailbox_rebuild(struct mailbox *mb)
{
    (void)drop_from_index(mb, mb->folder.key);
    return mailbox_refresh(mb);
}

enum store_error mailbox_look_again(struct mailbox *mb, unsigned *left)
{
    if (*left == 0)
        return STORE_UNAVAILABLE;
    --*left;
    return mailbox_look(mb, LOOK_ALL);
}
