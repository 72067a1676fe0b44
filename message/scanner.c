#include "message/scanner.h"

#include <stdlib.h>
#include <string.h>

enum message_status scanner_init(struct scanner *s, struct message_input *in, size_t chunk)
{
    memset(s, 0, sizeof *s);
    s->in = in;
    s->chunk = chunk;
    s->buf = malloc(SCANNER_SIZE);
    return s->buf == NULL ? MESSAGE_NOMEM : MESSAGE_OK;
}

void scanner_free(struct scanner *s)
{
    free(s->buf);
    s->buf = NULL;
}

const char *scanner_at(const struct scanner *s)
{
    return s->buf + s->pos;
}

size_t scanner_available(const struct scanner *s)
{
    return s->len - s->pos;
}

enum message_status scanner_fill(struct scanner *s, size_t n)
{
    while (scanner_available(s) < n && !s->eof) {
        size_t kept = scanner_available(s);
        if (s->pos > 0 && SCANNER_SIZE - s->len < s->chunk) {
            memmove(s->buf, s->buf + s->pos, kept);
            s->pos = 0;
            s->len = kept;
        }
        size_t room = SCANNER_SIZE - s->len;
        if (room > s->chunk)
            room = s->chunk;
        ssize_t got = s->in->pread(s->in, s->buf + s->len, room, s->mark.raw + kept);
        if (got < 0)
            return MESSAGE_IO;
        if (got == 0)
            s->eof = true;
        s->len += (size_t)got;
    }
    return MESSAGE_OK;
}

void scanner_advance(struct scanner *s, size_t n)
{
    if (n == 0)
        return;
    s->last[1] = n >= 2 ? (unsigned char)s->buf[s->pos + n - 2] : s->last[0];
    unsigned char last = s->last[0];
    octets_count(&s->mark, &last, s->buf + s->pos, n);
    s->last[0] = last;
    s->pos += n;
}

enum message_status scanner_skip_line(struct scanner *s)
{
    for (;;) {
        enum message_status status = scanner_fill(s, 1);
        size_t n = scanner_available(s);
        if (status != MESSAGE_OK || n == 0)
            return status;
        const char *lf = memchr(scanner_at(s), '\n', n);
        scanner_advance(s, lf == NULL ? n : (size_t)(lf - scanner_at(s)) + 1);
        if (lf != NULL)
            return MESSAGE_OK;
    }
}

enum message_status scanner_skip_all(struct scanner *s)
{
    for (;;) {
        enum message_status status = scanner_fill(s, 1);
        size_t n = scanner_available(s);
        if (status != MESSAGE_OK || n == 0)
            return status;
        scanner_advance(s, n);
    }
}

struct octet_mark scanner_before_line_end(const struct scanner *s)
{
    struct octet_mark mark = s->mark;
    mark.raw -= s->last[1] == '\r' ? 2 : 1;
    mark.octets -= 2;
    mark.lines--;
    return mark;
}
