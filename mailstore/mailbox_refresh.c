/*
 * Looking at a folder while deliveries, other sessions and other programs change it.
 *
 * WHAT IS READ. The uidlist first, then the stamps of new/ and cur/; a directory is read only
 * when its stamp says so (mailstore/dirs.c). Mail coming into new/ costs a reading of new/
 * alone, unless a message known to be in new/ is not there any more: it has gone to cur/, or is
 * gone.
 *
 * RENAMED WHILE WE READ. readdir(3) may miss a file that is renamed meanwhile, under its old
 * name and its new one. So that a file was not seen means nothing, unless nothing was changed
 * during the reading: the stamps of both directories are the same from before the reading of
 * new/ to after that of cur/, and were settled at the beginning (`clean`). new/ is read before
 * cur/: mail moves only that way. Only a clean reading proves an absence. When something is
 * missing and the reading was not clean it is repeated, a grain of time later, up to ROUNDS
 * times; what was seen in any round is there, unless the last one is clean and lacks it. What
 * is then still missing without proof is kept, and the stamps are forgotten so that the next
 * look reads again. No expunge is ever reported that did not happen.
 *
 * ADDITIONS BY OTHERS. Who adds messages holds the uidlist lock, writes the lines, and then
 * moves the files to their places, in the order of their UIDs, before it drops the lock. So a
 * line may be there before its file is. It is no expunged message, and none above it may be
 * shown before it: a client that has seen UID n + 1 never asks for n. A line without a file is
 * dead when a clean reading does not see the file, and either the lock was free, or left by one
 * who is dead, after the list was read (`quiet`: who wrote the line is done), or we hold it
 * ourselves, or the file of a line above is seen (they come in order, or from before). Else it
 * waits, and UIDNEXT with it.
 * Without clean readings (a folder in which flags change all the time) the messages above are
 * held back for HELD_LOOKS looks, at the first look for none, since there the dead lines are
 * old ones by all likelihood; then the line is given up, but marked `hidden`: should its file
 * turn up in this session after all, it stays unseen until the next, and keeps its UID. The
 * first clean reading without it, with the lock free before, proves it gone.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/dotlock.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Readings in one look. The first look must not hold back old mail, so it tries harder. */
#define ROUNDS       3
#define ROUNDS_FIRST 5
/* With a grain of a second, one more try is what a user waits for. */
#define ROUNDS_REMOTE 2

#define HELD_LOOKS 10

/* --- Reading.
 * ---------------------------------------------------------------------------------- */

static enum store_error read_dir(struct look *l, bool new)
{
    struct mailbox *mb = l->mb;
    l->reading_new = new;
    return dir_scan(new ? mb->dirs.new : mb->dirs.cur, look_sight, l);
}

/* One reading of new/ and, if asked for, cur/. Sets what it proves. */
static enum store_error read_once(struct look *l, bool cur_too)
{
    struct mailbox *mb = l->mb;
    bool new_same = false;
    bool new_settled = false;
    bool cur_same = false;
    bool cur_settled = false;
    bool ignored = false;
    mb->look++;
    l->seen_new = 0;
    l->full = cur_too;
    enum store_error e =
        dir_stamp_take(&mb->new, mb->dirs.new, mb->grain, &new_same, &new_settled);
    if (e == STORE_OK)
        e = read_dir(l, true);
    if (e == STORE_OK)
        e = dir_stamp_take(&mb->cur, mb->dirs.cur, mb->grain, &cur_same, &cur_settled);
    bool cur_held = cur_same && mb->cur.known && mb->cur.verify_at == 0;
    int64_t began = monotonic_ms();
    if (e == STORE_OK && cur_too)
        e = read_dir(l, false);
    if (cur_too)
        mb->folder.scan_ms = (uint32_t)(monotonic_ms() - began);
    if (e == STORE_OK)
        e = dir_stamp_take(&mb->cur, mb->dirs.cur, mb->grain, &cur_same, &ignored);
    if (e == STORE_OK)
        e = dir_stamp_take(&mb->new, mb->dirs.new, mb->grain, &new_same, &ignored);
    if (e != STORE_OK)
        return e;
    bool new_clean = new_settled && new_same;
    l->cur_clean = cur_same && (cur_too ? cur_settled : cur_held);
    l->clean = new_clean && l->cur_clean;
    mb->new.known = new_clean;
    mb->new.verify_at = 0;
    if (cur_too) {
        mb->cur.known = l->cur_clean;
        mb->cur.verify_at = 0;
    }
    return STORE_OK;
}

