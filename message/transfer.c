#include "message/transfer.h"

#include <endian.h>
#include <string.h>
#include <strings.h>

enum transfer_encoding transfer_encoding_of(const struct part *p)
{
    static const struct {
        const char *name;
        enum transfer_encoding encoding;
    } names[] = { { "7bit", TRANSFER_NONE },
                  { "8bit", TRANSFER_NONE },
                  { "binary", TRANSFER_BINARY },
                  { "base64", TRANSFER_BASE64 },
                  { "quoted-printable", TRANSFER_QUOTED_PRINTABLE } };
    struct field f;
    const char *token;
    size_t n;
    if (!part_field(p, "Content-Transfer-Encoding", &f))
        return TRANSFER_NONE;
    struct lexer lex = { f.value, f.value + f.value_len };
    lexer_skip_cfws(&lex, NULL);
    if (!lexer_token(&lex, &token, &n))
        return TRANSFER_NONE;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == n && strncasecmp(token, names[i].name, n) == 0)
            return names[i].encoding;
    return TRANSFER_UNKNOWN;
}

static bool flush(struct transfer *t)
{
    size_t n = t->out_len;
    t->out_len = 0;
    return n == 0 || t->next->write(t->next, t->out, n);
}

static bool put_all(struct transfer *t, const char *p, size_t n)
{
    if (n > TRANSFER_OUT - t->out_len && !flush(t))
        return false;
    if (n > TRANSFER_OUT)
        return t->next->write(t->next, p, n);
    memcpy(t->out + t->out_len, p, n);
    t->out_len += n;
    return true;
}

static bool put(struct transfer *t, char c)
{
    if (t->out_len == TRANSFER_OUT && !flush(t))
        return false;
    t->out[t->out_len++] = c;
    return true;
}

/* ---- 7bit, 8bit ---- */

static bool convert_lines(struct transfer *t, const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf != NULL ? lf : end;
        if (!put_all(t, p, (size_t)(stop - p)))
            return false;
        if (stop > p)
            t->is_cr = stop[-1] == '\r';
        if (lf == NULL)
            break;
        if (!(t->is_cr ? put(t, '\n') : put_all(t, "\r\n", 2)))
            return false;
        t->is_cr = false;
        p = lf + 1;
    }
    return true;
}

/* ---- base64 ---- */

/* What each digit is worth at each of the four places of a group, with a bit that says that it
 * is a digit: the values of a group need only be put together. */
#define DIGIT (UINT32_C(1) << 31)
/* clang-format off */
#define DIGITS(X)                                                                           \
    X('A', 0) X('B', 1) X('C', 2) X('D', 3) X('E', 4) X('F', 5) X('G', 6) X('H', 7)         \
    X('I', 8) X('J', 9) X('K', 10) X('L', 11) X('M', 12) X('N', 13) X('O', 14) X('P', 15)   \
    X('Q', 16) X('R', 17) X('S', 18) X('T', 19) X('U', 20) X('V', 21) X('W', 22) X('X', 23) \
    X('Y', 24) X('Z', 25) X('a', 26) X('b', 27) X('c', 28) X('d', 29) X('e', 30) X('f', 31) \
    X('g', 32) X('h', 33) X('i', 34) X('j', 35) X('k', 36) X('l', 37) X('m', 38) X('n', 39) \
    X('o', 40) X('p', 41) X('q', 42) X('r', 43) X('s', 44) X('t', 45) X('u', 46) X('v', 47) \
    X('w', 48) X('x', 49) X('y', 50) X('z', 51) X('0', 52) X('1', 53) X('2', 54) X('3', 55) \
    X('4', 56) X('5', 57) X('6', 58) X('7', 59) X('8', 60) X('9', 61) X('+', 62) X('/', 63)
/* clang-format on */
#define AT_0(c, value) [c] = DIGIT | (value) << 18,
#define AT_1(c, value) [c] = DIGIT | (value) << 12,
#define AT_2(c, value) [c] = DIGIT | (value) << 6,
#define AT_3(c, value) [c] = DIGIT | (value),
static const uint32_t digit[4][256] = {
    { DIGITS(AT_0) }, { DIGITS(AT_1) }, { DIGITS(AT_2) }, { DIGITS(AT_3) }
};

/* Decodes whole groups of four digits, up to the first octet that is none or to where the
 * output is full; returns how many octets it has read. A group is written with an octet too
 * many, for which there is room. */
static size_t base64_groups(struct transfer *t, const char *p, size_t n)
{
    const unsigned char *in = (const unsigned char *)p;
    char *out = t->out + t->out_len;
    size_t groups = (TRANSFER_OUT - t->out_len) / 3;
    if (groups > n / 4)
        groups = n / 4;
    size_t done = 0;
    for (; done < groups; done++) {
        uint32_t a = digit[0][in[0]];
        uint32_t b = digit[1][in[1]];
        uint32_t c = digit[2][in[2]];
        uint32_t d = digit[3][in[3]];
        if (!(a & b & c & d & DIGIT))
            break;
        uint32_t three = htobe32((a | b | c | d) << 8);
        memcpy(out, &three, sizeof three);
        in += 4;
        out += 3;
    }
    t->out_len += done * 3;
    return done * 4;
}

/* Octets outside the alphabet are passed over (RFC 2045 section 6.8); padding ends a quantum,
 * after which another run of base64 may begin. */
static bool base64_octet(struct transfer *t, char c)
{
    uint32_t value = digit[3][(unsigned char)c];
    if (!(value & DIGIT)) {
        if (c == '=')
            t->bit_count = 0;
        return true;
    }
    t->bits = t->bits << 6 | (value & 63);
    t->bit_count += 6;
    if (t->bit_count < 8)
        return true;
    t->bit_count -= 8;
    return put(t, (char)(t->bits >> t->bit_count & 0xff));
}

