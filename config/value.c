#include "config/value.h"

#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* Digits up to the first other octet, which *rest_r is set to. */
static bool digits(const char *text, uint64_t *value_r, const char **rest_r)
{
    uint64_t value = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return false;
    }
    *value_r = value;
    *rest_r = p;
    return p != text;
}

/* units: the first has the empty name; ends with a NULL name. */
static enum value_result number_with_unit(const char *text, const struct unit *units,
                                          uint64_t min, uint64_t max, uint64_t *value_r)
{
    uint64_t value;
    const char *rest;
    if (!digits(text, &value, &rest))
        return VALUE_MALFORMED;
    while (units->name != NULL && strcmp(units->name, rest) != 0)
        units++;
    if (units->name == NULL)
        return VALUE_MALFORMED;
    if (__builtin_mul_overflow(value, units->factor, &value) || value < min || value > max)
        return VALUE_RANGE;
    *value_r = value;
    return VALUE_OK;
}

enum value_result value_number(const char *text, uint64_t min, uint64_t max, uint64_t *value_r)
{
    static const struct unit none[] = { { "", 1 }, { NULL, 0 } };
    return number_with_unit(text, none, min, max, value_r);
}

enum value_result value_seconds(const char *text, uint64_t min, uint64_t max, uint64_t *value_r)
{
    static const struct unit units[] = { { "", 1 },     { "s", 1 },     { "min", 60 },
                                         { "h", 3600 }, { "d", 86400 }, { NULL, 0 } };
    return number_with_unit(text, units, min, max, value_r);
}

enum value_result value_octets(const char *text, uint64_t min, uint64_t max, uint64_t *value_r)
{
    static const struct unit units[] = { { "", 1 },          { "B", 1 },
                                         { "KiB", 1 << 10 }, { "MiB", 1 << 20 },
                                         { "GiB", 1 << 30 }, { NULL, 0 } };
    return number_with_unit(text, units, min, max, value_r);
}

enum value_result value_boolean(const char *text, bool *value_r)
{
    bool yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0)
        return VALUE_MALFORMED;
    *value_r = yes;
    return VALUE_OK;
}

enum value_result value_word(const char *text, size_t n, const char *const *words,
                             size_t *index_r)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0) {
            *index_r = i;
            return VALUE_OK;
        }
    }
    return VALUE_MALFORMED;
}
