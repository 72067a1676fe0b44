/* Dates of mail: whatever is read lies in the calendar, and is read again from RFC 5322's form
 * of it. */
#include "tests/fuzz/fuzz.h"

#include "message/date.h"

#include <time.h>

static void check_again(const struct date *d)
{
    static const char month[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    char text[64];
    struct tm tm;
    struct date again;
    time_t day = (time_t)(d->day * 86400);
    CHECK(gmtime_r(&day, &tm) != NULL);
    int year = tm.tm_year + 1900;
    CHECK(year >= 0 && year <= 9999);
    int second = d->second == 86400 ? 86399 : d->second;
    int zone = d->zone < 0 ? -d->zone : d->zone;
    int n = snprintf(text, sizeof text, "%d %s %04d %02d:%02d:%02d %c%02d%02d", tm.tm_mday,
                     month[tm.tm_mon], year, second / 3600, second / 60 % 60, second % 60,
                     d->zone < 0 ? '-' : '+', zone / 60, zone % 60);
    CHECK(n > 0 && (size_t)n < sizeof text);
    CHECK(date_parse(text, (size_t)n, &again));
    CHECK(again.day == d->day && again.second == second && again.zone == d->zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *value = fuzz_string(data, size);
    struct date d;
    if (date_parse(value, size, &d)) {
        CHECK(d.second >= 0 && d.second <= 86400);
        CHECK(d.zone >= -1439 && d.zone <= 1439);
        check_again(&d);
    }
    free(value);
    return 0;
}
