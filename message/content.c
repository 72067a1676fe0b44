#include "message/content.h"

#include "message/digits.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* RFC 2231 section 3: more pieces of one value than this are not put together. Enough for any
 * boundary or charset name. */
#define CONTINUATIONS_MAX 100

static bool at(const struct lexer *lex, char c)
{
    return !lexer_done(lex) && *lex->p == c;
}

bool content_type_parse(const char *value, size_t n, struct content_type *ct_r)
{
    struct lexer lex = { value, value + n };
    lexer_skip_cfws(&lex, NULL);
    if (!lexer_token(&lex, &ct_r->type, &ct_r->type_len))
        return false;
    lexer_skip_cfws(&lex, NULL);
    if (!at(&lex, '/'))
        return false;
    lex.p++;
    lexer_skip_cfws(&lex, NULL);
    if (!lexer_token(&lex, &ct_r->subtype, &ct_r->subtype_len))
        return false;
    ct_r->params = lex;
    return true;
}

bool content_disposition_parse(const char *value, size_t n, struct content_type *ct_r)
{
    struct lexer lex = { value, value + n };
    lexer_skip_cfws(&lex, NULL);
    if (!lexer_token(&lex, &ct_r->type, &ct_r->type_len))
        return false;
    ct_r->subtype = NULL;
    ct_r->subtype_len = 0;
    ct_r->params = lex;
    return true;
}

static bool same(const char *s, size_t n, const char *name)
{
    return strlen(name) == n && strncasecmp(s, name, n) == 0;
}

bool content_type_is(const struct content_type *ct, const char *type, const char *subtype)
{
    return same(ct->type, ct->type_len, type) &&
           (subtype == NULL || same(ct->subtype, ct->subtype_len, subtype));
}

/* To after the next ';' that is not in a quoted string or a comment. */
static bool skip_semicolon(struct lexer *lex)
{
    for (;;) {
        lexer_skip_cfws(lex, NULL);
        if (lexer_done(lex))
            return false;
        if (*lex->p == '"') {
            lexer_quoted(lex, NULL);
            continue;
        }
        if (*lex->p++ == ';')
            return true;
    }
}

/* An unquoted value may by the grammar have no tspecials, but in the mail that there is,
 * boundaries and names have '=', '/', '?' and others. */
static bool is_value(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f && c != ';' && c != '"' && c != '(';
}

static bool read_value(struct lexer *lex, struct buffer *value)
{
    buffer_clear(value);
    lexer_skip_cfws(lex, NULL);
    if (at(lex, '"')) {
        lexer_quoted(lex, value);
        return true;
    }
    const char *p = lex->p;
    while (!lexer_done(lex) && is_value(*lex->p))
        lex->p++;
    buffer_append(value, p, (size_t)(lex->p - p));
    return lex->p > p;
}

bool content_param_next(struct lexer *params, const char **name_r, size_t *name_len_r,
                        struct buffer *value)
{
    while (skip_semicolon(params)) {
        lexer_skip_cfws(params, NULL);
        if (!lexer_token(params, name_r, name_len_r))
            continue;
        lexer_skip_cfws(params, NULL);
        if (!at(params, '='))
            continue;
        params->p++;
        if (read_value(params, value))
            return true;
    }
    return false;
}

/* What a parameter's name says of its value (RFC 2231 sections 3 and 4). */
struct param_form {
    bool continued;   /* name*N */
    unsigned section; /* N */
    bool extended;    /* name* or name*N*: percent-encoded, with a charset at the beginning */
};

/* Whether p is a parameter of this name, and in which form. */
static bool param_form(const char *p, size_t n, const char *name, struct param_form *form_r)
{
    size_t len = strlen(name);
    memset(form_r, 0, sizeof *form_r);
    if (n < len || strncasecmp(p, name, len) != 0)
        return false;
    p += len;
    n -= len;
    if (n == 0)
        return true;
    if (*p != '*')
        return false;
    p++;
    n--;
    while (n > 0 && *p >= '0' && *p <= '9' && form_r->section < CONTINUATIONS_MAX) {
        form_r->continued = true;
        form_r->section = form_r->section * 10 + (unsigned)(*p - '0');
        p++;
        n--;
    }
    form_r->extended = !form_r->continued;
    if (form_r->continued && n > 0 && *p == '*') {
        form_r->extended = true;
        n--;
    }
    return n == 0;
}

