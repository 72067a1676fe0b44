/* What a program's keys look for, made ready for one folder: search_private.h. */
#include "session/search_private.h"

#include "message/summary.h"
#include "session/flags.h"

#include <stdlib.h>
#include <string.h>

static struct wanted_set *new_set(bool by_uid, size_t ranges)
{
    struct wanted_set *w = calloc(1, sizeof *w + ranges * sizeof *w->range);
    if (w != NULL) {
        w->by_uid = by_uid;
        w->set.range = w->range;
    }
    return w;
}

/* "$": the UIDs that it stands for, in ranges. */
static enum search_prepared prepare_saved(const struct view *v, struct search_key *key)
{
    struct wanted_set *w = new_set(true, v->saved_count);
    if (w == NULL)
        return SEARCH_NO_MEMORY;
    key->prepared = w;
    for (size_t i = 0; i < v->saved_count; i++) {
        if (w->set.count > 0 && w->range[w->set.count - 1].last + 1 == v->saved[i])
            w->range[w->set.count - 1].last++;
        else
            w->range[w->set.count++] = (struct sequence_range){ v->saved[i], v->saved[i] };
    }
    return SEARCH_PREPARED;
}

/* Clients search for 1:* in folders that may be empty: there '*' names nothing, and that is no
 * mistake of theirs. Any other number beyond the last is (RFC 3501 section 9, seq-number). */
static bool numbers_exist(const struct view *v, const struct sequence_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        uint32_t low, high;
        const struct sequence_range *r = &set->range[i];
        sequence_bounds(r, (uint32_t)v->count, &low, &high);
        bool star = r->first == SEQUENCE_STAR || r->last == SEQUENCE_STAR;
        if (high > v->count && !(star && v->count == 0))
            return false;
    }
    return true;
}

static enum search_prepared prepare_set(const struct view *v, struct search_key *key)
{
    bool by_uid = key->kind == SEARCH_UID;
    uint32_t last = (uint32_t)v->count;
    if (key->set.saved)
        return prepare_saved(v, key);
    if (!by_uid && !numbers_exist(v, &key->set))
        return SEARCH_BAD_NUMBER;
    struct wanted_set *w = new_set(by_uid, key->set.count);
    if (w == NULL)
        return SEARCH_NO_MEMORY;
    key->prepared = w;
    w->set.count = key->set.count;
    memcpy(w->range, key->set.range, key->set.count * sizeof *w->range);
    if (by_uid)
        last = v->count > 0 ? v->uid[v->count - 1] : 0;
    sequence_normalize(&w->set, last);
    return SEARCH_PREPARED;
}

static bool is_text(const struct search_key *key)
{
    return key->kind == SEARCH_HEADER || key->kind == SEARCH_BODY || key->kind == SEARCH_TEXT;
}

static enum search_prepared prepare_text(struct search_key *key, const char *charset)
{
    struct wanted_text *wanted = calloc(1, sizeof *wanted);
    if (wanted == NULL)
        return SEARCH_NO_MEMORY;
    key->prepared = wanted;
    wanted->field = key->kind == SEARCH_HEADER ? summary_search_field(key->name) : -1;
    wanted->fields = key->kind == SEARCH_HEADER ? summary_fields_common_of(key->name) : 0;
    switch (search_text_new(key->text.octets, key->text.n, charset, &wanted->text)) {
    case SEARCH_TEXT_OK:
        return SEARCH_PREPARED;
    case SEARCH_TEXT_BADCHARSET:
        return SEARCH_BADCHARSET;
    case SEARCH_TEXT_INVALID:
        return SEARCH_BAD_STRING;
    default:
        return SEARCH_NO_MEMORY;
    }
}

static enum search_prepared prepare_flag(const struct view *v, struct search_key *key)
{
    struct wanted_flag *wanted = calloc(1, sizeof *wanted);
    if (wanted == NULL)
        return SEARCH_NO_MEMORY;
    key->prepared = wanted;
    if (key->kind == SEARCH_KEYWORD)
        wanted->keywords = flags_keyword_bit(v->mailbox, key->name);
    else if (strcmp(key->name, "\\Recent") == 0)
        wanted->recent = true;
    else
        wanted->flags = flags_system_bit(key->name);
    return SEARCH_PREPARED;
}

