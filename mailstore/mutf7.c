/* Modified UTF-7: RFC 3501 section 5.1.3. */
#include "mailstore/name.h"

#include <string.h>
#include <utf8proc.h>

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_printable_ascii(uint32_t c)
{
    return c >= 0x20 && c <= 0x7e;
}

static bool append_code_point(struct buffer *out, uint32_t c)
{
    utf8proc_uint8_t utf8[4];
    utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)c, utf8);
    return n > 0 && buffer_append(out, utf8, (size_t)n);
}

/* The UTF-16 of one shifted sequence, as it comes. */
struct utf16 {
    uint32_t high; /* a high surrogate that waits for its other half, 0: none */
    bool strict;
    struct buffer *out;
};

static bool take_unit(struct utf16 *u, uint32_t unit)
{
    bool high = unit >= 0xd800 && unit <= 0xdbff;
    bool low = unit >= 0xdc00 && unit <= 0xdfff;
    if (low != (u->high != 0))
        return false;
    if (high) {
        u->high = unit;
        return true;
    }
    if (low) {
        uint32_t c = 0x10000 + ((u->high - 0xd800) << 10) + (unit - 0xdc00);
        u->high = 0;
        return append_code_point(u->out, c);
    }
    if (u->strict && is_printable_ascii(unit))
        return false;
    return append_code_point(u->out, unit);
}

/* Decodes the n octets between '&' and '-'. */
static bool decode_shifted(const char *in, size_t n, bool strict, struct buffer *out)
{
    struct utf16 u = { .strict = strict, .out = out };
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < n; i++) {
        const char *digit = in[i] == '\0' ? NULL : strchr(base64, in[i]);
        if (digit == NULL)
            return false;
        bits = (bits << 6 | (uint32_t)(digit - base64)) & 0x3fffff;
        count += 6;
        if (count >= 16) {
            count -= 16;
            if (!take_unit(&u, bits >> count & 0xffff))
                return false;
        }
    }
    bool padding_zero = (bits & ((1U << count) - 1)) == 0;
    return n > 0 && u.high == 0 && count < 6 && (padding_zero || !strict);
}

static bool decode(const char *in, size_t n, bool strict, struct buffer *out)
{
    bool after_shift = false;
    for (size_t i = 0; i < n; i++) {
        if (in[i] != '&') {
            if (!is_printable_ascii((unsigned char)in[i]) || !buffer_putc(out, in[i]))
                return false;
            after_shift = false;
            continue;
        }
        const char *begin = in + i + 1;
        const char *end = memchr(begin, '-', n - i - 1);
        if (end == NULL)
            return false;
        if (end == begin) {
            if (!buffer_putc(out, '&'))
                return false;
            after_shift = false;
        } else {
            if ((after_shift && strict) ||
                !decode_shifted(begin, (size_t)(end - begin), strict, out))
                return false;
            after_shift = true;
        }
        i = (size_t)(end - in);
    }
    return true;
}

bool mutf7_to_utf8(const char *in, size_t n, struct buffer *out)
{
    size_t before = out->len;
    if (decode(in, n, true, out))
        return true;
    out->len = before;
    return false;
}

bool mutf7_decode_loosely(const char *in, size_t n, struct buffer *out)
{
    size_t before = out->len;
    if (decode(in, n, false, out))
        return true;
    out->len = before;
    return false;
}

/* A shifted sequence being written. */
struct shift {
    bool open;
    uint32_t bits;
    unsigned count;
};

static void put_unit(struct shift *s, uint32_t unit, struct buffer *out)
{
    s->bits = s->bits << 16 | unit;
    s->count += 16;
    while (s->count >= 6) {
        s->count -= 6;
        buffer_putc(out, base64[s->bits >> s->count & 0x3f]);
    }
    s->bits &= (1U << s->count) - 1;
}

static void put_shifted(struct shift *s, uint32_t c, struct buffer *out)
{
    if (!s->open)
        buffer_putc(out, '&');
    s->open = true;
    if (c >= 0x10000) {
        put_unit(s, 0xd800 + ((c - 0x10000) >> 10), out);
        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    put_unit(s, c, out);
}

static void end_shift(struct shift *s, struct buffer *out)
{
    if (!s->open)
        return;
    if (s->count > 0)
        buffer_putc(out, base64[s->bits << (6 - s->count) & 0x3f]);
    buffer_putc(out, '-');
    *s = (struct shift){ .open = false };
}

bool utf8_to_mutf7(const char *in, size_t n, struct buffer *out)
{
    size_t before = out->len;
    struct shift s = { .open = false };
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)in + i, (utf8proc_ssize_t)(n - i), &c);
        if (used <= 0) {
            out->len = before;
            return false;
        }
        if (is_printable_ascii((uint32_t)c)) {
            end_shift(&s, out);
            buffer_putc(out, (char)c);
            if (c == '&')
                buffer_putc(out, '-');
        } else {
            put_shifted(&s, (uint32_t)c, out);
        }
        i += (size_t)used;
    }
    end_shift(&s, out);
    if (!out->failed)
        return true;
    out->len = before;
    return false;
}
