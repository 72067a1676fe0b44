/*
 * UIDs for files that have none, and care for the uidlist. All of it under
 * dovecot-uidlist.lock.
 *
 * ORDER. Take the lock; read what others have added to the list (a file may have got its UID
 * meanwhile); where lines have no file yet, read the directories again, for nobody is adding
 * now and what is not there now is dead; write the new lines; fdatasync; drop the lock. Only
 * then are the messages shown. A crash before the sync: nobody has heard of the UIDs. After it:
 * the next look finds the lines, and the files.
 *
 * WITHOUT THE LOCK (somebody holds it for long, the folder can't be written, the disk is full)
 * new messages stay unseen and the others are served. Only where there is no list at all the
 * mail would be out of reach: then the messages get UIDs for this session alone, under a
 * UIDVALIDITY from the clock, which tells every client that they are worth nothing later. The
 * list is written with them as soon as it can be. A list that is lost while the folder is open
 * is another matter: under its UIDVALIDITY no UID is given that is not durable.
 *
 * REWRITING is for what can't be said by adding: a damaged or old list, a list that lost lines
 * of messages we know, a file that came back after it was gone (its old line must go), and
 * lists of which more than a quarter is dead. Dead lines are left out only after a clean
 * reading under this lock. Fields of other programs stay with their line; base names become
 * what is on disk.
 */
#include "mailstore/mailbox_private.h"

#include "base/log.h"
#include "mailstore/courier_keywords.h"
#include "mailstore/dotlock.h"
#include "mailstore/sys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* How long a session that only looks waits for the lock; it tries again at its next look. */
#define PATIENCE_SECONDS 2

/* Dovecot's figure, and a size below which it does not matter. */
#define DEAD_SHARE     4
#define DEAD_LINES_MIN 64

/* The fresh files, in order. */
struct batch {
    struct name_key *key;
    size_t count;
    uint32_t first; /* UID of the first */
};

static int compare_keys(const void *a, const void *b)
{
    return maildir_name_order(a, b);
}

/* A file that was seen in an earlier reading of this look, and not in the last, which proves
 * what is there, is gone again. */
static bool is_there(const struct look *l, const struct record *fresh)
{
    return !l->clean || fresh->seen == l->mb->look;
}

static bool batch_make(const struct look *l, struct batch *batch)
{
    batch->count = 0;
    batch->key = calloc(l->fresh.count + 1, sizeof *batch->key);
    if (batch->key == NULL)
        return false;
    for (size_t i = 0; i < l->fresh.count; i++)
        if (l->fresh.rec[i].uid == 0 && is_there(l, &l->fresh.rec[i]))
            batch->key[batch->count++] = maildir_name_key(l->fresh.rec[i].name);
    qsort(batch->key, batch->count, sizeof *batch->key, compare_keys);
    return true;
}

/* Chooses the UIDs. False: there are not enough left. */
static bool batch_number(const struct look *l, struct batch *batch)
{
    struct mailbox *mb = l->mb;
    uint64_t next = mb->folder.list.next;
    uint32_t last = mb->table.count > 0 ? mb->table.rec[mb->table.count - 1].uid : 0;
    if (last < l->base.last)
        last = l->base.last;
    if (next <= last)
        next = (uint64_t)last + 1;
    if (next <= mb->folder.highest)
        next = (uint64_t)mb->folder.highest + 1;
    if (next == 0)
        next = 1;
    /* Each lost line may have told somebody a UID, and files without one may be theirs. */
    if (mb->folder.list.damaged > 0)
        next += mb->folder.list.damaged + batch->count;
    if (batch->count > 0 && next + batch->count > UID_LIMIT) {
        log_error("no UIDs left in a folder of UIDVALIDITY %u", mb->uidvalidity);
        return false;
    }
    batch->first = (uint32_t)next;
    mb->folder.list.next = batch->first;
    return true;
}

/* Makes records of the fresh files. False: no memory. */
static bool batch_add(struct look *l, const struct batch *batch, bool listed)
{
    struct mailbox *mb = l->mb;
    for (size_t i = 0; i < batch->count; i++) {
        const char *name = batch->key[i].name;
        struct maildir_name parts;
        if (!maildir_name_parse(name, &parts))
            continue;
        struct record *from = table_unique(&l->fresh, name, parts.unique_len);
        struct record *rec =
            table_add(&mb->table, batch->first + (uint32_t)i, name, strlen(name));
        if (rec == NULL)
            return false;
        rec->listed = listed;
        rec->on_disk = true;
        rec->in_new = from->in_new;
        rec->state = RECORD_FOUND;
        rec->seen = mb->look;
        record_added(mb, rec);
        from->uid = rec->uid;
    }
    if (mb->folder.list.next < batch->first + batch->count)
        mb->folder.list.next = batch->first + (uint32_t)batch->count;
    return true;
}

