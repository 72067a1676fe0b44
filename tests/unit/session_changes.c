/* What a client that was away is told: expunges from the change table, or from the gaps between
 * the UIDs; never one that is in its view; and what its sample of numbers and UIDs spares it
 * (RFC 7162 section 3.2.5.2). */
#include "parser/qresync.h"
#include "session/changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* --- The store. -----------------------------------------------------------------------------
 */

static struct {
    enum changes_told told;
    unsigned breaks_off;      /* so often */
    const int *change;        /* UIDs, ascending; negative: expunged; 0 ends */
    const uint32_t (*gap)[2]; /* {0} ends */
    bool gaps_fail;
} store;

enum changes_told mailbox_changes(struct mailbox *mb, uint64_t since,
                                  void (*each)(void *ctx, const struct message_info *info),
                                  void *ctx)
{
    (void)mb;
    (void)since;
    for (const int *c = store.change; c != NULL && *c != 0; c++) {
        struct message_info info = { .uid = (uint32_t)(*c < 0 ? -*c : *c), .expunged = *c < 0 };
        each(ctx, &info);
        if (store.breaks_off > 0) {
            store.breaks_off--;
            return CHANGES_BROKEN_OFF;
        }
    }
    return store.told;
}

bool mailbox_gaps(struct mailbox *mb, void (*each)(void *ctx, uint32_t first, uint32_t last),
                  void *ctx)
{
    (void)mb;
    for (const uint32_t(*g)[2] = store.gap; g != NULL && (*g)[0] != 0; g++)
        each(ctx, (*g)[0], (*g)[1]);
    return !store.gaps_fail;
}

/* --- Asking. --------------------------------------------------------------------------------
 */

static uint32_t shown[] = { 3, 6, 9, 12, 15 };
static struct view view = { .uid = shown, .count = 5 };

static void has_gone(struct changes *c, const char *text)
{
    char got[256] = "";
    size_t n = 0;
    for (size_t i = 0; i < c->gone.count; i++)
        n += (size_t)snprintf(got + n, sizeof got - n, "%s%u:%u", i > 0 ? "," : "",
                              c->gone.range[i].first, c->gone.range[i].last);
    assert_string_equal(got, text);
    changes_free(c);
}

static void test_from_the_table(void **state)
{
    struct changes c;
    (void)state;
    store.told = CHANGES_TOLD;
    store.breaks_off = 1;
    store.change = (const int[]){ -1, -2, 3, -5, -6, -7, 9, 20, 0 };
    assert_true(changes_since(&view, 1, true, &c));
    assert_true(c.gone_known);
    assert_int_equal(c.count, 3);
    assert_int_equal(c.uid[2], 20);
    has_gone(&c, "1:2,5:5,7:7"); /* 6 is in the view: what became of it is news */
    assert_true(changes_since(&view, 1, false, &c));
    assert_int_equal(c.count, 3);
    has_gone(&c, "");
    store.breaks_off = 100;
    assert_false(changes_since(&view, 1, true, &c));
    changes_free(&c);
    store.breaks_off = 0;
}

static void test_from_the_gaps(void **state)
{
    struct changes c;
    const struct sequence_set set = { .range =
                                          (struct sequence_range[]){ { 2, 8 }, { 14, 99 } },
                                      .count = 2 };
    (void)state;
    store.told = CHANGES_BUT_EXPUNGED;
    store.change = (const int[]){ 3, 0 };
    store.gap = (const uint32_t[][2]){ { 1, 2 }, { 4, 8 }, { 10, 20 }, { 0, 0 } };
    assert_true(changes_since(&view, 1, true, &c));
    assert_false(c.gone_known);
    has_gone(&c, "1:2,4:5,7:8,10:11,13:14,16:20");
    assert_true(changes_since(&view, 1, true, &c));
    assert_true(changes_limit_gone(&c, &set, 0));
    has_gone(&c, "2:2,4:5,7:8,14:14,16:20");
    assert_true(changes_since(&view, 1, true, &c));
    assert_true(changes_limit_gone(&c, &set, 7));
    has_gone(&c, "8:8,14:14,16:20");
    assert_true(changes_since(&view, 1, true, &c));
    assert_true(changes_limit_gone(&c, &set, UINT32_MAX));
    has_gone(&c, "");
    store.gaps_fail = true;
    assert_false(changes_since(&view, 1, true, &c));
    changes_free(&c);
}

static uint32_t matches(uint32_t number, uint32_t last_number, uint32_t uid, uint32_t last_uid)
{
    struct sequence_range numbers = { number, last_number }, uids = { uid, last_uid };
    const struct qresync q = { .numbers = { .range = &numbers, .count = 1 },
                               .matching = { .range = &uids, .count = 1 } };
    return changes_matched(&view, &q);
}

static void test_matches(void **state)
{
    (void)state;
    const struct qresync none = { .uidvalidity = 1 };
    assert_int_equal(changes_matched(&view, &none), 0);
    assert_int_equal(matches(2, 2, 6, 6), 6);
    assert_int_equal(matches(2, 2, 5, 5), 0);
    assert_int_equal(matches(2, 2, 7, 7), 0);
    assert_int_equal(matches(5, 5, 15, 15), 15);
    assert_int_equal(matches(6, 6, 15, 15), 0);
    assert_int_equal(matches(1, 5, 2, 6), 0);
    assert_int_equal(matches(1, 5, 3, 7), 3);
    assert_int_equal(matches(1, 5, 5, 9), 6); /* 2 is 6 */
    assert_int_equal(matches(1, UINT32_MAX, 1, UINT32_MAX), 0);
    assert_int_equal(matches(1, UINT32_MAX - 2, 3, UINT32_MAX), 3);
    assert_int_equal(matches(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX), 0);
    /* Pairs go across the ranges. */
    struct sequence_range numbers[] = { { 1, 2 }, { 4, 4 } };
    struct sequence_range uids[] = { { 3, 3 }, { 6, 6 }, { 12, 12 } };
    const struct qresync q = { .numbers = { .range = numbers, .count = 2 },
                               .matching = { .range = uids, .count = 3 } };
    assert_int_equal(changes_matched(&view, &q), 12);
    uids[2] = (struct sequence_range){ 13, 13 };
    assert_int_equal(changes_matched(&view, &q), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_the_table),
        cmocka_unit_test(test_from_the_gaps),
        cmocka_unit_test(test_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
