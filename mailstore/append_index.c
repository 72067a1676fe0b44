/*
 * What was added is told to the index at once: then neither the session that adds nor another
 * one has to look for it, and a message with flags, which goes to cur/, is \Recent to the
 * session that is first told of it (RFC 3501 section 6.3.11).
 *
 * Only where the index has read the uidlist up to our lines, and holds nothing back: lines that
 * it has not read come before ours. Else the next look takes all of them in.
 */
#include "mailstore/append_private.h"
#include "mailstore/mailbox_private.h"

#include "mailstore/index_change.h"
#include "mailstore/sys.h"

#include <stdlib.h>
#include <string.h>

static bool has_read(const struct index_folder *f, const struct uidlist *list)
{
    return uidlist_same_state(&f->list, list) && f->list.damaged == 0 && !f->list.rewrite &&
           f->uidvalidity == list->uidvalidity && f->pending == 0;
}

/* A list may have lost its last lines (a backup, damage) with their UIDs. */
static void pass_over_known(const struct index_folder *f, struct uidlist *list)
{
    if (f->uidvalidity == list->uidvalidity && f->last >= list->next && f->last < UID_LIMIT)
        list->next = f->last + 1;
}

void append_index_begin(struct append *a, struct uidlist *list, struct append_index *ai)
{
    struct stat st;
    bool found = false;
    struct index *ix = store_index(a->store);
    memset(ai, 0, sizeof *ai);
    if (ix == NULL || sys_fstat(a->dirs.cur, &st) < 0)
        return;
    index_release(ix);
    (void)index_check(ix);
    if (index_read(ix) && index_folder_get(ix, folder_key_of(&st), &ai->folder, &found) &&
        found) {
        ai->usable = has_read(&ai->folder, list);
        pass_over_known(&ai->folder, list);
    }
    index_release(ix);
    if (!ai->usable)
        return;
    struct grain grain = grain_of(a->dirs.cur);
    stamp_from_index(&ai->cur_stamp, &ai->folder.cur);
    ai->cur = dir_stamp_unchanged(&ai->cur_stamp, a->dirs.cur, grain);
}

/* Another session has looked after our lines were written and before the files were moved: it
 * knows of the lines, and of nothing else that the list had not before. */
static bool knows_our_lines(struct index *ix, const struct index_folder *f,
                            const struct uidlist *list, const uint32_t *uid, size_t n)
{
    struct index_message m;
    bool found = f->list.offset == list->offset && f->last == uid[n - 1] && f->pending == n;
    for (size_t i = 0; found && i < n; i++)
        if (!index_message_get(ix, f->id, uid[i], &m, NULL, &found) || m.state != RECORD_LINE)
            return false;
    return found;
}

static bool save_item(struct index *ix, struct index_folder *f, const struct append_item *item,
                      uint32_t uid, bool known)
{
    struct index_message was;
    struct index_message m = { .modseq = f->modseq,
                               .size = SIZE_UNKNOWN,
                               .date = INDEX_DATE_UNKNOWN,
                               .uid = uid,
                               .state = RECORD_SHOWN,
                               .bits = INDEX_LISTED | INDEX_ON_DISK | INDEX_RECENT };
    uint64_t octets = 0;
    maildir_name_flags(item->name, &m.flags, &m.letters);
    if (item->to_new)
        m.bits |= INDEX_IN_NEW;
    if (maildir_name_number(item->name, 'W', &octets))
        m.size = octets; /* counted by us, or by a name that told the truth */
    if (known && !index_message_get(ix, f->id, uid, &was, NULL, &known))
        return false;
    folder_count(f, known ? &was : NULL, &m);
    f->letters |= m.letters & LETTERS_AZ;
    return index_message_put(ix, f->id, &m, item->name) &&
           (item->guid == NULL || index_message_set_guid(ix, f->id, uid, item->guid));
}

static void save_stamp(struct append *a, struct append_index *ai, struct index_folder *f)
{
    if (!ai->cur || !index_stamp_same(&f->cur, &ai->folder.cur))
        return;
    dir_stamp_take_over(&ai->cur_stamp, a->dirs.cur, grain_of(a->dirs.cur), f->scan_ms);
    stamp_to_index(&f->cur, &ai->cur_stamp);
}

/* Some may have been made for these messages. */
static void remember_keywords(struct append *a, struct index_folder *f)
{
    struct keywords kw;
    uint32_t ignored = 0;
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++)
        n += a->item[i].keywords;
    if (n == 0)
        return;
    keywords_init(&kw);
    if (keywords_look(&kw, a->dirs.dir, &ignored) == STORE_OK)
        folder_remember_keywords(f, &kw);
    keywords_free(&kw);
}

static bool save_all(struct append *a, struct index *ix, const struct uidlist *list,
                     const uint32_t *uid, struct append_index *ai)
{
    struct index_folder f;
    bool found = false;
    if (!index_folder_get(ix, ai->folder.key, &f, &found) || !found || f.id != ai->folder.id ||
        f.uidvalidity != ai->folder.uidvalidity)
        return false;
    bool unread =
        f.list.offset == ai->folder.list.offset && f.last == ai->folder.last && f.pending == 0;
    if (!unread && !knows_our_lines(ix, &f, list, uid, a->count))
        return false;
    remember_keywords(a, &f);
    uint64_t modseq = index_folder_next_modseq(&f, 0);
    for (size_t i = 0; i < a->count; i++)
        if (!save_item(ix, &f, &a->item[i], uid[i], !unread))
            return false;
    f.last = f.highest = uid[a->count - 1];
    f.list.offset = list->offset;
    f.list.mtime = list->mtime;
    f.list.next = list->next;
    f.list.last = list->last;
    if (unread)
        f.list.lines += a->count;
    if (f.pending == 0)
        f.pending_uid = 0;
    save_stamp(a, ai, &f);
    return index_change_add(ix, &f, modseq, uid, a->count) && index_folder_put(ix, &f);
}

bool append_index_write(struct append *a, const struct uidlist *list, const uint32_t *uid,
                        struct append_index *ai)
{
    return !ai->usable || save_all(a, store_index(a->store), list, uid, ai);
}

void append_index_save(struct append *a, const struct uidlist *list, const uint32_t *uid,
                       struct append_index *ai)
{
    struct index *ix = store_index(a->store);
    if (ix == NULL || !ai->usable || !index_write(ix))
        return;
    (void)index_end(ix, append_index_write(a, list, uid, ai));
}
