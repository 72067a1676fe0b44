/* What SEARCH and SORT are to return: ESEARCH (RFC 4731 section 3.1), SAVE (RFC 5182), PARTIAL
 * (RFC 9394 section 3.1), RELEVANCY (RFC 6203 section 4), CONTEXT and UPDATE (RFC 5267). */
#ifndef PARSER_SEARCH_RETURN_H
#define PARSER_SEARCH_RETURN_H

#include "parser/lexer.h"

enum search_return_option {
    RETURN_MIN = 1 << 0,
    RETURN_MAX = 1 << 1,
    RETURN_ALL = 1 << 2,
    RETURN_COUNT = 1 << 3,
    RETURN_SAVE = 1 << 4,
    RETURN_PARTIAL = 1 << 5,
    RETURN_RELEVANCY = 1 << 6,
    RETURN_CONTEXT = 1 << 7, /* RFC 5267 section 4.2: a hint, of which nothing is made */
    RETURN_UPDATE = 1 << 8   /* section 4.3: changes are to be told */
};

/* Results from the first-th to the last-th, both included, in either order, as they came; the
 * first is 1. */
struct partial_range {
    bool from_end; /* -1 is the last result, -2 the one before it */
    uint32_t first, last;
};

struct search_return {
    bool given;       /* RETURN was there: the answer is ESEARCH */
    unsigned options; /* enum search_return_option; RETURN () is ALL */
    struct partial_range partial;
    bool modseq; /* the search asks for MODSEQ, and the answer has the highest (RFC 7162 section
                    3.1.6) */
};

/* "(" [option *(SP option)] ")", behind "RETURN ". */
bool parse_search_return(struct lexer *lx, struct search_return *return_r);

/* partial-range (RFC 9394 section 4). */
bool parse_partial_range(struct lexer *lx, struct partial_range *range_r);

/* Which of n results a range names: *from_r up to, not including, *to_r, from 0. */
void partial_bounds(const struct partial_range *range, size_t n, size_t *from_r, size_t *to_r);

#endif
