/*
 * Octets are taken one at a time by take(), which keeps the three things that recovery needs:
 * how long the line is, whether it has ended, and whether it ends in a literal's head.
 *
 * Recovery (RFC 3501 section 7.5, RFC 7888 section 3): a client that sees BAD in place of "+"
 * does not send its synchronizing literal, so the command ends with that line; a
 * non-synchronizing literal is on its way whatever we say, and has to be read and dropped, and
 * the command's line goes on behind it.
 */
#include "parser/lexer.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

void lexer_init(struct lexer *lx, struct source *source, const struct lexer_limits *limits)
{
    memset(lx, 0, sizeof *lx);
    lx->source = source;
    lx->limits = *limits;
    arena_init(&lx->arena, limits->memory);
}

void lexer_free(struct lexer *lx)
{
    arena_free(&lx->arena);
}

void lexer_begin(struct lexer *lx)
{
    arena_reset(&lx->arena);
    lx->failure = LEXER_FINE;
    lx->error[0] = '\0';
    lx->line_octets = 0;
    lx->line_ended = false;
    lx->literal_left = 0;
    lx->head = (struct literal_head){ .at = HEAD_NONE };
}

/* The first failure is the one that is reported. */
bool lexer_fail(struct lexer *lx, enum lexer_failure failure, const char *fmt, ...)
{
    if (lx->failure != LEXER_FINE)
        return false;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(lx->error, sizeof lx->error, fmt, ap);
    va_end(ap);
    lx->failure = failure;
    return false;
}

static bool more(struct lexer *lx)
{
    struct source *src = lx->source;
    if (src->pos != src->end || src->fill(src))
        return true;
    return lexer_fail(lx, LEXER_END, "the input has ended");
}

int lexer_peek(struct lexer *lx)
{
    if (lx->line_ended || !more(lx))
        return -1;
    return *lx->source->pos;
}

static void follow_head(struct literal_head *h, unsigned char c)
{
    if (c == '{') {
        *h = (struct literal_head){ .at = HEAD_NUMBER };
    } else if (h->at == HEAD_NUMBER && isdigit(c)) {
        unsigned digit = (unsigned)(c - '0');
        h->digits = true;
        if (h->n > ((uint64_t)INT64_MAX - digit) / 10)
            h->huge = true;
        else
            h->n = h->n * 10 + digit;
    } else if (h->at == HEAD_NUMBER && h->digits && c == '+') {
        h->at = HEAD_PLUS;
        h->plus = true;
    } else if (((h->at == HEAD_NUMBER && h->digits) || h->at == HEAD_PLUS) && c == '}') {
        h->at = HEAD_CLOSED;
    } else if (h->at == HEAD_CLOSED && c == '\r') {
        h->at = HEAD_CR;
    } else if (c != '\n') {
        h->at = HEAD_NONE;
    }
}

/* Takes the octet that lexer_peek has shown. */
static void take(struct lexer *lx)
{
    unsigned char c = *lx->source->pos++;
    lx->line_octets++;
    follow_head(&lx->head, c);
    if (c == '\n')
        lx->line_ended = true;
}

/* The same, within the limit of a line. */
static bool take_counted(struct lexer *lx)
{
    if (lx->line_octets >= lx->limits.line)
        return lexer_fail(lx, LEXER_LIMIT, "the command line is longer than %zu octets",
                          lx->limits.line);
    take(lx);
    return true;
}

/* Whether the line that has just ended announces a literal. */
static bool head_complete(const struct literal_head *h)
{
    return h->at == HEAD_CLOSED || h->at == HEAD_CR;
}

static bool skip_literal(struct lexer *lx)
{
    while (lx->literal_left > 0) {
        if (!more(lx))
            return false;
        struct source *src = lx->source;
        uint64_t here = (uint64_t)(src->end - src->pos);
        if (here > lx->literal_left)
            here = lx->literal_left;
        src->pos += here;
        lx->literal_left -= here;
    }
    return true;
}

