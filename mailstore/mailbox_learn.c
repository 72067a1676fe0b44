/*
 * Sizes and dates, learnt when they are first asked for. They are gathered here and written to
 * the index together, since a write transaction costs more than a stat.
 */
#include "mailstore/mailbox_private.h"

#include <stdlib.h>

#define LEARNT_MAX 1024

struct learnt {
    size_t count;
    struct {
        uint32_t uid;
        uint64_t size;
        int64_t date;
    } of[LEARNT_MAX]; /* in the order of asking: mostly by UID */
};

bool mailbox_learnt(const struct mailbox *mb, uint32_t uid, uint64_t *size, int64_t *date)
{
    const struct learnt *learnt = mb->learnt;
    size_t n = learnt != NULL ? learnt->count : 0;
    if (n == 0 || learnt->of[n - 1].uid != uid)
        return false;
    *size = learnt->of[n - 1].size;
    *date = learnt->of[n - 1].date;
    return true;
}

/* The last one again, as when the size is asked for and then the date. */
static bool complete_last(struct learnt *learnt, uint32_t uid, uint64_t size, int64_t date)
{
    if (learnt->count == 0 || learnt->of[learnt->count - 1].uid != uid)
        return false;
    if (size != SIZE_UNKNOWN)
        learnt->of[learnt->count - 1].size = size;
    if (date != INDEX_DATE_UNKNOWN)
        learnt->of[learnt->count - 1].date = date;
    return true;
}

void mailbox_learn(struct mailbox *mb, const struct index_message *m, uint64_t size,
                   int64_t date)
{
    if (mb->learnt == NULL)
        mb->learnt = calloc(1, sizeof *mb->learnt);
    struct learnt *learnt = mb->learnt;
    if (learnt == NULL || complete_last(learnt, m->uid, size, date))
        return;
    if (learnt->count == LEARNT_MAX) {
        mailbox_learn_save(mb);
        mailbox_learn(mb, m, size, date);
        return;
    }
    learnt->of[learnt->count].uid = m->uid;
    learnt->of[learnt->count].size = size;
    learnt->of[learnt->count].date = date;
    learnt->count++;
}

static bool save_one(struct mailbox *mb, uint32_t folder, size_t i)
{
    struct index_message m;
    bool found = false;
    if (!index_message_get(mb->index, folder, mb->learnt->of[i].uid, &m, NULL, &found))
        return false;
    if (!found || m.state != RECORD_SHOWN)
        return true;
    if (mb->learnt->of[i].size != SIZE_UNKNOWN)
        m.size = mb->learnt->of[i].size;
    if (mb->learnt->of[i].date != INDEX_DATE_UNKNOWN)
        m.date = mb->learnt->of[i].date;
    return index_message_put(mb->index, folder, &m, NULL);
}

/* The folder's record is left alone: nothing that sessions are told of has changed. */
static bool save_all(struct mailbox *mb)
{
    struct index_folder f;
    if (!mailbox_folder_now(mb, &f))
        return false;
    for (size_t i = 0; i < mb->learnt->count; i++)
        if (!save_one(mb, f.id, i))
            return false;
    return true;
}

/* What can't be saved is asked for again. */
void mailbox_learn_save(struct mailbox *mb)
{
    if (mb->learnt == NULL || mb->learnt->count == 0)
        return;
    if (index_write(mb->index))
        (void)index_end(mb->index, save_all(mb));
    free(mb->learnt);
    mb->learnt = NULL;
}
