/*
 * What changed in a folder, and which UIDs no message has any more.
 *
 * Each answer comes from one snapshot of the index, which may be newer than our last look. That
 * does no harm: which messages mailbox_changes names is bounded by the mod-sequence of that
 * look, so that what is newer is told the next time, too; and messages are told as they are
 * now.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/index_change.h"

#include <stdlib.h>

struct gathering {
    uint32_t *uid;
    size_t count;
    size_t allocated;
    uint64_t until;
    bool no_memory;
};

static bool gather(void *ctx, uint32_t uid, uint64_t modseq)
{
    struct gathering *g = ctx;
    if (modseq > g->until)
        return false;
    if (g->count == g->allocated) {
        size_t n = g->allocated == 0 ? 64 : g->allocated * 2;
        uint32_t *grown = reallocarray(g->uid, n, sizeof *grown);
        g->no_memory = grown == NULL;
        if (grown == NULL)
            return false;
        g->uid = grown;
        g->allocated = n;
    }
    g->uid[g->count++] = uid;
    return true;
}

/* By UID; an expunge, the last that happens to a message, before other changes of it. */
static int compare_changes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    uint32_t ux = x & ~INDEX_EXPUNGED;
    uint32_t uy = y & ~INDEX_EXPUNGED;
    if (ux != uy)
        return ux < uy ? -1 : 1;
    return x == y ? 0 : x > y ? -1 : 1;
}

struct telling {
    struct mailbox *mb;
    uint64_t since;
    void (*each)(void *ctx, const struct message_info *info);
    void *ctx;
};

/* A message that was changed once more since our look is told of all the same. One that is new
 * would otherwise be passed over for those above it, and never get a sequence number. */
static bool tell_change(const struct telling *t, uint32_t entry)
{
    struct index_message m;
    bool found = false;
    uint32_t uid = entry & ~INDEX_EXPUNGED;
    if (!index_read(t->mb->index) ||
        !index_message_get(t->mb->index, t->mb->folder.id, uid, &m, NULL, &found))
        return false;
    struct message_info info = { .uid = uid,
                                 .expunged = true,
                                 .modseq = t->mb->folder.modseq,
                                 .size = MESSAGE_SIZE_UNKNOWN,
                                 .date = MESSAGE_DATE_UNKNOWN };
    if (found)
        info = mailbox_info(t->mb, &m);
    if ((entry & INDEX_EXPUNGED) != 0)
        info.expunged = true;
    else if (!found || !mailbox_record_shown(&m) || m.modseq <= t->since)
        return true;
    t->each(t->ctx, &info);
    return true;
}

static bool gather_log(const struct telling *t, struct gathering *g)
{
    struct mailbox *mb = t->mb;
    g->until = mb->folder.modseq;
    if (!index_change_each(mb->index, mb->folder.id, t->since, gather, g) || g->no_memory)
        return false;
    if (g->count > 1)
        qsort(g->uid, g->count, sizeof *g->uid, compare_changes);
    return true;
}

static bool tell_log(const struct telling *t, const struct gathering *g)
{
    uint32_t last = 0;
    for (size_t i = 0; i < g->count; i++) {
        uint32_t uid = g->uid[i] & ~INDEX_EXPUNGED;
        if (uid != last && !tell_change(t, g->uid[i]))
            return false;
        last = uid;
    }
    return true;
}

static bool tell_all(const struct telling *t)
{
    struct mailbox *mb = t->mb;
    struct index_message m;
    bool found = false;
    for (uint32_t uid = 1; mailbox_next_record(mb, uid, mailbox_record_shown, &m, &found);
         uid = m.uid + 1) {
        if (!found)
            return true;
        struct message_info info = mailbox_info(mb, &m);
        if (t->since < mb->doubt && info.modseq <= t->since)
            info.modseq = mailbox_modseq(mb);
        if (info.modseq > t->since)
            t->each(t->ctx, &info);
    }
    return false;
}

/* Whether the change table, as it is in this snapshot, reaches back so far: another session may
 * have made so many changes since our look that the oldest are not in it any more. */
static bool log_reaches(struct mailbox *mb, uint64_t since)
{
    struct index_folder f;
    return since >= mb->doubt && mailbox_folder_now(mb, &f) && f.id == mb->folder.id &&
           since >= f.floor;
}

enum changes_told mailbox_changes(struct mailbox *mb, uint64_t since,
                                  void (*each)(void *ctx, const struct message_info *info),
                                  void *ctx)
{
    struct telling t = { mb, since, each, ctx };
    struct gathering g = { .uid = NULL };
    if (since >= mailbox_modseq(mb))
        return CHANGES_TOLD;
    if (!mailbox_read(mb))
        return CHANGES_BROKEN_OFF;
    bool logged = log_reaches(mb, since) && gather_log(&t, &g);
    bool whole = logged ? tell_log(&t, &g) : tell_all(&t);
    free(g.uid);
    if (!whole)
        return CHANGES_BROKEN_OFF;
    return logged ? CHANGES_TOLD : CHANGES_BUT_EXPUNGED;
}

/* Whether a message with that UID may be there, or turn up under it: hidden ones were given up
 * without proof (mailbox_refresh.c). */
static bool may_be(const struct index_message *m)
{
    return m->state != RECORD_GONE || (m->bits & INDEX_HIDDEN) != 0;
}

bool mailbox_gaps(struct mailbox *mb, void (*each)(void *ctx, uint32_t first, uint32_t last),
                  void *ctx)
{
    struct index_message m;
    bool found = true;
    uint32_t from = 1;
    for (;;) {
        if (!mailbox_next_record(mb, from, may_be, &m, &found))
            return false;
        uint32_t end = mailbox_uidnext(mb);
        if (found && m.uid < end)
            end = m.uid;
        if (end > from)
            each(ctx, from, end - 1);
        if (!found || m.uid >= mailbox_uidnext(mb))
            return true;
        from = m.uid + 1;
    }
}
