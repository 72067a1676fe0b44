/* The line that begins a message: mbox.h. Read from its end, since a sender may hold anything.
 */
#include "message/mbox.h"

#include "message/date.h"

#include <ctype.h>
#include <string.h>

/* The words at the end of a line, the last first. */
struct words {
    const char *line;
    size_t n;
};

struct word {
    const char *p;
    size_t n;
};

static struct word last_word(struct words *w)
{
    while (w->n > 0 && w->line[w->n - 1] == ' ')
        w->n--;
    size_t end = w->n;
    while (w->n > 0 && w->line[w->n - 1] != ' ')
        w->n--;
    return (struct word){ w->line + w->n, end - w->n };
}

static bool all_digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)p[i]))
            return false;
    return n > 0;
}

static bool is_year(const struct word *w)
{
    return w->n == 4 && all_digits(w->p, 4);
}

/* hh:mm or hh:mm:ss */
static bool is_time(const struct word *w)
{
    bool colons = (w->n == 5 || w->n == 8) && w->p[2] == ':' && (w->n == 5 || w->p[5] == ':');
    return colons && all_digits(w->p, 2) && all_digits(w->p + 3, 2) &&
           (w->n == 5 || all_digits(w->p + 6, 2));
}

/* A name of letters, or +hhmm. */
static bool is_zone(const struct word *w)
{
    if (w->n == 5 && (w->p[0] == '+' || w->p[0] == '-'))
        return all_digits(w->p + 1, 4);
    for (size_t i = 0; i < w->n; i++)
        if (!isalpha((unsigned char)w->p[i]))
            return false;
    return w->n >= 1 && w->n <= 4;
}

static bool is_one_of(const struct word *w, const char *names)
{
    if (w->n != 3)
        return false;
    for (; *names != '\0'; names += 3)
        if (memcmp(w->p, names, 3) == 0)
            return true;
    return false;
}

static bool is_day_of_month(const struct word *w)
{
    return (w->n == 1 || w->n == 2) && all_digits(w->p, w->n);
}

static void drop_remote(struct words *w)
{
    static const char remote[] = " remote from ";
    struct words copy = *w;
    struct word host = last_word(&copy);
    size_t n = sizeof remote - 1;
    size_t at = (size_t)(host.p - w->line);
    if (at > n && memcmp(host.p - n, remote, n) == 0)
        w->n = at - n;
}

/* Www Mmm dd hh:mm[:ss] with a zone before or behind the year, or none. */
static bool take_date(struct words *w, struct word *zone_r, struct word *first_r)
{
    struct word year = last_word(w);
    *zone_r = (struct word){ NULL, 0 };
    if (!is_year(&year)) {
        *zone_r = year;
        year = last_word(w);
    }
    struct word time = last_word(w);
    if (!is_time(&time) && zone_r->n == 0) {
        *zone_r = time;
        time = last_word(w);
    }
    struct word day = last_word(w);
    struct word month = last_word(w);
    *first_r = last_word(w);
    return is_year(&year) && is_time(&time) && is_day_of_month(&day) &&
           is_one_of(&month, "JanFebMarAprMayJunJulAugSepOctNovDec") &&
           is_one_of(first_r, "SunMonTueWedThuFriSat") && (zone_r->n == 0 || is_zone(zone_r));
}

bool mbox_separator(const char *line, size_t n, int64_t *second_r, bool *zoned_r)
{
    static const char from[] = "From ";
    struct words w = { line, n };
    struct word zone, first;
    struct date date;
    if (n < sizeof from - 1 || memcmp(line, from, sizeof from - 1) != 0)
        return false;
    drop_remote(&w);
    size_t end = w.n;
    if (!take_date(&w, &zone, &first) || w.n < sizeof from - 1)
        return false;
    size_t at = (size_t)(first.p - line);
    if (!date_parse(first.p, end - at, &date))
        return false;
    *zoned_r = zone.n > 0;
    *second_r = date.day * 86400 + date.second - (int64_t)date.zone * 60;
    return true;
}
