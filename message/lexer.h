/*
 * The lexical tokens that structured header fields share: white space, comments, quoted
 * strings (RFC 5322 section 3.2), tokens (RFC 2045 section 5.1).
 *
 * Lenient: what is opened and not closed ends with the field; octets above 127 are letters.
 * Every function moves forward only, so that a field is read in linear time.
 */
#ifndef MESSAGE_LEXER_H
#define MESSAGE_LEXER_H

#include "base/buffer.h"

struct lexer {
    const char *p; /* what is not read yet */
    const char *end;
};

/* Whether nothing is left. */
bool lexer_done(const struct lexer *lex);

/* Skips white space, line ends and comments. The text of the last comment, without its outer
 * parentheses and its quoting, replaces what is in *comment, unless that is NULL. */
void lexer_skip_cfws(struct lexer *lex, struct buffer *comment);

/* Reads the quoted string that begins here (at its quote) and appends its text, without
 * quoting and without the line ends of folding; out may be NULL. */
void lexer_quoted(struct lexer *lex, struct buffer *out);

/* Reads a token of RFC 2045 (section 5.1); false when none begins here. */
bool lexer_token(struct lexer *lex, const char **token_r, size_t *len_r);

#endif
