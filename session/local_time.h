/* The machine's local time, in which FETCH shows INTERNALDATE and SEARCH compares it. */
#ifndef SESSION_LOCAL_TIME_H
#define SESSION_LOCAL_TIME_H

#include <stdbool.h>
#include <time.h>

/* The day that was asked for last. All zero at first. */
struct local_day {
    bool known;
    bool even;             /* every second of it is like the first: no clock was changed */
    time_t begin;          /* a multiple of 86400 */
    struct tm first, last; /* its first second, and its last */
};

/* As localtime_r(3), but of tm_r only year, month, day of the month, hour, minute, second and
 * tm_gmtoff are set. False: there is no such time. */
bool local_time(struct local_day *day, time_t when, struct tm *tm_r);

#endif
