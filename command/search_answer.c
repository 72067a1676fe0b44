#include "command/search_answer.h"

#include "session/context.h"
#include "session/number_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The highest score (RFC 6203 section 4): what we find fits as it was asked for. */
#define RELEVANCY " 100"

/* Options that return nothing. */
#define WITHOUT_RESULTS ((unsigned)(RETURN_CONTEXT | RETURN_UPDATE))

static void put_number(struct command *c, const char *what, uint32_t uid)
{
    size_t at = 0;
    stream_puts(c->session->io, what);
    stream_put_uint(c->session->io, message_number(&c->session->view, c->by_uid, uid, &at));
}

static void put_set(struct command *c, const uint32_t *uid, size_t n)
{
    put_number_set(&c->session->view, c->session->io, c->by_uid, uid, n);
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
        if ((returns->options & ~WITHOUT_RESULTS) != RETURN_SAVE)
            put_esearch(c, returns, uid, n);
        return;
    }
    stream_printf(io, "* %s", name);
    for (size_t i = 0; i < n; i++) {
        stream_puts(io, " ");
        stream_put_uint(io, message_number(&c->session->view, c->by_uid, uid[i], &at));
    }
    if (returns->modseq && n > 0)
        stream_printf(io, " (MODSEQ %" PRIu64 ")", highest_modseq(c, returns, uid, n));
    stream_puts(io, "\r\n");
}

static int by_uid(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Those of n results that are saved, into pieces: MIN, MAX and PARTIAL alone save what they
 * return. Returns how many they are. */
static size_t pick_pieces(const struct search_return *returns, const uint32_t *uid, size_t n,
                          uint32_t *pieces)
{
    unsigned all = returns->options & (RETURN_ALL | RETURN_COUNT);
    unsigned some = returns->options & (RETURN_MIN | RETURN_MAX | RETURN_PARTIAL);
    size_t from = 0, to = n, kept = 0;
    if (n > 0 && some != 0 && all == 0) {
        to = 0;
        if ((returns->options & RETURN_PARTIAL) != 0)
            partial_bounds(&returns->partial, n, &from, &to);
        if ((returns->options & RETURN_MIN) != 0 && (to == from || from > 0))
            pieces[kept++] = uid[0];
    }
    memcpy(pieces + kept, uid + from, (to - from) * sizeof *pieces);
    kept += to - from;
    if (n > 0 && all == 0 && (returns->options & RETURN_MAX) != 0 &&
        (kept == 0 || pieces[kept - 1] != uid[n - 1]))
        pieces[kept++] = uid[n - 1];
    return kept;
}

bool save_results(struct command *c, const struct search_return *returns, const uint32_t *uid,
                  size_t n)
{
    if ((returns->options & RETURN_SAVE) == 0)
        return true;
    uint32_t *pieces = reallocarray(NULL, n + 2, sizeof *pieces);
    bool saved = false;
    if (pieces != NULL) {
        size_t kept = pick_pieces(returns, uid, n, pieces);
        qsort(pieces, kept, sizeof *pieces, by_uid);
        saved = view_save(&c->session->view, pieces, kept);
    }
    free(pieces);
    if (!saved)
        command_no(c, "NOTSAVED", "Out of memory");
    return saved;
}

void drop_saved(struct command *c, const struct search_return *returns)
{
    if (c->ending == ENDING_NO && (returns->options & RETURN_SAVE) != 0)
        (void)view_save(&c->session->view, NULL, 0);
}

bool may_update(struct command *c, const struct search_return *returns)
{
    if ((returns->options & RETURN_UPDATE) == 0 || !context_exists(&c->session->view, c->tag))
        return true;
    command_bad(c, "A search with this tag is being updated");
    return false;
}

void put_noupdate(struct command *c, const char *why)
{
    stream_printf(c->session->io, "* NO [NOUPDATE \"%s\"] %s\r\n", c->tag, why);
}
