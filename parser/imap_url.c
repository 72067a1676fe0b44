/*
 * RFC 5092 section 11, of which this is
 *
 *     "/" imessagepart      imailbox-ref iuid [isection] [ipartial]
 *     imsg-or-part          as far as it begins with ";UID="
 *
 * Section 7.2 forbids relative paths, and section 9.1 explains <;UID=20>; RFC 4469 section 3
 * has a use for it alone when it says that the selected mailbox is in the base URL.
 */
#include "parser/imap_url.h"

#include "base/buffer.h"
#include "parser/fetch.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* bchar, ";" and pct-encoded; there is no "?" in what names a message. */
static bool is_plain(const struct text *url)
{
    for (size_t i = 0; i < url->n; i++) {
        unsigned char c = (unsigned char)url->octets[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"#<>?[\\]^`{|}", c) != NULL)
            return false;
    }
    return true;
}

/* RFC 3986 section 5.2.4, in place, of a path that begins with "/". */
static void remove_dot_segments(char *path)
{
    char *out = path;
    const char *in = path;
    while (*in == '/') {
        size_t n = 1 + strcspn(in + 1, "/");
        bool last = in[n] == '\0';
        bool one = n == 2 && in[1] == '.';
        bool two = n == 3 && in[1] == '.' && in[2] == '.';
        if (two)
            while (out > path && *--out != '/')
                ;
        if (one || two) {
            if (last)
                *out++ = '/';
        } else {
            memmove(out, in, n);
            out += n;
        }
        in += n;
    }
    *out = '\0';
}

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Percent-decoding; a NUL is in no name and no section. */
static bool decode(struct arena *arena, const char *from, size_t n, struct text *text_r)
{
    char *out = arena_take(arena, n + 1);
    size_t have = 0;
    if (out == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (from[i] != '%') {
            out[have++] = from[i];
            continue;
        }
        if (n - i < 3 || hex(from[i + 1]) < 0 || hex(from[i + 2]) < 0)
            return false;
        int c = hex(from[i + 1]) * 16 + hex(from[i + 2]);
        if (c == 0)
            return false;
        out[have++] = (char)c;
        i += 2;
    }
    *text_r = (struct text){ out, have };
    return true;
}

/* Passes over the parameter's name, ";UID=". */
static bool parameter(const char **p, const char *name)
{
    size_t n = strlen(name);
    if (strncasecmp(*p, name, n) != 0)
        return false;
    *p += n;
    return true;
}

static bool number(const char **p, uint32_t *n_r)
{
    uint64_t n = 0;
    const char *from = *p;
    for (; isdigit((unsigned char)**p) && n <= UINT32_MAX; ++*p)
        n = n * 10 + (uint64_t)(**p - '0');
    *n_r = (uint32_t)n;
    return *p > from && n <= UINT32_MAX;
}

static bool nz_number(const char **p, uint32_t *n_r)
{
    return number(p, n_r) && *n_r != 0;
}

/* imailbox-ref "/": neither has a ";" of its own. */
static bool mailbox(const char **p, struct arena *arena, struct imap_url *url)
{
    const char *from = *p;
    size_t n = strcspn(from, ";");
    *p += n;
    if (parameter(p, ";UIDVALIDITY=")) {
        if (!nz_number(p, &url->uidvalidity) || *(*p)++ != '/')
            return false;
    } else if (n == 0 || from[--n] != '/') {
        return false;
    }
    return n > 0 && decode(arena, from, n, &url->mailbox);
}

static bool no_more(struct source *src)
{
    (void)src;
    return false;
}

/* enc-section: the section-spec of FETCH, without its brackets. Its lexer borrows the arena. */
static bool section(const char **p, struct arena *arena, struct imap_url *url)
{
    struct text spec;
    size_t n = strcspn(*p, ";");
    bool more = (*p)[n] == ';';
    if (n < 1 + (size_t)more || (more && (*p)[n - 1] != '/') ||
        !decode(arena, *p, n - more, &spec))
        return false;
    *p += n - more;
    struct buffer text, label;
    buffer_init(&text, spec.n + 3);
    buffer_init(&label, spec.n * 4 + 64);
    buffer_putc(&text, '[');
    buffer_append(&text, spec.octets, spec.n);
    buffer_putc(&text, ']');
    bool ok = !text.failed;
    if (ok) {
        const unsigned char *octets = (const unsigned char *)text.data;
        struct source source = { octets, octets + text.len, no_more, no_more };
        struct lexer lx = { .source = &source,
                            .limits = { .line = text.len, .literal = text.len },
                            .arena = *arena };
        ok = parse_section(&lx, &url->section, false, &label) && source.pos == source.end;
        *arena = lx.arena;
    }
    buffer_free(&text);
    buffer_free(&label);
    return ok;
}

/* partial-range. */
static bool partial(const char **p, struct imap_url *url)
{
    uint32_t count;
    if (!number(p, &url->first))
        return false;
    if (**p != '.')
        return true;
    ++*p;
    if (!nz_number(p, &count))
        return false;
    url->count = count;
    return true;
}

bool imap_url_parse(const struct text *url, struct arena *arena, struct imap_url *url_r)
{
    char *copy = arena_copy(arena, url->octets, url->n);
    *url_r = (struct imap_url){ .count = UINT64_MAX };
    if (copy == NULL || !is_plain(url) || strncmp(copy, "//", 2) == 0)
        return false;
    const char *p = copy;
    if (*p == '/') {
        remove_dot_segments(copy);
        p++;
        if (!mailbox(&p, arena, url_r))
            return false;
    }
    if (!parameter(&p, ";UID=") || !nz_number(&p, &url_r->uid))
        return false;
    if (parameter(&p, "/;SECTION=") && !section(&p, arena, url_r))
        return false;
    if (parameter(&p, "/;PARTIAL=") && !partial(&p, url_r))
        return false;
    return *p == '\0';
}
