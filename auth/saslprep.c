#include "auth/saslprep.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

struct range {
    int32_t first, last;
};

/* RFC 3454, C.1.2: spaces, mapped to U+0020. U+200B, which is in B.1 too, is one: RFC 4013
 * names this mapping first. */
static const struct range spaces[] = { { 0x00a0, 0x00a0 }, { 0x1680, 0x1680 },
                                       { 0x2000, 0x200b }, { 0x202f, 0x202f },
                                       { 0x205f, 0x205f }, { 0x3000, 0x3000 } };

/* B.1: mapped to nothing. */
static const struct range nothing[] = { { 0x00ad, 0x00ad }, { 0x034f, 0x034f },
                                        { 0x1806, 0x1806 }, { 0x180b, 0x180d },
                                        { 0x200c, 0x200d }, { 0x2060, 0x2060 },
                                        { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff } };

/* C.2.1 to C.9, in order; what two tables have stands once, and surrogates (C.5) are no UTF-8.
 * The last two code points of each plane (C.4) are looked at by themselves. */
static const struct range forbidden[] = {
    { 0x0000, 0x001f },   { 0x007f, 0x009f },   { 0x0340, 0x0341 },   { 0x06dd, 0x06dd },
    { 0x070f, 0x070f },   { 0x180e, 0x180e },   { 0x200c, 0x200f },   { 0x2028, 0x202e },
    { 0x2060, 0x2063 },   { 0x206a, 0x206f },   { 0x2ff0, 0x2ffb },   { 0xe000, 0xf8ff },
    { 0xfdd0, 0xfdef },   { 0xfeff, 0xfeff },   { 0xfff9, 0xfffd },   { 0x1d173, 0x1d17a },
    { 0xe0001, 0xe0001 }, { 0xe0020, 0xe007f }, { 0xf0000, 0xffffd }, { 0x100000, 0x10fffd },
};

#define IN(c, table) in((c), (table), sizeof(table) / sizeof *(table))

static bool in(int32_t c, const struct range *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= table[i].first && c <= table[i].last)
            return true;
    }
    return false;
}

static bool printable_ascii(const char *s)
{
    while (*s >= ' ' && *s <= '~')
        s++;
    return *s == '\0';
}

/* Section 2.1: mapping. False: no UTF-8. `out` holds as many octets as `in`, and needs no more:
 * what is mapped becomes shorter. */
static bool map(const char *in_text, size_t n, char *out)
{
    const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)in_text;
    while (n > 0) {
        utf8proc_int32_t c;
        utf8proc_ssize_t len = utf8proc_iterate(p, (utf8proc_ssize_t)n, &c);
        if (len <= 0)
            return false;
        if (IN(c, spaces)) {
            *out++ = ' ';
        } else if (!IN(c, nothing)) {
            memcpy(out, p, (size_t)len);
            out += len;
        }
        p += len;
        n -= (size_t)len;
    }
    *out = '\0';
    return true;
}

/* Sections 2.3 and 2.5, of one character. */
static bool allowed(int32_t c, enum saslprep_kind kind)
{
    if (IN(c, forbidden) || IN(c, spaces) || (c & 0xfffe) == 0xfffe)
        return false;
    return kind == SASLPREP_QUERY || utf8proc_category(c) != UTF8PROC_CATEGORY_CN;
}

static bool right_to_left(int32_t c)
{
    utf8proc_propval_t class = utf8proc_get_property(c)->bidi_class;
    return class == UTF8PROC_BIDI_CLASS_R || class == UTF8PROC_BIDI_CLASS_AL;
}

/* Section 2.4, which is RFC 3454 section 6: a string with right-to-left characters begins and
 * ends with one and has no left-to-right one. */
static bool one_direction(const int32_t *c, size_t n)
{
    bool right = false;
    bool left = false;
    for (size_t i = 0; i < n; i++) {
        right = right || right_to_left(c[i]);
        left = left || utf8proc_get_property(c[i])->bidi_class == UTF8PROC_BIDI_CLASS_L;
    }
    return !right || (!left && right_to_left(c[0]) && right_to_left(c[n - 1]));
}

/* Section 2.2, in place: c holds the decomposed form on entry, NFKC afterwards, as UTF-8. */
static bool prepare(const char *mapped, enum saslprep_kind kind, char *out, size_t size,
                    int32_t *c, size_t room)
{
    const utf8proc_option_t nfkc = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    utf8proc_ssize_t n =
        utf8proc_decompose((const utf8proc_uint8_t *)mapped, (utf8proc_ssize_t)strlen(mapped),
                           c, (utf8proc_ssize_t)room, nfkc);
    if (n <= 0 || (size_t)n > room)
        return false;
    n = utf8proc_normalize_utf32(c, n, nfkc);
    if (n <= 0 || !one_direction(c, (size_t)n))
        return false;
    size_t len = 0;
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        utf8proc_uint8_t octets[4];
        utf8proc_ssize_t more = utf8proc_encode_char(c[i], octets);
        if (!allowed(c[i], kind) || more <= 0 || len + (size_t)more >= size)
            return false;
        memcpy(out + len, octets, (size_t)more);
        len += (size_t)more;
    }
    out[len] = '\0';
    return true;
}

bool saslprep(const char *in_text, enum saslprep_kind kind, char *out, size_t size)
{
    char mapped[SASLPREP_MAX + 1];
    int32_t decomposed[SASLPREP_MAX + 1];
    size_t n = strnlen(in_text, sizeof mapped);
    if (n > 0 && n < size && n < sizeof mapped && printable_ascii(in_text)) {
        memcpy(out, in_text, n + 1);
        return true; /* most of them */
    }
    bool ok =
        n > 0 && n < sizeof mapped && map(in_text, n, mapped) &&
        prepare(mapped, kind, out, size, decomposed, sizeof decomposed / sizeof *decomposed);
    explicit_bzero(mapped, sizeof mapped);
    explicit_bzero(decomposed, sizeof decomposed);
    if (!ok)
        explicit_bzero(out, size);
    return ok;
}
