/*
 * EXPUNGE: unlink what carries \Deleted now.
 *
 * unlink(2) takes the exact name, with its T: if somebody has cleared \Deleted since we looked,
 * that name is not there (ENOENT), and the message is looked for again; without T it stays. At
 * the end one fsync of the directory: OK means that the messages will not come back. The lines
 * of the uidlist stay until it is rewritten; dead lines mean nothing to anybody.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <errno.h>

/* What was unlinked from where, to be synced. */
struct removal {
    struct own_change own;
    unsigned looks;
    bool from_cur;
    bool from_new;
    size_t removed;
};

static enum store_error expunge_one(struct mailbox *mb, uint32_t uid, struct removal *r)
{
    for (;;) {
        struct record *rec = shown_record(mb, uid);
        if (rec == NULL || (rec->flags & FLAG_DELETED) == 0)
            return STORE_OK;
        if (sys_unlinkat(record_dir(mb, rec), rec->name, 0) == 0) {
            r->from_new = r->from_new || rec->in_new;
            r->from_cur = r->from_cur || !rec->in_new;
            r->removed++;
            record_set_state(mb, rec, RECORD_EXPUNGED);
            record_changed(mb, rec);
            return STORE_OK;
        }
        if (errno != ENOENT)
            return store_error_from_errno(errno);
        own_change_end(mb, r->own);
        enum store_error e = mailbox_look_again(mb, &r->looks);
        r->own = own_change_begin(mb);
        if (e != STORE_OK)
            return e;
    }
}

/* Goes by UID, not by index: a look in between may add records, or remove dead ones. */
static enum store_error expunge_all(struct mailbox *mb, struct removal *r)
{
    enum store_error e = STORE_OK;
    uint32_t uid = 0;
    while (e == STORE_OK && uid < mb->highest) {
        size_t i = table_lower(&mb->table, uid + 1);
        while (i < mb->table.count && (mb->table.rec[i].flags & FLAG_DELETED) == 0)
            i++;
        if (i == mb->table.count)
            break;
        uid = mb->table.rec[i].uid;
        e = expunge_one(mb, uid, r);
    }
    return e;
}

static enum store_error sync_dirs(struct mailbox *mb, const struct removal *r)
{
    if ((r->from_cur && sys_fsync(mb->dirs.cur) < 0) ||
        (r->from_new && sys_fsync(mb->dirs.new) < 0))
        return store_error_from_errno(errno);
    return STORE_OK;
}

enum store_error mailbox_expunge(struct mailbox *mb, const uint32_t *uid, size_t n,
                                 size_t *removed_r)
{
    struct removal r = { .looks = LOOKS_PER_CALL };
    enum store_error e = mailbox_look(mb, LOOK_CHANGED);
    r.own = own_change_begin(mb);
    if (e == STORE_OK && n == EXPUNGE_ALL)
        e = expunge_all(mb, &r);
    for (size_t i = 0; e == STORE_OK && n != EXPUNGE_ALL && i < n; i++)
        e = expunge_one(mb, uid[i], &r);
    own_change_end(mb, r.own);
    enum store_error synced = sync_dirs(mb, &r);
    if (removed_r != NULL)
        *removed_r = r.removed;
    return e != STORE_OK ? e : synced;
}
