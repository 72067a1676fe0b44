/*
 * What was made of messages, on its way to the index and back. It is gathered and written
 * together, by kind and UID, since a write transaction costs more than making one value, and
 * ascending keys fill pages up.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/index_cache.h"
#include "mailstore/index_change.h"

#include <stdlib.h>
#include <string.h>

/* What waits at most: some hundred values, and what a transaction of a millisecond writes. */
#define WAITING_OCTETS ((size_t)256 * 1024)
#define WAITING_VALUES 2048

_Static_assert(WAITING_OCTETS >= INDEX_CACHE_MAX, "a value has no room");

struct waiting_value {
    unsigned kind;
    uint32_t uid;
    uint32_t n;
    size_t at;
};

struct waiting {
    size_t count;
    size_t used;
    uint32_t highest; /* UID */
    struct waiting_value value[WAITING_VALUES];
    char octets[WAITING_OCTETS];
};

static int compare_values(const void *a, const void *b)
{
    const struct waiting_value *x = a;
    const struct waiting_value *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->uid == y->uid ? 0 : x->uid < y->uid ? -1 : 1;
}

/* A message that went meanwhile is left out: its values would never be swept. */
static bool save_value(struct mailbox *mb, const struct index_folder *f,
                       const struct waiting_value *v)
{
    struct index_message m;
    bool found = false;
    if (!index_message_get(mb->index, f->id, v->uid, &m, NULL, &found))
        return false;
    return !found || m.state != RECORD_SHOWN ||
           index_cache_put(mb->index, f, v->kind, v->uid, mb->waiting->octets + v->at, v->n);
}

static bool save_all(struct mailbox *mb)
{
    struct waiting *w = mb->waiting;
    struct index_folder f;
    if (!mailbox_folder_now(mb, &f))
        return false;
    qsort(w->value, w->count, sizeof w->value[0], compare_values);
    for (size_t i = 0; i < w->count; i++)
        if (!save_value(mb, &f, &w->value[i]))
            return false;
    return true;
}

/* What can't be saved is made again. */
void mailbox_cache_save(struct mailbox *mb)
{
    if (mb->waiting == NULL)
        return;
    if (index_generation(mb->index) == mb->generation && index_write(mb->index))
        (void)index_end(mb->index, save_all(mb));
    free(mb->waiting);
    mb->waiting = NULL;
}

static struct waiting *waiting_of(struct mailbox *mb)
{
    if (mb->waiting != NULL || !index_cache_room(mb->index))
        return mb->waiting;
    mb->waiting = malloc(sizeof *mb->waiting);
    if (mb->waiting != NULL) {
        mb->waiting->count = 0;
        mb->waiting->used = 0;
        mb->waiting->highest = 0;
    }
    return mb->waiting;
}

void mailbox_keep(struct mailbox *mb, uint32_t uid, unsigned kind, const void *value, size_t n)
{
    struct waiting *w = mb->waiting;
    if (n == 0 || n > INDEX_CACHE_MAX)
        return;
    if (w != NULL && (w->count == WAITING_VALUES || sizeof w->octets - w->used < n))
        mailbox_cache_save(mb);
    w = waiting_of(mb);
    if (w == NULL)
        return;
    w->value[w->count++] =
        (struct waiting_value){ .kind = kind, .uid = uid, .n = (uint32_t)n, .at = w->used };
    memcpy(w->octets + w->used, value, n);
    w->used += n;
    if (uid > w->highest)
        w->highest = uid;
}

/* What waits is asked for only by a second request. */
bool mailbox_kept(struct mailbox *mb, uint32_t uid, unsigned kind, struct buffer *out)
{
    const void *value;
    size_t n = 0;
    if (mb->waiting != NULL && uid <= mb->waiting->highest)
        mailbox_cache_save(mb);
    buffer_clear(out);
    return mailbox_read(mb) &&
           index_cache_get(mb->index, mb->folder.id, kind, uid, &value, &n) && n > 0 &&
           buffer_append(out, value, n) && index_cache_sound(mb->index);
}

static bool is_expunge(void *ctx, uint32_t uid, uint64_t modseq)
{
    bool *found = ctx;
    (void)modseq;
    *found = (uid & INDEX_EXPUNGED) != 0;
    return !*found;
}

/* Up to where this session knows that there is nothing to sweep is remembered, since a change
 * of flags is not worth a write. */
static bool must_sweep(struct mailbox *mb)
{
    uint64_t swept = 0;
    if (mb->folder.modseq <= mb->swept ||
        !index_cache_swept(mb->index, mb->folder.id, &swept) || swept == 0)
        return false;
    bool found = false;
    if (swept < mb->swept)
        swept = mb->swept;
    return swept < mb->folder.floor ||
           (index_change_each(mb->index, mb->folder.id, swept, is_expunge, &found) && found);
}

static void sweep(struct mailbox *mb)
{
    struct index_folder f;
    if (index_write(mb->index))
        (void)index_end(mb->index, mailbox_folder_now(mb, &f) && f.id == mb->folder.id &&
                                       index_cache_sweep(mb->index, &f));
}

void mailbox_rest(struct mailbox *mb)
{
    mailbox_cache_save(mb);
    if (index_generation(mb->index) != mb->generation || !index_read(mb->index))
        return;
    bool needed = must_sweep(mb);
    index_release(mb->index);
    if (needed)
        sweep(mb);
    mb->swept = mb->folder.modseq;
}
