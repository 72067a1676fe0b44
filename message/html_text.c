#include "message/html_text.h"

#include "message/fold.h"
#include "message/lanes.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static bool flush(struct html_text *h)
{
    size_t n = h->out_len;
    h->out_len = 0;
    return n == 0 || h->next->write(h->next, h->out, n);
}

static bool put_octet(struct html_text *h, char c)
{
    if (h->out_len == sizeof h->out && !flush(h))
        return false;
    h->out[h->out_len++] = c;
    return true;
}

/* Writes an octet of text, and before it the space that is due. */
static bool put(struct html_text *h, char c)
{
    if (h->skip_until[0] != '\0')
        return true;
    if (h->space && h->written && !put_octet(h, ' '))
        return false;
    h->space = false;
    h->written = true;
    return put_octet(h, c);
}

static bool put_all(struct html_text *h, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!put(h, p[i]))
            return false;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_name(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_skipping(const struct html_text *h)
{
    return h->skip_until[0] != '\0';
}

static bool text_octet(struct html_text *h, char c)
{
    if (c == '<') {
        h->state = HTML_OPEN;
        return true;
    }
    if (c == '&' && !is_skipping(h)) {
        h->state = HTML_REFERENCE;
        h->name_len = 0;
        return true;
    }
    if (is_space(c)) {
        h->space = true;
        return true;
    }
    return put(h, c);
}

/* ---- character references ---- */

static uint32_t numeric_reference(const char *name)
{
    bool hex = name[1] == 'x' || name[1] == 'X';
    const char *digits = name + (hex ? 2 : 1);
    char *end;
    unsigned long value = strtoul(digits, &end, hex ? 16 : 10);
    if (end == digits || *end != '\0' || value > 0x10ffff || (value & 0xfffff800) == 0xd800)
        return 0;
    /* HTML means windows-1252 by the numbers that are control characters elsewhere. */
    return value < 0x100 ? (uint32_t)codepoint_of_windows_1252((unsigned char)value)
                         : (uint32_t)value;
}

/* Writes what the reference stands for, or the reference if that is not known. */
static bool end_reference(struct html_text *h, bool semicolon)
{
    h->state = HTML_TEXT;
    h->name[h->name_len] = '\0';
    uint32_t codepoint = h->name[0] == '#' ? numeric_reference(h->name) : html_entity(h->name);
    if (codepoint == 0)
        return put(h, '&') && put_all(h, h->name, h->name_len) && (!semicolon || put(h, ';'));
    if (codepoint <= ' ') {
        h->space = true;
        return true;
    }
    char utf8[4];
    utf8proc_ssize_t n = utf8proc_encode_char((int32_t)codepoint, (utf8proc_uint8_t *)utf8);
    return put_all(h, utf8, (size_t)n);
}

static bool reference_octet(struct html_text *h, char c, bool *again)
{
    if ((is_name(c) || (c == '#' && h->name_len == 0)) && h->name_len < HTML_ENTITY_MAX) {
        h->name[h->name_len++] = c;
        return true;
    }
    *again = c != ';';
    return end_reference(h, c == ';');
}

/* ---- tags ---- */

/* Elements within a line: a word may go on from one side of their tags to the other. */
static bool is_inline(const char *name)
{
    static const char *const names[] = { "a",    "abbr", "b",     "bdi",  "bdo",    "big",
                                         "cite", "code", "del",   "dfn",  "em",     "font",
                                         "i",    "ins",  "kbd",   "mark", "o",      "q",
                                         "s",    "samp", "small", "span", "strike", "strong",
                                         "sub",  "sup",  "tt",    "u",    "var",    "wbr" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The name of a tag is complete. */
static void take_name(struct html_text *h)
{
    h->name[h->name_len] = '\0';
    h->state = HTML_TAG;
    h->after_equals = false;
    if (is_skipping(h)) {
        if (h->end_tag && strcmp(h->name, h->skip_until) == 0)
            h->skip_until[0] = '\0';
        else
            h->state = HTML_TEXT;
        return;
    }
    if (!is_inline(h->name))
        h->space = true;
    bool hidden = strcmp(h->name, "script") == 0 || strcmp(h->name, "style") == 0 ||
                  (h->without_title && strcmp(h->name, "title") == 0);
    if (hidden && !h->end_tag)
        memcpy(h->skip_until, h->name, h->name_len + 1);
}

static bool open_octet(struct html_text *h, char c, bool *again)
{
    h->name_len = 0;
    h->end_tag = c == '/';
    h->dashes = 0;
    if (c == '/') {
        h->state = HTML_NAME;
    } else if (is_letter(c) && !is_skipping(h)) {
        h->state = HTML_NAME;
        *again = true;
    } else if ((c == '!' || c == '?') && !is_skipping(h)) {
        h->state = HTML_DECLARATION;
    } else {
        h->state = HTML_TEXT;
        *again = true;
        return put(h, '<');
    }
    return true;
}

static void name_octet(struct html_text *h, char c, bool *again)
{
    if (!is_name(c)) {
        *again = true;
        take_name(h);
        return;
    }
    if (h->name_len < HTML_NAME_MAX - 1)
        h->name[h->name_len++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static void tag_octet(struct html_text *h, char c)
{
    if (c == '>') {
        h->state = HTML_TEXT;
    } else if (h->after_equals && (c == '"' || c == '\'')) {
        h->quote = c;
        h->state = HTML_QUOTED;
        h->after_equals = false;
    } else if (!is_space(c)) {
        h->after_equals = c == '=';
    }
}

static void quoted_octet(struct html_text *h, char c)
{
    if (c == h->quote)
        h->state = HTML_TAG;
}

/* "<!--" begins a comment, which "-->" ends, also in "<!-->". */
static void declaration_octet(struct html_text *h, char c)
{
    if (h->state == HTML_COMMENT) {
        if (c == '>' && h->dashes >= 2)
            h->state = HTML_TEXT;
        h->dashes = c == '-' ? h->dashes + (h->dashes < 2) : 0;
    } else if (c == '>') {
        h->state = HTML_TEXT;
    } else if (c == '-' && h->dashes < 2) {
        if (++h->dashes == 2)
            h->state = HTML_COMMENT;
    } else {
        h->dashes = 3; /* a declaration that is no comment */
    }
}

static bool octet(struct html_text *h, char c, bool *again)
{
    switch (h->state) {
    case HTML_TEXT:
        return text_octet(h, c);
    case HTML_REFERENCE:
        return reference_octet(h, c, again);
    case HTML_OPEN:
        return open_octet(h, c, again);
    case HTML_NAME:
        name_octet(h, c, again);
        return true;
    case HTML_TAG:
        tag_octet(h, c);
        return true;
    case HTML_QUOTED:
        quoted_octet(h, c);
        return true;
    case HTML_DECLARATION:
    case HTML_COMMENT:
        declaration_octet(h, c);
        return true;
    }
    return true;
}

/* ---- many octets at once ---- */

/* Copies what is text up to the next tag or reference, each run of white space as one space,
 * and says how far it came: not over the end of what is written or read, nor to the last few.
 */
static size_t copy_text(struct html_text *h, const char *p, size_t n)
{
    size_t i = 0;
    while (n - i >= sizeof(lanes) && sizeof h->out - h->out_len > sizeof(lanes)) {
        lanes v = lanes_load(p + i);
        lanes white = (lanes)(v == ' ') | (lanes)(v - '\t' < 5);
        unsigned stops = lanes_bits((lanes)(v == '<') | (lanes)(v == '&'));
        unsigned spaces = lanes_bits(white);
        unsigned one_more = h->space || !h->written; /* were the first one a space */
        stops |= spaces & (spaces << 1 | one_more);
        size_t run = stops == 0 ? sizeof v : (size_t)__builtin_ctz(stops);
        if (run == 0) {
            if (!is_space(p[i]))
                break;
            h->space = true;
            i++;
            continue;
        }
        if (h->space && h->written)
            h->out[h->out_len++] = ' ';
        lanes_store(h->out + h->out_len, (v & ~white) | (white & ' '));
        h->space = is_space(p[i + run - 1]);
        h->out_len += run - h->space;
        h->written = true;
        i += run;
    }
    return i;
}

/* The octets up to one of a kind. */
static size_t up_to(const char *p, size_t n, char c)
{
    const char *at = memchr(p, c, n);
    return at == NULL ? n : (size_t)(at - p);
}

/* Those in a tag that mean nothing. */
static size_t skip_in_tag(struct html_text *h, const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i] != '>' && p[i] != '"' && p[i] != '\'' && p[i] != '=' &&
           !is_space(p[i]))
        i++;
    h->after_equals = h->after_equals && i == 0;
    return i;
}

/* Does what octet() would do with the next octets, as far as that is the same for many, and
 * says how many they were. */
static size_t many(struct html_text *h, const char *p, size_t n)
{
    switch (h->state) {
    case HTML_TEXT: /* a space is due already where text is skipped */
        return is_skipping(h) ? up_to(p, n, '<') : copy_text(h, p, n);
    case HTML_TAG:
        return skip_in_tag(h, p, n);
    case HTML_QUOTED:
        return up_to(p, n, h->quote);
    case HTML_COMMENT:
        return h->dashes == 0 ? up_to(p, n, '-') : 0;
    default:
        return 0;
    }
}

static bool html_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct html_text *h = (struct html_text *)sink;
    const char *p = octets;
    for (size_t i = 0; i < n; i++) {
        i += many(h, p + i, n - i);
        bool again = i < n;
        while (again) {
            again = false;
            if (!octet(h, p[i], &again))
                return false;
        }
    }
    return true;
}

void html_text_init(struct html_text *h, struct message_sink *next)
{
    h->sink.write = html_write;
    h->next = next;
    h->without_title = false;
    h->state = HTML_TEXT;
    h->space = false;
    h->written = false;
    h->skip_until[0] = '\0';
    h->name_len = 0;
    h->out_len = 0;
}

bool html_text_finish(struct html_text *h)
{
    if (h->state == HTML_REFERENCE && !end_reference(h, false))
        return false;
    if (h->state == HTML_OPEN && !put(h, '<'))
        return false;
    return flush(h);
}
