/* The date of a Date field (RFC 5322 section 3.3). */
#ifndef MESSAGE_DATE_H
#define MESSAGE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct date {
    int64_t day; /* as written, in its own zone: days since 1970-01-01 */
    int second;  /* of that day, 0 to 86400 (a leap second) */
    int zone;    /* minutes east of UTC, -1439 to 1439; 0 where the zone is missing, unknown,
                  * or a military letter (RFC 5322 section 4.3) */
};

/* Reads a Date field's value: the syntax of RFC 5322 with the obsolete one, and what else there
 * is in mail: a missing or wrong day of the week, a missing time, "1-Jan-1998", "Jan 1, 1998",
 * asctime(3)'s order, ISO 8601. False when no day can be read from it, or one that the
 * calendar does not have. The local time zone plays no role. */
bool date_parse(const char *value, size_t n, struct date *date_r);

#endif
