/*
 * Between the index and the table of a look.
 *
 * WHAT IS LOADED. When only new/ or the end of the uidlist has changed, a look needs few
 * records: those that are not shown yet, those in new/, and those that a name or line turns out
 * to be about (look_known finds them in the index). So a delivery costs the same in any folder.
 * When cur/ must be read, or the uidlist is another, all of them.
 *
 * WHO ELSE IS AT WORK. No lock is held from loading to saving: other sessions look, too, and
 * change flags. Each record that they add or change raises the folder's mod-sequence. When it
 * is as it was, all that we found is written. When it is not:
 *   - new records are ours to add, since UIDs are given under the uidlist lock. What holds the
 *     lock looks again from the beginning if the index has changed since (look_is_outdated);
 *   - a record that others have changed since we loaded it is left as they made it;
 *   - a directory's stamp says "all that was in it then is in the index, and nothing else".
 * Ours is not recorded: a record that others added meanwhile may be of a file that was gone
 *     when we read. Theirs stays where we say nothing of files in that directory: what we say
 *     may be older than their reading. Without a stamp the next look reads it again.
 * So the index may for a moment lag behind the disk, and says so itself, but never claims to be
 * up to date and is not.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/index_change.h"
#include "mailstore/sys.h"

#include <stdlib.h>
#include <string.h>

/* --- The folder's record. --------------------------------------------------------------------
 */

bool mailbox_folder_now(struct mailbox *mb, struct index_folder *f_r)
{
    bool found = false;
    return index_folder_get(mb->index, mb->folder.key, f_r, &found) && found &&
           f_r->uidvalidity == mb->uidvalidity;
}

uint64_t mailbox_next_modseq(const struct mailbox *mb, struct index_folder *f, uint64_t base)
{
    uint64_t next = index_folder_next_modseq(f, base);
    if (next > mb->modseq)
        return next;
    f->modseq = mb->modseq;
    return index_folder_next_modseq(f, 0);
}

bool mailbox_commit(struct mailbox *mb, bool ok, const struct index_folder *f)
{
    if (!index_end(mb->index, ok))
        return false;
    mb->folder = *f;
    mb->modseq = mailbox_modseq(mb);
    return true;
}

/* --- Records. --------------------------------------------------------------------------------
 */

static void record_fill(struct record *rec, const struct index_message *m)
{
    rec->modseq = m->modseq;
    rec->flags = m->flags;
    rec->letters = m->letters;
    rec->state = m->state & 7U;
    rec->in_new = (m->bits & INDEX_IN_NEW) != 0;
    rec->recent = (m->bits & INDEX_RECENT) != 0;
    rec->listed = (m->bits & INDEX_LISTED) != 0;
    rec->on_disk = (m->bits & INDEX_ON_DISK) != 0;
    rec->hidden = (m->bits & INDEX_HIDDEN) != 0;
}

static void message_fill(struct index_message *m, const struct record *rec)
{
    m->uid = rec->uid;
    m->flags = rec->flags;
    m->letters = rec->letters;
    m->state = rec->state == RECORD_EXPUNGED ? RECORD_GONE : rec->state;
    m->bits &= INDEX_WHOLE;
    m->bits |= (rec->in_new ? INDEX_IN_NEW : 0) | (rec->recent ? INDEX_RECENT : 0) |
               (rec->listed ? INDEX_LISTED : 0) | (rec->on_disk ? INDEX_ON_DISK : 0) |
               (rec->hidden ? INDEX_HIDDEN : 0);
}

static bool load_record(struct table *t, const struct index_message *m, const char *name)
{
    size_t n = strlen(name);
    size_t unique_len = strcspn(name, ",:");
    struct record *rec = t->count == 0 || t->rec[t->count - 1].uid < m->uid
                             ? table_put(t, m->uid, name, n, unique_len)
                             : table_insert(t, m->uid, name, n, unique_len);
    if (rec != NULL)
        record_fill(rec, m);
    return rec != NULL;
}

/* --- Loading. --------------------------------------------------------------------------------
 */

/* What is not shown yet stands at the end; what is in new/ mostly there, too. */
static bool load_part(struct look *l)
{
    struct mailbox *mb = l->mb;
    const struct index_folder *f = &l->base;
    uint32_t pending = f->pending > 0 ? f->pending_uid : UINT32_MAX;
    uint32_t from = f->in_new > 0 && f->in_new_from < pending ? f->in_new_from : pending;
    struct located at;
    bool found = false;
    for (uint32_t uid = from; uid < UINT32_MAX; uid = at.m.uid + 1) {
        if (!index_message_next(mb->index, f->id, uid, &at.m, at.name, &found))
            return false;
        if (!found)
            break;
        bool in_new = (at.m.bits & INDEX_IN_NEW) != 0 && at.m.state != RECORD_GONE;
        if ((in_new || at.m.uid >= pending) && !load_record(&mb->table, &at.m, at.name))
            return false;
    }
    return true;
}

