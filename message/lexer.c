#include "message/lexer.h"

#include <string.h>

bool lexer_done(const struct lexer *lex)
{
    return lex->p == lex->end;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void put(struct buffer *out, char c)
{
    if (out != NULL)
        buffer_putc(out, c);
}

/* Reads the octet after a backslash, if there is one (a field may end in its middle). */
static void skip_quoted_pair(struct lexer *lex, struct buffer *out)
{
    lex->p++;
    if (lexer_done(lex))
        return;
    put(out, *lex->p);
    lex->p++;
}

/* Comments nest; the depth is a number, so no depth is too much. */
static void skip_comment(struct lexer *lex, struct buffer *out)
{
    size_t depth = 1;
    lex->p++;
    while (!lexer_done(lex)) {
        char c = *lex->p;
        if (c == '\\') {
            skip_quoted_pair(lex, out);
            continue;
        }
        lex->p++;
        if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            return;
        if (c != '\r' && c != '\n')
            put(out, c);
    }
}

void lexer_skip_cfws(struct lexer *lex, struct buffer *comment)
{
    while (!lexer_done(lex)) {
        if (is_space(*lex->p)) {
            lex->p++;
        } else if (*lex->p == '(') {
            if (comment != NULL)
                buffer_clear(comment);
            skip_comment(lex, comment);
        } else {
            return;
        }
    }
}

void lexer_quoted(struct lexer *lex, struct buffer *out)
{
    lex->p++;
    while (!lexer_done(lex)) {
        char c = *lex->p;
        if (c == '\\') {
            skip_quoted_pair(lex, out);
            continue;
        }
        lex->p++;
        if (c == '"')
            return;
        if (c != '\r' && c != '\n')
            put(out, c);
    }
}

static bool is_token(char c)
{
    if ((unsigned char)c <= ' ' || c == 0x7f)
        return false;
    return strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

bool lexer_token(struct lexer *lex, const char **token_r, size_t *len_r)
{
    const char *token = lex->p;
    while (!lexer_done(lex) && is_token(*lex->p))
        lex->p++;
    *token_r = token;
    *len_r = (size_t)(lex->p - token);
    return *len_r > 0;
}
