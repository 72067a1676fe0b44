/* date and date-time of commands: against the C library's calendar, and told again in UTC. */
#include "tests/fuzz/parse.h"

#include "parser/date.h"

#include <time.h>

static bool parse_day(struct lexer *lx, struct buffer *out)
{
    int64_t day;
    struct tm tm;
    if (!parse_date(lx, &day))
        return false;
    time_t seconds = (time_t)(day * 86400);
    CHECK(gmtime_r(&seconds, &tm) != NULL);
    CHECK(day_number(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday) == day);
    CHECK(tm.tm_year >= -1900 && tm.tm_year <= 9999 - 1900);
    buffer_printf(out, "\"%d-%s-%04d\"", tm.tm_mday, month_name[tm.tm_mon], tm.tm_year + 1900);
    return true;
}

static bool parse_time(struct lexer *lx, struct buffer *out)
{
    int64_t when;
    struct tm tm;
    if (!parse_date_time(lx, &when))
        return false;
    time_t seconds = (time_t)when;
    CHECK(gmtime_r(&seconds, &tm) != NULL);
    if (tm.tm_year + 1900 < 0 || tm.tm_year + 1900 > 9999)
        seconds = 0; /* a zone led out of the years that can be written */
    CHECK(gmtime_r(&seconds, &tm) != NULL);
    buffer_printf(out, "\"%02d-%s-%04d %02d:%02d:%02d +0000\"", tm.tm_mday,
                  month_name[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_check(parse_day, data, size);
    parse_check(parse_time, data, size);
    return 0;
}
