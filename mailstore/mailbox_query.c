/*
 * Questions about a folder that the index answers.
 *
 * Each takes a snapshot where none is open; store_release ends it. Two questions may so be
 * answered by two states of the index: messages are told as they are now.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* A bound that moved by so many messages is worth a write. */
#define BOUND_WORTH_WRITING 1000

bool mailbox_read(struct mailbox *mb)
{
    if (index_generation(mb->index) == mb->generation && index_read(mb->index))
        return true;
    return mailbox_look(mb, LOOK_CHANGED) == STORE_OK && index_read(mb->index);
}

uint32_t mailbox_uidvalidity(const struct mailbox *mb)
{
    return mb->uidvalidity;
}

/* Not above the UID of a message that is held back: it will still appear. */
static uint32_t uidnext(const struct index_folder *f)
{
    if (f->pending > 0 && f->pending_uid > f->highest)
        return f->pending_uid;
    if (f->pending > 0)
        return f->highest + 1;
    return f->list.next > f->highest ? f->list.next : f->highest + 1;
}

uint32_t mailbox_uidnext(const struct mailbox *mb)
{
    return uidnext(&mb->folder);
}

/* Never less than before: a session that has gone on with another index (a private one) may
 * find that this one gave less. Time makes up for it, as mod-sequences follow the clock. */
uint64_t mailbox_modseq(const struct mailbox *mb)
{
    return mb->folder.modseq > mb->modseq ? mb->folder.modseq : mb->modseq;
}

const char *mailbox_keyword(const struct mailbox *mb, unsigned index)
{
    return keywords_name(&mb->keywords, index);
}

bool mailbox_keywords_free(const struct mailbox *mb)
{
    return keywords_have_room(&mb->keywords);
}

bool mailbox_modseqs_kept(const struct mailbox *mb)
{
    return mailbox_uids_sticky(mb) && !index_is_private(mb->index);
}

static void counts_of(const struct index_folder *f, struct mailbox_counts *counts_r)
{
    *counts_r = (struct mailbox_counts){ .messages = f->shown,
                                         .recent = f->recent,
                                         .unseen = f->unseen,
                                         .deleted = f->deleted,
                                         .uidnext = uidnext(f),
                                         .uidvalidity = f->uidvalidity,
                                         .modseq = f->modseq > 0 ? f->modseq : 1 };
    folder_identity(f, counts_r->identity);
}

/* --- One message. ----------------------------------------------------------------------------
 */

bool mailbox_record_shown(const struct index_message *m)
{
    return m->state == RECORD_SHOWN;
}

struct message_info mailbox_info(const struct mailbox *mb, const struct index_message *m)
{
    return (struct message_info){
        .uid = m->uid,
        .flags = m->flags,
        .recent = mailbox_is_recent(mb, m),
        .expunged = m->state == RECORD_GONE,
        .keywords = m->letters == 0 ? 0 : keywords_from_letters(&mb->keywords, m->letters),
        .modseq = m->modseq,
        .size = m->size,
        .date = m->date,
    };
}

/* Whether our folder is still that of the index: another session may have begun it anew. What
 * is not found under an id that means nothing any more is not gone. */
static bool is_current(struct mailbox *mb)
{
    struct index_folder f;
    return mailbox_folder_now(mb, &f) && f.id == mb->folder.id;
}

/* What was asked for is not to be had so: looks, for the question to be put once more. */
static bool look_for_another_try(struct mailbox *mb)
{
    index_release(mb->index);
    return mailbox_look(mb, LOOK_CHANGED) == STORE_OK;
}

/* The record, looked for twice where the index fails in between. False: it is not known
 * whether there is one. */
static bool get(struct mailbox *mb, uint32_t uid, struct index_message *m_r, char *name_r,
                bool *found_r)
{
    for (int i = 0; i < 2; i++) {
        *found_r = false;
        if (!mailbox_read(mb))
            return false;
        if (index_message_get(mb->index, mb->folder.id, uid, m_r, name_r, found_r) &&
            (*found_r || is_current(mb))) {
            if (*found_r)
                mailbox_learn_letters(mb, m_r->letters);
            return true;
        }
        if (!look_for_another_try(mb))
            break;
    }
    *found_r = false;
    return false;
}

