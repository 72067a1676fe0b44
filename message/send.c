/*
 * Sending a range of octets as IMAP sends them.
 *
 * The range is given in octets as sent, the input is in octets as they are; where no line end
 * is changed between the two they are the same and the range is read where it lies. Otherwise
 * the octets before it are counted, not converted.
 */
#include "message/part.h"

#include <stdlib.h>
#include <string.h>

/* What is read at once. It stays in the second-level cache, and below the size from which
 * malloc(3) asks the kernel for each block. */
#define SEND_CHUNK 32768

struct sender {
    struct message_input *in;
    struct message_room *room;
    uint64_t raw;       /* where to read next */
    uint64_t raw_left;  /* how much of the section is there */
    uint64_t at;        /* which octet of the section, as sent, that is */
    uint64_t first;     /* the first octet wanted */
    uint64_t end;       /* the octet after the last one wanted */
    unsigned char last; /* the octet before raw */
    char *buf;          /* owned; NULL where the input has its own */
};

static void pass(struct sender *s, size_t n)
{
    s->raw += n;
    s->raw_left -= n;
}

/* Whether all of the n octets at p come before what is wanted; then they are passed. */
static bool skip(struct sender *s, const char *p, size_t n)
{
    struct octet_mark count = { 0, 0, 0 };
    unsigned char last = s->last;
    if (s->at >= s->first)
        return false;
    octets_count(&count, &last, p, n);
    if (s->at + count.octets > s->first)
        return false;
    s->at += count.octets;
    s->last = last;
    pass(s, n);
    return true;
}

/* Sends what is wanted of the n octets at p. */
static enum message_status send_chunk(struct sender *s, const char *p, size_t n)
{
    while (n > 0 && s->at < s->end) {
        size_t room, used;
        char *to = s->room->lend(s->room, &room);
        if (to == NULL)
            return MESSAGE_SINK;
        size_t made = octets_convert_some(to, room, p, n, &s->last, &used);
        size_t before = 0;
        if (s->at < s->first)
            before = s->first - s->at < made ? (size_t)(s->first - s->at) : made;
        s->at += made;
        if (s->at > s->end)
            made -= (size_t)(s->at - s->end);
        if (before > 0)
            memmove(to, to + before, made - before);
        s->room->take(s->room, made - before);
        pass(s, used);
        p += used;
        n -= used;
    }
    return MESSAGE_OK;
}

/* How much is read at once of so many octets: what is wanted of them comes from no more. */
static size_t chunk_of(uint64_t raw_left, uint64_t octets)
{
    uint64_t n = raw_left < octets ? raw_left : octets;
    return n < SEND_CHUNK ? (size_t)n : SEND_CHUNK;
}

static enum message_status send_input(struct sender *s)
{
    while (s->at < s->end) {
        const char *p;
        size_t want = chunk_of(s->raw_left, s->end - s->at);
        ssize_t got = want == 0 ? 0 : message_input_get(s->in, s->buf, want, s->raw, &p);
        if (got < 0)
            return MESSAGE_IO;
        if (got == 0)
            return MESSAGE_CHANGED;
        if (skip(s, p, (size_t)got))
            continue;
        enum message_status status = send_chunk(s, p, (size_t)got);
        if (status != MESSAGE_OK)
            return status;
    }
    return MESSAGE_OK;
}

static enum message_status send_made(const struct section_data *data, uint64_t first,
                                     uint64_t count, struct message_room *room)
{
    if (first > data->made.len || count > data->made.len - first)
        return MESSAGE_CHANGED;
    const char *p = data->made.data + first;
    size_t left = (size_t)count;
    while (left > 0) {
        size_t n;
        char *to = room->lend(room, &n);
        if (to == NULL)
            return MESSAGE_SINK;
        if (n > left)
            n = left;
        memcpy(to, p, n);
        room->take(room, n);
        p += n;
        left -= n;
    }
    return MESSAGE_OK;
}

enum message_status message_send_into(struct message_input *in, const struct section_data *data,
                                      uint64_t first, uint64_t count, struct message_room *room)
{
    if (count == 0)
        return MESSAGE_OK;
    if (data->use_made)
        return send_made(data, first, count, room);
    struct sender s = { .in = in,
                        .room = room,
                        .raw = data->raw,
                        .raw_left = data->raw_len,
                        .first = first,
                        .end = first + count };
    if (data->octets == data->raw_len && first <= data->raw_len) {
        s.last = '\r'; /* should the range begin with an LF, its CR is before it */
        s.raw += first;
        s.raw_left -= first;
        s.at = first;
    }
    if (in->peek == NULL) {
        s.buf = malloc(chunk_of(s.raw_left, s.end - s.at) + 1);
        if (s.buf == NULL)
            return MESSAGE_NOMEM;
    }
    enum message_status status = send_input(&s);
    free(s.buf);
    return status;
}

/* ---- into a sink ---- */

struct sink_room {
    struct message_room room;
    struct message_sink *sink;
    bool full;
    size_t size;
    char *buf;
};

static char *sink_lend(struct message_room *room, size_t *n_r)
{
    struct sink_room *r = (struct sink_room *)room;
    *n_r = r->size;
    return r->full ? NULL : r->buf;
}

static void sink_take(struct message_room *room, size_t n)
{
    struct sink_room *r = (struct sink_room *)room;
    if (n > 0)
        r->full = !r->sink->write(r->sink, r->buf, n);
}

enum message_status message_send(struct message_input *in, const struct section_data *data,
                                 uint64_t first, uint64_t count, struct message_sink *sink)
{
    if (count == 0)
        return MESSAGE_OK;
    size_t size = count < SEND_CHUNK ? (size_t)count + MESSAGE_ROOM_MIN : SEND_CHUNK;
    struct sink_room r = { { sink_lend, sink_take }, sink, false, size, malloc(size) };
    if (r.buf == NULL)
        return MESSAGE_NOMEM;
    enum message_status status = message_send_into(in, data, first, count, &r.room);
    free(r.buf);
    return status == MESSAGE_OK && r.full ? MESSAGE_SINK : status;
}