/* --- What is not there.
 * ------------------------------------------------------------------------ */

/* The index behind the last record whose file was found and which is not shown yet. */
static size_t behind_last_found(const struct mailbox *mb)
{
    size_t i = mb->table.count;
    while (i > mb->published && mb->table.rec[i - 1].state != RECORD_FOUND)
        i--;
    return i;
}

static void expunge(struct mailbox *mb, struct record *rec)
{
    record_set_state(mb, rec, RECORD_EXPUNGED);
    record_changed(rec);
}

/* Which lines without a file can't be additions in progress: those before this index. */
static size_t settled_lines(const struct look *l)
{
    return l->locked || l->quiet ? l->mb->table.count : behind_last_found(l->mb);
}

/* At the first look the last lines count as missing too: they are worth another reading. */
static size_t lines_to_resolve(const struct look *l)
{
    return l->mb->folder.highest == 0 ? l->mb->table.count : settled_lines(l);
}

bool mailbox_has_pending_lines(const struct mailbox *mb)
{
    for (size_t i = mb->published; i < mb->table.count; i++)
        if (mb->table.rec[i].state == RECORD_LINE)
            return true;
    return false;
}

static bool has_hidden(const struct mailbox *mb)
{
    for (size_t i = 0; i < mb->table.count; i++)
        if (mb->table.rec[i].hidden)
            return true;
    return false;
}

/* Whether whoever wrote the lines that we have read is done with it: nobody has the lock, or
 * the one who has is no more. */