bool lexer_recover(struct lexer *lx)
{
    for (;;) {
        if (!skip_literal(lx))
            return false;
        while (!lx->line_ended) {
            if (!more(lx))
                return false;
            take(lx);
        }
        struct literal_head h = lx->head;
        if (!head_complete(&h) || !h.plus)
            return true;
        if (h.huge) /* nobody can wait for its end */
            return false;
        lx->head.at = HEAD_NONE;
        lx->literal_left = h.n;
        lx->line_ended = false;
    }
}

static bool unexpected(struct lexer *lx, const char *wanted)
{
    int c = lexer_peek(lx);
    if (c < 0)
        return lexer_fail(lx, LEXER_END, "the input has ended");
    if (c == '\r' || c == '\n')
        return lexer_fail(lx, LEXER_SYNTAX, "expected %s, found the end of the line", wanted);
    if (isprint(c))
        return lexer_fail(lx, LEXER_SYNTAX, "expected %s, found '%c'", wanted, c);
    return lexer_fail(lx, LEXER_SYNTAX, "expected %s, found octet 0x%02X", wanted, (unsigned)c);
}

bool lexer_accept(struct lexer *lx, char c)
{
    return lexer_peek(lx) == (unsigned char)c && take_counted(lx);
}

bool lexer_expect(struct lexer *lx, char c)
{
    const char wanted[] = { '\'', c, '\'', '\0' };
    return lexer_accept(lx, c) || unexpected(lx, wanted);
}

bool lexer_space(struct lexer *lx)
{
    return lexer_accept(lx, ' ') || unexpected(lx, "a space");
}

bool lexer_at_end(struct lexer *lx)
{
    int c = lexer_peek(lx);
    return c == '\r' || c == '\n';
}

bool lexer_end(struct lexer *lx)
{
    if (lexer_peek(lx) == '\r')
        take(lx);
    if (lexer_peek(lx) != '\n')
        return unexpected(lx, "the end of the line");
    take(lx);
    return true;
}

/* RFC 3501 section 9: ATOM-CHAR, and what ASTRING-CHAR and list-char add to it. 8-bit octets
 * are no ATOM-CHAR, but clients send them in names and passwords: they are taken. */
static bool atom_char(int c)
{
    return c > ' ' && c != 0x7f && strchr("(){%*\"\\]", c) == NULL;
}

static bool astring_char(int c)
{
    return atom_char(c) || c == ']';
}

static bool list_char(int c)
{
    return astring_char(c) || c == '%' || c == '*';
}

static bool tag_char(int c)
{
    return astring_char(c) && c != '+' && c < 0x80;
}

/* A string in the making, in the arena: room doubles, so that the whole is never more than four
 * times its length. */
struct making {
    char *at;
    size_t n, room;
};

/* Adds the octet that lexer_peek has shown. */
static bool take_into(struct lexer *lx, struct making *m, int c)
{
    if (m->n + 1 >= m->room) {
        size_t room = m->room == 0 ? 64 : m->room * 2;
        char *larger = arena_take(&lx->arena, room);
        if (larger == NULL)
            return lexer_fail(lx, LEXER_LIMIT, "the arguments are too long");
        if (m->n > 0)
            memcpy(larger, m->at, m->n);
        m->at = larger;
        m->room = room;
    }
    m->at[m->n++] = (char)c; /* the arena is zeroed: a NUL stands behind it */
    return take_counted(lx);
}

/* A run of octets of one class. */
static bool run(struct lexer *lx, bool (*in_class)(int), const char *what, struct text *text_r)
{
    struct making m = { 0 };
    for (int c; (c = lexer_peek(lx)) >= 0 && in_class(c);)
        if (!take_into(lx, &m, c))
            return false;
    if (lx->failure != LEXER_FINE)
        return false;
    if (m.n == 0)
        return unexpected(lx, what);
    *text_r = (struct text){ m.at, m.n };
    return true;
}

bool lexer_tag(struct lexer *lx, char tag[TAG_MAX + 1])
{
    size_t n = 0;
    for (int c; (c = lexer_peek(lx)) >= 0 && tag_char(c); n++) {
        if (n == TAG_MAX)
            return lexer_fail(lx, LEXER_LIMIT, "the tag is longer than %d octets", TAG_MAX);
        tag[n] = (char)c;
        if (!take_counted(lx))
            return false;
    }
    tag[n] = '\0';
    return n > 0 || unexpected(lx, "a tag");
}