bool look_load(struct look *l)
{
    struct mailbox *mb = l->mb;
    table_free(&mb->table);
    l->whole = false;
    if (!index_read(mb->index) ||
        !index_folder_get(mb->index, mb->folder.key, &l->base, &l->indexed))
        return false;
    if (!l->indexed) {
        memset(&l->base, 0, sizeof l->base);
        l->base.key = mb->folder.key;
        l->base.cur_born = sys_birth(mb->dirs.cur);
        l->base.unseen_from = l->base.recent_from = l->base.in_new_from = UINT32_MAX;
        l->base.provisional = 1;
        l->whole = true;
    }
    mb->folder = l->base;
    stamp_from_index(&mb->cur, &l->base.cur);
    stamp_from_index(&mb->new, &l->base.new);
    mailbox_prove(mb);
    mb->keywords.used |= l->base.letters;
    bool ok = !l->indexed || load_part(l);
    index_release(mb->index);
    mailbox_find_published(mb);
    return ok;
}

/* Takes over what the table has. */
static bool move_record(struct table *to, struct record *rec)
{
    struct record *made =
        table_put(to, rec->uid, rec->name, strlen(rec->name), rec->unique_len);
    if (made == NULL)
        return false;
    char *name = made->name;
    *made = *rec;
    made->name = name;
    return true;
}

static bool merge_index(struct look *l, struct table *whole)
{
    struct mailbox *mb = l->mb;
    struct located at;
    size_t i = 0;
    uint32_t uid = 1;
    bool found = true;
    while (found) {
        if (!index_message_next(mb->index, l->base.id, uid, &at.m, at.name, &found))
            return false;
        uint32_t next = found ? at.m.uid : UINT32_MAX;
        for (; i < mb->table.count && mb->table.rec[i].uid <= next; i++)
            if (!move_record(whole, &mb->table.rec[i]))
                return false;
        bool have = whole->count > 0 && whole->rec[whole->count - 1].uid == next;
        if (found && !have && !load_record(whole, &at.m, at.name))
            return false;
        uid = next + 1;
    }
    return true;
}

bool look_load_whole(struct look *l)
{
    struct mailbox *mb = l->mb;
    struct table whole;
    if (l->whole)
        return true;
    table_init(&whole);
    size_t count = (size_t)l->base.shown + l->base.dead + l->base.pending + mb->table.count;
    bool ok = table_reserve(&whole, count + count / 64);
    l->failed = ok && !(index_read(mb->index) && merge_index(l, &whole));
    ok = ok && !l->failed;
    index_release(mb->index);
    table_free(&mb->table);
    mb->table = whole;
    l->whole = true;
    mb->store->grown = true;
    mailbox_find_published(mb);
    return ok;
}

struct record *look_known(struct look *l, const char *name, size_t unique_len)
{
    struct mailbox *mb = l->mb;
    struct record *rec = table_unique(&mb->table, name, unique_len);
    struct located at;
    uint32_t uid = 0;
    bool found = false;
    if (rec != NULL || l->whole)
        return rec;
    bool ok = index_read(mb->index) &&
              index_message_find(mb->index, l->base.id, name, unique_len, &uid);
    if (ok && (uid == 0 || table_uid(&mb->table, uid) != NULL))
        return NULL;
    ok = ok && index_message_get(mb->index, l->base.id, uid, &at.m, at.name, &found) &&
         (!found || load_record(&mb->table, &at.m, at.name));
    l->failed = l->failed || !ok;
    if (!ok || !found)
        return NULL;
    mailbox_find_published(mb);
    return table_uid(&mb->table, uid);
}

/* Whether others have added or changed no record since. */
static bool is_as_loaded(const struct look *l, const struct index_folder *now)
{
    return now->id == l->base.id && now->modseq == l->base.modseq && now->last == l->base.last;
}

bool look_is_outdated(struct look *l)
{
    struct index_folder now;
    bool found = false;
    bool ok =
        index_read(l->mb->index) && index_folder_get(l->mb->index, l->base.key, &now, &found);
    index_release(l->mb->index);
    return !ok || found != l->indexed || (found && !is_as_loaded(l, &now));
}

