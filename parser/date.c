#include "parser/date.h"

#include <ctype.h>
#include <string.h>

const char month_name[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* The year begins in March here, so that the leap day is its last: the usual civil-to-days
 * arithmetic over 400-year eras of 146,097 days. */
int64_t day_number(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static unsigned month_length(unsigned month, unsigned year)
{
    static const unsigned char length[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : length[month - 1];
}

/* Exactly `digits` digits, or from 1 to `digits` of them. */
static bool digits(struct lexer *lx, unsigned least, unsigned most, unsigned *n_r)
{
    unsigned n = 0, have = 0;
    for (int c; have < most && (c = lexer_peek(lx)) >= 0 && isdigit(c); have++) {
        n = n * 10 + (unsigned)(c - '0');
        if (!lexer_accept(lx, (char)c))
            return false;
    }
    *n_r = n;
    return have >= least || lexer_fail(lx, LEXER_SYNTAX, "this is no date");
}

/* "-Feb-1994", and whether there is such a day. */
static bool month_and_year(struct lexer *lx, unsigned day, int64_t *day_r)
{
    char name[4] = "";
    unsigned month = 0, year;
    if (!lexer_expect(lx, '-'))
        return false;
    for (size_t i = 0; i < 3; i++) {
        int c = lexer_peek(lx);
        if (c < 0 || !isalpha(c) || !lexer_accept(lx, (char)c))
            return lexer_fail(lx, LEXER_SYNTAX, "this is no month");
        name[i] = (char)c;
    }
    while (month < 12 && strcasecmp(name, month_name[month]) != 0)
        month++;
    if (month == 12)
        return lexer_fail(lx, LEXER_SYNTAX, "%s is no month", name);
    if (!lexer_expect(lx, '-') || !digits(lx, 4, 4, &year))
        return false;
    if (day < 1 || day > month_length(month + 1, year))
        return lexer_fail(lx, LEXER_SYNTAX, "there is no %u-%s-%04u", day, month_name[month],
                          year);
    *day_r = day_number(year, month + 1, day);
    return true;
}

bool parse_date(struct lexer *lx, int64_t *day_r)
{
    unsigned day;
    bool quoted = lexer_accept(lx, '"');
    if (!digits(lx, 1, 2, &day) || !month_and_year(lx, day, day_r))
        return false;
    return !quoted || lexer_expect(lx, '"');
}

static bool zone(struct lexer *lx, int *minutes_r)
{
    unsigned hhmm;
    bool east = lexer_accept(lx, '+');
    if ((!east && !lexer_expect(lx, '-')) || !digits(lx, 4, 4, &hhmm))
        return false;
    if (hhmm / 100 > 23 || hhmm % 100 > 59)
        return lexer_fail(lx, LEXER_SYNTAX, "this is no time zone");
    int minutes = (int)(hhmm / 100 * 60 + hhmm % 100);
    *minutes_r = east ? minutes : -minutes;
    return true;
}

bool parse_date_time(struct lexer *lx, int64_t *seconds_r)
{
    unsigned day, hour = 0, minute = 0, second = 0;
    int64_t day_no = 0;
    int minutes_east = 0;
    if (!lexer_expect(lx, '"'))
        return false;
    bool padded = lexer_accept(lx, ' '); /* date-day-fixed */
    if (!digits(lx, 1, padded ? 1 : 2, &day) || !month_and_year(lx, day, &day_no) ||
        !lexer_space(lx) || !digits(lx, 2, 2, &hour) || !lexer_expect(lx, ':') ||
        !digits(lx, 2, 2, &minute) || !lexer_expect(lx, ':') || !digits(lx, 2, 2, &second) ||
        !lexer_space(lx) || !zone(lx, &minutes_east) || !lexer_expect(lx, '"'))
        return false;
    if (hour > 23 || minute > 59 || second > 60) /* 60: a leap second */
        return lexer_fail(lx, LEXER_SYNTAX, "there is no time %02u:%02u:%02u", hour, minute,
                          second);
    int64_t minutes = (int64_t)hour * 60 + minute - minutes_east;
    *seconds_r = day_no * 86400 + minutes * 60 + second;
    return true;
}
