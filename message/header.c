#include "message/header.h"

#include <string.h>
#include <strings.h>

static bool is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
    return is_wsp(c) || c == '\r' || c == '\n';
}

/* Where the field that begins at p ends: after the first line end that no white space
 * follows. */
static const char *field_end(const char *p, const char *end)
{
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (lf == NULL)
            return end;
        p = lf + 1;
        if (p == end || !is_wsp(*p))
            return p;
    }
    return end;
}

/* The length of the field name at p (RFC 5322 section 2.2: printable US-ASCII without colon);
 * 0 when no name is there, or no colon after it. White space before the colon is obsolete
 * syntax (section 4.5). */
static size_t name_length(const char *p, const char *end, const char **colon_r)
{
    const char *name = p;
    while (p<end && * p> ' ' && *p < 0x7f && *p != ':')
        p++;
    size_t n = (size_t)(p - name);
    while (p < end && is_wsp(*p))
        p++;
    if (p == end || *p != ':')
        return 0;
    *colon_r = p;
    return n;
}

bool header_next(const char *header, size_t len, size_t *pos, struct field *f)
{
    while (*pos < len) {
        const char *p = header + *pos;
        const char *next = field_end(p, header + len);
        *pos = (size_t)(next - header);
        const char *colon = NULL;
        f->name_len = name_length(p, next, &colon);
        if (f->name_len == 0)
            continue;
        f->name = p;
        f->raw = p;
        f->raw_len = (size_t)(next - p);
        if (next[-1] == '\n')
            next -= next - p >= 2 && next[-2] == '\r' ? 2 : 1;
        f->value = colon + 1;
        f->value_len = (size_t)(next - f->value);
        return true;
    }
    return false;
}

/* Only the lines that begin like the name are read. */
bool header_find(const char *header, size_t len, const char *name, struct field *f)
{
    size_t n = strlen(name);
    size_t pos = 0;
    while (len - pos > n) {
        size_t at = pos;
        if ((header[pos] | 0x20) == (name[0] | 0x20) &&
            strncasecmp(header + pos, name, n) == 0 && header_next(header, len, &at, f) &&
            f->raw == header + pos && f->name_len == n)
            return true;
        const char *lf = memchr(header + pos, '\n', len - pos);
        if (lf == NULL)
            break;
        pos = (size_t)(lf - header) + 1;
    }
    return false;
}

bool field_is(const struct field *f, const char *name)
{
    return strlen(name) == f->name_len && strncasecmp(f->name, name, f->name_len) == 0;
}

static bool unfold(const struct field *f, bool to_spaces, struct buffer *out)
{
    const char *p = f->value;
    const char *end = p + f->value_len;
    while (p < end && is_space(*p))
        p++;
    while (end > p && is_space(end[-1]))
        end--;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf == NULL ? end : lf;
        const char *text_end = stop;
        if (lf != NULL && stop > p && stop[-1] == '\r')
            text_end--;
        while (to_spaces && lf != NULL && text_end > p && is_space(text_end[-1]))
            text_end--;
        if (!buffer_append(out, p, (size_t)(text_end - p)))
            return false;
        p = lf == NULL ? end : lf + 1;
        if (!to_spaces || lf == NULL)
            continue;
        while (p < end && is_space(*p))
            p++;
        if (!buffer_putc(out, ' '))
            return false;
    }
    return true;
}

bool field_unfold(const struct field *f, struct buffer *out)
{
    return unfold(f, false, out);
}

bool field_unfold_to_spaces(const struct field *f, struct buffer *out)
{
    return unfold(f, true, out);
}
