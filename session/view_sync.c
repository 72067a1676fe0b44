/*
 * The news of a folder. All of it is gathered before the first word is sent: to send can mean
 * to wait for the client, and what the mailbox's answers come from is let go then.
 *
 * The mailbox's change list does not go back for ever. Where it does not reach as far as what
 * the client was last told, the messages in the view are looked up one by one, and those that
 * are provably not there are the expunged ones.
 *
 * A message that turns up below the last one that the client knows (its file was mislaid, or
 * another program has given the UID late) could get no sequence number without moving those of
 * others. It is not shown until the folder is opened again, and a client that resynchronizes
 * is not to take it for known: view_modseqs.withheld.
 */
#include "session/view_private.h"

#include "net/stream.h"
#include "session/flags.h"
#include "session/vanished.h"

#include <stdlib.h>
#include <string.h>

/* How often in all the mailbox is asked for what has changed, when it breaks off. */
#define GATHER_TRIES 3

struct uid_list {
    uint32_t *uid;
    size_t count, room;
};

static bool list_add(struct uid_list *list, uint32_t uid)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 64 : list->room * 2;
        uint32_t *larger = reallocarray(list->uid, room, sizeof *larger);
        if (larger == NULL)
            return false;
        list->uid = larger;
        list->room = room;
    }
    list->uid[list->count++] = uid;
    return true;
}

/* New messages go into the view at once; the rest is listed, ascending. */
struct news {
    struct view *view;
    const struct view_sync *how;
    bool expunged;           /* there are some, told or not */
    struct uid_list gone;    /* not all of them need be in the view */
    struct uid_list flags;   /* of messages that the client knows, perhaps */
    struct uid_list touched; /* for the follower: as `flags`, with those of our own command */
    struct uid_ranges vanished; /* of those of `gone` that were in the view */
    uint64_t withheld; /* the lowest mod-sequence of a message below the last, not shown */
    bool no_memory;
};

