/*
 * What the index says of a folder's messages, against the disk.
 *
 * The index may lag behind: mail comes, other programs rename, a session is killed between its
 * rename and its note of it. So it says up to when it goes, by the stamps of cur/, new/ and
 * uidlist. Where the stamp of a directory is the one on disk, and proven (`verify_at` 0: no
 * change of somebody else's can hide behind one of ours), each record must be what is there.
 * Where it is not, only this is wrong: what no lagging explains, which is a UID that names two
 * messages, and numbers that contradict each other within the index.
 */
#include "mailstore/check_private.h"

#include "mailstore/index_stamp.h"
#include "mailstore/mailbox_private.h"
#include "mailstore/sys.h"

#include <stdlib.h>
#include <string.h>

/* --- What the index claims. ------------------------------------------------------------------
 */

/* Whether a directory is proven to be as the stamp says. */
static bool stamp_proves(const struct index_stamp *stamp, int fd)
{
    struct stat st;
    return stamp->ino != 0 && stamp->verify_at == 0 && fd >= 0 && sys_fstat(fd, &st) == 0 &&
           stamp->dev == st.st_dev && stamp->ino == st.st_ino &&
           stamp->sec == st.st_mtim.tv_sec && stamp->nsec == st.st_mtim.tv_nsec;
}

static void find_claims(struct folder_check *fc)
{
    const struct uidlist *has = &fc->f.list;
    const struct uidlist *is = &fc->list;
    fc->claims_cur = stamp_proves(&fc->f.cur, fc->dirs.cur);
    fc->claims_new = stamp_proves(&fc->f.new, fc->dirs.new);
    fc->claims_list = uidlist_same_state(has, is) && has->verify_at == 0 && !has->rewrite &&
                      has->damaged == 0 && is->uidvalidity == fc->f.uidvalidity;
}

static bool claims_dir(const struct folder_check *fc, bool in_new)
{
    return in_new ? fc->claims_new : fc->claims_cur;
}

static const char *dir_name(bool in_new)
{
    return in_new ? "new" : "cur";
}

/* --- One record. -----------------------------------------------------------------------------
 */

struct walk {
    struct folder_check *fc;
    struct check_tables *tables;
    struct index_folder sum; /* what the folder's numbers should be */
    struct index_message m;
    char name[NAME_MAX + 1];
    char quoted[CHECK_QUOTE_MAX];
};

static bool is_alive(const struct index_message *m)
{
    return m->state == RECORD_SHOWN || m->state == RECORD_FOUND;
}

static const char *quoted_name(struct walk *w)
{
    return check_quote(w->quoted, w->name, strlen(w->name));
}

static void compare_line(struct walk *w)
{
    struct folder_check *fc = w->fc;
    const struct index_message *m = &w->m;
    char quoted[CHECK_QUOTE_MAX];
    struct record *line = table_uid(&fc->listed, m->uid);
    bool listed = (m->bits & INDEX_LISTED) != 0;
    if (line != NULL) {
        line->seen = 1;
        if (line->unique_len != strcspn(w->name, ",:") ||
            memcmp(line->name, w->name, line->unique_len) != 0) {
            check_differs(
                fc, CURE_BELIEVE,
                "UID %u is %s in the index and %s in %s; --repair believes the latter", m->uid,
                quoted_name(w), check_quote(quoted, line->name, strlen(line->name)),
                UIDLIST_NAME);
            return;
        }
    }
    if (!fc->claims_list || fc->f.provisional != 0)
        return;
    if (line == NULL && m->state == RECORD_SHOWN)
        check_differs(
            fc, CURE_UIDLIST,
            "UID %u (%s) has no line in %s; --repair puts it back, as the index has it", m->uid,
            quoted_name(w), UIDLIST_NAME);
    else if (listed != (line != NULL))
        check_differs(fc, CURE_FORGET,
                      "UID %u (%s) has %s line in %s, and the index says otherwise; --repair "
                      "begins the folder's index anew",
                      m->uid, quoted_name(w), line != NULL ? "a" : "no", UIDLIST_NAME);
}

static int by_uid(const void *key, const void *line)
{
    uint32_t uid = *(const uint32_t *)key;
    uint32_t other = ((const struct uidlist_line *)line)->uid;
    return (uid > other) - (uid < other);
}

/* Who the message is (mailbox_identity.c). A line may lack what the index has. False: the index
 * has failed. */
static bool compare_guid(struct walk *w)
{
    struct folder_check *fc = w->fc;
    const struct index_message *m = &w->m;
    const char *guid;
    char quoted[CHECK_QUOTE_MAX];
    char has[GUID_MAX + 1] = "";
    if (!fc->claims_list || fc->lines.count == 0)
        return true;
    const struct uidlist_line *line =
        bsearch(&m->uid, fc->lines.line, fc->lines.count, sizeof *fc->lines.line, by_uid);
    size_t n = line != NULL ? uidlist_line_guid(line, &guid) : 0;
    if (n == 0 || n > GUID_MAX)
        return true;
    if ((m->bits & INDEX_GUID) != 0 && !index_message_guid(fc->c->index, fc->f.id, m->uid, has))
        return false;
    if (strlen(has) != n || memcmp(has, guid, n) != 0)
        check_differs(fc, CURE_FORGET,
                      "UID %u (%s) has the GUID %s in %s, and another in the index; --repair "
                      "begins the folder's index anew",
                      m->uid, quoted_name(w), check_quote(quoted, guid, n), UIDLIST_NAME);
    return true;
}

