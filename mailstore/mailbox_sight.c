/*
 * What one reading of new/ and cur/ sees, name by name.
 *
 * A name whose unique part has a record is that message, with the flags it shows now. One that
 * has none is fresh, and gets a UID later. A message that is known to be gone and appears again
 * (restored from a backup, moved away and back) is fresh too: its old UID may have been
 * reported as expunged. The exception is a record that was given up without proof (`hidden`):
 * it is shown now, under its own UID. Sessions that have seen higher UIDs pass over it.
 *
 * The same unique part twice in one reading: most often the file was renamed meanwhile and we
 * saw it under both names; else there are two files. It is written down and looked into when
 * the reading is over (mailbox_clash.c). Seen again in a later reading of the same look, the
 * later name is the better one.
 */
#include "mailstore/mailbox_private.h"

#include <stdlib.h>
#include <string.h>

static bool add_clash(struct look *l, const char *a, bool a_new, const char *b, bool b_new)
{
    if (l->clashes == CLASHES_MAX) {
        l->unsettled = true;
        return true;
    }
    struct clash *grown = reallocarray(l->clash, l->clashes + 1, sizeof *grown);
    if (grown == NULL)
        return false;
    l->clash = grown;
    struct clash *c = &grown[l->clashes];
    c->name[0] = strdup(a);
    c->name[1] = b != NULL ? strdup(b) : NULL;
    c->in_new[0] = a_new;
    c->in_new[1] = b_new;
    l->clashes++;
    return c->name[0] != NULL && (b == NULL || c->name[1] != NULL);
}

/* The record a file belongs to; NULL: it is fresh. */
static struct record *known(struct look *l, const char *name, size_t unique_len)
{
    struct record *rec = look_known(l, name, unique_len);
    if (rec == NULL || (rec->state == RECORD_GONE && rec->hidden))
        return rec;
    return rec->state == RECORD_EXPUNGED || rec->state == RECORD_GONE ? NULL : rec;
}

static void show_hidden(struct mailbox *mb, struct record *rec)
{
    rec->hidden = false;
    record_set_state(mb, rec, RECORD_SHOWN);
    record_set_recent(mb, rec, rec->in_new);
    record_changed(rec);
}

bool look_take(struct look *l, struct record *rec, const char *name, bool in_new)
{
    struct mailbox *mb = l->mb;
    uint8_t flags = 0;
    uint32_t letters = 0;
    bool of_table = rec->uid != 0;
    maildir_name_flags(name, &flags, &letters);
    if (strcmp(rec->name, name) != 0) {
        if (!table_rename(of_table ? &mb->table : &l->fresh, rec, name))
            return false;
        rec->dirty = true;
    }
    rec->seen = mb->look;
    mb->keywords.used |= letters & LETTERS_AZ;
    if (!of_table) {
        rec->flags = flags;
        rec->letters = letters;
        rec->in_new = in_new;
        rec->on_disk = true;
        return true;
    }
    if (rec->state == RECORD_SHOWN && (rec->flags != flags || rec->letters != letters))
        record_changed(rec);
    record_set_flags(mb, rec, flags, letters);
    record_set_place(mb, rec, true, in_new);
    if (rec->state == RECORD_LINE)
        record_set_state(mb, rec, RECORD_FOUND);
    else if (rec->state == RECORD_GONE)
        show_hidden(mb, rec);
    return true;
}

bool look_sight(void *ctx, const char *name)
{
    struct look *l = ctx;
    struct maildir_name parts;
    store_tell_progress(l->mb->store, ++l->sighted, 0);
    if (!maildir_name_parse(name, &parts))
        return add_clash(l, name, l->reading_new, NULL, false);
    struct record *rec = known(l, name, parts.unique_len);
    if (rec == NULL)
        rec = table_unique(&l->fresh, name, parts.unique_len);
    if (rec == NULL) {
        rec = table_add(&l->fresh, 0, name, strlen(name));
        return rec != NULL && look_take(l, rec, name, l->reading_new);
    }
    if (rec->seen == l->mb->look) {
        if (rec->in_new == l->reading_new && strcmp(rec->name, name) == 0)
            return true;
        return add_clash(l, rec->name, rec->in_new, name, l->reading_new);
    }
    if (l->reading_new && rec->uid != 0 && rec->in_new)
        l->seen_new++;
    return look_take(l, rec, name, l->reading_new);
}
