/*
 * Changes of our own: what they leave in the index.
 *
 * A rename or an unlink in cur/ changes its mtime. If the directory was as the index said
 * before, and what we did is written to the index, then the index is up to date with the new
 * mtime, and nobody need read the directory for it. But a change by somebody else between our
 * two stats would hide behind the same mtime. So the new stamp is good for the while, and the
 * directory is read once more, some time later (`verify_at`, mailstore/dirs.c); or a witness
 * has seen that nobody else was there (mailstore/witness.h), and it is proven.
 *
 * Only with the uidlist lock held, which our other sessions take for their changes, too:
 * without it (a stopped process has it) no stamp is recorded, and the next look reads cur/.
 *
 * A record that somebody else has changed between our rename and our write was renamed by them
 * after us (a rename is from exactly the name that is there): theirs is the truth. Then no
 * stamp is recorded.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/index_change.h"
#include "mailstore/sys.h"
#include "mailstore/witness.h"

#include <stdlib.h>
#include <string.h>

/* Whether cur/ is as our own last change left it, with the witness looking on since. */
static bool is_watched(const struct mailbox *mb)
{
    return mb->witnessed && mb->cur.known && mb->cur.verify_at != 0 &&
           same_time(&mb->cur.mtime, &mb->witnessed_mtime);
}

/* The witness is there before the directory is compared with what the index says: what came
 * before shows in the comparison, what comes after is seen. */
struct own_change look_own_begin(struct mailbox *mb)
{
    bool watched = is_watched(mb);
    bool proven = mb->cur.verify_at == 0;
    if (mb->witness == NULL && !mb->grain.remote)
        mb->witness = witness_new(mb->dirs.cur);
    if (mb->witness != NULL && !watched)
        witness_begin(mb->witness);
    struct own_change own = { .cur = dir_stamp_unchanged(&mb->cur, mb->dirs.cur, mb->grain) };
    mb->witnessed = mb->witness != NULL && own.cur && (watched || proven);
    return own;
}

void look_own_end(struct mailbox *mb, const struct own_change *own)
{
    if (own->cur)
        dir_stamp_take_over(&mb->cur, mb->dirs.cur, mb->grain, mb->folder.scan_ms);
    mb->witnessed = mb->witnessed && own->cur;
    mb->witnessed_mtime = mb->cur.mtime;
}

void mailbox_prove(struct mailbox *mb)
{
    bool same = false;
    bool settled = false;
    if (!is_watched(mb) ||
        dir_stamp_take(&mb->cur, mb->dirs.cur, mb->grain, &same, &settled) != STORE_OK || !same)
        return;
    bool alone = witness_alone(mb->witness);
    if (!alone)
        mb->cur.known = false; /* somebody was there in the same tick */
    else if (settled)
        mb->cur.verify_at = 0;
    mb->witnessed = alone && !settled;
}

void mailbox_prove_last(struct mailbox *mb)
{
    if (!mb->witnessed || mb->dirs.cur < 0)
        return;
    index_release(mb->index);
    sys_pause(grain_ms(mb->grain));
    (void)mailbox_look(mb, LOOK_CHANGED);
}

struct own_change mailbox_own_begin(struct mailbox *mb)
{
    struct own_change own = { .cur = false };
    struct index_folder f;
    if (!index_read(mb->index) || !mailbox_folder_now(mb, &f))
        return own;
    mb->folder = f;
    stamp_from_index(&mb->cur, &f.cur);
    own = look_own_begin(mb);
    own.cur = own.cur && mb->has_lock;
    mb->witnessed = mb->witnessed && own.cur;
    own.was_cur = f.cur;
    return own;
}

void mailbox_own_end(struct mailbox *mb, const struct own_change *own, struct index_folder *f)
{
    struct own_change ours = *own;
    ours.cur = own->cur && index_stamp_same(&own->was_cur, &f->cur);
    look_own_end(mb, &ours);
    if (ours.cur)
        stamp_to_index(&f->cur, &mb->cur);
}

/* --- Into the index. -------------------------------------------------------------------------
 */

struct saving {
    struct mailbox *mb;
    struct index_folder f;
    uint64_t modseq;
    uint32_t *log;
    size_t logged;
    bool theirs; /* somebody has changed one of them after us */
};

/* What was done makes this of the record, and of its name where that is kept whole. */
static bool apply(const struct done *done, struct located *at, char *name)
{
    at->m.modseq = 0;
    if (done->gone) {
        at->m.state = RECORD_GONE;
        return true;
    }
    at->m.flags = done->flags;
    at->m.letters = done->letters;
    at->m.bits = (uint8_t)((at->m.bits | INDEX_ON_DISK) & ~INDEX_IN_NEW);
    return (at->m.bits & INDEX_WHOLE) == 0 ||
           maildir_name_with_flags(at->name, done->flags, done->letters, name);
}

static bool save_one(struct saving *s, const struct done *done)
{
    struct located at;
    struct index *ix = s->mb->index;
    char name[NAME_MAX + 1];
    bool found = false;
    if (!index_message_get(ix, s->f.id, done->uid, &at.m, NULL, &found))
        return false;
    if (!found || at.m.modseq != done->modseq) {
        s->theirs = true;
        return true;
    }
    bool whole = (at.m.bits & INDEX_WHOLE) != 0;
    struct index_message was = at.m;
    if (whole && !index_message_get(ix, s->f.id, done->uid, &at.m, at.name, &found))
        return false;
    if (!apply(done, &at, name))
        return false;
    at.m.modseq = s->modseq;
    folder_count(&s->f, &was, &at.m);
    s->log[s->logged++] = done->uid | (done->gone ? INDEX_EXPUNGED : 0);
    return index_message_put(ix, s->f.id, &at.m, whole && !done->gone ? name : NULL);
}

static bool save_all(struct saving *s, const struct own_change *own, const struct done *done,
                     size_t n)
{
    struct mailbox *mb = s->mb;
    if (!mailbox_folder_now(mb, &s->f))
        return false;
    s->modseq = mailbox_next_modseq(mb, &s->f, 0);
    for (size_t i = 0; i < n; i++)
        if (!save_one(s, &done[i]))
            return false;
    if (s->logged > 0 && !index_change_add(mb->index, &s->f, s->modseq, s->log, s->logged))
        return false;
    folder_remember_keywords(&s->f, &mb->keywords);
    s->f.letters |= mb->keywords.used;
    if (!s->theirs)
        mailbox_own_end(mb, own, &s->f);
    return index_folder_put(mb->index, &s->f);
}

bool mailbox_own_write(struct mailbox *mb, const struct own_change *own,
                       const struct done *done, size_t n, struct index_folder *f_r)
{
    struct saving s = { .mb = mb };
    s.log = calloc(n, sizeof *s.log);
    bool ok = s.log != NULL && save_all(&s, own, done, n);
    free(s.log);
    *f_r = s.f;
    return ok;
}

bool mailbox_own_save(struct mailbox *mb, const struct own_change *own, const struct done *done,
                      size_t n)
{
    struct index_folder f;
    if (n == 0)
        return true;
    if (!index_write(mb->index))
        return false;
    bool ok = mailbox_own_write(mb, own, done, n, &f);
    return mailbox_commit(mb, ok, &f);
}
