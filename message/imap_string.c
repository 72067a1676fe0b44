#include "message/imap_string.h"

#include "message/octets.h"

#include <string.h>

/* A longer string is a literal: clients read quoted strings into line buffers, and RFC 2683
 * section 3.2.1.5 has them of some 1,000 octets. */
#define QUOTED_MAX 1000

static bool can_quote(const char *s, size_t n)
{
    if (n > QUOTED_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '\0' || c == '\r' || c == '\n' || c >= 0x80)
            return false;
    }
    return true;
}

static void put_literal(struct buffer *out, const char *s, size_t n)
{
    const char *end = s + n;
    const char *nul;
    buffer_printf(out, "{%zu}\r\n", n);
    for (; s < end && (nul = memchr(s, '\0', (size_t)(end - s))) != NULL; s = nul + 1) {
        buffer_append(out, s, (size_t)(nul - s));
        buffer_putc(out, (char)OCTET_FOR_NUL);
    }
    if (s < end)
        buffer_append(out, s, (size_t)(end - s));
}

void imap_string(struct buffer *out, const char *octets, size_t n)
{
    if (!can_quote(octets, n)) {
        put_literal(out, octets, n);
        return;
    }
    buffer_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        if (octets[i] == '"' || octets[i] == '\\')
            buffer_putc(out, '\\');
        buffer_putc(out, octets[i]);
    }
    buffer_putc(out, '"');
}

void imap_nstring(struct buffer *out, const struct buffer *s)
{
    if (s->len == 0)
        buffer_puts(out, "NIL");
    else
        imap_string(out, s->data, s->len);
}
