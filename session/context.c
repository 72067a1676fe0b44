#include "session/context.h"

#include "net/stream.h"
#include "session/number_set.h"

#include <stdlib.h>
#include <string.h>

struct context {
    struct context *next;
    bool by_uid;
    struct search_program *program; /* the arena's */
    struct arena arena;
    struct view_messages fitting; /* those that the client knows to fit, ascending */
    char tag[TAG_MAX + 1];
};

static void free_context(struct context *c)
{
    arena_free(&c->arena);
    view_messages_free(&c->fitting);
    free(c);
}

/* Where the one of this tag hangs. */
static struct context **find(struct view *v, const char *tag)
{
    struct context **at = &v->contexts;
    while (*at != NULL && strcmp((*at)->tag, tag) != 0)
        at = &(*at)->next;
    return at;
}

void context_cancel(struct view *v, const char *tag)
{
    struct context **at = find(v, tag);
    struct context *c = *at;
    if (c == NULL)
        return;
    *at = c->next;
    free_context(c);
}

static bool copy_messages(struct view_messages *to, const uint32_t *uid, size_t n)
{
    to->uid = calloc(n + 1, sizeof *uid);
    to->count = to->uid != NULL ? n : 0;
    if (to->count > 0)
        memcpy(to->uid, uid, n * sizeof *uid);
    return to->uid != NULL;
}

/* --- Telling. --------------------------------------------------------------------------------
 */

struct changes {
    struct view_messages removed, added;
};

static void put_item(const struct view *v, struct stream *io, const struct context *c,
                     const char *item, const struct view_messages *messages)
{
    if (messages->count == 0)
        return;
    stream_printf(io, " %s (0 ", item); /* 0: in the order of the folder */
    put_number_set(v, io, c->by_uid, messages->uid, messages->count);
    stream_puts(io, ")");
}

static void put_changes(const struct view *v, struct stream *io, const struct context *c,
                        const struct changes *changes)
{
    if (changes->removed.count == 0 && changes->added.count == 0)
        return;
    stream_printf(io, "* ESEARCH (TAG \"%s\")%s", c->tag, c->by_uid ? " UID" : "");
    put_item(v, io, c, "REMOVEFROM", &changes->removed);
    put_item(v, io, c, "ADDTO", &changes->added);
    stream_puts(io, "\r\n");
}

static bool make_room(struct changes *changes, size_t n)
{
    changes->removed = (struct view_messages){ calloc(n + 1, sizeof(uint32_t)), 0 };
    changes->added = (struct view_messages){ calloc(n + 1, sizeof(uint32_t)), 0 };
    return changes->removed.uid != NULL && changes->added.uid != NULL;
}

static void free_changes(struct changes *changes)
{
    view_messages_free(&changes->removed);
    view_messages_free(&changes->added);
}

/* One that is not known to be right any more. */
static void give_up(struct view *v, struct stream *io, struct context *c)
{
    stream_printf(io, "* NO [NOUPDATE \"%s\"] Out of memory\r\n", c->tag);
    context_cancel(v, c->tag);
}

static void push(struct view_messages *to, uint32_t uid)
{
    to->uid[to->count++] = uid;
}

/* Takes the n messages, those of them that are there, out of what fits. */
static void take_out(struct view_messages *fitting, const uint32_t *uid, size_t n,
                     struct view_messages *removed)
{
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < fitting->count; i++) {
        while (at < n && uid[at] < fitting->uid[i])
            at++;
        if (at < n && uid[at] == fitting->uid[i])
            push(removed, fitting->uid[i]);
        else
            fitting->uid[kept++] = fitting->uid[i];
    }
    fitting->count = kept;
}

static void tell_gone(struct view *v, struct stream *io, const uint32_t *uid, size_t n)
{
    for (struct context *c = n > 0 ? v->contexts : NULL, *next; c != NULL; c = next) {
        struct changes changes;
        next = c->next;
        if (make_room(&changes, n)) {
            take_out(&c->fitting, uid, n, &changes.removed);
            put_changes(v, io, c, &changes);
        } else {
            give_up(v, io, c);
        }
        free_changes(&changes);
    }
}