static bool base64_decode(struct transfer *t, const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end) {
        if (t->bit_count == 0) {
            if (t->out_len > TRANSFER_OUT - 3 && !flush(t))
                return false;
            p += base64_groups(t, p, (size_t)(end - p));
        }
        if (p < end && !base64_octet(t, *p++))
            return false;
    }
    return true;
}

/* ---- quoted-printable ---- */

/* The value of a hexadecimal digit, with a bit that says that it is one. */
static const unsigned char hex[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21,
    ['6'] = 22, ['7'] = 23, ['8'] = 24, ['9'] = 25, ['A'] = 26, ['B'] = 27,
    ['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31, ['a'] = 26, ['b'] = 27,
    ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool put_line_end(struct transfer *t, bool cr)
{
    return t->crlf || cr ? put_all(t, "\r\n", 2) : put(t, '\n');
}

/* What waited for its line's end or the rest of its escape is text. */
static bool put_waiting(struct transfer *t)
{
    size_t escape = t->escape_len;
    size_t space = t->space_len;
    t->escape_len = t->space_len = 0;
    return put_all(t, t->escape, escape) && put_all(t, t->space, space);
}

/* The line ends: a soft line break, or white space that is no content before the line end. A CR
 * that is not the line end's is content. */
static bool end_line(struct transfer *t)
{
    if (t->escape_len == 1) {
        t->escape_len = t->space_len = 0;
        return true;
    }
    bool cr = t->space_len > 0 && t->space[t->space_len - 1] == '\r';
    t->space_len -= cr;
    while (t->space_len > 0 && is_space(t->space[t->space_len - 1]))
        t->space_len--;
    return put_waiting(t) && put_line_end(t, cr);
}

/* An octet where something waits, or something that must wait: "=XX", or "=" white space line
 * end, or white space. */
static bool quoted_printable_octet(struct transfer *t, char c)
{
    if (c == '\n')
        return end_line(t);
    if (t->escape_len > 0 && t->space_len == 0 && hex[(unsigned char)c] > 0) {
        if (t->escape_len == 1) {
            t->escape[t->escape_len++] = c;
            return true;
        }
        t->escape_len = 0;
        return put(t, (char)((hex[(unsigned char)t->escape[1]] & 15) * 16 +
                             (hex[(unsigned char)c] & 15)));
    }
    bool space = is_space(c) || c == '\r';
    bool waits = space && t->escape_len < 2 && t->space_len < sizeof t->space;
    if (!waits && !put_waiting(t))
        return false;
    if (space) {
        t->space[t->space_len++] = c;
        return true;
    }
    if (c == '=') {
        t->escape[0] = c;
        t->escape_len = 1;
        return true;
    }
    return put(t, c);
}

static bool quoted_printable_octets(struct transfer *t, const char *p, const char *end)
{
    while (p < end)
        if (!quoted_printable_octet(t, *p++))
            return false;
    return true;
}

/* Text without white space at its end, and without line end. An escape may go on behind it. */
static bool quoted_printable_text(struct transfer *t, const char *p, const char *end)
{
    while (p < end) {
        if (*p != '=') {
            const char *equals = memchr(p, '=', (size_t)(end - p));
            const char *stop = equals != NULL ? equals : end;
            if (!put_all(t, p, (size_t)(stop - p)))
                return false;
            p = stop;
            continue;
        }
        if (end - p < 3)
            return quoted_printable_octets(t, p, end);
        int high = hex[(unsigned char)p[1]];
        int low = hex[(unsigned char)p[2]];
        bool escape = high > 0 && low > 0;
        if (!put(t, (char)(escape ? (high & 15) * 16 + (low & 15) : '=')))
            return false;
        p += escape ? 3 : 1;
    }
    return true;
}

static bool quoted_printable_decode(struct transfer *t, const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end) {
        if (t->escape_len > 0 || t->space_len > 0) {
            if (!quoted_printable_octet(t, *p++))
                return false;
            continue;
        }
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *next = lf != NULL ? lf + 1 : end;
        const char *stop = lf != NULL ? lf : end;
        while (stop > p && (is_space(stop[-1]) || stop[-1] == '\r'))
            stop--;
        if (!quoted_printable_text(t, p, stop) || !quoted_printable_octets(t, stop, next))
            return false;
        p = next;
    }
    return true;
}

/* ---- the stage ---- */

static bool transfer_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct transfer *t = (struct transfer *)sink;
    switch (t->encoding) {
    case TRANSFER_BASE64:
        return base64_decode(t, octets, n);
    case TRANSFER_QUOTED_PRINTABLE:
        return quoted_printable_decode(t, octets, n);
    case TRANSFER_NONE:
        if (t->crlf)
            return convert_lines(t, octets, n);
        break;
    case TRANSFER_BINARY:
    case TRANSFER_UNKNOWN:
        break;
    }
    return t->next->write(t->next, octets, n);
}

void transfer_init(struct transfer *t, enum transfer_encoding encoding, bool crlf,
                   struct message_sink *next)
{
    t->sink.write = transfer_write;
    t->next = next;
    t->encoding = encoding;
    t->crlf = crlf;
    t->is_cr = false;
    t->bits = 0;
    t->bit_count = 0;
    t->escape_len = 0;
    t->space_len = 0;
    t->out_len = 0;
}

/* A part that ends in '=' ends in a soft line break: the line end behind it is the
 * delimiter's. White space there ends the last line. */
bool transfer_finish(struct transfer *t)
{
    if (t->escape_len == 1)
        t->escape_len = t->space_len = 0;
    while (t->space_len > 0 && is_space(t->space[t->space_len - 1]))
        t->space_len--;
    return put_waiting(t) && flush(t);
}
