/*
 * \Recent (RFC 3501 section 2.3.2): of the sessions that have the folder open for writing, the
 * one whose rename of new/X to cur/X:2, succeeds has the message as recent. No lock is needed:
 * of two renames one fails. What can't be moved (no space, no right) stays in new/, is read
 * from there, and is recent for everybody until it is moved.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct taking {
    struct mailbox *mb;
    bool stopped; /* a rename failed in a way that the next one will, too */
};

static bool take_one(void *ctx, const char *name)
{
    struct taking *t = ctx;
    struct mailbox *mb = t->mb;
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
        record_set_place(mb, rec, true, false);
        return table_rename(rec, to);
    }
    if (errno == ENOENT) {
        rec->recent = false; /* another session was first */
        mb->cur.known = mb->new.known = false;
    } else if (errno != EEXIST) {
        t->stopped = true;
    }
    return true;
}

/* The names come from the directory, not from the table: few are new, many are known. */
void mailbox_take_recent(struct mailbox *mb)
{
    struct taking t = { mb, false };
    struct own_change own = own_change_begin(mb);
    (void)dir_scan(mb->dirs.new, take_one, &t);
    own_change_end(mb, own);
}

void mailbox_claim_recent(struct mailbox *mb, uint32_t first, size_t n)
{
    mb->claim_first = first;
    mb->claim_count = n;
}
