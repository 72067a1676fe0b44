#include "message/octets.h"

#include <string.h>

/* Sixteen octets at once: the vector extension that gcc and clang share, one SSE2 or NEON
 * register. A comparison gives 255 (that is, -1) in each place that holds. */
typedef unsigned char lanes __attribute__((vector_size(16)));

/* A lane is one octet, so it can count no further. */
#define LANE_COUNT_MAX 255

static uint64_t lanes_sum(lanes v)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof v; i++)
        sum += v[i];
    return sum;
}

/* Counts the LFs among n octets, and those of them that have a CR before. p[-1] is readable. */
static void count_line_ends(const char *p, size_t n, uint64_t *lf, uint64_t *crlf)
{
    *lf = 0;
    *crlf = 0;
    while (n >= sizeof(lanes)) {
        lanes lfs = { 0 };
        lanes pairs = { 0 };
        for (size_t i = 0; i < LANE_COUNT_MAX && n >= sizeof(lanes); i++) {
            lanes here;
            lanes before;
            memcpy(&here, p, sizeof here);
            memcpy(&before, p - 1, sizeof before);
            lanes is_lf = (lanes)(here == '\n');
            lfs -= is_lf;
            pairs -= is_lf & (lanes)(before == '\r');
            p += sizeof(lanes);
            n -= sizeof(lanes);
        }
        *lf += lanes_sum(lfs);
        *crlf += lanes_sum(pairs);
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

static void replace_nuls(char *p, size_t n)
{
    char *nul;
    while (n > 0 && (nul = memchr(p, '\0', n)) != NULL) {
        n -= (size_t)(nul - p) + 1;
        *nul = (char)OCTET_FOR_NUL;
        p = nul + 1;
    }
}

size_t octets_convert(char *out, const char *p, size_t n, unsigned char *last)
{
    if (n == 0)
        return 0;
    char *to = out;
    const char *end = p + n;
    unsigned char before = *last;
    *last = (unsigned char)end[-1];
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t run = (size_t)((lf == NULL ? end : lf) - p);
        memcpy(to, p, run);
        to += run;
        if (lf == NULL)
            break;
        if (run > 0)
            before = (unsigned char)lf[-1];
        if (before != '\r')
            *to++ = '\r';
        *to++ = '\n';
        before = '\n';
        p = lf + 1;
    }
    replace_nuls(out, (size_t)(to - out));
    return (size_t)(to - out);
}
