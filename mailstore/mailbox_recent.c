/*
 * \Recent (RFC 3501 section 2.3.2): a message is recent in the first session that is told of
 * it. The index has a bit for each message that no session has claimed yet; a session that may
 * write claims what it finds, in one write transaction, so that of two one gets it. A session
 * that only reads sees the bit and leaves it.
 *
 * Mail in new/ is moved to cur/ by whoever may write: of two renames one fails. What can't be
 * moved (no space, no right) stays in new/, and is read from there.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"
#include "mailstore/witness.h"

#include <errno.h>
#include <string.h>

struct taking {
    struct look *l;
    size_t moved;
    bool stopped; /* a rename failed in a way that the next one will, too */
};

static bool take_one(void *ctx, const char *name)
{
    struct taking *t = ctx;
    struct mailbox *mb = t->l->mb;
    struct maildir_name parts;
    char to[NAME_MAX + 1];
    if (t->stopped || !maildir_name_parse(name, &parts))
        return true;
    struct record *rec = table_unique(&mb->table, name, parts.unique_len);
    if (rec == NULL || rec->state != RECORD_SHOWN || !rec->in_new ||
        strcmp(rec->name, name) != 0)
        return true;
    if (!maildir_name_with_flags(name, parts.flags, parts.letters, to))
        return true;
    if (sys_rename_new(mb->dirs.new, name, mb->dirs.cur, to) == 0) {
        witness_expect(mb->witness, 1);
        if (++t->moved % WITNESS_TAKE_EVERY == 0)
            witness_take(mb->witness);
        record_set_place(mb, rec, true, false);
        rec->dirty = true;
        return table_rename(&mb->table, rec, to);
    }
    if (errno == ENOENT)
        mb->cur.known = mb->new.known = false; /* another was first */
    else if (errno != EEXIST)
        t->stopped = true;
    return true;
}

/* The names come from the directory, not from the table: few are new, many are known. */
void look_take_recent(struct look *l)
{
    struct taking t = { .l = l };
    struct own_change own = look_own_begin(l->mb);
    own.cur = own.cur && l->locked;
    (void)dir_scan(l->mb->dirs.new, take_one, &t);
    look_own_end(l->mb, &own);
}

static bool claim_all(struct mailbox *mb, struct index_folder *f)
{
    struct index_message m;
    bool found = true;
    uint32_t uid = f->recent_from;
    while (f->recent > 0 && uid < UINT32_MAX) {
        if (!index_message_next(mb->index, f->id, uid, &m, NULL, &found))
            return false;
        if (!found)
            break;
        uid = m.uid + 1;
        if ((m.bits & INDEX_RECENT) == 0)
            continue;
        struct index_message was = m;
        m.bits &= (uint8_t)~INDEX_RECENT;
        folder_count(f, &was, &m);
        if (!index_message_put(mb->index, f->id, &m, NULL))
            return false;
        if (m.state == RECORD_SHOWN && !uid_set_has(&mb->recent, m.uid) &&
            !uid_set_add(&mb->recent, m.uid))
            return false;
    }
    f->recent = 0;
    f->recent_from = UINT32_MAX;
    return true;
}

bool mailbox_claim_recent(struct mailbox *mb)
{
    struct index_folder f;
    if (!index_write(mb->index))
        return false;
    bool ok =
        mailbox_folder_now(mb, &f) && claim_all(mb, &f) && index_folder_put(mb->index, &f);
    return mailbox_commit(mb, ok, &f);
}

bool mailbox_is_recent(const struct mailbox *mb, const struct index_message *m)
{
    if (!mb->writable && (m->bits & INDEX_RECENT) != 0)
        return true;
    return mb->recent.count > 0 && uid_set_has(&mb->recent, m->uid);
}
