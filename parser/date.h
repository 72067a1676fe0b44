/* date and date-time (RFC 3501 section 9). */
#ifndef PARSER_DATE_H
#define PARSER_DATE_H

#include "parser/lexer.h"

/* date, with or without quotes ("1-Feb-1994"): days since 1970-01-01. */
bool parse_date(struct lexer *lx, int64_t *day_r);

/* date-time, " 1-Feb-1994 12:34:56 +0100": seconds since the epoch. */
bool parse_date_time(struct lexer *lx, int64_t *seconds_r);

/* Days since 1970-01-01 of a day of the Gregorian calendar. */
int64_t day_number(int64_t year, unsigned month, unsigned day);

/* The names of the months, as IMAP has them, January first. */
extern const char month_name[12][4];

#endif
