/* sequence-set (RFC 3501 section 9): message sequence numbers or UIDs. */
#ifndef PARSER_SEQUENCE_H
#define PARSER_SEQUENCE_H

#include "parser/lexer.h"

/* '*', the largest number in use. 0 is no valid number, so it is free to stand for it. */
#define SEQUENCE_STAR 0

struct sequence_range {
    uint32_t first, last; /* in the order given, either may be SEQUENCE_STAR */
};

struct sequence_set {
    struct sequence_range *range; /* the arena's */
    size_t count;
    bool saved; /* "$", what the last SEARCH saved (RFC 5182): no ranges */
};

/* sequence-set, or "$". */
bool parse_sequence_set(struct lexer *lx, struct sequence_set *set_r);

/* The numbers that a range stands for when `largest` is in use: *low_r <= *high_r. With largest
 * 0
 * '*' is 0 too: a range of '*' alone then names nothing. */
void sequence_bounds(const struct sequence_range *range, uint32_t largest, uint32_t *low_r,
                     uint32_t *high_r);

/* Makes the ranges ascending, disjoint and free of '*', in place. */
void sequence_normalize(struct sequence_set *set, uint32_t largest);

/* Whether a normalized set has n in it: O(log ranges). */
bool sequence_contains(const struct sequence_set *set, uint32_t n);

#endif
