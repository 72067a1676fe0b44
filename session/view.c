/*
 * A view costs 4 octets a message: its UID. What else there is to know of a message is asked of
 * the mailbox when it is asked for. Only who is \Recent is kept besides, because the count that
 * the client has been told must stay right when such a message is expunged, and nothing may be
 * known of it any more then. New messages come in runs, so these are ranges.
 */
#include "session/view_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Others change a folder between our look and our walk less than once in a thousand times. */
#define WALKS 5

/* Room for what comes while a folder is walked through. */
#define SPARE 64

size_t uid_lower_bound(const uint32_t *uid, size_t n, uint32_t wanted)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (uid[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t view_sequence(const struct view *v, uint32_t uid)
{
    size_t i = uid_lower_bound(v->uid, v->count, uid);
    return i < v->count && v->uid[i] == uid ? (uint32_t)i + 1 : 0;
}

uint32_t view_sequence_next(const struct view *v, uint32_t uid, size_t *at)
{
    if (*at < v->count && v->uid[*at] == uid)
        return (uint32_t)++ * at;
    *at = uid_lower_bound(v->uid, v->count, uid);
    return *at < v->count && v->uid[*at] == uid ? (uint32_t)++ * at : 0;
}

static bool reserve(struct view *v, size_t room)
{
    if (room <= v->allocated)
        return true;
    uint32_t *larger = reallocarray(v->uid, room, sizeof *larger);
    if (larger == NULL)
        return false;
    v->uid = larger;
    v->allocated = room;
    return true;
}

/* What is about to be filled from its beginning to its end is got in one call, which takes half
 * as long as a page fault for every thousand messages. Only to be faster: it may fail. */
static void populate(void *octets, size_t n)
{
    const uintptr_t page = 4096;
    uintptr_t first = ((uintptr_t)octets + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)octets + n) / page * page;
    if (end > first)
        (void)madvise((char *)octets + (first - (uintptr_t)octets), end - first,
                      MADV_POPULATE_WRITE);
}

/* The range goes on where no other message has come since. */
static bool add_fresh(struct view *v, uint32_t uid)
{
    if (v->fresh_count > 0 && v->count > 0 &&
        v->fresh[v->fresh_count - 1].last == v->uid[v->count - 1]) {
        v->fresh[v->fresh_count - 1].last = uid;
        return true;
    }
    if (v->fresh_count == v->fresh_allocated) {
        size_t room = v->fresh_allocated * 2 + 4;
        struct sequence_range *larger = reallocarray(v->fresh, room, sizeof *larger);
        if (larger == NULL)
            return false;
        v->fresh = larger;
        v->fresh_allocated = room;
    }
    v->fresh[v->fresh_count++] = (struct sequence_range){ uid, uid };
    return true;
}

bool view_add(struct view *v, const struct message_info *info)
{
    if (v->count == v->allocated && !reserve(v, v->count + v->count / 8 + 64))
        return false;
    if (info->recent && !add_fresh(v, info->uid))
        return false;
    v->uid[v->count++] = info->uid;
    v->recent += info->recent;
    return true;
}

bool view_is_fresh(const struct view *v, uint32_t uid)
{
    const struct sequence_set set = { .range = v->fresh, .count = v->fresh_count };
    return sequence_contains(&set, uid);
}

void view_cut(struct view *v, size_t count)
{
    while (v->count > count) {
        uint32_t uid = v->uid[--v->count];
        if (!view_is_fresh(v, uid))
            continue;
        struct sequence_range *r = &v->fresh[v->fresh_count - 1];
        v->recent--;
        if (r->first == uid)
            v->fresh_count--;
        else
            r->last = v->uid[v->count - 1]; /* of the same run, or it would not go on here */
    }
}

/* Takes the marks off the UIDs that were got, into ranges. */
static bool take_marks(struct view *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct message_info info = { .uid = v->uid[v->count] & ~MAILBOX_UID_RECENT,
                                     .recent = (v->uid[v->count] & MAILBOX_UID_RECENT) != 0 };
        if (!view_add(v, &info))
            return false;
    }
    return true;
}