/* What fits among the n messages is known anew: `now`. All ascend. */
static bool merge(struct context *c, const uint32_t *uid, size_t n,
                  const struct view_messages *now, struct changes *changes)
{
    const struct view_messages *old = &c->fitting;
    struct view_messages merged = { calloc(old->count + now->count + 1, sizeof *uid), 0 };
    size_t o = 0, f = 0;
    if (merged.uid == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        while (o < old->count && old->uid[o] < uid[i])
            push(&merged, old->uid[o++]);
        bool was = o < old->count && old->uid[o] == uid[i];
        bool is = f < now->count && now->uid[f] == uid[i];
        o += was;
        f += is;
        if (is)
            push(&merged, uid[i]);
        if (is != was)
            push(is ? &changes->added : &changes->removed, uid[i]);
    }
    while (o < old->count)
        push(&merged, old->uid[o++]);
    view_messages_free(&c->fitting);
    c->fitting = merged;
    return true;
}

/* Looks at the n messages once more. The program is made ready each time: its keywords may have
 * got a letter since, and '*' be another message. */
static bool update(struct view *v, struct context *c, const uint32_t *uid, size_t n,
                   struct changes *changes)
{
    struct search_result result = { 0 };
    bool ok = make_room(changes, n) && search_prepare(v, c->program) == SEARCH_PREPARED &&
              copy_messages(&result.found, uid, n);
    if (ok) {
        search_among(v, c->program, &result);
        ok = merge(c, uid, n, &result.found, changes);
    }
    search_release(c->program);
    view_messages_free(&result.found);
    return ok;
}

static void tell_changes(struct view *v, struct stream *io, const uint32_t *uid, size_t n)
{
    for (struct context *c = v->contexts, *next; c != NULL; c = next) {
        struct changes changes = { 0 };
        next = c->next;
        bool whole = search_is_volatile(c->program);
        if ((whole ? v->count : n) == 0)
            continue;
        if (update(v, c, whole ? v->uid : uid, whole ? v->count : n, &changes))
            put_changes(v, io, c, &changes);
        else
            give_up(v, io, c);
        free_changes(&changes);
    }
}

static void give_all_up(struct view *v, struct stream *io)
{
    while (v->contexts != NULL)
        give_up(v, io, v->contexts);
}

/* --- Beginning. ------------------------------------------------------------------------------
 */

static void cancel_all(struct view *v)
{
    while (v->contexts != NULL)
        context_cancel(v, v->contexts->tag);
}

static const struct view_follower follower = { tell_gone, tell_changes, give_all_up,
                                               cancel_all };

bool context_exists(const struct view *v, const char *tag)
{
    for (const struct context *c = v->contexts; c != NULL; c = c->next)
        if (strcmp(c->tag, tag) == 0)
            return true;
    return false;
}

static bool has_room(const struct view *v)
{
    size_t n = 0;
    for (const struct context *c = v->contexts; c != NULL; c = c->next)
        n++;
    return n < CONTEXTS_MAX;
}

bool context_add(struct view *v, const struct context_search *search, struct arena *arena,
                 const struct view_messages *found)
{
    size_t n = strlen(search->tag);
    struct context *c = has_room(v) && n <= TAG_MAX ? calloc(1, sizeof *c) : NULL;
    if (c == NULL)
        return false;
    if (!copy_messages(&c->fitting, found->uid, found->count) ||
        !search_freeze(v, search->program, arena)) {
        free_context(c);
        return false;
    }
    memcpy(c->tag, search->tag, n);
    c->by_uid = search->by_uid;
    c->program = search->program;
    arena_move(&c->arena, arena);
    *find(v, c->tag) = c;
    v->follower = &follower;
    return true;
}