static bool is_quiet(const struct mailbox *mb)
{
    struct stat st;
    char owner[DOTLOCK_OWNER_MAX];
    bool gone = false;
    if (sys_fstatat(mb->dirs.dir, UIDLIST_LOCK, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT;
    return dotlock_owner(mb->dirs.dir, UIDLIST_LOCK, owner, &gone) && gone;
}

static void look_at_lock(struct look *l, bool cur_too)
{
    if (!l->quiet && (mailbox_has_pending_lines(l->mb) || (cur_too && has_hidden(l->mb))))
        l->quiet = is_quiet(l->mb);
}

/* What was seen in any reading of this look is there, but when the last one proves that it is
 * not: it was removed between the two. */
static bool was_seen(const struct look *l, const struct record *rec, bool proof)
{
    return rec->seen >= (proof ? l->mb->look : l->first);
}

/* A line that was given up may be of a message that a view has shown, by what another index
 * knew of it. As for other lines it must be known that who wrote it is done. */
static void prove_gone(const struct look *l, struct record *rec)
{
    if (was_seen(l, rec, true) || !(l->locked || l->quiet))
        return;
    rec->hidden = false;
    record_changed(rec);
}

/* Decides about the records that this look has not seen. Returns how many are missing without
 * proof. */
static size_t resolve(struct look *l)
{
    struct mailbox *mb = l->mb;
    size_t missing = 0;
    size_t settled = settled_lines(l);
    size_t lines = lines_to_resolve(l);
    for (size_t i = l->full ? 0 : mb->published; i < mb->table.count; i++) {
        struct record *rec = &mb->table.rec[i];
        if (rec->state == RECORD_GONE && rec->hidden && l->full && l->clean)
            prove_gone(l, rec);
        if (rec->state >= RECORD_EXPUNGED || (rec->state != RECORD_LINE && !l->full))
            continue;
        bool proof = rec->state == RECORD_SHOWN && !rec->in_new ? l->cur_clean : l->clean;
        if (rec->state == RECORD_LINE ? i >= lines : was_seen(l, rec, proof))
            continue;
        if (rec->state == RECORD_LINE && i >= settled)
            proof = false;
        if (!proof)
            missing++;
        else if (rec->state == RECORD_SHOWN)
            expunge(mb, rec);
        else
            record_set_state(mb, rec, RECORD_GONE);
    }
    return missing;
}

/* Nothing has changed, so nothing was read: a line that waits is dead, if its writer is done.
 */
static void resolve_unread(struct look *l)
{
    l->clean = l->mb->cur.verify_at == 0 && l->mb->new.verify_at == 0;
    l->full = false;
    (void)resolve(l);
}

/* The lines that hold others back, when readings are never clean: see the head. */
static void give_up_lines(struct look *l)
{
    struct mailbox *mb = l->mb;
    size_t found = l->locked ? mb->table.count : behind_last_found(mb);
    bool first = mb->folder.highest == 0;
    bool any = false;
    for (size_t i = mb->published; i < found; i++)
        any = any || mb->table.rec[i].state == RECORD_LINE;
    if (!any) {
        mb->held_looks = 0;
        return;
    }
    l->unsettled = true;
    if (!first && ++mb->held_looks < HELD_LOOKS)
        return;
    mb->held_looks = 0;
    for (size_t i = mb->published; i < found; i++) {
        struct record *rec = &mb->table.rec[i];
        if (rec->state != RECORD_LINE)
            continue;
        record_set_state(mb, rec, RECORD_GONE);
        rec->hidden = true;
    }
}

static int rounds_of(const struct mailbox *mb)
{
    if (mb->grain.remote)
        return ROUNDS_REMOTE;
    return mb->folder.highest == 0 ? ROUNDS_FIRST : ROUNDS;
}

enum store_error look_read(struct look *l, bool cur_too)
{
    struct mailbox *mb = l->mb;
    l->first = mb->look + 1;
    for (int i = 0;; i++) {
        if (cur_too && !look_load_whole(l))
            return STORE_UNAVAILABLE;
        look_at_lock(l, cur_too);
        enum store_error e = read_once(l, cur_too);
        if (e != STORE_OK)
            return e;
        size_t renamed = look_settle_clashes(l);
        bool moved = !cur_too && l->seen_new < mb->folder.in_new;
        size_t missing = moved ? 0 : resolve(l);
        if (!moved && missing == 0 && renamed == 0)
            break;
        if (i + 1 >= rounds_of(mb)) {
            l->unsettled = true;
            break;
        }
        cur_too = cur_too || moved || missing > 0;
        index_release(mb->index);
        if (missing > 0)
            sys_pause(grain_ms(mb->grain));
    }
    give_up_lines(l);
    return STORE_OK;
}

/* --- Showing.
 * ---------------------------------------------------------------------------------- */

void look_publish(struct look *l)
{
    struct mailbox *mb = l->mb;
    while (mb->published < mb->table.count) {
        struct record *rec = &mb->table.rec[mb->published];
        if (rec->state == RECORD_LINE)
            return;
        mb->published++;
        if (rec->state != RECORD_FOUND)
            continue;
        record_set_state(mb, rec, RECORD_SHOWN);
        record_changed(rec);
        record_set_recent(mb, rec, rec->in_new);
        if (mb->folder.highest < rec->uid)
            mb->folder.highest = rec->uid;
    }
}

/* --- A look.
 * ----------------------------------------------------------------------------------- */

static enum store_error look_at_list(struct look *l)
{
    struct mailbox *mb = l->mb;
    struct uidlist_lines lines;
    enum uidlist_news news = UIDLIST_SAME;
    enum store_error e = uidlist_look(&mb->folder.list, mb->dirs.dir, false, &news, &lines);
    if (e == STORE_OK)
        e = look_merge(l, news, &lines);
    uidlist_lines_free(&lines);
    return e;
}

/* Messages that are there, but whose lines the list has lost. */
static bool any_unlisted(const struct mailbox *mb)
{
    for (size_t i = 0; i < mb->table.count; i++) {
        const struct record *rec = &mb->table.rec[i];
        if (rec->state == RECORD_SHOWN && !rec->listed &&
            table_unique(&mb->table, rec->name, rec->unique_len) == rec)
            return true;
    }
    return false;
}

bool look_wants_lock(const struct look *l)
{
    const struct mailbox *mb = l->mb;
    for (size_t i = 0; i < l->fresh.count; i++)
        if (l->fresh.rec[i].uid == 0)
            return true;
    return l->list_missing || l->unlisted || (mb->folder.list.rewrite && !mb->mend_failed);
}

enum store_error look_through(struct look *l)
{
    struct mailbox *mb = l->mb;
    enum store_error e = look_at_list(l);
    if (e != STORE_OK)
        return e;
    if (!look_at_keywords(l))
        return STORE_UNAVAILABLE;
    look_at_lock(l, false);
    bool all = l->how == LOOK_ALL || l->read_all;
    bool read_new = !dir_stamp_unchanged(&mb->new, mb->dirs.new, mb->grain) || all;
    bool read_cur = !dir_stamp_unchanged(&mb->cur, mb->dirs.cur, mb->grain) || all;
    if (read_new || read_cur)
        e = look_read(l, read_cur);
    else
        resolve_unread(l);
    /* A name is written before its letter is on any file: those read now may have newer ones.
     */
    if (e == STORE_OK && keywords_unnamed(&mb->keywords) && !look_at_keywords(l))
        return STORE_UNAVAILABLE;
    if (e == STORE_OK && l->read_all)
        l->unlisted = any_unlisted(mb);
    return e;
}
