/* Lines for a person: what they are made of can be anything, and ends up on a terminal. */
#include "mailstore/check_private.h"

#include <stdio.h>
#include <string.h>

/* All that a folder may have to say: beyond it, what is missing is said to be. */
#define SAID_MAX       ((size_t)64 << 20)
#define CHECK_LINE_MAX 4096

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '\\' && c != '"';
}

const char *check_quote(char out[CHECK_QUOTE_MAX], const char *s, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (at + sizeof "\\xHH..." >= CHECK_QUOTE_MAX) {
            memcpy(out + at, "...", 3);
            at += 3;
            break;
        }
        if (is_plain(s[i]))
            out[at++] = s[i];
        else
            at += (size_t)snprintf(out + at, CHECK_QUOTE_MAX - at, "\\x%02X",
                                   (unsigned char)s[i]);
    }
    out[at] = '\0';
    return out;
}

/* A folder's name is UTF-8 without the control characters of ASCII; those of Latin-1 (C2 80 to
 * C2 9F) move cursors, too. */
static bool put_name(struct buffer *b, const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        unsigned char c = (unsigned char)p[0];
        unsigned char next = (unsigned char)p[1];
        bool control = c < ' ' || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
        if (!(control ? buffer_printf(b, "\\x%02X", c) : buffer_putc(b, *p)))
            return false;
    }
    return true;
}

static bool put_line(struct buffer *b, const char *name, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static bool put_line(struct buffer *b, const char *name, const char *fmt, va_list ap)
{
    if (name != NULL && !(put_name(b, name) && buffer_puts(b, ": ")))
        return false;
    return buffer_vprintf(b, fmt, ap);
}

static void keep(struct folder_check *fc, enum check_line kind, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void keep(struct folder_check *fc, enum check_line kind, const char *fmt, va_list ap)
{
    if (fc->said.max == 0)
        buffer_init(&fc->said, SAID_MAX);
    if (fc->said.failed)
        return;
    (void)(buffer_putc(&fc->said, (char)('0' + kind)) &&
           put_line(&fc->said, fc->name, fmt, ap) && buffer_putc(&fc->said, '\0'));
}

void check_differs(struct folder_check *fc, unsigned cures, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    keep(fc, CHECK_DIFFERENCE, fmt, ap);
    va_end(ap);
    fc->differences++;
    fc->cures |= cures;
}

void check_note(struct folder_check *fc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    keep(fc, CHECK_NOTE, fmt, ap);
    va_end(ap);
}

bool check_impossible(struct folder_check *fc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    keep(fc, CHECK_FAILURE, fmt, ap);
    va_end(ap);
    fc->impossible = true;
    return false;
}

static void tell(struct check *c, enum check_line kind, const char *line)
{
    if (kind == CHECK_DIFFERENCE)
        c->counts.differences++;
    else if (kind == CHECK_FAILURE)
        c->counts.failures++;
    c->o->tell(c->o->ctx, kind, line);
}

void check_tell(struct check *c, enum check_line kind, const char *name, const char *fmt, ...)
{
    struct buffer b;
    va_list ap;
    buffer_init(&b, CHECK_LINE_MAX);
    va_start(ap, fmt);
    const char *line = put_line(&b, name, fmt, ap) ? buffer_string(&b) : NULL;
    va_end(ap);
    tell(c, kind, line != NULL ? line : "no memory for what is to be said");
    buffer_free(&b);
}

/* What did not fit is lost from its beginning on. */
void check_tell_kept(struct folder_check *fc)
{
    bool lost = fc->said.failed;
    size_t at = 0;
    while (at < fc->said.len) {
        const char *line = fc->said.data + at;
        const char *end = memchr(line, '\0', fc->said.len - at);
        if (end == NULL)
            break;
        tell(fc->c, (enum check_line)(line[0] - '0'), line + 1);
        at += (size_t)(end - line) + 1;
    }
    if (lost)
        check_tell(fc->c, CHECK_FAILURE, fc->name,
                   "there is more to be said than there is memory for");
}