bool lexer_word(struct lexer *lx, char *word, size_t size)
{
    size_t n = 0;
    for (int c;
         (c = lexer_peek(lx)) >= 0 && c < 0x80 && (isalnum(c) || strchr(".-_", c)) && c != 0;
         n++) {
        if (n + 1 == size)
            return lexer_fail(lx, LEXER_SYNTAX, "unknown word %.*s...", (int)n, word);
        word[n] = (char)toupper(c);
        word[n + 1] = '\0';
        if (!take_counted(lx))
            return false;
    }
    word[n] = '\0';
    return n > 0 || unexpected(lx, "a word");
}

bool lexer_atom(struct lexer *lx, struct text *text_r)
{
    return run(lx, atom_char, "an atom", text_r);
}

bool is_utf8(const char *octets, size_t n)
{
    const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)octets;
    utf8proc_int32_t c;
    for (utf8proc_ssize_t used; n > 0; p += used, n -= (size_t)used) {
        used = utf8proc_iterate(p, n < 4 ? (utf8proc_ssize_t)n : 4, &c);
        if (used <= 0)
            return false;
    }
    return true;
}

static bool quoted(struct lexer *lx, struct text *text_r)
{
    struct making m = { 0 };
    if (!lexer_expect(lx, '"'))
        return false;
    for (int c; (c = lexer_peek(lx)) != '"';) {
        if (c < 0 || c == '\r' || c == '\n' || c == '\0')
            return unexpected(lx, "'\"'");
        if (c == '\\') {
            if (!take_counted(lx))
                return false;
            c = lexer_peek(lx);
            if (c != '"' && c != '\\')
                return unexpected(lx, "'\"' or '\\' after '\\'");
        }
        if (!take_into(lx, &m, c))
            return false;
    }
    *text_r = (struct text){ m.at != NULL ? m.at : "", m.n };
    if (lx->utf8 && !is_utf8(text_r->octets, text_r->n))
        return lexer_fail(lx, LEXER_SYNTAX, "a quoted string is no UTF-8");
    return lexer_expect(lx, '"');
}

bool lexer_literal_head(struct lexer *lx, uint64_t *n_r)
{
    if (lexer_peek(lx) != '{')
        return unexpected(lx, "a literal");
    while (!lexer_at_end(lx)) {
        if (lexer_peek(lx) < 0 || !take_counted(lx))
            return false;
        if (lx->head.at == HEAD_NONE || lx->head.huge)
            return lexer_fail(lx, LEXER_SYNTAX, "this is no literal's size");
    }
    if (!head_complete(&lx->head) || !lexer_end(lx))
        return lexer_fail(lx, LEXER_SYNTAX, "this is no literal's size");
    *n_r = lx->head.n;
    if (lx->head.plus && lx->limits.literal_plus != 0 && *n_r > lx->limits.literal_plus)
        return lexer_fail(lx, LEXER_TOOBIG,
                          "a literal of more than %" PRIu64 " octets is sent when asked for",
                          lx->limits.literal_plus);
    return true;
}

bool lexer_literal_accept(struct lexer *lx)
{
    struct literal_head h = lx->head;
    if (!h.plus && !lx->source->go_ahead(lx->source))
        return lexer_fail(lx, LEXER_END, "the client is gone");
    lx->head.at = HEAD_NONE;
    lx->line_ended = false;
    lx->literal_left = h.n;
    return true;
}

long lexer_literal_read(struct lexer *lx, const unsigned char **octets_r)
{
    if (lx->literal_left == 0)
        return 0;
    if (!more(lx))
        return -1;
    struct source *src = lx->source;
    uint64_t here = (uint64_t)(src->end - src->pos);
    if (here > lx->literal_left)
        here = lx->literal_left;
    *octets_r = src->pos;
    src->pos += here;
    lx->literal_left -= here;
    return (long)here;
}