/* The file that has the record's unique part, in the directory that the record names. */
static void compare_name(struct walk *w, const struct record *file)
{
    char quoted[CHECK_QUOTE_MAX];
    const struct index_message *m = &w->m;
    if (strcmp(file->name, w->name) != 0)
        check_differs(w->fc, CURE_LOOK,
                      "UID %u is %s/%s, and %s in the index (flags or name differ); --repair "
                      "takes it in as it is",
                      m->uid, dir_name(file->in_new),
                      check_quote(quoted, file->name, strlen(file->name)), quoted_name(w));
    else if (file->flags != m->flags || file->letters != m->letters)
        check_differs(w->fc, CURE_FORGET,
                      "UID %u (%s) has other flags in the index than in its name; --repair "
                      "begins the folder's index anew",
                      m->uid, quoted_name(w));
}

static void compare_file(struct walk *w)
{
    struct folder_check *fc = w->fc;
    const struct index_message *m = &w->m;
    bool in_new = (m->bits & INDEX_IN_NEW) != 0;
    if (!is_alive(m))
        return;
    struct record *file = table_unique(&fc->files, w->name, strcspn(w->name, ",:"));
    if (file != NULL && file->uid != 0)
        check_differs(
            fc, CURE_FORGET,
            "%s is UID %u and UID %u in the index; --repair begins the folder's index "
            "anew",
            quoted_name(w), file->uid, m->uid);
    if (file != NULL)
        file->uid = m->uid;
    if (!claims_dir(fc, in_new) || (file != NULL && file->hidden))
        return;
    if (file == NULL)
        check_differs(fc, CURE_LOOK,
                      "UID %u (%s/%s) is in the index, and its file is not there; --repair "
                      "takes it out",
                      m->uid, dir_name(in_new), quoted_name(w));
    else if (file->in_new != in_new)
        check_differs(fc, CURE_LOOK,
                      "UID %u (%s) is in %s/, and in %s/ by the index; --repair takes it in as "
                      "it is",
                      m->uid, quoted_name(w), dir_name(file->in_new), dir_name(in_new));
    else
        compare_name(w, file);
}

/* What no record may say, whatever the disk says. */
static void compare_bounds(struct walk *w)
{
    const struct index_folder *f = &w->fc->f;
    const struct index_message *m = &w->m;
    if (m->uid > f->last || (m->state == RECORD_SHOWN && m->uid > f->highest))
        check_differs(w->fc, CURE_FORGET,
                      "UID %u (%s) is above the last UID that the index says it has; --repair "
                      "begins the folder's index anew",
                      m->uid, quoted_name(w));
    if (m->modseq > f->modseq || m->modseq == 0)
        check_differs(w->fc, CURE_FORGET,
                      "UID %u (%s) has the mod-sequence %llu, the folder %llu; --repair begins "
                      "the folder's index anew",
                      m->uid, quoted_name(w), (unsigned long long)m->modseq,
                      (unsigned long long)f->modseq);
    if (is_alive(m) && (m->letters & LETTERS_AZ & ~f->letters) != 0)
        check_differs(w->fc, CURE_FORGET,
                      "UID %u (%s) has a keyword that the index says no message has; --repair "
                      "begins the folder's index anew",
                      m->uid, quoted_name(w));
}

/* --- The folder's numbers. -------------------------------------------------------------------
 */

/* Of these bounds the folder's may be lower. */
static void lower(uint32_t *bound, uint32_t uid)
{
    if (uid < *bound)
        *bound = uid;
}

static void add_to_sum(struct walk *w)
{
    const struct index_message *m = &w->m;
    struct index_folder counted = w->sum;
    bool shown = m->state == RECORD_SHOWN;
    uint8_t in_new = INDEX_ON_DISK | INDEX_IN_NEW;
    folder_count(&counted, NULL, m);
    counted.unseen_from = w->sum.unseen_from;
    counted.recent_from = w->sum.recent_from;
    counted.in_new_from = w->sum.in_new_from;
    w->sum = counted;
    if (shown && (m->flags & FLAG_SEEN) == 0)
        lower(&w->sum.unseen_from, m->uid);
    if (shown && (m->bits & INDEX_RECENT) != 0)
        lower(&w->sum.recent_from, m->uid);
    if (is_alive(m) && (m->bits & in_new) == in_new)
        lower(&w->sum.in_new_from, m->uid);
    if (m->state == RECORD_LINE || m->state == RECORD_FOUND)
        lower(&w->sum.pending_uid, m->uid);
}

