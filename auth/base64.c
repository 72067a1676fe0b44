#include "auth/sasl.h"

#include "message/digits.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* How many '=' end the last group of four: 0 to 2. */
static size_t padding(const char *in, size_t n)
{
    if (n == 0 || in[n - 1] != '=')
        return 0;
    return in[n - 2] == '=' ? 2 : 1;
}

/* Strict: groups of four, padding only at the end and exactly as much as is needed, and the
 * bits that padding leaves over are zero (RFC 4648 sections 3.2, 3.3 and 3.5). */
long base64_decode(const char *in, size_t n, unsigned char *out)
{
    if (n % 4 != 0 || n > BASE64_DECODE_MAX)
        return -1;
    size_t pad = padding(in, n);
    unsigned char *o = out;
    for (size_t i = 0; i < n; i += 4) {
        size_t have = i + 4 == n ? 4 - pad : 4;
        unsigned group = 0;
        for (size_t k = 0; k < 4; k++) {
            int bits = k < have ? base64_value(in[i + k]) : 0;
            if (bits < 0)
                return -1;
            group = group << 6 | (unsigned)bits;
        }
        if ((have == 3 && (group & 0xff) != 0) || (have == 2 && (group & 0xffff) != 0))
            return -1;
        *o++ = (unsigned char)(group >> 16);
        if (have > 2)
            *o++ = (unsigned char)(group >> 8);
        if (have > 3)
            *o++ = (unsigned char)group;
    }
    return o - out;
}

/* The character for the lowest six bits, or padding where there is nothing behind them. */
static char pad_or(bool there, unsigned bits)
{
    if (!there)
        return '=';
    return alphabet[bits & 63];
}

void base64_encode(const void *in, size_t n, char *out)
{
    const unsigned char *p = in;
    while (n > 0) {
        size_t have = n < 3 ? n : 3;
        unsigned group = (unsigned)p[0] << 16 | (have > 1 ? (unsigned)p[1] << 8 : 0) |
                         (have > 2 ? (unsigned)p[2] : 0);
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = pad_or(have > 1, group >> 6);
        *out++ = pad_or(have > 2, group);
        p += have;
        n -= have;
    }
    *out = '\0';
}
