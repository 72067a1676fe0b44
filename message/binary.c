#include "message/binary.h"

#include "message/transfer.h"

#include <stdlib.h>
#include <string.h>

/* What is read at once: see SEND_CHUNK in send.c. */
#define BINARY_CHUNK 32768

/* The last stage: of all that is decoded, the octets that are wanted. */
struct window {
    struct message_sink sink;
    struct message_sink *to; /* NULL: they are only measured */
    uint64_t at;             /* which octet of the decoded part comes next */
    uint64_t first, end;     /* wanted: from the one up to the other */
    bool nul;
    bool refused; /* `to` wanted no more */
};

struct decoder {
    struct window window;
    struct transfer transfer;
    char buf[BINARY_CHUNK];
};

static bool window_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct window *w = (struct window *)sink;
    const char *p = octets;
    uint64_t from = w->first > w->at ? w->first - w->at : 0;
    uint64_t to = w->end - w->at < n ? w->end - w->at : n;
    if (from < to && w->to == NULL)
        w->nul = w->nul || memchr(p + from, '\0', (size_t)(to - from)) != NULL;
    else if (from < to)
        w->refused = !w->to->write(w->to, p + from, (size_t)(to - from));
    w->at += to;
    return !w->refused && w->at < w->end;
}

/* ---- which part ---- */

/* Only what is no text may have octets that are no lines (RFC 2045 section 2.9). */
static bool is_text(const struct part *p)
{
    struct content_type ct;
    return p->kind != PART_LEAF || !part_content_type(p, &ct) ||
           content_type_is(&ct, "text", NULL) || content_type_is(&ct, "message", NULL);
}

static void set_span(struct message_binary *b, const struct span *span)
{
    b->raw = span->raw;
    b->raw_len = span->raw_len;
    b->whole = span->octets;
}

/* Where lines are stored with LF, the LFs of a binary part were CRLFs once, too. */
static bool stored_with_crlf(const struct message *msg)
{
    const struct span *header = &msg->part[0].header;
    return header->octets == header->raw_len;
}

static void set_encoding(struct message_binary *b, const struct message *msg,
                         const struct part *p)
{
    enum transfer_encoding encoding = transfer_encoding_of(p);
    if (p->kind == PART_MULTIPART ||
        (encoding == TRANSFER_BINARY && (is_text(p) || !stored_with_crlf(msg))))
        encoding = TRANSFER_NONE;
    b->encoding = encoding;
    if (encoding == TRANSFER_UNKNOWN)
        b->found = MESSAGE_BINARY_UNKNOWN;
    if (encoding == TRANSFER_BINARY)
        b->whole = b->raw_len;
    else if (encoding != TRANSFER_NONE)
        b->whole = UINT64_MAX;
}

void message_binary_find(const struct message *msg, const struct section *section,
                         struct message_binary *b_r)
{
    *b_r = (struct message_binary){ .found = MESSAGE_BINARY_NIL, .encoding = TRANSFER_NONE };
    const struct part *p = part_by_number(msg, section);
    if (p == NULL)
        return;
    b_r->found = MESSAGE_BINARY_FOUND;
    if (section->depth == 0) { /* header and body are side by side */
        set_span(b_r, &p->header);
        b_r->raw_len += p->body.raw_len;
        b_r->whole += p->body.octets;
    } else {
        set_span(b_r, &p->body);
        set_encoding(b_r, msg, p);
    }
    b_r->as_it_is = b_r->whole == b_r->raw_len;
}

/* ---- its octets ---- */

static enum message_status decode(struct message_input *in, const struct message_binary *b,
                                  struct decoder *d)
{
    uint64_t at = b->raw;
    uint64_t left = b->raw_len;
    struct message_sink *sink = &d->transfer.sink;
    if (b->as_it_is && d->window.first <= left) { /* nothing before them need be read */
        sink = &d->window.sink;
        at += d->window.first;
        left -= d->window.first;
        d->window.at = d->window.first;
    }
    while (left > 0 && d->window.at < d->window.end) {
        size_t want = left < sizeof d->buf ? (size_t)left : sizeof d->buf;
        ssize_t got = in->pread(in, d->buf, want, at);
        if (got < 0)
            return MESSAGE_IO;
        if (got == 0)
            return MESSAGE_CHANGED;
        if (!sink->write(sink, d->buf, (size_t)got))
            break;
        at += (uint64_t)got;
        left -= (uint64_t)got;
    }
    if (d->window.at < d->window.end && !d->window.refused)
        transfer_finish(&d->transfer);
    return d->window.refused ? MESSAGE_SINK : MESSAGE_OK;
}

static struct decoder *decoder_new(const struct message_binary *b, uint64_t first, uint64_t end,
                                   struct message_sink *to)
{
    struct decoder *d = malloc(sizeof *d);
    if (d == NULL)
        return NULL;
    d->window =
        (struct window){ .sink = { window_write }, .to = to, .first = first, .end = end };
    transfer_init(&d->transfer, (enum transfer_encoding)b->encoding, true, &d->window.sink);
    return d;
}

enum message_status message_binary_measure(struct message_input *in, struct message_binary *b,
                                           uint64_t first, uint64_t count)
{
    uint64_t end = count < UINT64_MAX - first ? first + count : UINT64_MAX;
    b->first = first;
    b->octets = 0;
    b->nul = false;
    if (b->found != MESSAGE_BINARY_FOUND || first >= b->whole)
        return MESSAGE_OK;
    struct decoder *d = decoder_new(b, first, end, NULL);
    if (d == NULL)
        return MESSAGE_NOMEM;
    enum message_status status = decode(in, b, d);
    if (d->window.at > first)
        b->octets = d->window.at - first;
    b->nul = d->window.nul;
    if (status == MESSAGE_OK && d->window.at < end)
        b->whole = d->window.at;
    free(d);
    return status;
}

enum message_status message_binary_size(struct message_input *in, struct message_binary *b,
                                        uint64_t *octets_r)
{
    enum message_status status = MESSAGE_OK;
    if (b->found == MESSAGE_BINARY_FOUND && b->whole == UINT64_MAX)
        status = message_binary_measure(in, b, 0, UINT64_MAX);
    *octets_r = b->found == MESSAGE_BINARY_FOUND ? b->whole : 0;
    return status;
}

enum message_status message_binary_send(struct message_input *in,
                                        const struct message_binary *b,
                                        struct message_sink *sink)
{
    if (b->octets == 0)
        return MESSAGE_OK;
    struct decoder *d = decoder_new(b, b->first, b->first + b->octets, sink);
    if (d == NULL)
        return MESSAGE_NOMEM;
    enum message_status status = decode(in, b, d);
    if (status == MESSAGE_OK && d->window.at < d->window.end)
        status = MESSAGE_CHANGED;
    free(d);
    return status;
}
