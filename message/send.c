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

/* What is read at once. With the room for its converted form it stays in the second-level
 * cache, and below the size from which malloc(3) asks the kernel for each block. */
#define SEND_CHUNK 32768

struct sender {
    struct message_input *in;
    struct message_sink *sink;
    uint64_t raw;       /* where to read next */
    uint64_t raw_left;  /* how much of the section is there */
    uint64_t at;        /* which octet of the section, as sent, that is */
    uint64_t first;     /* the first octet wanted */
    uint64_t end;       /* the octet after the last one wanted */
    unsigned char last; /* the octet before raw */
    char *buf;
    char *converted;
};

static enum message_status send_part(struct sender *s, const char *octets, size_t n)
{
    uint64_t from = s->first > s->at ? s->first - s->at : 0;
    uint64_t to = s->end - s->at < n ? s->end - s->at : n;
    s->at += n;
    if (from >= to)
        return MESSAGE_OK;
    return s->sink->write(s->sink, octets + from, (size_t)(to - from)) ? MESSAGE_OK
                                                                       : MESSAGE_SINK;
}

/* Sends what is wanted of the n octets in s->buf, or only counts them. */
static enum message_status send_chunk(struct sender *s, size_t n)
{
    struct octet_mark count = { 0, 0, 0 };
    unsigned char last = s->last;
    octets_count(&count, &last, s->buf, n);
    if (s->at + count.octets <= s->first) {
        s->at += count.octets;
        s->last = last;
        return MESSAGE_OK;
    }
    size_t made = octets_convert(s->converted, s->buf, n, &s->last);
    return send_part(s, s->converted, made);
}

static enum message_status send_input(struct sender *s, size_t chunk)
{
    while (s->at < s->end) {
        size_t want = s->raw_left < chunk ? (size_t)s->raw_left : chunk;
        ssize_t got = want == 0 ? 0 : s->in->pread(s->in, s->buf, want, s->raw);
        if (got < 0)
            return MESSAGE_IO;
        if (got == 0)
            return MESSAGE_CHANGED;
        s->raw += (uint64_t)got;
        s->raw_left -= (uint64_t)got;
        enum message_status status = send_chunk(s, (size_t)got);
        if (status != MESSAGE_OK)
            return status;
    }
    return MESSAGE_OK;
}

static enum message_status send_made(const struct section_data *data, uint64_t first,
                                     uint64_t count, struct message_sink *sink)
{
    if (first > data->made.len || count > data->made.len - first)
        return MESSAGE_CHANGED;
    return sink->write(sink, data->made.data + first, (size_t)count) ? MESSAGE_OK
                                                                     : MESSAGE_SINK;
}

enum message_status message_send(struct message_input *in, const struct section_data *data,
                                 uint64_t first, uint64_t count, struct message_sink *sink)
{
    if (count == 0)
        return MESSAGE_OK;
    if (data->use_made)
        return send_made(data, first, count, sink);
    struct sender s = { .in = in,
                        .sink = sink,
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
    size_t chunk = s.raw_left < SEND_CHUNK ? (size_t)s.raw_left : SEND_CHUNK;
    s.buf = malloc(chunk * 3 + 1);
    if (s.buf == NULL)
        return MESSAGE_NOMEM;
    s.converted = s.buf + chunk;
    enum message_status status = send_input(&s, chunk);
    free(s.buf);
    return status;
}
