/*
 * Taking the uidlist's news into the table.
 *
 * The table is always ascending, and so is the list; both only grow at the end. A rewritten
 * list may lack lines (dead ones were left out; or it was damaged) and may give a file a new,
 * higher UID (it was gone for somebody, or renumbered by Dovecot because its base name
 * changed): the old record then loses its file to the new one, and is expunged by the next
 * clean reading. A line with a UID that another message has here, or below what was shown, is
 * not believed: its file is fresh to us and gets a UID of its own, so that no UID ever names
 * two messages.
 *
 * A list that is gone together with cur/ was not damaged: the folder was deleted and made again
 * (in layout fs its directory stays when there are folders below). Its UIDs begin anew, and
 * what we know must not get into it.
 *
 * A line below what was recorded once is passed over: UIDs only go up.
 *
 * A message that is there while its line is not (somebody's damage) is put back into the list
 * under its UID when it is next written.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <string.h>

/* Above all that the index has, and all that is not there yet. */
static uint32_t last_uid(const struct look *l)
{
    const struct table *t = &l->mb->table;
    uint32_t last = t->count > 0 ? t->rec[t->count - 1].uid : 0;
    return last > l->base.last ? last : l->base.last;
}

/* Another line has this file now. */
static void lose_file(struct look *l, struct record *old)
{
    if (old->state == RECORD_SHOWN)
        l->read_all = true; /* the file must be seen again, for the new record */
    else if (old->state == RECORD_LINE || old->state == RECORD_FOUND)
        record_set_state(l->mb, old, RECORD_GONE);
}

static bool add_line(struct look *l, const struct uidlist_line *line)
{
    struct mailbox *mb = l->mb;
    char base[BASE_NAME_MAX + 1];
    struct maildir_name parts;
    if (line->uid <= last_uid(l) || line->base_len > BASE_NAME_MAX)
        return true;
    memcpy(base, line->base, line->base_len);
    base[line->base_len] = '\0';
    if (!maildir_name_parse(base, &parts))
        return true;
    struct record *old = look_known(l, base, parts.unique_len);
    if (old != NULL && old->uid >= line->uid)
        return true; /* another session has taken in this line since we loaded the folder */
    if (old != NULL)
        lose_file(l, old);
    struct record *rec = table_add(&mb->table, line->uid, base, line->base_len);
    if (rec == NULL)
        return false;
    rec->listed = true;
    record_added(mb, rec);
    return look_note_guid(l, line);
}

static enum store_error add_lines(struct look *l, const struct uidlist_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        if (!add_line(l, &lines->line[i]))
            return STORE_UNAVAILABLE;
    return STORE_OK;
}

static bool same_message(const struct record *rec, const struct uidlist_line *line)
{
    size_t n = rec->unique_len;
    return rec->uid == line->uid && line->base_len >= n &&
           memcmp(rec->name, line->base, n) == 0 &&
           (line->base_len == n || line->base[n] == ',');
}

static bool stays(const struct record *rec, void *ctx)
{
    (void)ctx;
    return rec->listed || rec->state == RECORD_SHOWN || rec->state == RECORD_EXPUNGED;
}

/* Finds which records a whole new list still has; those that mean nothing without go. */
static bool match_lines(struct look *l, const struct uidlist_lines *lines)
{
    struct mailbox *mb = l->mb;
    size_t at = 0;
    if (!look_load_whole(l))
        return false;
    for (size_t i = 0; i < mb->table.count; i++) {
        struct record *rec = &mb->table.rec[i];
        while (at < lines->count && lines->line[at].uid < rec->uid)
            at++;
        bool listed = at < lines->count && same_message(rec, &lines->line[at]);
        record_set_listed(mb, rec, listed);
        if (!listed && rec->state == RECORD_SHOWN)
            l->read_all = true;
    }
    return look_sweep(l, stays);
}

enum store_error look_merge(struct look *l, enum uidlist_news news,
                            const struct uidlist_lines *lines)
{
    struct mailbox *mb = l->mb;
    switch (news) {
    case UIDLIST_SAME:
        return STORE_OK;
    case UIDLIST_GROWN:
        return add_lines(l, lines);
    case UIDLIST_MISSING:
        /* Without list and index nobody knows which UIDs were given; and the index may tell of
         * another folder, whose inode this one has got. */
        if ((mb->replaced || !l->indexed) && mb->uidvalidity != 0)
            return STORE_CORRUPT;
        if (l->indexed && l->base.cur_born != sys_birth(mb->dirs.cur))
            return STORE_CORRUPT;
        l->list_missing = true;
        break;
    case UIDLIST_NEW:
        l->list_missing = false;
        if (mb->uidvalidity != 0 && mb->folder.list.uidvalidity != mb->uidvalidity) {
            memset(&mb->folder.list, 0, sizeof mb->folder.list);
            return STORE_CORRUPT;
        }
        mb->uidvalidity = mb->folder.list.uidvalidity;
        mb->folder.provisional = 0;
        mb->replaced = false;
        mb->mend_failed = false;
        break;
    }
    return match_lines(l, lines) ? add_lines(l, lines) : STORE_UNAVAILABLE;
}
