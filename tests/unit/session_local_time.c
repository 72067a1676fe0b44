/* The local time is what localtime_r(3) says, whatever the zone does on that day. */
#include "session/local_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void same(struct local_day *day, time_t when)
{
    struct tm wanted, got;
    bool is = localtime_r(&when, &wanted) != NULL;
    assert_int_equal(local_time(day, when, &got), is);
    if (!is)
        return;
    assert_int_equal(got.tm_year, wanted.tm_year);
    assert_int_equal(got.tm_mon, wanted.tm_mon);
    assert_int_equal(got.tm_mday, wanted.tm_mday);
    assert_int_equal(got.tm_hour, wanted.tm_hour);
    assert_int_equal(got.tm_min, wanted.tm_min);
    assert_int_equal(got.tm_sec, wanted.tm_sec);
    assert_int_equal(got.tm_gmtoff, wanted.tm_gmtoff);
}

/* Some by name, which need the zone files, and some by rule, which do not. */
static const char *const zone[] = { "UTC",
                                    "CET-1CEST,M3.5.0,M10.5.0/3",
                                    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                    "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
                                    "Europe/Berlin",
                                    "America/St_Johns",
                                    "Asia/Kathmandu",
                                    "Africa/Monrovia",
                                    "Africa/Casablanca",
                                    "Pacific/Apia",
                                    "Australia/Lord_Howe",
                                    "right/Europe/Berlin" };

static void walk(time_t from, time_t to, time_t step)
{
    struct local_day day = { 0 };
    for (time_t t = from; t < to; t += step)
        same(&day, t);
}

static void test_zones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof zone / sizeof zone[0]; i++) {
        assert_int_equal(setenv("TZ", zone[i], 1), 0);
        tzset();
        walk(1577836800, 1609459200, 599);               /* 2020 */
        walk(-700000000, 2000000000, 40009);             /* from 1947 on */
        walk(-4000000000, -700000000, 900001);           /* local mean times */
        walk(1483228800 - 90000, 1483228800 + 90000, 1); /* a leap second */
    }
}

static void test_far_off(void **state)
{
    (void)state;
    struct local_day day = { 0 };
    static const time_t when[] = { 0,
                                   -1,
                                   1,
                                   86399,
                                   86400,
                                   -86400,
                                   -86401,
                                   INT64_MAX,
                                   INT64_MIN,
                                   INT64_MAX - 86400,
                                   1LL << 40,
                                   -(1LL << 40),
                                   (1LL << 40) + 1,
                                   253402300800 };
    for (size_t i = 0; i < sizeof when / sizeof when[0]; i++)
        same(&day, when[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_zones),
                                        cmocka_unit_test(test_far_off) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