bool look_sweep(struct look *l, bool (*keep)(const struct record *rec, void *ctx))
{
    struct table *t = &l->mb->table;
    for (size_t i = 0; i < t->count; i++)
        if (!keep(&t->rec[i], NULL) && !uid_set_add(&l->removed, t->rec[i].uid))
            return false;
    table_sweep(t, keep, NULL);
    l->recounted = true;
    mailbox_recount(l->mb);
    return true;
}

/* --- Saving. ---------------------------------------------------------------------------------
 */

/* What a save goes through with. */
struct saving {
    struct look *l;
    struct index_folder now; /* as the index has it */
    bool outdated;           /* and that is not what we loaded */
    bool skipped;            /* others have changed a record of ours meanwhile */
    bool in_cur;             /* we say something of a file in cur/ */
    bool in_new;             /* ... in new/ */
    uint64_t modseq;         /* of what changes; 0: none was needed yet */
    uint32_t *log;
    size_t logged;
};

/* Microseconds of the youngest of the folder's timestamps, where the clock was put back behind
 * it; else 0: then all that was ever given is below the clock, and to go above it without need
 * would make that untrue. */
static uint64_t youngest(const struct mailbox *mb)
{
    struct timespec now = { 0, 0 };
    int64_t sec = mb->cur.mtime.tv_sec > mb->new.mtime.tv_sec ? mb->cur.mtime.tv_sec
                                                              : mb->new.mtime.tv_sec;
    (void)sys_clock(&now);
    if (sec <= now.tv_sec)
        return 0;
    return sec > 0 && sec < INT32_MAX * (int64_t)64 ? (uint64_t)(sec + 1) * 1000000U : 0;
}

static uint64_t next_modseq(struct saving *s)
{
    return mailbox_next_modseq(s->l->mb, &s->now, youngest(s->l->mb));
}

static bool save_record(struct saving *s, struct record *rec)
{
    struct mailbox *mb = s->l->mb;
    struct index_message was;
    bool found = false;
    if (!index_message_get(mb->index, s->now.id, rec->uid, &was, NULL, &found))
        return false;
    bool others = found ? was.modseq != rec->modseq : rec->modseq != 0;
    if (s->outdated && others) {
        s->skipped = true;
        return true;
    }
    struct index_message m = { .size = SIZE_UNKNOWN, .date = INDEX_DATE_UNKNOWN };
    if (found)
        m = was;
    message_fill(&m, rec);
    if (found && was.state == RECORD_SHOWN) /* others may have claimed it meanwhile */
        m.bits = (uint8_t)((m.bits & ~INDEX_RECENT) | (was.bits & INDEX_RECENT));
    if (m.modseq == 0 || rec->changed) {
        if (s->modseq == 0)
            s->modseq = next_modseq(s);
        m.modseq = s->modseq;
    }
    if (rec->changed)
        s->log[s->logged++] = rec->uid | (m.state == RECORD_GONE ? INDEX_EXPUNGED : 0);
    bool gone = m.state == RECORD_GONE;
    s->in_new = s->in_new || gone || (m.bits & INDEX_IN_NEW) != 0;
    s->in_cur = s->in_cur || gone || (m.bits & INDEX_IN_NEW) == 0;
    folder_count(&s->now, found ? &was : NULL, &m);
    if (s->now.last < m.uid)
        s->now.last = m.uid;
    return index_message_put(mb->index, s->now.id, &m, rec->name);
}

static bool save_records(struct saving *s)
{
    struct mailbox *mb = s->l->mb;
    for (size_t i = 0; i < s->l->removed.count; i++) {
        uint32_t uid = s->l->removed.uid[i];
        struct index_message was;
        bool found = false;
        if (!index_message_get(mb->index, s->now.id, uid, &was, NULL, &found))
            return false;
        if (!found)
            continue;
        if (s->outdated && was.state == RECORD_SHOWN) { /* by others; sessions know of it */
            s->skipped = true;
            continue;
        }
        folder_count(&s->now, &was, NULL);
        if (!index_message_remove(mb->index, s->now.id, uid))
            return false;
    }
    for (size_t i = 0; i < mb->table.count; i++)
        if (mb->table.rec[i].dirty && !save_record(s, &mb->table.rec[i]))
            return false;
    return look_save_guids(s->l, s->now.id);
}

/* Which of two readings of the uidlist went further. */
static bool list_is_ahead(const struct uidlist *a, const struct uidlist *b)
{
    return !b->present || (uidlist_same_file(a, b) && a->offset >= b->offset);
}

static void save_list(struct saving *s)
{
    const struct uidlist *ours = &s->l->mb->folder.list;
    uint32_t next = s->now.list.next;
    if (!s->outdated || s->l->locked || list_is_ahead(ours, &s->now.list))
        s->now.list = *ours;
    if (s->now.list.next < next)
        s->now.list.next = next;
}

