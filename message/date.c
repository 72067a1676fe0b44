/*
 * A date is read as a row of words, whatever is between them: each word tells by its form what
 * it may be (a month's name, a time, a zone, a number), and the numbers are told apart by
 * their order.
 */
#include "message/date.h"

#include "message/lexer.h"

#include <string.h>
#include <strings.h>

#define MINUTES_A_DAY (24 * 60)

/* Years have four digits; five are tolerated in none. */
#define YEAR_MAX 9999

struct words {
    bool has_day, has_month, has_year, has_time, has_zone;
    int day, month, year;
    int second;
    int zone;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Reads digits; *digits_r is how many. Numbers of more than six digits give -1. */
static int read_number(struct lexer *lex, size_t *digits_r)
{
    int value = 0;
    size_t n = 0;
    for (; !lexer_done(lex) && is_digit(*lex->p); lex->p++, n++)
        value = n < 6 ? value * 10 + (*lex->p - '0') : -1;
    *digits_r = n;
    return value;
}

static int month_of(const char *word, size_t n)
{
    static const char names[12][4] = { "jan", "feb", "mar", "apr", "may", "jun",
                                       "jul", "aug", "sep", "oct", "nov", "dec" };
    for (int i = 0; n >= 3 && i < 12; i++)
        if (strncasecmp(word, names[i], 3) == 0)
            return i + 1;
    return 0;
}

/* The named zones of RFC 5322 section 4.3. */
static bool zone_of(const char *word, size_t n, int *zone_r)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = { { "UT", 0 },   { "GMT", 0 },  { "UTC", 0 },  { "EST", -5 },
                  { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 }, { "MST", -7 },
                  { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 } };
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        if (strlen(zones[i].name) == n && strncasecmp(word, zones[i].name, n) == 0) {
            *zone_r = zones[i].hours * 60;
            return true;
        }
    }
    return false;
}

static void read_name(struct lexer *lex, struct words *w)
{
    const char *word = lex->p;
    while (!lexer_done(lex) && is_letter(*lex->p))
        lex->p++;
    size_t n = (size_t)(lex->p - word);
    int month = month_of(word, n);
    if (month > 0 && !w->has_month) {
        w->has_month = true;
        w->month = month;
    } else if (n == 2 && w->has_time && strncasecmp(word, "pm", n) == 0) {
        if (w->second < 12 * 3600)
            w->second += 12 * 3600;
    } else if (!w->has_zone && w->has_time) {
        w->has_zone = zone_of(word, n, &w->zone);
    }
}

/* "+hhmm" or "+hh:mm" after the time. */
static void read_zone(struct lexer *lex, struct words *w)
{
    bool west = *lex->p == '-';
    size_t n;
    lex->p++;
    int value = read_number(lex, &n);
    int minutes = n <= 2 ? value * 60 : value / 100 * 60 + value % 100;
    if (n == 2 && !lexer_done(lex) && *lex->p == ':') {
        lex->p++;
        minutes += read_number(lex, &n);
    }
    if (n == 0 || w->has_zone || value < 0 || minutes < 0 || minutes >= MINUTES_A_DAY)
        return;
    w->has_zone = true;
    w->zone = west ? -minutes : minutes;
}

/* Moves past the separator if a number follows it; white space and comments may stand on both
 * sides (RFC 5322 section 4.3). */
static bool take_separator(struct lexer *lex, char separator)
{
    struct lexer ahead = *lex;
    lexer_skip_cfws(&ahead, NULL);
    if (lexer_done(&ahead) || *ahead.p != separator)
        return false;
    ahead.p++;
    lexer_skip_cfws(&ahead, NULL);
    if (lexer_done(&ahead) || !is_digit(*ahead.p))
        return false;
    *lex = ahead;
    return true;
}

/* The rest of "hh:mm[:ss]" (or with dots), after its hour and a separator. */
static void read_time(struct lexer *lex, struct words *w, int hour, char separator)
{
    size_t n;
    int minute = read_number(lex, &n);
    int second = take_separator(lex, separator) ? read_number(lex, &n) : 0;
    if (w->has_time || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 60)
        return;
    w->has_time = true;
    w->second = hour * 3600 + minute * 60 + second;
}

/* RFC 5322 section 4.3: two digits are 1950 to 2049, three are counted from 1900. */
static int full_year(int year, size_t digits)
{
    if (digits <= 2)
        return year < 50 ? 2000 + year : 1900 + year;
    return digits == 3 ? 1900 + year : year;
}

/* "1998-01-30", after its year. */
static void read_iso_date(struct lexer *lex, struct words *w, int year)
{
    size_t n;
    lex->p++;
    int month = read_number(lex, &n);
    if (lexer_done(lex) || *lex->p != '-' || month < 1 || month > 12)
        return;
    lex->p++;
    w->day = read_number(lex, &n);
    w->month = month;
    w->year = year;
    w->has_day = w->has_month = w->has_year = true;
}

static void read_digits(struct lexer *lex, struct words *w)
{
    size_t n;
    int value = read_number(lex, &n);
    bool iso = lex->end - lex->p >= 2 && lex->p[0] == '-' && is_digit(lex->p[1]);
    if (n <= 2 && take_separator(lex, ':')) {
        read_time(lex, w, value, ':');
    } else if (n <= 2 && w->has_year && take_separator(lex, '.')) {
        read_time(lex, w, value, '.');
    } else if (n == 4 && iso && !w->has_day && !w->has_month) {
        read_iso_date(lex, w, value);
    } else if (n <= 2 && !w->has_day) {
        w->has_day = true;
        w->day = value;
    } else if (!w->has_year && w->has_month) {
        w->has_year = value >= 0;
        w->year = full_year(value, n);
    }
}

static void read_words(struct lexer *lex, struct words *w)
{
    memset(w, 0, sizeof *w);
    for (;;) {
        lexer_skip_cfws(lex, NULL);
        if (lexer_done(lex))
            return;
        char c = *lex->p;
        if (is_digit(c))
            read_digits(lex, w);
        else if (is_letter(c))
            read_name(lex, w);
        else if ((c == '+' || c == '-') && w->has_time)
            read_zone(lex, w);
        else
            lex->p++;
    }
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int month, int year)
{
    static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the day of the Gregorian calendar. */
static int64_t day_number(int year, int month, int day)
{
    int64_t before = (int64_t)year - 1;
    int64_t days = before * 365 + before / 4 - before / 100 + before / 400;
    for (int m = 1; m < month; m++)
        days += days_of_month(m, year);
    return days + day - 1 - 719162;
}

bool date_parse(const char *value, size_t n, struct date *date_r)
{
    struct lexer lex = { value, value + n };
    struct words w;
    read_words(&lex, &w);
    if (!w.has_day || !w.has_month || !w.has_year)
        return false;
    if (w.year < 1 || w.year > YEAR_MAX || w.day < 1 || w.day > days_of_month(w.month, w.year))
        return false;
    date_r->day = day_number(w.year, w.month, w.day);
    date_r->second = w.has_time ? w.second : 0;
    date_r->zone = w.has_zone ? w.zone : 0;
    return true;
}