/* --- Writing.
 * ---------------------------------------------------------------------------------- */

static struct uidlist_line line_of(uint32_t uid, const char *name)
{
    return (struct uidlist_line){
        .uid = uid, .fields = "", .base = name, .base_len = strcspn(name, ":")
    };
}

static void put_batch(const struct batch *batch, struct uidlist_line *line)
{
    for (size_t i = 0; i < batch->count; i++)
        line[i] = line_of(batch->first + (uint32_t)i, batch->key[i].name);
}

static enum store_error append_batch(struct mailbox *mb, const struct batch *batch)
{
    struct uidlist_line *line = calloc(batch->count + 1, sizeof *line);
    if (line == NULL)
        return STORE_UNAVAILABLE;
    put_batch(batch, line);
    enum store_error e = uidlist_append(&mb->folder.list, mb->dirs.dir, line, batch->count);
    free(line);
    return e;
}

/* Whether a record keeps, or gets, its line. `old`: the line it has, or NULL. */
static bool keeps_line(const struct look *l, const struct record *rec,
                       const struct uidlist_line *old, bool drop_dead)
{
    if (table_unique(&l->mb->table, rec->name, rec->unique_len) != rec)
        return false; /* a later line has its file */
    if (rec->state == RECORD_LINE)
        return old != NULL;
    if (rec->state == RECORD_FOUND || rec->state == RECORD_SHOWN)
        return true;
    if (old == NULL || (drop_dead && !rec->hidden))
        return false;
    const struct record *back = table_unique(&l->fresh, rec->name, rec->unique_len);
    return back == NULL;
}

/* The fields of a line: those that it had, or else what the index knows of them. */
static bool put_fields(struct look *l, const struct uidlist_line *was,
                       struct uidlist_line *line)
{
    bool ok = true;
    const char *field = was == NULL ? look_guid_field(l, line->uid, &ok) : NULL;
    if (was != NULL) {
        line->fields = was->fields;
        line->fields_len = was->fields_len;
    } else if (field != NULL) {
        line->fields = field;
        line->fields_len = strlen(field);
    }
    return ok;
}

/* Puts the lines of the table together. False: no memory, or the index has failed. */
static bool collect_lines(struct look *l, const struct uidlist_lines *old, bool drop_dead,
                          struct uidlist_line *line, size_t *n_r)
{
    const struct table *t = &l->mb->table;
    size_t n = 0;
    size_t at = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct record *rec = &t->rec[i];
        while (at < old->count && old->line[at].uid < rec->uid)
            at++;
        const struct uidlist_line *was = NULL;
        if (at < old->count && old->line[at].uid == rec->uid && rec->listed)
            was = &old->line[at];
        if (!keeps_line(l, rec, was, drop_dead))
            continue;
        line[n] = line_of(rec->uid, rec->name);
        if (!put_fields(l, was, &line[n++]))
            return false;
    }
    *n_r = n;
    return true;
}

/* After a rewrite: which records have a line is what was written. */
static void mark_listed(struct mailbox *mb, const struct uidlist_line *line, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < mb->table.count; i++) {
        struct record *rec = &mb->table.rec[i];
        while (at < count && line[at].uid < rec->uid)
            at++;
        record_set_listed(mb, rec, at < count && line[at].uid == rec->uid);
    }
}

static bool is_of_use(const struct record *rec, void *ctx)
{
    (void)ctx;
    return rec->listed || rec->state != RECORD_GONE;
}