static void save_stamp(const struct saving *s, struct index_stamp *now,
                       const struct dir_stamp *ours, bool touched)
{
    if (!s->outdated)
        stamp_to_index(now, ours);
    else if (touched || s->skipped)
        memset(now, 0, sizeof *now);
}

/* The numbers of the folder as a whole. */
static void save_folder(struct saving *s)
{
    struct mailbox *mb = s->l->mb;
    struct index_folder *ours = &mb->folder;
    s->now.uidvalidity = mb->uidvalidity;
    s->now.letters |= mb->keywords.used;
    s->now.provisional = ours->provisional;
    s->now.scan_ms = ours->scan_ms;
    if (s->now.highest < ours->highest)
        s->now.highest = ours->highest;
    s->now.keywords = ours->keywords;
    memcpy(s->now.keyword_hash, ours->keyword_hash, sizeof s->now.keyword_hash);
    save_list(s);
    save_stamp(s, &s->now.cur, &mb->cur, s->in_cur);
    save_stamp(s, &s->now.new, &mb->new, s->in_new);
}

/* Of the records not shown yet all are in the table, and so are those in new/. */
static void save_bounds(struct saving *s)
{
    const struct table *t = &s->l->mb->table;
    uint32_t theirs = s->outdated ? s->now.pending_uid : 0;
    s->now.pending_uid = 0;
    for (size_t i = 0; i < t->count && s->now.pending > 0; i++) {
        if (t->rec[i].state != RECORD_LINE && t->rec[i].state != RECORD_FOUND)
            continue;
        s->now.pending_uid = t->rec[i].uid;
        break;
    }
    if (s->now.pending > 0 && theirs != 0 &&
        (s->now.pending_uid == 0 || theirs < s->now.pending_uid))
        s->now.pending_uid = theirs;
    if (s->now.pending > 0 && s->now.pending_uid == 0)
        s->now.pending_uid = 1;
    if (s->now.in_new == 0)
        s->now.in_new_from = UINT32_MAX;
}

/* Whether there is anything that the index does not have. */
static bool is_news(const struct look *l)
{
    struct mailbox *mb = l->mb;
    struct index_stamp cur;
    struct index_stamp new;
    stamp_to_index(&cur, &mb->cur);
    stamp_to_index(&new, &mb->new);
    /* NOLINTBEGIN(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c): where only
     * the padding differs there is one write too many */
    if (!l->indexed || l->removed.count > 0 || l->recounted ||
        memcmp(&cur, &l->base.cur, sizeof cur) != 0 ||
        memcmp(&new, &l->base.new, sizeof new) != 0 ||
        memcmp(&mb->folder, &l->base, sizeof l->base) != 0 ||
        mb->uidvalidity != l->base.uidvalidity)
        return true;
    /* NOLINTEND(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
    for (size_t i = 0; i < mb->table.count; i++)
        if (mb->table.rec[i].dirty)
            return true;
    return false;
}

static bool save_all(struct saving *s)
{
    struct look *l = s->l;
    struct mailbox *mb = l->mb;
    bool found = false;
    if (!index_folder_get(mb->index, l->base.key, &s->now, &found))
        return false;
    s->outdated = found != l->indexed || (found && !is_as_loaded(l, &s->now));
    if (s->outdated && (!l->indexed || !found || s->now.id != l->base.id ||
                        s->now.uidvalidity != mb->uidvalidity))
        return false; /* made, or dropped, by another: to be looked at anew */
    if (!found) {
        s->now = l->base;
        s->now.uidvalidity = mb->uidvalidity;
        if (!index_folder_put(mb->index, &s->now)) /* for an id */
            return false;
    }
    if (!save_records(s))
        return false;
    if (!found &&
        s->modseq == 0) /* an empty folder's goes on, too, above what it gave before */
        s->modseq = next_modseq(s);
    if (!found)
        s->now.floor = s->now.modseq;
    else if (s->logged > 0 &&
             !index_change_add(mb->index, &s->now, s->modseq, s->log, s->logged))
        return false;
    save_folder(s);
    save_bounds(s);
    return index_folder_put(mb->index, &s->now);
}

bool look_save(struct look *l)
{
    struct mailbox *mb = l->mb;
    struct saving s = { .l = l };
    if (!is_news(l)) {
        mb->folder.version = l->base.version;
        mb->modseq = mailbox_modseq(mb);
        return true;
    }
    if (!index_write(mb->index))
        return false;
    s.log = calloc(mb->table.count + 1, sizeof *s.log);
    bool ok = s.log != NULL && save_all(&s);
    free(s.log);
    return mailbox_commit(mb, ok, &s.now);
}
