/* A sequence set, and what becomes of it: ranges ascending and disjoint that hold the numbers
 * that the set says, for a folder of any size. */
#include "tests/fuzz/parse.h"

#include "parser/sequence.h"

static void put_number(struct buffer *out, uint32_t n)
{
    if (n == SEQUENCE_STAR)
        buffer_putc(out, '*');
    else
        buffer_printf(out, "%" PRIu32, n);
}

static bool says(const struct sequence_set *set, uint32_t largest, uint32_t n)
{
    for (size_t i = 0; i < set->count; i++) {
        uint32_t low;
        uint32_t high;
        sequence_bounds(&set->range[i], largest, &low, &high);
        if (n >= low && n <= high)
            return true;
    }
    return false;
}

/* A long set has its first ranges looked at only, or the test itself would not be linear. */
#define LOOKED_AT 20

static void check_normal(const struct sequence_set *set, uint32_t largest)
{
    struct sequence_set normal = { .range = malloc((set->count + 1) * sizeof *set->range),
                                   .count = set->count };
    CHECK(normal.range != NULL);
    memcpy(normal.range, set->range, set->count * sizeof *set->range);
    sequence_normalize(&normal, largest);
    CHECK(normal.count <= set->count && normal.count > 0);
    for (size_t i = 0; i < normal.count; i++) {
        CHECK(normal.range[i].first <= normal.range[i].last);
        CHECK(i == 0 || (normal.range[i].first > normal.range[i - 1].last &&
                         normal.range[i].first - normal.range[i - 1].last > 1));
    }
    size_t most = set->count < LOOKED_AT ? set->count : LOOKED_AT;
    for (size_t i = 0; i < most && set->count <= 10000; i++) {
        uint32_t low;
        uint32_t high;
        sequence_bounds(&set->range[i], largest, &low, &high);
        const uint32_t tried[] = { low - 1, low, high, high + 1, low / 2 + high / 2, largest };
        for (size_t j = 0; j < sizeof tried / sizeof *tried; j++)
            CHECK(sequence_contains(&normal, tried[j]) == says(set, largest, tried[j]));
    }
    free(normal.range);
}

static bool parse(struct lexer *lx, struct buffer *out)
{
    struct sequence_set set;
    if (!parse_sequence_set(lx, &set))
        return false;
    CHECK(set.saved == (set.count == 0));
    if (set.saved) {
        buffer_putc(out, '$');
        return true;
    }
    for (size_t i = 0; i < set.count; i++) {
        if (i > 0)
            buffer_putc(out, ',');
        put_number(out, set.range[i].first);
        if (set.range[i].last != set.range[i].first) {
            buffer_putc(out, ':');
            put_number(out, set.range[i].last);
        }
    }
    check_normal(&set, 0);
    check_normal(&set, 5);
    check_normal(&set, UINT32_MAX);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_check(parse, data, size);
    return 0;
}