bool mailbox_get(struct mailbox *mb, uint32_t uid, struct message_info *info_r)
{
    struct index_message m;
    bool found = false;
    if (!get(mb, uid, &m, NULL, &found) || !found ||
        (!mailbox_record_shown(&m) && m.state != RECORD_GONE))
        return false;
    *info_r = mailbox_info(mb, &m);
    return true;
}

bool mailbox_is_gone(struct mailbox *mb, uint32_t uid)
{
    struct index_message m;
    bool found = false;
    if (!get(mb, uid, &m, NULL, &found))
        return false;
    /* Hidden: given up without proof (mailbox_refresh.c). */
    return !found || (m.state == RECORD_GONE && (m.bits & INDEX_HIDDEN) == 0);
}

bool mailbox_find(struct mailbox *mb, uint32_t uid, struct index_message *m_r)
{
    bool found = false;
    return get(mb, uid, m_r, NULL, &found) && found && mailbox_record_shown(m_r);
}

bool mailbox_locate(struct mailbox *mb, uint32_t uid, struct located *at_r)
{
    bool found = false;
    return get(mb, uid, &at_r->m, at_r->name, &found) && found &&
           mailbox_record_shown(&at_r->m);
}

/* Looked for twice as in get. */
bool mailbox_next_record(struct mailbox *mb, uint32_t uid,
                         bool (*wanted)(const struct index_message *m),
                         struct index_message *m_r, bool *found_r)
{
    for (int i = 0; i < 2; i++) {
        bool ok = mailbox_read(mb);
        *found_r = ok && uid < UINT32_MAX;
        for (; *found_r; uid = m_r->uid + 1) {
            ok = index_message_next(mb->index, mb->folder.id, uid, m_r, NULL, found_r);
            if (!ok || !*found_r || wanted(m_r))
                break;
        }
        if (ok && (*found_r || is_current(mb)))
            return true;
        if (!look_for_another_try(mb))
            break;
    }
    *found_r = false;
    return false;
}

bool mailbox_next(struct mailbox *mb, uint32_t uid, struct message_info *info_r)
{
    struct index_message m;
    bool found = false;
    if (!mailbox_next_record(mb, uid, mailbox_record_shown, &m, &found) || !found)
        return false;
    *info_r = mailbox_info(mb, &m);
    return true;
}

/* In a session that may write a message is recent when it has claimed it (mailbox_recent.c).
 * Who selects a folder mostly has to do with neither kind of mark, and then no message is
 * touched. */
static void mark_recent(const struct mailbox *mb, uint32_t *uid, size_t n, bool *recent)
{
    size_t at = 0;
    if (!mb->writable)
        return;
    for (size_t i = 0; *recent && i < n; i++)
        uid[i] &= ~MAILBOX_UID_RECENT;
    *recent = mb->recent.count > 0;
    for (size_t i = 0; i < n && at < mb->recent.count; i++) {
        while (at < mb->recent.count && mb->recent.uid[at] < uid[i])
            at++;
        if (at < mb->recent.count && mb->recent.uid[at] == uid[i])
            uid[i] |= MAILBOX_UID_RECENT;
    }
}

bool mailbox_uids(struct mailbox *mb, uint32_t uid, uint32_t *uid_r, size_t max, size_t *n_r,
                  bool *recent_r)
{
    bool ok = false;
    for (int i = 0; !ok && i < 2; i++) {
        if (!mailbox_read(mb))
            return false;
        ok = index_message_uids(mb->index, mb->folder.id, uid, uid_r, max, n_r, recent_r) &&
             (*n_r == max || is_current(mb));
        if (!ok && !look_for_another_try(mb))
            return false;
    }
    if (ok)
        mark_recent(mb, uid_r, *n_r, recent_r);
    return ok;
}

/* --- The whole folder. -----------------------------------------------------------------------
 */

void mailbox_counts(struct mailbox *mb, struct mailbox_counts *counts_r)
{
    counts_of(&mb->folder, counts_r);
    if (!mailbox_modseqs_kept(mb))
        counts_r->modseq = 0;
    else if (mailbox_modseq(mb) > counts_r->modseq)
        counts_r->modseq = mailbox_modseq(mb);
    if (!mb->writable)
        return;
    for (size_t i = 0; i < mb->recent.count; i++)
        counts_r->recent += mailbox_is_gone(mb, mb->recent.uid[i]) ? 0 : 1;
}

