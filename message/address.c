/*
 * What begins an address ("Doe, John" is not two words of a name but an address and half of
 * one) is known only where it ends: at '<' the words were a display name, at ':' a group's
 * name, at ',' or the end they were the address itself. So the words are kept in two forms
 * while they are read: as a name (`name`, the white space between words is one space) and as
 * an address (`mailbox` and, after '@', `host`, without the white space beside a dot or '@').
 */
#include "message/address.h"

#include "message/imap_string.h"

#include <string.h>

void address_begin(struct address_parser *a, const char *value, size_t n)
{
    memset(a, 0, sizeof *a);
    a->lex.p = value;
    a->lex.end = value + n;
    struct buffer *const parts[] = { &a->name, &a->route,   &a->mailbox,
                                     &a->host, &a->comment, NULL };
    for (struct buffer *const *part = parts; *part != NULL; part++) {
        buffer_init(*part, ADDRESS_PART_MAX);
        (*part)->clips = true;
    }
}

bool address_end(struct address_parser *a)
{
    bool ok = !a->name.failed && !a->route.failed && !a->mailbox.failed && !a->host.failed &&
              !a->comment.failed;
    buffer_free(&a->name);
    buffer_free(&a->route);
    buffer_free(&a->mailbox);
    buffer_free(&a->host);
    buffer_free(&a->comment);
    return ok;
}

static char peek(const struct lexer *lex)
{
    if (lexer_done(lex))
        return '\0';
    return *lex->p;
}

static bool is_word(char c)
{
    return (unsigned char)c > ' ' && strchr("()<>@,;:\"", c) == NULL;
}

/* Between two words of a local part or a domain there is a space, beside a dot none. */
static void separate(struct buffer *out, bool spaced, char next)
{
    if (spaced && out->len > 0 && next != '.' && out->data[out->len - 1] != '.')
        buffer_putc(out, ' ');
}

/* Reads a run of word octets, or a quoted string, into `name` (when it is wanted) and
 * `address`. */
static void read_word(struct lexer *lex, struct buffer *name, struct buffer *address,
                      bool spaced)
{
    separate(address, spaced, *lex->p);
    if (name != NULL && spaced && name->len > 0)
        buffer_putc(name, ' ');
    size_t from = address->len;
    if (*lex->p == '"') {
        lexer_quoted(lex, address);
    } else {
        /* A first octet that is none (a NUL, a control) is taken too: progress is certain. */
        const char *word = lex->p++;
        while (!lexer_done(lex) && is_word(*lex->p))
            lex->p++;
        buffer_append(address, word, (size_t)(lex->p - word));
    }
    if (name != NULL && address->len > from)
        buffer_append(name, address->data + from, address->len - from);
}

/* Reads "[1.2.3.4]" with its brackets (RFC 5322 section 3.4.1). */
static void read_domain_literal(struct lexer *lex, struct buffer *out)
{
    while (!lexer_done(lex)) {
        char c = *lex->p++;
        if (c == '\\' && !lexer_done(lex)) {
            buffer_putc(out, *lex->p++);
            continue;
        }
        if (c != '\r' && c != '\n' && c != ' ' && c != '\t')
            buffer_putc(out, c);
        if (c == ']')
            return;
    }
}

/* Whether a route begins here: an '@', perhaps after empty elements of its list (RFC 5322
 * section 4.4, obs-domain-list). Moves to the '@'. */
static bool at_route(struct lexer *lex)
{
    struct lexer ahead = *lex;
    lexer_skip_cfws(&ahead, NULL);
    while (peek(&ahead) == ',') {
        ahead.p++;
        lexer_skip_cfws(&ahead, NULL);
    }
    if (peek(&ahead) != '@')
        return false;
    *lex = ahead;
    return true;
}

/* The route of "<@a,@b:user@host>" (RFC 5322 section 4.4, obs-route), to after its colon. Empty
 * elements go. */
static void read_route(struct address_parser *a)
{
    struct lexer *lex = &a->lex;
    bool comma = false;
    while (!lexer_done(lex)) {
        char c = peek(lex);
        if (c == '>')
            return;
        lex->p++;
        if (c == ':')
            return;
        if (c != ',') {
            if (comma)
                buffer_putc(&a->route, ',');
            buffer_putc(&a->route, c);
        }
        comma = c == ',';
        lexer_skip_cfws(lex, NULL);
    }
}

/* What is inside the angle brackets. They may lack their end: a ',' is one too. More than one
 * '<' is one. */
static void read_angle(struct address_parser *a)
{
    struct lexer *lex = &a->lex;
    struct buffer *to = &a->mailbox;
    while (peek(lex) == '<')
        lex->p++;
    buffer_clear(&a->mailbox);
    buffer_clear(&a->host);
    if (at_route(lex))
        read_route(a);
    lexer_skip_cfws(lex, &a->comment);
    while (!lexer_done(lex)) {
        const char *before = lex->p;
        lexer_skip_cfws(lex, &a->comment);
        bool spaced = lex->p > before;
        if (lexer_done(lex) || *lex->p == ',')
            return;
        if (*lex->p == '>') {
            lex->p++;
            return;
        }
        if (*lex->p == '@' && to == &a->mailbox) {
            lex->p++;
            to = &a->host;
        } else if (*lex->p == '[' && to == &a->host) {
            read_domain_literal(lex, to);
        } else {
            read_word(lex, NULL, to, spaced);
        }
    }
}