static bool is_own(const struct view_own *own, const struct message_info *info)
{
    size_t low = 0, high = own != NULL ? own->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct view_known *k = &own->known[middle];
        if (k->uid == info->uid)
            return info->modseq <= k->modseq;
        if (k->uid < info->uid)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool note_expunged(struct news *n, uint32_t uid)
{
    n->expunged = n->expunged || view_sequence(n->view, uid) != 0;
    return !n->how->expunges || list_add(&n->gone, uid);
}

/* A message that came and went before the client heard of it is in no view. */
static void gather(void *ctx, const struct message_info *info)
{
    struct news *n = ctx;
    struct view *v = n->view;
    bool fine = true;
    if (n->no_memory)
        return;
    if (info->expunged)
        fine = note_expunged(n, info->uid);
    else if (v->count == 0 || info->uid > v->uid[v->count - 1])
        fine = view_add(v, info);
    else if (view_sequence(v, info->uid) == 0)
        n->withheld =
            n->withheld == 0 || info->modseq < n->withheld ? info->modseq : n->withheld;
    else if (info->modseq > v->told)
        fine = (v->follower == NULL || list_add(&n->touched, info->uid)) &&
               (is_own(n->how->own, info) || list_add(&n->flags, info->uid));
    n->no_memory = !fine;
}

/* The change list does not say who is gone. */
static void gather_missing(struct news *n, size_t count)
{
    const struct view *v = n->view;
    n->gone.count = 0;
    for (size_t i = 0; i < count && !n->no_memory; i++)
        if (mailbox_is_gone(v->mailbox, v->uid[i]))
            n->no_memory = !list_add(&n->gone, v->uid[i]);
}

/* The numbers are those that the messages have at that moment (RFC 3501 section 7.4.1). */
static void tell_expunge(struct stream *io, size_t sequence)
{
    stream_puts(io, "* ");
    stream_put_uint(io, sequence);
    stream_puts(io, " EXPUNGE\r\n");
}

/* Takes the expunged messages out, telling of each, or noting it in n->vanished. Both lists
 * ascend. Returns how many there were. */
static size_t take_out(struct news *n, struct stream *io)
{
    struct view *v = n->view;
    const struct uid_list *gone = &n->gone;
    size_t kept = 0, from = 0, taken = 0;
    for (size_t i = 0; i < gone->count; i++) {
        size_t at = from + uid_lower_bound(v->uid + from, v->count - from, gone->uid[i]);
        if (at == v->count)
            break;
        if (v->uid[at] != gone->uid[i])
            continue;
        memmove(v->uid + kept, v->uid + from, (at - from) * sizeof *v->uid);
        kept += at - from;
        from = at + 1;
        v->recent -= view_is_fresh(v, gone->uid[i]);
        if (n->how->vanished)
            uid_ranges_add(&n->vanished, gone->uid[i], gone->uid[i]);
        else
            tell_expunge(io, kept + 1);
        taken++;
    }
    if (taken > 0)
        memmove(v->uid + kept, v->uid + from, (v->count - from) * sizeof *v->uid);
    v->count -= taken;
    return taken;
}

static void tell_flags(struct view *v, struct stream *io, const struct view_sync *how,
                       const struct uid_list *changed)
{
    struct flags_text text = { 0 };
    struct message_info info;
    size_t at = 0;
    for (size_t i = 0; i < changed->count && io->state == STREAM_OPEN; i++) {
        uint32_t sequence = view_sequence_next(v, changed->uid[i], &at);
        if (sequence != 0 && mailbox_get(v->mailbox, changed->uid[i], &info) && !info.expunged)
            flags_tell(v, io, sequence, how, &info, &text);
    }
}

/* False: no memory, or no answer; the view is as it was. */
static bool gather_all(struct news *n)
{
    struct view *v = n->view;
    size_t count = v->count;
    uint64_t since = n->how->expunges ? v->expunges_told : v->told;
    enum changes_told told = CHANGES_BROKEN_OFF;
    for (int i = 0; i < GATHER_TRIES && told == CHANGES_BROKEN_OFF && !n->no_memory; i++) {
        view_cut(v, count);
        n->gone.count = n->flags.count = n->touched.count = 0;
        n->withheld = 0;
        told = mailbox_changes(v->mailbox, since, gather, n);
    }
    if (told == CHANGES_BUT_EXPUNGED && n->how->expunges)
        gather_missing(n, count);
    n->expunged = n->expunged || told == CHANGES_BUT_EXPUNGED;
    bool ok = told != CHANGES_BROKEN_OFF && !n->no_memory &&
              (!n->how->vanished || uid_ranges_reserve(&n->vanished, n->gone.count));
    if (!ok)
        view_cut(v, count);
    return ok;
}

/* The view is now as of this mod-sequence; but expunges that may not be told wait. */
static void settle(struct view *v, const struct news *n, uint64_t modseq)
{
    if (n->how->expunges || (v->expunges_told == v->told && !n->expunged))
        v->expunges_told = modseq;
    v->told = modseq;
    if (n->withheld != 0 && (v->modseqs.withheld == 0 || n->withheld < v->modseqs.withheld))
        v->modseqs.withheld = n->withheld;
    view_settle_modseqs(v);
}

/* What came is behind `last`, the UID of the last message before. */
static void tell_follower(struct news *n, struct stream *io, uint32_t last)
{
    struct view *v = n->view;
    bool all = true;
    for (size_t i = uid_lower_bound(v->uid, v->count, last + 1); i < v->count && all; i++)
        all = list_add(&n->touched, v->uid[i]);
    if (all)
        v->follower->changed(v, io, n->touched.uid, n->touched.count);
    else
        v->follower->lost(v, io);
}

void view_tell_counts(const struct view *v, struct stream *io, const struct view_sync *how)
{
    stream_printf(io, "* %zu EXISTS\r\n", v->count);
    if (how->recent)
        stream_printf(io, "* %zu RECENT\r\n", v->recent);
}

/* `count`: how many messages there were before. */
static void tell(struct news *n, struct stream *io, size_t count)
{
    struct view *v = n->view;
    bool added = v->count != count;
    uint32_t last = count > 0 ? v->uid[count - 1] : 0;
    if (v->follower != NULL)
        v->follower->gone(v, io, n->gone.uid, n->gone.count);
    size_t gone = take_out(n, io);
    put_vanished(io, false, &n->vanished);
    if (gone > 0 || added)
        view_tell_counts(v, io, n->how);
    tell_flags(v, io, n->how, &n->flags);
    if (v->follower != NULL)
        tell_follower(n, io, last);
}

enum store_error view_sync(struct view *v, struct stream *io, const struct view_sync *how)
{
    struct news n = { .view = v, .how = how };
    enum store_error error = mailbox_refresh(v->mailbox);
    if (error != STORE_OK)
        return error;
    if (flags_keyword_count(v->mailbox) != v->keywords)
        view_tell_flags(v, io);
    uint64_t modseq = mailbox_modseq(v->mailbox);
    if (modseq == v->told && (!how->expunges || modseq == v->expunges_told))
        return STORE_OK;
    size_t count = v->count;
    if (gather_all(&n)) {
        settle(v, &n, modseq);
        tell(&n, io, count);
    } else {
        error = STORE_UNAVAILABLE;
    }
    uid_ranges_free(&n.vanished);
    free(n.gone.uid);
    free(n.flags.uid);
    free(n.touched.uid);
    return error;
}

bool view_lost(enum store_error error, struct stream *io)
{
    if (error != STORE_NONEXISTENT && error != STORE_CORRUPT)
        return false;
    stream_puts(io, "* BYE [UNAVAILABLE] The selected mailbox was deleted or replaced\r\n");
    return true;
}

void view_own_add(struct view_own *own, const struct message_info *info)
{
    if (own->count == own->allocated) {
        size_t room = own->allocated == 0 ? 16 : own->allocated * 2;
        struct view_known *larger = reallocarray(own->known, room, sizeof *larger);
        if (larger == NULL)
            return;
        own->known = larger;
        own->allocated = room;
    }
    own->known[own->count++] = (struct view_known){ info->uid, info->modseq };
}

void view_own_free(struct view_own *own)
{
    free(own->known);
    *own = (struct view_own){ 0 };
}
