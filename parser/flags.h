/* Flags (RFC 3501 section 9: flag, flag-list), as names; what they mean is the caller's affair.
 */
#ifndef PARSER_FLAGS_H
#define PARSER_FLAGS_H

#include "parser/lexer.h"

struct flag_names {
    const char **name; /* the arena's; a system flag with its backslash */
    size_t count;
};

/* One flag: an atom, or '\' and an atom. */
bool parse_flag(struct lexer *lx, const char **name_r);

/* "(" flags ")", perhaps none. */
bool parse_flag_list(struct lexer *lx, struct flag_names *flags_r);

/* As STORE takes them: a list in parentheses, or flags without them. */
bool parse_store_flags(struct lexer *lx, struct flag_names *flags_r);

#endif