/* Passes what stands between an address and the ',' or ';' after it, which it takes unless it
 * is the end of a group. */
static void skip_to_separator(struct address_parser *a)
{
    struct lexer *lex = &a->lex;
    while (!lexer_done(lex)) {
        lexer_skip_cfws(lex, &a->comment);
        char c = peek(lex);
        if (lexer_done(lex) || (c == ';' && a->in_group))
            return;
        if (c == '"') {
            lexer_quoted(lex, NULL);
            continue;
        }
        lex->p++;
        if (c == ',' || c == ';')
            return;
    }
}

/* Reads words up to what tells their meaning, which is left unread and returned ('\0': the
 * field ends). Only a comment after the last of them may be a name (RFC 5322 section 3.4). */
static char read_words(struct address_parser *a)
{
    struct lexer *lex = &a->lex;
    struct buffer *to = &a->mailbox;
    for (;;) {
        const char *before = lex->p;
        lexer_skip_cfws(lex, &a->comment);
        bool spaced = lex->p > before;
        if (lexer_done(lex))
            return '\0';
        char c = *lex->p;
        if (c == ',' || c == ';' || c == '<')
            return c;
        if (c == ':' && to == &a->mailbox && !a->in_group)
            return c;
        buffer_clear(&a->comment);
        if (c == '@' && to == &a->mailbox) {
            lex->p++;
            buffer_putc(&a->name, c);
            to = &a->host;
        } else if (c == '>' && to == &a->host) {
            lex->p++; /* its '<' is missing */
            buffer_putc(&a->name, c);
        } else if (c == '[' && to == &a->host && to->len == 0) {
            read_domain_literal(lex, to);
        } else {
            read_word(lex, &a->name, to, spaced);
        }
    }
}

/* Skips what may stand between addresses. False at the end of the field. */
static bool skip_to_address(struct address_parser *a)
{
    struct lexer *lex = &a->lex;
    for (;;) {
        lexer_skip_cfws(lex, NULL);
        if (lexer_done(lex))
            return false;
        if (*lex->p == ';' && a->in_group)
            return true;
        if (*lex->p != ',' && *lex->p != ';' && *lex->p != '>' && *lex->p != ')')
            return true;
        lex->p++;
    }
}

static bool group_end(struct address_parser *a)
{
    a->in_group = false;
    a->kind = ADDRESS_GROUP_END;
    return true;
}

static bool failed(const struct address_parser *a)
{
    return a->name.failed || a->route.failed || a->mailbox.failed || a->host.failed ||
           a->comment.failed;
}

bool address_next(struct address_parser *a)
{
    if (failed(a))
        return false;
    buffer_clear(&a->name);
    buffer_clear(&a->route);
    buffer_clear(&a->mailbox);
    buffer_clear(&a->host);
    buffer_clear(&a->comment);
    if (!skip_to_address(a))
        return a->in_group && group_end(a);
    if (*a->lex.p == ';') {
        a->lex.p++;
        return group_end(a);
    }
    a->kind = ADDRESS_MAILBOX;
    char stop = read_words(a);
    if (stop == ':') {
        a->lex.p++;
        a->in_group = true;
        a->kind = ADDRESS_GROUP_START;
        return !failed(a);
    }
    if (stop == '<')
        read_angle(a);
    else
        buffer_clear(&a->name);
    skip_to_separator(a);
    if (a->name.len == 0 && a->comment.len > 0)
        buffer_append(&a->name, a->comment.data, a->comment.len);
    return !failed(a);
}

static void write_mailbox(struct buffer *out, const struct address_parser *a)
{
    buffer_putc(out, '(');
    imap_nstring(out, &a->name);
    buffer_putc(out, ' ');
    imap_nstring(out, &a->route);
    buffer_putc(out, ' ');
    imap_string(out, a->mailbox.data, a->mailbox.len);
    buffer_putc(out, ' ');
    imap_string(out, a->host.data, a->host.len);
    buffer_putc(out, ')');
}

bool address_list_write(struct buffer *out, const char *value, size_t n)
{
    struct address_parser a;
    address_begin(&a, value, n);
    while (!out->failed && address_next(&a)) {
        switch (a.kind) {
        case ADDRESS_MAILBOX:
            write_mailbox(out, &a);
            break;
        case ADDRESS_GROUP_START:
            buffer_puts(out, "(NIL NIL ");
            imap_string(out, a.name.data, a.name.len);
            buffer_puts(out, " NIL)");
            break;
        case ADDRESS_GROUP_END:
            buffer_puts(out, "(NIL NIL NIL NIL)");
            break;
        }
    }
    return address_end(&a) && !out->failed;
}
