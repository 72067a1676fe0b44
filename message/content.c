#include "message/content.h"

#include "message/digits.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
    /* Without a type, what it says of the file's name is worth having all the same. */
    if (!lexer_token(&lex, &ct_r->type, &ct_r->type_len) && !at(&lex, ';'))
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

/* *at_r: where the value begins, for read_value. */
static bool param_next(struct lexer *params, const char **name_r, size_t *name_len_r,
                       struct buffer *value, const char **at_r)
{
    while (skip_semicolon(params)) {
        lexer_skip_cfws(params, NULL);
        if (!lexer_token(params, name_r, name_len_r))
            continue;
        lexer_skip_cfws(params, NULL);
        if (!at(params, '='))
            continue;
        params->p++;
        *at_r = params->p;
        if (read_value(params, value))
            return true;
    }
    return false;
}

bool content_param_next(struct lexer *params, const char **name_r, size_t *name_len_r,
                        struct buffer *value)
{
    const char *value_at;
    return param_next(params, name_r, name_len_r, value, &value_at);
}

/* The length of what stands before "*N" or "*N*" in a parameter's name (RFC 2231 sections 3 and
 * 4.1); 0: it is no piece of a value. N has no zeros before it. */
static size_t piece_of(const char *name, size_t n, unsigned *section_r, bool *extended_r)
{
    const char *star = memchr(name, '*', n);
    const char *end = name + n;
    if (star == NULL || star == name)
        return 0;
    const char *p = star + 1;
    unsigned section = 0;
    while (p < end && *p >= '0' && *p <= '9' && section < CONTENT_PIECES_MAX)
        section = section * 10 + (unsigned)(*p++ - '0');
    bool zeros = star[1] == '0' && p - star > 2;
    *section_r = section;
    *extended_r = end - p == 1 && *p == '*';
    if (p == star + 1 || zeros || (p < end && !*extended_r))
        return 0;
    return (size_t)(star - name);
}

static int compare_pieces(const void *a, const void *b)
{
    const struct content_piece *x = *(const struct content_piece *const *)a;
    const struct content_piece *y = *(const struct content_piece *const *)b;
    size_t n = x->base < y->base ? x->base : y->base;
    int order = strncasecmp(x->name, y->name, n);
    if (order == 0 && x->base != y->base)
        order = x->base < y->base ? -1 : 1;
    if (order == 0 && x->section != y->section)
        order = x->section < y->section ? -1 : 1;
    return order != 0 ? order : (x > y) - (x < y);
}

static bool same_base(const struct content_piece *x, const struct content_piece *y)
{
    return x->base == y->base && strncasecmp(x->name, y->name, x->base) == 0;
}

/* Finds out which pieces make a value: from number 0 on without a gap, the first of a number.
 */
static void join_pieces(struct content_pieces *pieces)
{
    /* An array of pointers. NOLINTNEXTLINE(bugprone-sizeof-expression) */
    qsort(pieces->order, pieces->n, sizeof *pieces->order, compare_pieces);
    unsigned next = 0;
    for (size_t i = 0; i < pieces->n; i++) {
        struct content_piece *p = pieces->order[i];
        if (i == 0 || !same_base(p, pieces->order[i - 1]))
            next = 0;
        p->rank = i;
        p->joined = p->section == next;
        next += p->joined;
    }
}

/* Collects the pieces: all, or those of one name. */
static void find_pieces(struct content_pieces *pieces, struct lexer params, const char *name,
                        struct buffer *scratch)
{
    const char *p;
    size_t n;
    pieces->n = 0;
    pieces->at = 0;
    for (;;) {
        struct content_piece *piece = &pieces->piece[pieces->n];
        if (pieces->n == CONTENT_PIECES_MAX ||
            !param_next(&params, &p, &n, scratch, &piece->value))
            break;
        piece->base = piece_of(p, n, &piece->section, &piece->extended);
        if (piece->base == 0 || (name != NULL && !same(p, piece->base, name)))
            continue;
        piece->name = p;
        pieces->order[pieces->n++] = piece;
    }
    join_pieces(pieces);
}

void content_pieces_find(struct content_pieces *pieces, struct lexer params,
                         struct buffer *scratch)
{
    find_pieces(pieces, params, NULL, scratch);
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

/* Appends the decoded value of the pieces that are joined. */
static void append_pieces(struct buffer *out, const struct content_pieces *pieces,
                          const char *end, struct buffer *one)
{
    for (size_t i = 0; i < pieces->n && pieces->order[i]->joined; i++) {
        const struct content_piece *p = pieces->order[i];
        read_value(&(struct lexer){ p->value, end }, one);
        if (p->extended)
            append_extended(out, one, i == 0);
        else
            buffer_append(out, one->data, one->len);
    }
}

bool content_param_find(struct lexer params, const char *name, struct buffer *value)
{
    struct buffer one;
    buffer_init(&one, value->max);
    buffer_clear(value);
    size_t len = strlen(name);
    bool extended = false;
    bool pieces_too = false;
    bool found = false;
    struct lexer rest = params;
    const char *p;
    size_t n;
    while (!found && content_param_next(&rest, &p, &n, &one)) {
        bool begins = n > len && strncasecmp(p, name, len) == 0 && p[len] == '*';
        found = same(p, n, name);
        if (begins && n == len + 1 && !extended) {
            extended = true;
            append_extended(value, &one, true);
        }
        pieces_too = pieces_too || begins;
    }
    if (found) {
        buffer_clear(value);
        buffer_append(value, one.data, one.len);
    } else if (pieces_too && !extended) {
        struct content_pieces pieces;
        find_pieces(&pieces, params, name, &one);
        append_pieces(value, &pieces, params.end, &one);
        found = pieces.n > 0 && pieces.order[0]->joined;
    }
    if (one.failed)
        value->failed = true;
    buffer_free(&one);
    return (found || extended) && !value->failed;
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

/* Replaces what is in *value with the pieces that belong to `first`. True: the whole is
 * percent-encoded. */
static bool join_value(const struct content_pieces *pieces, const struct content_piece *first,
                       const char *end, struct buffer *value)
{
    size_t last = first->rank;
    bool encoded = false;
    while (last < pieces->n && same_base(pieces->order[last], first)) {
        const struct content_piece *p = pieces->order[last++];
        encoded = encoded || (p->joined && p->extended);
    }
    struct buffer one;
    buffer_init(&one, value->max);
    buffer_clear(value);
    if (encoded && !first->extended)
        buffer_puts(value, "''"); /* no charset, no language */
    for (size_t i = first->rank; i < last; i++) {
        const struct content_piece *p = pieces->order[i];
        if (!p->joined)
            continue;
        read_value(&(struct lexer){ p->value, end }, &one);
        if (encoded && !p->extended)
            append_encoded(value, &one);
        else
            buffer_append(value, one.data, one.len);
    }
    if (one.failed)
        value->failed = true;
    buffer_free(&one);
    return encoded;
}

bool content_param_next_joined(struct lexer *params, struct content_pieces *pieces,
                               const char **name_r, size_t *name_len_r, struct buffer *value)
{
    while (content_param_next(params, name_r, name_len_r, value)) {
        if (pieces->at == pieces->n || pieces->piece[pieces->at].name != *name_r)
            return true;
        const struct content_piece *p = &pieces->piece[pieces->at++];
        if (!p->joined)
            return true;
        if (p->section > 0)
            continue; /* it was told, or will be, with piece 0 */
        /* "name*" is the beginning of "name*0*". */
        *name_len_r = p->base + join_value(pieces, p, params->end, value);
        return true;
    }
    return false;
}