/* One walk through the folder as it is now. */
static enum store_error walk(struct view *v, const struct mailbox_counts *counts)
{
    v->count = v->recent = v->fresh_count = 0;
    uint32_t next = 1;
    size_t n = 1;
    bool recent;
    while (n > 0) {
        size_t room = v->count < counts->messages ? counts->messages - v->count : SPARE;
        size_t before = v->allocated;
        if (!reserve(v, v->count + room))
            return STORE_UNAVAILABLE;
        if (before == 0)
            populate(v->uid, room * sizeof *v->uid);
        if (!mailbox_uids(v->mailbox, next, v->uid + v->count, room, &n, &recent) ||
            (recent && !take_marks(v, n)))
            return STORE_UNAVAILABLE;
        if (!recent)
            v->count += n;
        if (n < room)
            break;
        next = v->uid[v->count - 1] + 1;
    }
    v->told = v->expunges_told = mailbox_modseq(v->mailbox);
    return STORE_OK;
}

/* Fills the view with what is there now. A walk ends early where the index fails in the middle
 * of it, and clients delete their copy of what a SELECT does not tell of: so the number must be
 * the one that the folder has. It also differs when somebody has changed the folder since we
 * looked at it; then we look again. When it differs for long, the index is wrong. */
static enum store_error take_all(struct view *v)
{
    for (int i = 0;; i++) {
        struct mailbox_counts counts;
        mailbox_counts(v->mailbox, &counts);
        enum store_error error = walk(v, &counts);
        if (error != STORE_OK || v->count == counts.messages || i > WALKS)
            return error;
        error = i == WALKS ? mailbox_rebuild(v->mailbox) : mailbox_refresh(v->mailbox);
        if (error != STORE_OK)
            return error;
    }
}

enum store_error view_open(struct view *v, struct store *store, const char *name, bool examine)
{
    memset(v, 0, sizeof *v);
    enum store_error error = mailbox_open(store, name, !examine, &v->mailbox);
    if (error != STORE_OK)
        return error;
    v->examined = examine;
    v->read_only = examine || !mailbox_writable(v->mailbox);
    v->name = strdup(name);
    error = v->name != NULL ? take_all(v) : STORE_UNAVAILABLE;
    if (error != STORE_OK)
        view_close(v);
    else
        view_begin_modseqs(v);
    return error;
}

static void end_following(struct view *v)
{
    if (v->follower != NULL)
        v->follower->end(v);
    v->follower = NULL;
}

enum store_error view_reopen(struct view *v)
{
    struct mailbox_counts counts;
    enum store_error error = mailbox_reopen(v->mailbox);
    if (error != STORE_OK)
        return error;
    (void)view_save(v, NULL, 0);
    end_following(v);
    mailbox_counts(v->mailbox, &counts);
    uint64_t modseq = mailbox_modseq(v->mailbox);
    if (modseq != v->told || modseq != v->expunges_told || counts.messages != v->count ||
        counts.recent != 0)
        error = take_all(v);
    else
        v->recent = v->fresh_count = 0;
    view_begin_modseqs(v);
    return error;
}

void view_close(struct view *v)
{
    if (v->mailbox != NULL)
        mailbox_close(v->mailbox);
    free(v->name);
    free(v->uid);
    free(v->fresh);
    free(v->saved);
    end_following(v);
    memset(v, 0, sizeof *v);
}

uint32_t view_first_unseen(const struct view *v)
{
    uint32_t uid = mailbox_first_unseen(v->mailbox);
    return uid != 0 ? view_sequence(v, uid) : 0;
}

static enum view_resolved check_numbers(const struct view *v, const struct sequence_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        uint32_t low, high;
        sequence_bounds(&set->range[i], (uint32_t)v->count, &low, &high);
        if (low == 0 || high > v->count)
            return VIEW_NO_SUCH_NUMBER;
    }
    return VIEW_RESOLVED;
}

/* The messages of a normalized range: uid[*from] up to, not including, uid[*to]. */
static void range_bounds(const struct view *v, const struct sequence_range *r, bool by_uid,
                         size_t *from, size_t *to)
{
    *from = by_uid ? uid_lower_bound(v->uid, v->count, r->first) : r->first - 1;
    *to = !by_uid                 ? r->last
          : r->last == UINT32_MAX ? v->count
                                  : uid_lower_bound(v->uid, v->count, r->last + 1);
}

