/* What SELECT (QRESYNC (...)) tells, and what it is good for: sets that ascend, of as many
 * numbers as UIDs, and a highest match that is one, and the highest. */
#include "tests/fuzz/parse.h"

#include "parser/qresync.h"
#include "session/changes.h"

static void put_set(struct buffer *out, const struct sequence_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct sequence_range *r = &set->range[i];
        CHECK(r->first != SEQUENCE_STAR && r->first <= r->last);
        CHECK(i == 0 || r->first > set->range[i - 1].last);
        buffer_printf(out, "%s%" PRIu32 ":%" PRIu32, i > 0 ? "," : "", r->first, r->last);
    }
}

/* The n-th number of a set, from 0; 0: there is none. */
static uint32_t nth(const struct sequence_set *set, uint64_t n)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct sequence_range *r = &set->range[i];
        if (n <= r->last - r->first)
            return r->first + (uint32_t)n;
        n -= (uint64_t)(r->last - r->first) + 1;
    }
    return 0;
}

#define TRIED 300

/* Of the first pairs, in a view in which all but each seventh UID is there. */
static void check_match(const struct qresync *q)
{
    uint32_t uid[TRIED];
    struct view v = { .uid = uid, .count = TRIED };
    uint32_t highest = 0, number;
    for (uint32_t i = 0; i < TRIED; i++)
        uid[i] = i + 1 + i / 6;
    for (uint64_t n = 0; n < TRIED && (number = nth(&q->numbers, n)) != 0; n++)
        if (number <= TRIED && uid[number - 1] == nth(&q->matching, n))
            highest = uid[number - 1];
    /* Numbers ascend, so no pair behind the first 300 can be of a message that is there. */
    CHECK(changes_matched(&v, q) == highest);
}

static bool parse(struct lexer *lx, struct buffer *out)
{
    struct qresync q;
    if (!parse_qresync(lx, &q))
        return false;
    CHECK(q.uidvalidity != 0 && q.modseq != 0 && q.modseq <= INT64_MAX);
    CHECK(q.known == (q.uids.count > 0));
    CHECK((q.numbers.count > 0) == (q.matching.count > 0));
    buffer_printf(out, "(%" PRIu32 " %" PRIu64, q.uidvalidity, q.modseq);
    if (q.known) {
        buffer_putc(out, ' ');
        put_set(out, &q.uids);
    }
    if (q.numbers.count > 0) {
        buffer_puts(out, " (");
        put_set(out, &q.numbers);
        buffer_putc(out, ' ');
        put_set(out, &q.matching);
        buffer_putc(out, ')');
        if (q.numbers.count < TRIED && q.matching.count < TRIED)
            check_match(&q);
    }
    buffer_putc(out, ')');
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_check(parse, data, size);
    return 0;
}