static enum store_error rewrite(struct look *l, const struct batch *batch, bool drop_dead)
{
    struct mailbox *mb = l->mb;
    struct uidlist_lines old;
    if (!look_load_whole(l))
        return STORE_UNAVAILABLE;
    struct uidlist_line *line = calloc(mb->table.count + batch->count + 1, sizeof *line);
    enum store_error e = uidlist_load(&mb->folder.list, mb->dirs.dir, &old);
    if (line == NULL && e == STORE_OK)
        e = STORE_UNAVAILABLE;
    size_t n = 0;
    if (e == STORE_OK && !collect_lines(l, &old, drop_dead, line, &n))
        e = STORE_UNAVAILABLE;
    index_release(mb->index);
    if (e == STORE_OK) {
        mb->folder.list.uidvalidity = mb->uidvalidity;
        put_batch(batch, line + n);
        if (mb->folder.list.next < batch->first + batch->count)
            mb->folder.list.next = batch->first + (uint32_t)batch->count;
        e = uidlist_rewrite(&mb->folder.list, mb->dirs.dir, line, n + batch->count);
        if (e == STORE_OK) {
            mb->folder.provisional = 0;
            mark_listed(mb, line, n);
            if (!look_sweep(l, is_of_use))
                e = STORE_UNAVAILABLE;
        }
    }
    uidlist_lines_free(&old);
    free(line);
    return e;
}

/* --- With the lock held.
 * ------------------------------------------------------------------------- */

/* Fresh files that have a line by now, or must not be touched. False: no memory. */
static bool adopt(struct look *l)
{
    for (size_t i = 0; i < l->fresh.count; i++) {
        struct record *from = &l->fresh.rec[i];
        struct record *rec = look_known(l, from->name, from->unique_len);
        if (from->uid != 0 || rec == NULL)
            continue;
        bool gone = rec->state == RECORD_GONE || rec->state == RECORD_EXPUNGED;
        if (gone && !rec->hidden) {
            l->resurrected = l->resurrected || rec->listed;
            continue;
        }
        from->uid = rec->uid;
        if (rec->state == RECORD_LINE && !look_take(l, rec, from->name, from->in_new))
            return false;
    }
    return true;
}

static bool is_refusal(enum store_error e)
{
    return e == STORE_NOPERM || e == STORE_OVERQUOTA;
}

/* Keywords that Courier left come with its numbers, before there is a list of ours. Where that
 * is refused (no space, no right) the mail is shown without; and no list begun, so that it is
 * tried again. */
static enum store_error take_keywords(struct look *l)
{
    bool renamed = false;
    enum store_error e = courier_keywords_take(&l->mb->keywords, &l->mb->dirs, &renamed);
    l->read_all = l->read_all || renamed;
    if (!is_refusal(e))
        return e;
    l->refused = e;
    return STORE_OK;
}

/* Courier's numbers. STORE_NONEXISTENT: it has left none. */
static enum store_error take_numbers(struct look *l, bool with_keywords)
{
    struct mailbox *mb = l->mb;
    struct uidlist courier;
    struct uidlist_lines lines;
    if (mb->table.count > 0)
        return STORE_NONEXISTENT;
    enum store_error e = courier_uids_read(mb->dirs.dir, &courier, &lines);
    if (e != STORE_OK)
        return e;
    if (with_keywords)
        e = take_keywords(l);
    if (e == STORE_OK) {
        mb->folder.list = courier;
        e = look_merge(l, UIDLIST_NEW, &lines);
        l->list_missing = true;
        mb->folder.provisional = 1; /* Courier's file is not ours to add to */
    }
    uidlist_lines_free(&lines);
    return e;
}

/* A list must be begun: with Courier's numbers, or ours under a new UIDVALIDITY. */
static enum store_error begin_list(struct look *l)
{
    struct mailbox *mb = l->mb;
    if (mb->uidvalidity != 0)
        return mb->folder.provisional ? take_keywords(l) : STORE_OK;
    enum store_error e = take_numbers(l, true);
    return e == STORE_NONEXISTENT ? uidvalidity_next(mb->store, &mb->uidvalidity) : e;
}

static enum store_error read_list_locked(struct look *l)
{
    struct mailbox *mb = l->mb;
    struct uidlist_lines lines;
    enum uidlist_news news = UIDLIST_SAME;
    enum store_error e = uidlist_look(&mb->folder.list, mb->dirs.dir, true, &news, &lines);
    if (e == STORE_OK)
        e = look_merge(l, news, &lines);
    uidlist_lines_free(&lines);
    /* DELETE takes cur/ before the list: whether the list is gone with it shows by now. */
    if (e == STORE_OK && l->list_missing)
        e = mailbox_check_dirs(mb);
    if (e == STORE_OK && l->list_missing && mb->replaced && mb->uidvalidity != 0)
        e = STORE_CORRUPT;
    if (e == STORE_OK && l->list_missing)
        e = begin_list(l);
    return e;
}

