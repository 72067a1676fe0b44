/* What LIST asks for: RFC 3501 section 6.3.8, and with options RFC 5258; STATUS among those:
 * RFC 5819. */
#ifndef PARSER_LIST_H
#define PARSER_LIST_H

#include "parser/lexer.h"

/* Which names (RFC 5258 section 3.1). */
enum list_selection {
    LIST_SUBSCRIBED = 1 << 0,
    LIST_REMOTE = 1 << 1,
    LIST_RECURSIVEMATCH = 1 << 2,
    LIST_SPECIAL_USE = 1 << 3 /* RFC 6154 section 2 */
};

/* What is told of each (RFC 5258 section 3.2). */
enum list_return {
    LIST_RETURN_SUBSCRIBED = 1 << 0,
    LIST_RETURN_CHILDREN = 1 << 1,
    LIST_RETURN_STATUS = 1 << 2,
    LIST_RETURN_SPECIAL_USE = 1 << 3
};

struct list_request {
    bool extended; /* in one of the three ways of RFC 5258 section 1 */
    unsigned select;
    unsigned returns;
    unsigned status; /* LIST_RETURN_STATUS: bits of enum status_item */
    struct text reference;
    struct text *pattern; /* the arena's; one at least */
    size_t patterns;
};

/* From the space behind LIST on, up to the line's end, which is left. */
bool parse_list_request(struct lexer *lx, struct list_request *request_r);

#endif