static void compare_count(struct folder_check *fc, const char *what, uint32_t says, uint32_t is)
{
    if (says != is)
        check_differs(fc, CURE_FORGET,
                      "the index counts %u messages that are %s, and has %u; --repair begins "
                      "the folder's index anew",
                      says, what, is);
}

static void compare_bound(struct folder_check *fc, const char *what, uint32_t says, uint32_t is)
{
    if (says > is)
        check_differs(fc, CURE_FORGET,
                      "the index says that no message below UID %u is %s, and UID %u is; "
                      "--repair begins the folder's index anew",
                      says, what, is);
}

static void compare_sum(struct folder_check *fc, const struct index_folder *sum)
{
    const struct index_folder *f = &fc->f;
    compare_count(fc, "there", f->shown, sum->shown);
    compare_count(fc, "not \\Seen", f->unseen, sum->unseen);
    compare_count(fc, "\\Deleted", f->deleted, sum->deleted);
    compare_count(fc, "\\Recent", f->recent, sum->recent);
    compare_count(fc, "in new/", f->in_new, sum->in_new);
    compare_count(fc, "gone, with a line in the uidlist", f->dead, sum->dead);
    compare_count(fc, "not shown yet", f->pending, sum->pending);
    compare_bound(fc, "without \\Seen", f->unseen_from, sum->unseen_from);
    compare_bound(fc, "\\Recent", f->recent_from, sum->recent_from);
    compare_bound(fc, "in new/", f->in_new_from, sum->in_new_from);
    if (f->pending > 0)
        compare_bound(fc, "not shown yet", f->pending_uid, sum->pending_uid);
    bool spent = fc->claims_list && f->list.next <= f->last;
    if (f->highest > f->last || spent)
        check_differs(fc, CURE_FORGET,
                      "the index has shown UID %u, recorded UID %u and would give UID %u next; "
                      "--repair begins the folder's index anew",
                      f->highest, f->last, f->list.next);
}

/* --- All of them. ----------------------------------------------------------------------------
 */

static bool walk_records(struct walk *w)
{
    struct folder_check *fc = w->fc;
    struct index *ix = fc->c->index;
    bool found = true;
    for (uint32_t uid = 0; uid < UINT32_MAX; uid = w->m.uid + 1) {
        if (!index_message_next(ix, fc->f.id, uid, &w->m, w->name, &found))
            return false;
        if (!found)
            break;
        check_tables_record(fc, w->tables, &w->m, w->name);
        compare_bounds(w);
        compare_line(w);
        if (!compare_guid(w))
            return false;
        compare_file(w);
        add_to_sum(w);
    }
    return true;
}

static void compare_left_lines(struct folder_check *fc)
{
    char quoted[CHECK_QUOTE_MAX];
    for (size_t i = 0; i < fc->listed.count; i++) {
        const struct record *line = &fc->listed.rec[i];
        if (line->seen == 0 && fc->claims_list)
            check_differs(fc, CURE_FORGET,
                          "UID %u (%s) is in %s and not in the index; --repair begins the "
                          "folder's index anew",
                          line->uid, check_quote(quoted, line->name, strlen(line->name)),
                          UIDLIST_NAME);
    }
}

/* Files that no record has: the index has missed them, or nobody has looked yet. */
static void compare_left_files(struct folder_check *fc)
{
    char quoted[CHECK_QUOTE_MAX];
    size_t waiting[2] = { 0, 0 };
    for (size_t i = 0; i < fc->files.count; i++) {
        const struct record *file = &fc->files.rec[i];
        if (file->uid != 0)
            continue;
        if (claims_dir(fc, file->in_new) && !file->hidden)
            check_differs(fc, CURE_LOOK,
                          "%s/%s is not in the index, which says that it has all of %s/; "
                          "--repair takes it in",
                          dir_name(file->in_new),
                          check_quote(quoted, file->name, strlen(file->name)),
                          dir_name(file->in_new));
        else if (table_unique(&fc->listed, file->name, file->unique_len) == NULL)
            waiting[file->in_new ? 1 : 0]++;
    }
    if (waiting[1] > 0)
        check_note(fc, "%zu new messages in new/ wait for a session", waiting[1]);
    if (waiting[0] > 0)
        check_note(fc, "%zu messages that were put into cur/ wait for a session", waiting[0]);
}

static bool compare_index(struct folder_check *fc)
{
    struct walk w = { .fc = fc };
    w.sum.unseen_from = w.sum.recent_from = w.sum.in_new_from = UINT32_MAX;
    w.sum.pending_uid = UINT32_MAX;
    w.tables = check_tables_read(fc);
    bool ok = w.tables != NULL && walk_records(&w);
    if (ok) {
        check_tables_end(fc, w.tables);
        compare_left_lines(fc);
        compare_sum(fc, &w.sum);
    }
    check_tables_free(w.tables);
    return ok;
}

bool check_records(struct folder_check *fc)
{
    if (fc->indexed) {
        find_claims(fc);
        if (!compare_index(fc))
            return false;
    }
    compare_left_files(fc);
    return true;
}