/* The next question need not pass over the same messages again. */
static void raise_unseen_from(struct mailbox *mb, uint32_t uid)
{
    struct index_folder f;
    if (uid - mb->folder.unseen_from < BOUND_WORTH_WRITING || !index_write(mb->index))
        return;
    bool ok = mailbox_folder_now(mb, &f) && f.version == mb->folder.version;
    if (ok)
        f.unseen_from = uid;
    (void)mailbox_commit(mb, ok && index_folder_put(mb->index, &f), &f);
}

uint32_t mailbox_first_unseen(struct mailbox *mb)
{
    struct message_info info;
    uint32_t uid = mb->folder.unseen_from;
    if (mb->folder.unseen == 0)
        return 0;
    for (; mailbox_next(mb, uid, &info); uid = info.uid + 1) {
        if ((info.flags & FLAG_SEEN) != 0)
            continue;
        raise_unseen_from(mb, info.uid);
        return info.uid;
    }
    return 0;
}

/* --- STATUS. ---------------------------------------------------------------------------------
 */

static bool stamp_is(const struct index_stamp *stamp, const struct stat *st)
{
    return stamp->ino != 0 && stamp->dev == st->st_dev && stamp->ino == st->st_ino &&
           stamp->sec == st->st_mtim.tv_sec && stamp->nsec == st->st_mtim.tv_nsec &&
           (stamp->verify_at == 0 || verify_later(stamp->verify_at));
}

/* Whether the index is up to date with the folder open at `dir`, by three stats. */
static bool status_from_index(struct store *store, int dir, struct mailbox_counts *counts_r)
{
    struct stat cur;
    struct stat new;
    struct stat list;
    struct index_folder f;
    bool found = false;
    struct index *ix = store_index(store);
    if (ix == NULL || sys_fstatat(dir, "cur", &cur, AT_SYMLINK_NOFOLLOW) < 0 ||
        sys_fstatat(dir, "new", &new, AT_SYMLINK_NOFOLLOW) < 0 ||
        sys_fstatat(dir, UIDLIST_NAME, &list, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    (void)index_check(ix);
    bool ok = index_read(ix) && index_folder_get(ix, folder_key_of(&cur), &f, &found) &&
              found && f.pending == 0 && stamp_is(&f.cur, &cur) && stamp_is(&f.new, &new) &&
              uidlist_is(&f.list, &list) && !f.list.rewrite && f.list.damaged == 0;
    index_release(ix);
    if (ok)
        counts_of(&f, counts_r);
    if (ok && (f.provisional != 0 || index_is_private(ix)))
        counts_r->modseq = 0;
    return ok;
}

enum store_error mailbox_octets(struct mailbox *mb, struct mailbox_counts *counts)
{
    struct message_info info;
    counts->octets = 0;
    for (uint32_t uid = 1; mailbox_next(mb, uid, &info); uid = info.uid + 1) {
        uint64_t octets = info.size;
        enum store_error e =
            octets != MESSAGE_SIZE_UNKNOWN ? STORE_OK : mailbox_size(mb, info.uid, &octets);
        if (e != STORE_OK && e != STORE_EXPUNGED)
            return e;
        counts->octets += e == STORE_OK ? octets : 0;
    }
    return STORE_OK;
}

enum store_error mailbox_status(struct store *store, const char *name, bool octets,
                                struct mailbox_counts *counts_r)
{
    struct mailbox *mb = NULL;
    int dir = -1;
    enum store_error e = folder_open_dir(store, name, &dir);
    if (e != STORE_OK)
        return e;
    bool known = !octets && status_from_index(store, dir, counts_r);
    sys_close(dir);
    if (known)
        return STORE_OK;
    e = mailbox_open(store, name, false, &mb);
    if (e != STORE_OK)
        return e;
    mailbox_counts(mb, counts_r);
    if (octets)
        e = mailbox_octets(mb, counts_r);
    mailbox_close(mb);
    return e;
}