/* Appends an extended value without its charset'language' and percent-encoding. */
static void append_extended(struct buffer *out, const struct buffer *value, bool first)
{
    if (value->len == 0)
        return;
    const char *p = value->data;
    const char *end = p + value->len;
    for (int quotes = 0; first && quotes < 2; quotes++) {
        const char *quote = p == end ? NULL : memchr(p, '\'', (size_t)(end - p));
        if (quote == NULL)
            break;
        p = quote + 1;
    }
    while (p < end) {
        int high = *p == '%' && end - p >= 3 ? hex_value(p[1]) : -1;
        int low = high >= 0 ? hex_value(p[2]) : -1;
        if (low >= 0) {
            buffer_putc(out, (char)(high * 16 + low));
            p += 3;
        } else {
            buffer_putc(out, *p++);
        }
    }
}

bool content_param_find(struct lexer params, const char *name, struct buffer *value)
{
    struct buffer one;
    struct buffer joined;
    buffer_init(&one, value->max);
    buffer_init(&joined, value->max);
    unsigned next = 0;
    bool plain = false;
    const char *p;
    size_t n;
    while (!plain && content_param_next(&params, &p, &n, &one)) {
        struct param_form form;
        if (!param_form(p, n, name, &form))
            continue;
        plain = !form.continued && !form.extended;
        if (plain || form.section != next)
            continue;
        if (form.extended)
            append_extended(&joined, &one, next == 0);
        else
            buffer_append(&joined, one.data, one.len);
        next = form.continued ? next + 1 : CONTINUATIONS_MAX;
    }
    const struct buffer *found = plain ? &one : &joined;
    buffer_clear(value);
    if (plain || next > 0)
        buffer_append(value, found->data, found->len);
    if (one.failed || joined.failed)
        value->failed = true;
    buffer_free(&one);
    buffer_free(&joined);
    return (plain || next > 0) && !value->failed;
}

/* Whether p is piece number `section` of the value of `name`. */
static bool is_piece(const char *p, size_t n, const char *name, size_t name_len,
                     unsigned section, bool *extended_r)
{
    char number[16];
    int digits = snprintf(number, sizeof number, "*%u", section);
    if (n < name_len + (size_t)digits || strncasecmp(p, name, name_len) != 0 ||
        memcmp(p + name_len, number, (size_t)digits) != 0)
        return false;
    size_t rest = n - name_len - (size_t)digits;
    *extended_r = rest == 1 && p[n - 1] == '*';
    return rest == 0 || *extended_r;
}

/* A piece that is not percent-encoded among those that are (RFC 2231 section 4.1). */
static void append_encoded(struct buffer *out, const struct buffer *piece)
{
    for (size_t i = 0; i < piece->len; i++) {
        unsigned char c = (unsigned char)piece->data[i];
        if (c > ' ' && c < 0x7f && strchr("*'%()<>@,;:\\\"/[]?=", c) == NULL)
            buffer_putc(out, (char)c);
        else
            buffer_printf(out, "%%%02X", c);
    }
}

/* Only pieces in their order are joined, which is how they are written: to look for each in the
 * whole field would be work that grows with the square of it. */
bool content_param_next_joined(struct lexer *params, const char **name_r, size_t *name_len_r,
                               struct buffer *value)
{
    if (!content_param_next(params, name_r, name_len_r, value))
        return false;
    const char *star = memchr(*name_r, '*', *name_len_r);
    size_t base = star != NULL ? (size_t)(star - *name_r) : 0;
    bool encoded = false;
    if (base == 0 || !is_piece(*name_r, *name_len_r, *name_r, base, 0, &encoded))
        return true;
    struct buffer piece;
    buffer_init(&piece, value->max);
    struct lexer ahead = *params;
    const char *p;
    size_t n;
    bool extended = false;
    for (unsigned i = 1; content_param_next(&ahead, &p, &n, &piece) &&
                         is_piece(p, n, *name_r, base, i, &extended) && (encoded || !extended);
         i++) {
        if (encoded && !extended)
            append_encoded(value, &piece);
        else
            buffer_append(value, piece.data, piece.len);
        *params = ahead;
    }
    buffer_free(&piece);
    *name_len_r = base + encoded; /* "name*" is the beginning of "name*0*" */
    return true;
}
