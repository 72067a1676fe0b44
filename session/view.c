#include "session/view.h"

#include "net/stream.h"
#include "session/flags.h"

#include <stdlib.h>
#include <string.h>

static bool add(struct view *v, uint32_t uid)
{
    if (v->count == v->allocated) {
        size_t room = v->allocated == 0 ? 64 : v->allocated + v->allocated / 2;
        uint32_t *larger = reallocarray(v->uid, room, sizeof *larger);
        if (larger == NULL)
            return false;
        v->uid = larger;
        v->allocated = room;
    }
    v->uid[v->count++] = uid;
    return true;
}

/* The index of the first of n ascending UIDs that is at least this one. */
static size_t lower_bound(const uint32_t *uids, size_t n, uint32_t uid)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (uids[middle] < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t view_sequence(const struct view *v, uint32_t uid)
{
    size_t i = lower_bound(v->uid, v->count, uid);
    return i < v->count && v->uid[i] == uid ? (uint32_t)i + 1 : 0;
}

/* What one pass over the mailbox's changes gathers. */
struct pass {
    struct view *view;
    uint32_t *gone; /* expunged, ascending */
    size_t gone_count, gone_room;
    size_t gone_recent, new_recent; /* how many of them are \Recent */
    size_t flags_changed;
    bool no_memory;
};

static void gather_expunged(void *ctx, const struct message_info *info)
{
    struct pass *p = ctx;
    if (!info->expunged || p->no_memory)
        return;
    if (p->gone_count == p->gone_room) {
        size_t room = p->gone_room == 0 ? 64 : p->gone_room * 2;
        uint32_t *larger = reallocarray(p->gone, room, sizeof *larger);
        if (larger == NULL) {
            p->no_memory = true;
            return;
        }
        p->gone = larger;
        p->gone_room = room;
    }
    p->gone[p->gone_count++] = info->uid;
    p->gone_recent += info->recent && view_sequence(p->view, info->uid) != 0;
}

/* A message that came and went before the client heard of it is in no view. */
static void gather_new(void *ctx, const struct message_info *info)
{
    struct pass *p = ctx;
    struct view *v = p->view;
    if (v->count > 0 && info->uid <= v->uid[v->count - 1]) {
        p->flags_changed++;
        return;
    }
    if (info->expunged || p->no_memory)
        return;
    p->no_memory = !add(v, info->uid);
    p->new_recent += info->recent;
}

enum store_error view_open(struct view *v, struct store *store, const char *name,
                           bool read_only)
{
    memset(v, 0, sizeof *v);
    enum store_error error = mailbox_open(store, name, !read_only, &v->mailbox);
    if (error != STORE_OK)
        return error;
    v->read_only = read_only || !mailbox_writable(v->mailbox);
    v->name = strdup(name);
    struct pass p = { .view = v };
    mailbox_changes(v->mailbox, 0, gather_new, &p);
    if (v->name == NULL || p.no_memory) {
        view_close(v);
        return STORE_UNAVAILABLE;
    }
    v->told = v->expunges_told = mailbox_modseq(v->mailbox);
    v->recent = p.new_recent;
    return STORE_OK;
}

void view_close(struct view *v)
{
    if (v->mailbox != NULL)
        mailbox_close(v->mailbox);
    free(v->name);
    free(v->uid);
    memset(v, 0, sizeof *v);
}

uint32_t view_first_unseen(const struct view *v)
{
    struct message_info info;
    for (size_t i = 0; i < v->count; i++)
        if (mailbox_get(v->mailbox, v->uid[i], &info) && !(info.flags & FLAG_SEEN))
            return (uint32_t)i + 1;
    return 0;
}

/* Takes the expunged messages out, telling of each with the number that it has at that moment
 * (RFC 3501 section 7.4.1). Both lists ascend: one walk. Returns how many were told. */
static size_t tell_expunges(struct view *v, struct stream *io, const struct pass *p)
{
    size_t kept = 0, g = 0, told = 0;
    for (size_t i = 0; i < v->count; i++) {
        while (g < p->gone_count && p->gone[g] < v->uid[i])
            g++;
        if (g < p->gone_count && p->gone[g] == v->uid[i]) {
            stream_printf(io, "* %zu EXPUNGE\r\n", kept + 1);
            told++;
        } else {
            v->uid[kept++] = v->uid[i];
        }
    }
    v->count = kept;
    return told;
}

static enum store_error sync_expunges(struct view *v, struct stream *io, size_t *told_r)
{
    struct pass p = { .view = v };
    uint64_t modseq = mailbox_modseq(v->mailbox);
    *told_r = 0;
    if (modseq == v->expunges_told)
        return STORE_OK;
    mailbox_changes(v->mailbox, v->expunges_told, gather_expunged, &p);
    if (!p.no_memory) {
        *told_r = tell_expunges(v, io, &p);
        for (size_t i = 0; i < p.gone_count; i++)
            mailbox_forget(v->mailbox, p.gone[i]);
        v->expunges_told = modseq;
        v->recent -= p.gone_recent;
    }
    free(p.gone);
    return p.no_memory ? STORE_UNAVAILABLE : STORE_OK;
}

static bool is_own(const struct view_own *own, const struct message_info *info)
{
    if (own == NULL || info->modseq > own->modseq)
        return false;
    size_t i = lower_bound(own->messages.uid, own->messages.count, info->uid);
    return i < own->messages.count && own->messages.uid[i] == info->uid;
}

struct telling {
    const struct view *view;
    struct stream *io;
    const struct view_sync *how;
    uint32_t before; /* UIDs from here on are new: the client will ask */
};

static void tell_fetch(void *ctx, const struct message_info *info)
{
    struct telling *t = ctx;
    if (info->expunged || info->uid >= t->before || is_own(t->how->own, info))
        return;
    uint32_t sequence = view_sequence(t->view, info->uid);
    if (sequence == 0)
        return;
    stream_printf(t->io, "* %u FETCH (", sequence);
    if (t->how->uids)
        stream_printf(t->io, "UID %u ", info->uid);
    view_put_flags(t->view, t->io, info);
    stream_puts(t->io, ")\r\n");
}

enum store_error view_sync(struct view *v, struct stream *io, const struct view_sync *how)
{
    size_t expunged = 0;
    enum store_error error = mailbox_refresh(v->mailbox);
    if (error != STORE_OK)
        return error;
    if (flags_keyword_count(v->mailbox) != v->keywords)
        view_tell_flags(v, io);
    if (how->expunges && (error = sync_expunges(v, io, &expunged)) != STORE_OK)
        return error;

    uint64_t modseq = mailbox_modseq(v->mailbox);
    struct telling t = { v, io, how, v->count > 0 ? v->uid[v->count - 1] + 1 : 1 };
    size_t before = v->count;
    struct pass p = { .view = v };
    if (modseq != v->told) {
        mailbox_changes(v->mailbox, v->told, gather_new, &p);
        if (p.no_memory) {
            v->count = before;
            return STORE_UNAVAILABLE;
        }
    }
    v->recent += p.new_recent;
    if (expunged > 0 || v->count != before)
        stream_printf(io, "* %zu EXISTS\r\n* %zu RECENT\r\n", v->count, v->recent);
    if (p.flags_changed > 0)
        mailbox_changes(v->mailbox, v->told, tell_fetch, &t);
    v->told = modseq;
    return STORE_OK;
}

bool view_lost(enum store_error error, struct stream *io)
{
    if (error != STORE_NONEXISTENT && error != STORE_CORRUPT)
        return false;
    stream_puts(io, "* BYE [UNAVAILABLE] The selected mailbox was deleted or replaced\r\n");
    return true;
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
    *from = by_uid ? lower_bound(v->uid, v->count, r->first) : r->first - 1;
    *to = !by_uid                 ? r->last
          : r->last == UINT32_MAX ? v->count
                                  : lower_bound(v->uid, v->count, r->last + 1);
}

/* The work is that of the set and of the messages it names, not of the folder. */
enum view_resolved view_resolve(const struct view *v, struct sequence_set *set, bool by_uid,
                                struct view_messages *messages_r)
{
    size_t from, to, total = 0;
    *messages_r = (struct view_messages){ 0 };
    if (!by_uid && check_numbers(v, set) != VIEW_RESOLVED)
        return VIEW_NO_SUCH_NUMBER;
    if (v->count == 0)
        return VIEW_RESOLVED;
    sequence_normalize(set, by_uid ? v->uid[v->count - 1] : (uint32_t)v->count);
    for (size_t i = 0; i < set->count; i++) {
        range_bounds(v, &set->range[i], by_uid, &from, &to);
        total += to - from;
    }
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

void view_messages_free(struct view_messages *messages)
{
    free(messages->uid);
    *messages = (struct view_messages){ 0 };
}
