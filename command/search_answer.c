#include "command/search_answer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The highest score (RFC 6203 section 4): what we find fits as it was asked for. */
#define RELEVANCY " 100"

/* The number by which a result is told. *at: as view_sequence_next. */
static uint32_t number_of(const struct command *c, uint32_t uid, size_t *at)
{
    return c->by_uid ? uid : view_sequence_next(&c->session->view, uid, at);
}

static void put_number(struct command *c, const char *what, uint32_t uid)
{
    size_t at = 0;
    stream_puts(c->session->io, what);
    stream_put_uint(c->session->io, number_of(c, uid, &at));
}

/* As a sequence-set in this order; what is one more than the last is in its range. */
static void put_set(struct command *c, const uint32_t *uid, size_t n)
{
    struct stream *io = c->session->io;
    size_t at = 0;
    for (size_t i = 0; i < n;) {
        uint32_t first = number_of(c, uid[i], &at);
        uint32_t last = first;
        if (i > 0)
            stream_puts(io, ",");
        stream_put_uint(io, first);
        for (i++; i < n; i++) {
            size_t before = at;
            if (number_of(c, uid[i], &at) != last + 1) {
                at = before;
                break;
            }
            last++;
        }
        if (last > first) {
            stream_puts(io, ":");
            stream_put_uint(io, last);
        }
    }
}

static void put_partial(struct command *c, const struct partial_range *range,
                        const uint32_t *uid, size_t n)
{
    const char *sign = range->from_end ? "-" : "";
    size_t from, to;
    partial_bounds(range, n, &from, &to);
    stream_printf(c->session->io, " PARTIAL (%s%u:%s%u ", sign, range->first, sign,
                  range->last);
    if (to > from)
        put_set(c, uid + from, to - from);
    else
        stream_puts(c->session->io, "NIL");
    stream_puts(c->session->io, ")");
}

static void put_relevancy(struct command *c, const struct search_return *returns, size_t n)
{
    size_t from = 0, to = n;
    if ((returns->options & RETURN_PARTIAL) != 0)
        partial_bounds(&returns->partial, n, &from, &to);
    if (to == from)
        return;
    stream_puts(c->session->io, " RELEVANCY (");
    for (size_t i = from; i < to; i++)
        stream_puts(c->session->io, i == from ? &RELEVANCY[1] : RELEVANCY);
    stream_puts(c->session->io, ")");
}

/* The highest mod-sequence of what is returned: of MIN and MAX alone where there is nothing
 * else (RFC 4731 section 3.2). */
static uint64_t highest_modseq(struct command *c, const struct search_return *returns,
                               const uint32_t *uid, size_t n)
{
    bool few = returns->given && (returns->options & (RETURN_MIN | RETURN_MAX)) != 0 &&
               (returns->options & (RETURN_ALL | RETURN_COUNT | RETURN_PARTIAL)) == 0;
    uint64_t highest = 0;
    for (size_t i = 0; i < n; i++) {
        struct message_info info;
        bool wanted = !few || (i == 0 && (returns->options & RETURN_MIN) != 0) ||
                      (i + 1 == n && (returns->options & RETURN_MAX) != 0);
        if (wanted && mailbox_get(c->session->view.mailbox, uid[i], &info) &&
            info.modseq > highest)
            highest = info.modseq;
    }
    return highest;
}

static void put_esearch(struct command *c, const struct search_return *returns,
                        const uint32_t *uid, size_t n)
{
    struct stream *io = c->session->io;
    stream_printf(io, "* ESEARCH (TAG \"%s\")%s", c->tag, c->by_uid ? " UID" : "");
    if ((returns->options & RETURN_MIN) != 0 && n > 0)
        put_number(c, " MIN ", uid[0]);
    if ((returns->options & RETURN_MAX) != 0 && n > 0)
        put_number(c, " MAX ", uid[n - 1]);
    if ((returns->options & RETURN_COUNT) != 0)
        stream_printf(io, " COUNT %zu", n);
    if ((returns->options & RETURN_ALL) != 0 && n > 0) {
        stream_puts(io, " ALL ");
        put_set(c, uid, n);
    }
    if ((returns->options & RETURN_PARTIAL) != 0)
        put_partial(c, &returns->partial, uid, n);
    if ((returns->options & RETURN_RELEVANCY) != 0)
        put_relevancy(c, returns, n);
    if (returns->modseq && n > 0)
        stream_printf(io, " MODSEQ %" PRIu64, highest_modseq(c, returns, uid, n));
    stream_puts(io, "\r\n");
}

void put_results(struct command *c, const char *name, const struct search_return *returns,
                 const uint32_t *uid, size_t n)
{
    struct stream *io = c->session->io;
    size_t at = 0;
    if (returns->given) {
        if (returns->options != RETURN_SAVE)
            put_esearch(c, returns, uid, n);
        return;
    }
    stream_printf(io, "* %s", name);
    for (size_t i = 0; i < n; i++) {
        stream_puts(io, " ");
        stream_put_uint(io, number_of(c, uid[i], &at));
    }
    if (returns->modseq && n > 0)
        stream_printf(io, " (MODSEQ %" PRIu64 ")", highest_modseq(c, returns, uid, n));
    stream_puts(io, "\r\n");
}

/* MIN, MAX and PARTIAL alone save what they return. */
static bool save_pieces(struct view *v, const struct search_return *returns,
                        const uint32_t *uid, size_t n)
{
    size_t from = 0, to = 0, kept = 0;
    if ((returns->options & RETURN_PARTIAL) != 0)
        partial_bounds(&returns->partial, n, &from, &to);
    uint32_t *pieces = reallocarray(NULL, to - from + 2, sizeof *pieces);
    if (pieces == NULL) {
        (void)view_save(v, NULL, 0);
        return false;
    }
    if ((returns->options & RETURN_MIN) != 0 && (to == from || from > 0))
        pieces[kept++] = uid[0];
    memcpy(pieces + kept, uid + from, (to - from) * sizeof *pieces);
    kept += to - from;
    if ((returns->options & RETURN_MAX) != 0 && (kept == 0 || pieces[kept - 1] != uid[n - 1]))
        pieces[kept++] = uid[n - 1];
    bool saved = view_save(v, pieces, kept);
    free(pieces);
    return saved;
}

bool save_results(struct command *c, const struct search_return *returns, const uint32_t *uid,
                  size_t n)
{
    unsigned some = returns->options & (RETURN_MIN | RETURN_MAX | RETURN_PARTIAL);
    unsigned all = returns->options & (RETURN_ALL | RETURN_COUNT);
    if ((returns->options & RETURN_SAVE) == 0)
        return true;
    if (some == 0 || all != 0 || n == 0)
        return view_save(&c->session->view, uid, n);
    return save_pieces(&c->session->view, returns, uid, n);
}
