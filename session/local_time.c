/*
 * localtime_r(3) takes a lock and walks through the zone's rules each time; a FETCH asks it
 * 100,000 times, and mostly about one day again and again. So it is asked for the first and the
 * last second of a day (of UTC), and where these have the same offset and lie as far apart as
 * they should, all between them is counted. A day on which the clock is changed, or has a leap
 * second, is asked second by second. (What this can't see is a clock changed twice within 24
 * hours, there and back; no zone has ever done that.)
 */
#include "session/local_time.h"

#define DAY ((time_t)86400)

static int second_of_day(const struct tm *tm)
{
    return tm->tm_hour * 3600 + tm->tm_min * 60 + tm->tm_sec;
}

static bool next_day(const struct tm *a, const struct tm *b)
{
    return b->tm_year == a->tm_year ? b->tm_yday == a->tm_yday + 1
                                    : b->tm_year == a->tm_year + 1 && b->tm_yday == 0;
}

/* From the first second to the last there are 86399, whether midnight is between them or not.
 */
static bool is_even(const struct tm *first, const struct tm *last)
{
    int from = second_of_day(first), to = second_of_day(last);
    if (first->tm_gmtoff != last->tm_gmtoff)
        return false;
    if (first->tm_year == last->tm_year && first->tm_yday == last->tm_yday)
        return from == 0 && to == DAY - 1;
    return next_day(first, last) && to + DAY - from == DAY - 1;
}

static void learn(struct local_day *day, time_t begin)
{
    time_t end = begin + DAY - 1;
    day->known = true;
    day->begin = begin;
    day->even = localtime_r(&begin, &day->first) != NULL &&
                localtime_r(&end, &day->last) != NULL && is_even(&day->first, &day->last);
}

bool local_time(struct local_day *day, time_t when, struct tm *tm_r)
{
    time_t of_day = when % DAY;
    if (of_day < 0)
        of_day += DAY;
    /* Nobody's mail is of a time so far off; and this keeps the sums below in range. */
    const time_t far = (time_t)1 << 40;
    if (when < -far || when > far)
        return localtime_r(&when, tm_r) != NULL;
    if (!day->known || day->begin != when - of_day)
        learn(day, when - of_day);
    if (!day->even)
        return localtime_r(&when, tm_r) != NULL;
    int second = second_of_day(&day->first) + (int)of_day;
    *tm_r = second < DAY ? day->first : day->last;
    second %= (int)DAY;
    tm_r->tm_hour = second / 3600;
    tm_r->tm_min = second / 60 % 60;
    tm_r->tm_sec = second % 60;
    return true;
}
