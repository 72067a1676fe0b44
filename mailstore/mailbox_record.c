/*
 * Changing a record, and the numbers about the folder that follow from its records: so that
 * STATUS and SELECT need not look at each message.
 */
#include "mailstore/mailbox_private.h"

/* What of a message the counts depend on. */
struct counted {
    uint32_t uid;
    enum record_state state;
    uint8_t flags;
    bool in_new;
    bool recent;
    bool listed;
};

static void count(struct index_folder *f, const struct counted *c, uint32_t one)
{
    bool shown = c->state == RECORD_SHOWN;
    bool gone = c->state == RECORD_EXPUNGED || c->state == RECORD_GONE;
    if (shown) {
        f->shown += one;
        f->unseen += (c->flags & FLAG_SEEN) == 0 ? one : 0;
        f->deleted += (c->flags & FLAG_DELETED) != 0 ? one : 0;
        f->recent += c->recent ? one : 0;
    }
    if (c->in_new && (shown || c->state == RECORD_FOUND))
        f->in_new += one;
    if (gone && c->listed)
        f->dead += one;
    if (c->state == RECORD_LINE || c->state == RECORD_FOUND)
        f->pending += one;
}

/* The bounds from which searches begin are only ever lowered here. */
static void lower_bounds(struct index_folder *f, const struct counted *c)
{
    if (c->state == RECORD_SHOWN && (c->flags & FLAG_SEEN) == 0 && c->uid < f->unseen_from)
        f->unseen_from = c->uid;
    if (c->state == RECORD_SHOWN && c->recent && c->uid < f->recent_from)
        f->recent_from = c->uid;
    if (c->in_new && c->uid < f->in_new_from)
        f->in_new_from = c->uid;
}

static struct counted of_record(const struct record *rec)
{
    return (struct counted){ .uid = rec->uid,
                             .state = rec->state,
                             .flags = rec->flags,
                             .in_new = rec->on_disk && rec->in_new,
                             .recent = rec->recent,
                             .listed = rec->listed };
}

static void leave(struct mailbox *mb, const struct record *rec)
{
    struct counted c = of_record(rec);
    count(&mb->folder, &c, UINT32_MAX); /* minus one */
}

static void enter(struct mailbox *mb, struct record *rec)
{
    struct counted c = of_record(rec);
    count(&mb->folder, &c, 1);
    lower_bounds(&mb->folder, &c);
    rec->dirty = true;
}

void record_added(struct mailbox *mb, struct record *rec)
{
    enter(mb, rec);
}

void record_set_state(struct mailbox *mb, struct record *rec, enum record_state state)
{
    leave(mb, rec);
    rec->state = state & 7U;
    enter(mb, rec);
}

void record_set_listed(struct mailbox *mb, struct record *rec, bool listed)
{
    if (rec->listed == listed)
        return;
    leave(mb, rec);
    rec->listed = listed;
    enter(mb, rec);
}

void record_set_place(struct mailbox *mb, struct record *rec, bool on_disk, bool in_new)
{
    if (rec->on_disk == on_disk && rec->in_new == in_new)
        return;
    leave(mb, rec);
    rec->on_disk = on_disk;
    rec->in_new = in_new;
    enter(mb, rec);
}

void record_set_flags(struct mailbox *mb, struct record *rec, uint8_t flags, uint32_t letters)
{
    if (rec->flags == flags && rec->letters == letters)
        return;
    leave(mb, rec);
    rec->flags = flags;
    rec->letters = letters;
    enter(mb, rec);
}

void record_set_recent(struct mailbox *mb, struct record *rec, bool recent)
{
    if (rec->recent == recent)
        return;
    leave(mb, rec);
    rec->recent = recent;
    enter(mb, rec);
}

void record_changed(struct record *rec)
{
    rec->changed = true;
    rec->dirty = true;
}

void mailbox_find_published(struct mailbox *mb)
{
    size_t i = 0;
    while (i < mb->table.count && mb->table.rec[i].state != RECORD_LINE &&
           mb->table.rec[i].state != RECORD_FOUND)
        i++;
    mb->published = i;
}

void mailbox_recount(struct mailbox *mb)
{
    struct index_folder *f = &mb->folder;
    f->shown = f->unseen = f->deleted = f->recent = 0;
    f->in_new = f->dead = f->pending = 0;
    f->unseen_from = f->recent_from = f->in_new_from = UINT32_MAX;
    for (size_t i = 0; i < mb->table.count; i++) {
        struct counted c = of_record(&mb->table.rec[i]);
        count(f, &c, 1);
        lower_bounds(f, &c);
    }
    mailbox_find_published(mb);
}

static struct counted of_message(const struct index_message *m)
{
    return (struct counted){
        .uid = m->uid,
        .state = (enum record_state)m->state,
        .flags = m->flags,
        .in_new = (m->bits & INDEX_ON_DISK) != 0 && (m->bits & INDEX_IN_NEW) != 0,
        .recent = (m->bits & INDEX_RECENT) != 0,
        .listed = (m->bits & INDEX_LISTED) != 0,
    };
}

void folder_count(struct index_folder *f, const struct index_message *was,
                  const struct index_message *is)
{
    if (was != NULL) {
        struct counted w = of_message(was);
        count(f, &w, UINT32_MAX);
    }
    if (is != NULL) {
        struct counted c = of_message(is);
        count(f, &c, 1);
        lower_bounds(f, &c);
    }
}
