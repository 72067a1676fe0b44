#include "message/transfer.h"

#include "message/digits.h"

#include <string.h>
#include <strings.h>

enum transfer_encoding transfer_encoding_of(const struct part *p)
{
    static const struct {
        const char *name;
        enum transfer_encoding encoding;
    } names[] = { { "7bit", TRANSFER_NONE },
                  { "8bit", TRANSFER_NONE },
                  { "binary", TRANSFER_NONE },
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

static bool put(struct transfer *t, char c)
{
    if (t->out_len == sizeof t->out && !flush(t))
        return false;
    t->out[t->out_len++] = c;
    return true;
}

static bool put_all(struct transfer *t, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!put(t, p[i]))
            return false;
    return true;
}

/* Octets outside the alphabet are passed over (RFC 2045 section 6.8); padding ends a quantum,
 * after which another run of base64 may begin. */
static bool base64_decode(struct transfer *t, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int value = base64_value(p[i]);
        if (value < 0) {
            if (p[i] == '=')
                t->bit_count = 0;
            continue;
        }
        t->bits = t->bits << 6 | (uint32_t)value;
        t->bit_count += 6;
        if (t->bit_count >= 8) {
            t->bit_count -= 8;
            if (!put(t, (char)(t->bits >> t->bit_count & 0xff)))
                return false;
        }
    }
    return true;
}

static bool put_spaces(struct transfer *t)
{
    size_t n = t->space_len;
    t->space_len = 0;
    return put_all(t, t->space, n);
}

/* An octet inside an escape: "=XX", or "=" white space line end. What is neither is text. */
static bool escape_octet(struct transfer *t, char c)
{
    if (t->escape_len == 1 && (c == ' ' || c == '\t' || c == '\r')) {
        t->soft = true;
        return true;
    }
    if (t->escape_len == 1 && c == '\n') {
        t->escape_len = 0;
        return true;
    }
    if (t->escape_len == 1 && !t->soft && hex_value(c) >= 0) {
        t->escape[t->escape_len++] = c;
        return true;
    }
    size_t held = t->escape_len;
    t->escape_len = 0;
    if (held == 2 && hex_value(c) >= 0)
        return put(t, (char)(hex_value(t->escape[1]) * 16 + hex_value(c)));
    return put_all(t, t->escape, held) && put(t, c);
}

static bool quoted_printable_octet(struct transfer *t, char c)
{
    if (t->escape_len > 0)
        return escape_octet(t, c);
    if (c == ' ' || c == '\t') {
        if (t->space_len == sizeof t->space && !put_spaces(t))
            return false;
        t->space[t->space_len++] = c;
        return true;
    }
    if (c == '\n' || c == '\r')
        t->space_len = 0;
    else if (t->space_len > 0 && !put_spaces(t))
        return false;
    if (c == '=') {
        t->escape[0] = c;
        t->escape_len = 1;
        t->soft = false;
        return true;
    }
    return put(t, c);
}

static bool transfer_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct transfer *t = (struct transfer *)sink;
    const char *p = octets;
    switch (t->encoding) {
    case TRANSFER_BASE64:
        return base64_decode(t, p, n);
    case TRANSFER_QUOTED_PRINTABLE:
        for (size_t i = 0; i < n; i++)
            if (!quoted_printable_octet(t, p[i]))
                return false;
        return true;
    case TRANSFER_NONE:
    case TRANSFER_UNKNOWN:
        break;
    }
    return t->next->write(t->next, p, n);
}

void transfer_init(struct transfer *t, enum transfer_encoding encoding,
                   struct message_sink *next)
{
    t->sink.write = transfer_write;
    t->next = next;
    t->encoding = encoding;
    t->bits = 0;
    t->bit_count = 0;
    t->escape_len = 0;
    t->soft = false;
    t->space_len = 0;
    t->out_len = 0;
}

bool transfer_finish(struct transfer *t)
{
    if (t->escape_len > 0 && !t->soft && !put_all(t, t->escape, t->escape_len))
        return false;
    t->escape_len = 0;
    return flush(t);
}