static enum store_error write_batch(struct look *l, struct dotlock *lock, bool drop_dead)
{
    struct mailbox *mb = l->mb;
    struct batch batch = { NULL, 0, 0 };
    if (l->failed || !batch_make(l, &batch)) /* what seems fresh may have a UID */
        return STORE_UNAVAILABLE;
    index_release(mb->index);
    bool anew = mb->folder.list.rewrite || l->list_missing || l->resurrected || l->unlisted ||
                drop_dead;
    enum store_error e = batch_number(l, &batch) ? STORE_OK : STORE_LIMIT;
    if (e == STORE_OK && !dotlock_keep(lock))
        e = STORE_INUSE;
    if (e == STORE_OK)
        e = anew ? rewrite(l, &batch, drop_dead) : append_batch(mb, &batch);
    if (e == STORE_OK && !batch_add(l, &batch, true))
        e = STORE_UNAVAILABLE;
    if (e != STORE_OK)
        mb->folder.list.present = false; /* whatever was written is read anew */
    if (e != STORE_OK && anew)
        mb->mend_failed = true;
    free(batch.key);
    return e;
}

enum store_error look_number(struct look *l, struct dotlock *lock)
{
    struct mailbox *mb = l->mb;
    enum store_error e = read_list_locked(l);
    if (e == STORE_OK && !adopt(l))
        e = STORE_UNAVAILABLE;
    bool due = mb->folder.dead >= DEAD_LINES_MIN &&
               mb->folder.dead > mb->folder.list.lines / DEAD_SHARE;
    bool reread = due || l->read_all || mailbox_has_pending_lines(mb);
    if (e == STORE_OK && reread) {
        e = look_read(l, true);
        if (e == STORE_OK && !adopt(l))
            e = STORE_UNAVAILABLE;
    }
    if (e == STORE_OK)
        e = l->refused;
    return e == STORE_OK ? write_batch(l, lock, due && reread && l->clean) : e;
}

/* --- Without a list.
 * ----------------------------------------------------------------------------- */

static enum store_error number_for_now(struct look *l)
{
    struct mailbox *mb = l->mb;
    struct batch batch = { NULL, 0, 0 };
    if (mb->uidvalidity == 0) {
        enum store_error e = take_numbers(l, false);
        if (e == STORE_OK && !adopt(l))
            e = STORE_UNAVAILABLE;
        if (e != STORE_OK && e != STORE_NONEXISTENT)
            return e;
    }
    if (mb->uidvalidity == 0) {
        struct timespec now = { 0, 0 };
        (void)sys_clock(&now);
        mb->uidvalidity = (uint32_t)now.tv_sec & UID_LIMIT;
        if (mb->uidvalidity == 0)
            mb->uidvalidity = 1;
        log_warning("no uidlist, and none can be written: UIDs for this session only");
    }
    bool ok = !l->failed && batch_make(l, &batch) && batch_number(l, &batch) &&
              batch_add(l, &batch, false);
    free(batch.key);
    return ok ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_error look_not_numbered(struct look *l, enum store_error why)
{
    struct mailbox *mb = l->mb;
    if (l->how == LOOK_MEND)
        return why;
    if (mb->folder.provisional && is_refusal(why))
        return number_for_now(l);
    if (mb->folder.list.rewrite)
        mb->mend_failed = true;
    l->unsettled = true;
    return mb->uidvalidity == 0 || why == STORE_CORRUPT ? why : STORE_OK;
}

/* A lock that is old by its stamp is worth waiting for: dotlock_take finds out whether it is
 * stale. Without a UIDVALIDITY nothing can be done before. */
unsigned look_patience(const struct mailbox *mb, enum look_how how)
{
    struct stat st;
    struct timespec now = { 0, 0 };
    (void)sys_clock(&now);
    if (mb->uidvalidity == 0 || how == LOOK_MEND)
        return DOTLOCK_WAIT_SECONDS;
    if (sys_fstatat(mb->dirs.dir, UIDLIST_LOCK, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_mtim.tv_sec < now.tv_sec - DOTLOCK_STALE_SECONDS)
        return DOTLOCK_WAIT_SECONDS;
    return PATIENCE_SECONDS;
}