/* A literal that is an argument: RFC 3501's CHAR8 has no NUL. */
static bool literal(struct lexer *lx, struct text *text_r)
{
    uint64_t n = 0;
    if (!lexer_literal_head(lx, &n))
        return false;
    if (n > lx->limits.literal)
        return lexer_fail(lx, LEXER_LIMIT, "the literal is longer than %zu octets",
                          lx->limits.literal);
    if (lx->limits.literals != 0 && lx->literals++ >= lx->limits.literals)
        return lexer_fail(lx, LEXER_LIMIT, "more than %zu literals", lx->limits.literals);
    char *at = arena_take(&lx->arena, (size_t)n + 1);
    if (at == NULL)
        return lexer_fail(lx, LEXER_LIMIT, "the arguments are too long");
    if (!lexer_literal_accept(lx))
        return false;
    const unsigned char *piece;
    size_t have = 0;
    for (long got; (got = lexer_literal_read(lx, &piece)) != 0; have += (size_t)got) {
        if (got < 0)
            return false;
        memcpy(at + have, piece, (size_t)got);
    }
    if (memchr(at, '\0', have) != NULL)
        return lexer_fail(lx, LEXER_SYNTAX, "a literal can't hold NUL");
    *text_r = (struct text){ at, have };
    return true;
}

bool lexer_string(struct lexer *lx, struct text *text_r)
{
    int c = lexer_peek(lx);
    if (c == '"')
        return quoted(lx, text_r);
    if (c == '{')
        return literal(lx, text_r);
    return unexpected(lx, "a string");
}

bool lexer_astring(struct lexer *lx, struct text *text_r)
{
    int c = lexer_peek(lx);
    if (c == '"' || c == '{')
        return lexer_string(lx, text_r);
    return run(lx, astring_char, "an astring", text_r);
}

bool lexer_nstring(struct lexer *lx, struct text *text_r)
{
    int c = lexer_peek(lx);
    if (c == '"' || c == '{')
        return lexer_string(lx, text_r);
    if (!run(lx, atom_char, "a string or NIL", text_r))
        return false;
    if (strcasecmp(text_r->octets, "NIL") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "expected a string or NIL");
    *text_r = (struct text){ NULL, 0 };
    return true;
}

bool lexer_list_mailbox(struct lexer *lx, struct text *text_r)
{
    int c = lexer_peek(lx);
    if (c == '"' || c == '{')
        return lexer_string(lx, text_r);
    return run(lx, list_char, "a mailbox pattern", text_r);
}

bool lexer_number64(struct lexer *lx, uint64_t *n_r)
{
    uint64_t n = 0;
    int c = lexer_peek(lx);
    if (c < 0 || !isdigit(c))
        return unexpected(lx, "a number");
    for (; (c = lexer_peek(lx)) >= 0 && isdigit(c);) {
        unsigned digit = (unsigned)(c - '0');
        if (n > ((uint64_t)INT64_MAX - digit) / 10)
            return lexer_fail(lx, LEXER_SYNTAX, "the number is too large");
        n = n * 10 + digit;
        if (!take_counted(lx))
            return false;
    }
    *n_r = n;
    return lx->failure == LEXER_FINE;
}

bool lexer_number(struct lexer *lx, uint32_t *n_r)
{
    uint64_t n = 0;
    if (!lexer_number64(lx, &n))
        return false;
    if (n > UINT32_MAX)
        return lexer_fail(lx, LEXER_SYNTAX, "the number is too large");
    *n_r = (uint32_t)n;
    return true;
}

bool lexer_nz_number(struct lexer *lx, uint32_t *n_r)
{
    if (!lexer_number(lx, n_r))
        return false;
    return *n_r != 0 || lexer_fail(lx, LEXER_SYNTAX, "the number can't be 0");
}

static bool not_line_end(int c)
{
    return c != '\r' && c != '\n';
}

bool lexer_line(struct lexer *lx, struct text *text_r)
{
    if (lexer_at_end(lx)) {
        *text_r = (struct text){ "", 0 };
        return lexer_end(lx);
    }
    return run(lx, not_line_end, "a line", text_r) && lexer_end(lx);
}
