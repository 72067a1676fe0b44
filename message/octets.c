#include "message/octets.h"

#include "message/lanes.h"

#include <string.h>

/* A lane is one octet, so it can count no further. */
#define LANE_COUNT_MAX 255

/* Counts the LFs among n octets, and those of them that have a CR before. p[-1] is readable. */
static void count_line_ends(const char *p, size_t n, uint64_t *lf, uint64_t *crlf)
{
    *lf = 0;
    *crlf = 0;
    bool blocks = n >= sizeof(lanes);
    while (n >= sizeof(lanes)) {
        lanes lfs = { 0 };
        lanes pairs = { 0 };
        for (size_t i = 0; i < LANE_COUNT_MAX && n >= sizeof(lanes); i++) {
            lanes is_lf = (lanes)(lanes_load(p) == '\n');
            lfs -= is_lf;
            pairs -= is_lf & (lanes)(lanes_load(p - 1) == '\r');
            p += sizeof(lanes);
            n -= sizeof(lanes);
        }
        *lf += lanes_sum(lfs);
        *crlf += lanes_sum(pairs);
    }
    if (blocks && n > 0) { /* once more the last sixteen, of which the last n are new */
        p += n;
        lanes is_lf = (lanes)(lanes_load(p - sizeof(lanes)) == '\n') & lanes_last(n);
        *lf += lanes_sum(is_lf & 1);
        *crlf += lanes_sum(is_lf & 1 & (lanes)(lanes_load(p - sizeof(lanes) - 1) == '\r'));
        return;
    }
    for (; n > 0; p++, n--) {
        *lf += *p == '\n';
        *crlf += *p == '\n' && p[-1] == '\r';
    }
}

void octets_count(struct octet_mark *mark, unsigned char *last, const char *p, size_t n)
{
    if (n == 0)
        return;
    uint64_t lf;
    uint64_t crlf;
    count_line_ends(p + 1, n - 1, &lf, &crlf);
    if (p[0] == '\n') {
        lf++;
        crlf += *last == '\r';
    }
    mark->raw += n;
    mark->octets += n + (lf - crlf);
    mark->lines += lf;
    *last = (unsigned char)p[n - 1];
}

/* Writes one octet as it is sent. */
static char *put(char *to, char c, char before)
{
    if (c == '\n' && before != '\r')
        *to++ = '\r';
    *to++ = (char)(c == '\0' ? OCTET_FOR_NUL : c);
    return to;
}

/* Sixteen octets are copied at once, and what is written next begins at the first LF among
 * them. */
size_t octets_convert_some(char *out, size_t room, const char *p, size_t n, unsigned char *last,
                           size_t *used_r)
{
    *used_r = n;
    if (n == 0)
        return 0;
    const char *begin = p;
    const char *end = p + n;
    char *to = put(out, *p, (char)*last);
    const char *room_end = out + room;
    p++;
    while ((size_t)(end - p) >= sizeof(lanes) && (size_t)(room_end - to) > sizeof(lanes)) {
        lanes v = lanes_load(p);
        lanes_store(to, v | ((lanes)(v == 0) & OCTET_FOR_NUL));
        unsigned lfs = lanes_bits((lanes)(v == '\n'));
        if (lfs == 0) {
            p += sizeof v;
            to += sizeof v;
            continue;
        }
        size_t run = (size_t)__builtin_ctz(lfs);
        p += run;
        to = put(to + run, *p, p[-1]);
        p++;
    }
    for (; p < end && room_end - to >= 2; p++)
        to = put(to, *p, p[-1]);
    *used_r = (size_t)(p - begin);
    *last = (unsigned char)p[-1];
    return (size_t)(to - out);
}

size_t octets_convert(char *out, const char *p, size_t n, unsigned char *last)
{
    size_t used;
    return octets_convert_some(out, n * 2, p, n, last, &used);
}