size_t view_span(const struct view *v, const struct sequence_set *set, bool by_uid)
{
    size_t from, to, total = 0;
    for (size_t i = 0; i < set->count; i++) {
        range_bounds(v, &set->range[i], by_uid, &from, &to);
        total += to - from;
    }
    return total;
}

bool view_save(struct view *v, const uint32_t *uid, size_t n)
{
    free(v->saved);
    v->saved = n > 0 ? reallocarray(NULL, n, sizeof *uid) : NULL;
    v->saved_count = v->saved != NULL ? n : 0;
    if (v->saved_count > 0)
        memcpy(v->saved, uid, n * sizeof *uid);
    return v->saved_count == n;
}

/* Those of "$" that are still there. */
static enum view_resolved resolve_saved(const struct view *v, struct view_messages *messages_r)
{
    size_t at = 0;
    if (v->saved_count == 0)
        return VIEW_RESOLVED;
    messages_r->uid = reallocarray(NULL, v->saved_count, sizeof *messages_r->uid);
    if (messages_r->uid == NULL)
        return VIEW_NO_MEMORY;
    for (size_t i = 0; i < v->saved_count; i++)
        if (view_sequence_next(v, v->saved[i], &at) != 0)
            messages_r->uid[messages_r->count++] = v->saved[i];
    return VIEW_RESOLVED;
}

/* The work is that of the set and of the messages it names, not of the folder. */
enum view_resolved view_resolve(const struct view *v, struct sequence_set *set, bool by_uid,
                                struct view_messages *messages_r)
{
    size_t from, to;
    *messages_r = (struct view_messages){ 0 };
    if (set->saved)
        return resolve_saved(v, messages_r);
    if (!by_uid && check_numbers(v, set) != VIEW_RESOLVED)
        return VIEW_NO_SUCH_NUMBER;
    if (v->count == 0)
        return VIEW_RESOLVED;
    sequence_normalize(set, by_uid ? v->uid[v->count - 1] : (uint32_t)v->count);
    size_t total = view_span(v, set, by_uid);
    if (total == 0)
        return VIEW_RESOLVED;
    messages_r->uid = calloc(total, sizeof *messages_r->uid);
    if (messages_r->uid == NULL)
        return VIEW_NO_MEMORY;
    for (size_t i = 0; i < set->count; i++) {
        range_bounds(v, &set->range[i], by_uid, &from, &to);
        memcpy(messages_r->uid + messages_r->count, v->uid + from,
               (to - from) * sizeof *messages_r->uid);
        messages_r->count += to - from;
    }
    return VIEW_RESOLVED;
}

/* Of "$", or of a normalized set. *at: for the next UID, which is higher. */
static bool is_named(const struct view *v, const struct sequence_set *set, bool by_uid,
                     uint32_t uid, uint32_t sequence, size_t *at)
{
    if (!set->saved)
        return sequence_contains(set, by_uid ? uid : sequence);
    *at += uid_lower_bound(v->saved + *at, v->saved_count - *at, uid);
    return *at < v->saved_count && v->saved[*at] == uid;
}

enum view_resolved view_resolve_among(const struct view *v, struct sequence_set *set,
                                      bool by_uid, const uint32_t *uid, size_t n,
                                      struct view_messages *messages_r)
{
    size_t at = 0, saved = 0;
    *messages_r = (struct view_messages){ 0 };
    if (!set->saved && !by_uid && check_numbers(v, set) != VIEW_RESOLVED)
        return VIEW_NO_SUCH_NUMBER;
    if (v->count == 0 || n == 0)
        return VIEW_RESOLVED;
    sequence_normalize(set, by_uid ? v->uid[v->count - 1] : (uint32_t)v->count);
    messages_r->uid = calloc(n, sizeof *messages_r->uid);
    if (messages_r->uid == NULL)
        return VIEW_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        uint32_t sequence = view_sequence_next(v, uid[i], &at);
        if (sequence != 0 && is_named(v, set, by_uid, uid[i], sequence, &saved))
            messages_r->uid[messages_r->count++] = uid[i];
    }
    return VIEW_RESOLVED;
}

void view_messages_free(struct view_messages *messages)
{
    free(messages->uid);
    *messages = (struct view_messages){ 0 };
}
