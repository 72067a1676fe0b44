/*
 * Where the change table reaches back far enough, expunges are what it says. Else each UID that
 * no message has may have been expunged, and all are told (RFC 7162 section 3.2.6); of these
 * the client's sample of numbers and UIDs can spare many. It is not looked at in the first
 * case: then nothing is told that need not be.
 *
 * A message that is in the view is not among the vanished ones: what happened to it is news,
 * told with the numbers that it changes.
 */
#include "session/changes.h"

#include "parser/qresync.h"
#include "session/view_private.h"

#include <stdlib.h>

/* How often in all the mailbox is asked for what has changed, when it breaks off. */
#define TRIES 3

struct gathering {
    const struct view *view;
    struct changes *changes;
    bool gone; /* is wanted */
    size_t room;
    bool no_memory;
};

static bool add_changed(struct gathering *g, uint32_t uid)
{
    struct changes *c = g->changes;
    if (c->count == g->room) {
        size_t room = g->room * 2 + 64;
        uint32_t *larger = reallocarray(c->uid, room, sizeof *larger);
        if (larger == NULL)
            return false;
        c->uid = larger;
        g->room = room;
    }
    c->uid[c->count++] = uid;
    return true;
}

/* The parts of a range that are in no message of the view. */
static void add_gone(void *ctx, uint32_t first, uint32_t last)
{
    struct gathering *g = ctx;
    const struct view *v = g->view;
    size_t i = uid_lower_bound(v->uid, v->count, first);
    for (; i < v->count && v->uid[i] <= last; i++) {
        if (v->uid[i] > first)
            uid_ranges_add(&g->changes->gone, first, v->uid[i] - 1);
        if (v->uid[i] == last)
            return;
        first = v->uid[i] + 1;
    }
    uid_ranges_add(&g->changes->gone, first, last);
}

static void gather(void *ctx, const struct message_info *info)
{
    struct gathering *g = ctx;
    if (!info->expunged)
        g->no_memory = g->no_memory || !add_changed(g, info->uid);
    else if (g->gone)
        add_gone(g, info->uid, info->uid);
}

/* False: broken off. */
static bool ask(struct gathering *g, uint64_t since)
{
    struct changes *c = g->changes;
    c->count = c->gone.count = 0;
    enum changes_told told = mailbox_changes(g->view->mailbox, since, gather, g);
    c->gone_known = told == CHANGES_TOLD;
    if (told == CHANGES_BROKEN_OFF || c->gone_known || !g->gone)
        return told != CHANGES_BROKEN_OFF;
    c->gone.count = 0;
    return mailbox_gaps(g->view->mailbox, add_gone, g);
}

bool changes_since(struct view *v, uint64_t since, bool gone, struct changes *changes_r)
{
    struct gathering g = { .view = v, .changes = changes_r, .gone = gone };
    bool told = false;
    *changes_r = (struct changes){ 0 };
    for (int i = 0; i < TRIES && !told; i++)
        told = ask(&g, since);
    return told && !g.no_memory && !changes_r->gone.no_memory;
}

void changes_free(struct changes *changes)
{
    free(changes->uid);
    uid_ranges_free(&changes->gone);
    *changes = (struct changes){ 0 };
}

static uint32_t max(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

bool changes_limit_gone(struct changes *changes, const struct sequence_set *set, uint32_t above)
{
    struct uid_ranges limited = { 0 };
    const struct uid_ranges *gone = &changes->gone;
    size_t i = 0, k = 0;
    while (i < gone->count && k < set->count && above < UINT32_MAX) {
        const struct sequence_range *r = &gone->range[i], *s = &set->range[k];
        uint32_t first = max(max(r->first, s->first), above + 1);
        uint32_t last = min(r->last, s->last);
        if (first <= last)
            uid_ranges_add(&limited, first, last);
        if (r->last < s->last)
            i++;
        else
            k++;
    }
    bool no_memory = limited.no_memory;
    uid_ranges_free(&changes->gone);
    changes->gone = limited;
    return !no_memory;
}

/* The highest of the UIDs from `uid` on that n messages from `number` on have, each the next
 * one; 0: none. Of ascending UIDs the difference to the number never falls, so those of which
 * it is right stand together. */
static uint32_t matched(const struct view *v, uint32_t number, uint32_t uid, uint32_t n)
{
    if (number > v->count || uid < number)
        return 0;
    size_t low = number - 1, high = v->count - low < n ? v->count : low + n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->uid[middle] - (uint32_t)(middle + 1) <= uid - number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == number - 1 || v->uid[low - 1] - (uint32_t)low != uid - number)
        return 0;
    return v->uid[low - 1];
}

uint32_t changes_matched(const struct view *v, const struct qresync *sample)
{
    uint32_t highest = 0;
    size_t i = 0, k = 0;
    uint32_t passed_i = 0, passed_k = 0; /* of the ranges at hand */
    while (i < sample->numbers.count && k < sample->matching.count) {
        const struct sequence_range *number = &sample->numbers.range[i];
        const struct sequence_range *uid = &sample->matching.range[k];
        uint32_t n =
            min(number->last - number->first - passed_i, uid->last - uid->first - passed_k);
        n++;
        highest = max(highest, matched(v, number->first + passed_i, uid->first + passed_k, n));
        passed_i += n;
        passed_k += n;
        if (passed_i > number->last - number->first) {
            i++;
            passed_i = 0;
        }
        if (passed_k > uid->last - uid->first) {
            k++;
            passed_k = 0;
        }
    }
    return highest;
}
