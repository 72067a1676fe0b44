/* Date fields (RFC 5322 sections 3.3 and 4.3), and those of the world. */
#include "message/date.h"

#include "memory_input.h"
#include "message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* The second since 1970 that the date means, by the C library's calendar. */
static void check(const char *value, int year, int month, int day, int hour, int minute,
                  int second, int zone)
{
    struct date date;
    if (!date_parse(value, strlen(value), &date))
        fail_msg("not read: %s", value);
    struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
    if (date.day != timegm(&tm) / 86400)
        fail_msg("%s: day %lld", value, (long long)date.day);
    if (date.second != (hour * 60 + minute) * 60 + second)
        fail_msg("%s: second %d", value, date.second);
    if (date.zone != zone)
        fail_msg("%s: zone %d", value, date.zone);
}

static void check_none(const char *value)
{
    struct date date;
    if (date_parse(value, strlen(value), &date))
        fail_msg("read: %s", value);
}

/* RFC 5322 appendix A, RFC 3501 section 8. */
static void by_the_book(void **state)
{
    (void)state;
    check("Fri, 21 Nov 1997 09:55:06 -0600", 1997, 11, 21, 9, 55, 6, -360);
    check("Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n"
          "               -0330 (Newfoundland Time)",
          1969, 2, 13, 23, 32, 0, -210);
    check("21 Nov 97 09:55:06 GMT", 1997, 11, 21, 9, 55, 6, 0);
    check("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 1997, 11, 21, 9, 55, 6, -360);
    check("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)", 1996, 7, 17, 2, 23, 25, -420);
    check("Mon, 31 Dec 1990 23:59:60 +0000", 1990, 12, 31, 23, 59, 60, 0);
    check("Sat, 29 Feb 2020 00:00:00 +0530", 2020, 2, 29, 0, 0, 0, 330);
    check("1 Jan 0001 00:00 +0000", 1, 1, 1, 0, 0, 0, 0);
    check("31 Dec 9999 23:59:59 -0000", 9999, 12, 31, 23, 59, 59, 0);
}

static void zones(void **state)
{
    (void)state;
    check("1 Jan 2000 10:00:00 EST", 2000, 1, 1, 10, 0, 0, -300);
    check("1 Jan 2000 10:00:00 pdt", 2000, 1, 1, 10, 0, 0, -420);
    check("1 Jan 2000 10:00:00 UT", 2000, 1, 1, 10, 0, 0, 0);
    check("1 Jan 2000 10:00:00 Z", 2000, 1, 1, 10, 0, 0, 0);
    check("1 Jan 2000 10:00:00 A", 2000, 1, 1, 10, 0, 0, 0);
    check("1 Jan 2000 10:00:00 MSK", 2000, 1, 1, 10, 0, 0, 0);
    check("1 Jan 2000 10:00:00", 2000, 1, 1, 10, 0, 0, 0);
    check("1 Jan 2000 10:00:00 +03:00", 2000, 1, 1, 10, 0, 0, 180);
    check("1 Jan 2000 10:00:00 GMT+0200", 2000, 1, 1, 10, 0, 0, 0);
    check("1 Jan 2000 10:00:00 +9999", 2000, 1, 1, 10, 0, 0, 0);
}

/* Two digits: 00 to 49 are 2000 to 2049; three are counted from 1900. */
static void years(void **state)
{
    (void)state;
    check("1 Jan 00 00:00 GMT", 2000, 1, 1, 0, 0, 0, 0);
    check("1 Jan 49 00:00 GMT", 2049, 1, 1, 0, 0, 0, 0);
    check("1 Jan 50 00:00 GMT", 1950, 1, 1, 0, 0, 0, 0);
    check("1 Jan 103 00:00 GMT", 2003, 1, 1, 0, 0, 0, 0);
}

static void of_the_world(void **state)
{
    (void)state;
    check("Tue, 21 Nov 1997 09:55:06 -0600", 1997, 11, 21, 9, 55, 6, -360); /* was a Friday */
    check("21 Nov 1997", 1997, 11, 21, 0, 0, 0, 0);
    check("Mon,21 November 1997 9:55:6 -0600", 1997, 11, 21, 9, 55, 6, -360);
    check("21-Nov-1997 09:55:06 +0100", 1997, 11, 21, 9, 55, 6, 60);
    check("Fri Nov 21 09:55:06 1997", 1997, 11, 21, 9, 55, 6, 0);
    check("Fri Nov 21 09:55:06 EST 1997", 1997, 11, 21, 9, 55, 6, -300);
    check("Nov 21, 1997 9:55 PM", 1997, 11, 21, 21, 55, 0, 0);
    check("1997-11-21T09:55:06+01:00", 1997, 11, 21, 9, 55, 6, 60);
    check("1997-11-21 09:55:06", 1997, 11, 21, 9, 55, 6, 0);
    check("Fri, 21 Nov 1997 09.55.06 +0100", 1997, 11, 21, 9, 55, 6, 60);
    check("(a comment \\) 1 Jan 2001) Fri, 21 Nov 1997 09:55:06", 1997, 11, 21, 9, 55, 6, 0);
    check("Fri, 21 Nov 1997 99:99:99 +0100", 1997, 11, 21, 0, 0, 0, 0);
}

/* A date without a zone, or with one that is not known, is never taken for local. */
static void local_zone(void **state)
{
    (void)state;
    static const char *const zones_of_the_host[] = { "America/New_York", "Asia/Tokyo", "XYZ-14",
                                                     "UTC" };
    for (size_t i = 0; i < sizeof zones_of_the_host / sizeof *zones_of_the_host; i++) {
        setenv("TZ", zones_of_the_host[i], 1);
        tzset();
        check("21 Nov 1997 23:55:06", 1997, 11, 21, 23, 55, 6, 0);
        check("21 Nov 1997 00:05:06 EDT", 1997, 11, 21, 0, 5, 6, -240);
        check("Fri Nov 21 09:55:06 1997", 1997, 11, 21, 9, 55, 6, 0);
        check("21 Nov 1997 09:55:06 JST", 1997, 11, 21, 9, 55, 6, 0);
        check("21 Nov 1997 02:30 -0000", 1997, 11, 21, 2, 30, 0, 0);
    }
}

static void none(void **state)
{
    (void)state;
    check_none("");
    check_none("yesterday");
    check_none("31 Feb 2020 00:00 GMT");
    check_none("29 Feb 1900 00:00 GMT");
    check_none("0 Jan 2020 00:00 GMT");
    check_none("1 Jan 0000 00:00 GMT");
    check_none("1 Jan 10000 00:00 GMT");
    check_none("1 Foo 2020 00:00 GMT");
    check_none("99999999999999999999 Jan 99999999999999999999");
    check_none("10:00:00 +0100");
}

/* The day is the one written, whatever the zone: SENTON disregards it. */
static void sent_day(void **state)
{
    (void)state;
    static const char text[] = "Date: Thu, 1 Jan 1970 23:30:00 -0800\nDate: 2 Jan 1970\n\n";
    struct memory_input m;
    struct message *msg;
    int64_t day = -1;
    memory_input_init(&m, text, sizeof text - 1);
    assert_int_equal(message_parse(&m.in, MESSAGE_HEADER, &msg), MESSAGE_OK);
    assert_true(message_sent_day(msg, &day));
    assert_int_equal(day, 0);
    message_free(msg);
    memory_input_init(&m, text, 3);
    assert_int_equal(message_parse(&m.in, MESSAGE_HEADER, &msg), MESSAGE_OK);
    assert_false(message_sent_day(msg, &day));
    message_free(msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_book),  cmocka_unit_test(zones), cmocka_unit_test(years),
        cmocka_unit_test(of_the_world), cmocka_unit_test(none),  cmocka_unit_test(sent_day),
        cmocka_unit_test(local_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
