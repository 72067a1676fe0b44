#include "parser/sequence.h"

#include <stdlib.h>
#include <string.h>

static bool number(struct lexer *lx, uint32_t *n_r)
{
    if (lexer_accept(lx, '*')) {
        *n_r = SEQUENCE_STAR;
        return true;
    }
    return lexer_nz_number(lx, n_r);
}

bool parse_sequence_set(struct lexer *lx, struct sequence_set *set_r)
{
    size_t room = 0;
    *set_r = (struct sequence_set){ 0 };
    if (lexer_accept(lx, '$')) {
        set_r->saved = true;
        return true;
    }
    do {
        if (set_r->count == room) {
            room = room == 0 ? 16 : room * 2;
            struct sequence_range *larger = arena_array(&lx->arena, room, sizeof *larger);
            if (larger == NULL)
                return lexer_fail(lx, LEXER_LIMIT, "the sequence set is too long");
            if (set_r->count > 0)
                memcpy(larger, set_r->range, set_r->count * sizeof *larger);
            set_r->range = larger;
        }
        struct sequence_range *r = &set_r->range[set_r->count];
        if (!number(lx, &r->first))
            return false;
        r->last = r->first;
        if (lexer_accept(lx, ':') && !number(lx, &r->last))
            return false;
        set_r->count++;
    } while (lexer_accept(lx, ','));
    return lx->failure == LEXER_FINE;
}

void sequence_bounds(const struct sequence_range *range, uint32_t largest, uint32_t *low_r,
                     uint32_t *high_r)
{
    uint32_t first = range->first == SEQUENCE_STAR ? largest : range->first;
    uint32_t last = range->last == SEQUENCE_STAR ? largest : range->last;
    *low_r = first < last ? first : last;
    *high_r = first < last ? last : first;
}

static int by_first(const void *a, const void *b)
{
    const struct sequence_range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

void sequence_normalize(struct sequence_set *set, uint32_t largest)
{
    for (size_t i = 0; i < set->count; i++) {
        struct sequence_range *r = &set->range[i];
        sequence_bounds(r, largest, &r->first, &r->last);
    }
    if (set->count > 1)
        qsort(set->range, set->count, sizeof *set->range, by_first);
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct sequence_range r = set->range[i];
        if (n > 0 &&
            (r.first <= set->range[n - 1].last || r.first - 1 == set->range[n - 1].last)) {
            if (r.last > set->range[n - 1].last)
                set->range[n - 1].last = r.last;
        } else {
            set->range[n++] = r;
        }
    }
    set->count = n;
}

bool sequence_contains(const struct sequence_set *set, uint32_t n)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct sequence_range *r = &set->range[middle];
        if (n < r->first)
            high = middle;
        else if (n > r->last)
            low = middle + 1;
        else
            return true;
    }
    return false;
}