// NOLINTNEXTLINE(misc-no-recursion): SEARCH_DEPTH_MAX bounds it
static enum search_prepared prepare(const struct view *v, struct search_key *key,
                                    const char *charset)
{
    enum search_prepared result = SEARCH_PREPARED;
    if (key->kind == SEARCH_SEQUENCE || key->kind == SEARCH_UID)
        result = prepare_set(v, key);
    else if (key->kind == SEARCH_FLAG || key->kind == SEARCH_KEYWORD)
        result = prepare_flag(v, key);
    else if (is_text(key))
        result = prepare_text(key, charset);
    for (struct search_key *c = key->child; c != NULL && result == SEARCH_PREPARED; c = c->next)
        result = prepare(v, c, charset);
    return result;
}

enum search_prepared search_prepare(const struct view *v, struct search_program *program)
{
    if (program->charset != NULL && !charset_known(program->charset))
        return SEARCH_BADCHARSET;
    return prepare(v, program->root, program->charset);
}

// NOLINTNEXTLINE(misc-no-recursion): SEARCH_DEPTH_MAX bounds it
static void release(struct search_key *key)
{
    if (key->prepared != NULL && is_text(key)) {
        struct wanted_text *wanted = key->prepared;
        search_text_free(wanted->text);
    }
    free(key->prepared);
    key->prepared = NULL;
    for (struct search_key *c = key->child; c != NULL; c = c->next)
        release(c);
}

void search_release(struct search_program *program)
{
    release(program->root);
}

/* The messages of a set of numbers, as UIDs. Between two that the client knows no other can
 * appear, so a range stays one. */
static void to_uids(const struct view *v, struct sequence_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->count && v->count > 0; i++)
        if (set->range[i].first > 0 && set->range[i].last <= v->count)
            set->range[n++] = (struct sequence_range){ v->uid[set->range[i].first - 1],
                                                       v->uid[set->range[i].last - 1] };
    set->count = n;
}

static bool freeze_key(const struct view *v, struct search_key *key, struct arena *arena)
{
    if ((key->kind != SEARCH_SEQUENCE && key->kind != SEARCH_UID) ||
        (key->kind == SEARCH_UID && !key->set.saved))
        return true;
    if (prepare_set(v, key) != SEARCH_PREPARED)
        return false;
    struct wanted_set *w = key->prepared;
    key->prepared = NULL;
    if (!w->by_uid)
        to_uids(v, &w->set);
    struct sequence_range *range = arena_array(arena, w->set.count + 1, sizeof *range);
    if (range != NULL) {
        memcpy(range, w->range, w->set.count * sizeof *range);
        key->set = (struct sequence_set){ .range = range, .count = w->set.count };
        key->kind = SEARCH_UID;
    }
    free(w);
    return range != NULL;
}

// NOLINTNEXTLINE(misc-no-recursion): SEARCH_DEPTH_MAX bounds it
static bool freeze(const struct view *v, struct search_key *key, struct arena *arena)
{
    bool ok = freeze_key(v, key, arena);
    for (struct search_key *c = key->child; c != NULL && ok; c = c->next)
        ok = freeze(v, c, arena);
    return ok;
}

bool search_freeze(const struct view *v, struct search_program *program, struct arena *arena)
{
    return freeze(v, program->root, arena);
}

// NOLINTNEXTLINE(misc-no-recursion): SEARCH_DEPTH_MAX bounds it
static bool is_volatile(const struct search_key *key)
{
    bool found = key->kind == SEARCH_OLDER || key->kind == SEARCH_YOUNGER;
    for (size_t i = 0; key->kind == SEARCH_UID && i < key->set.count && !found; i++)
        found =
            key->set.range[i].first == SEQUENCE_STAR || key->set.range[i].last == SEQUENCE_STAR;
    for (const struct search_key *c = key->child; c != NULL && !found; c = c->next)
        found = is_volatile(c);
    return found;
}

bool search_is_volatile(const struct search_program *program)
{
    return is_volatile(program->root);
}
