/*
 * The text of a setting's value made a value: numbers with their units, booleans, one word of
 * a list. Nothing is trimmed, guessed or rounded here: what is not exactly a value is an error.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_result {
    VALUE_OK,
    VALUE_MALFORMED, /* not a value of that kind */
    VALUE_RANGE      /* well-formed, but outside the bounds given */
};

/* Decimal digits and nothing else, min <= value <= max. */
enum value_result value_number(const char *text, uint64_t min, uint64_t max, uint64_t *value_r);

/* A number and at once its unit: s, min, h, d; none is seconds. The bounds are in seconds. */
enum value_result value_seconds(const char *text, uint64_t min, uint64_t max,
                                uint64_t *value_r);

/* A number and at once its unit: B, KiB, MiB, GiB (powers of 1024); none is octets. */
enum value_result value_octets(const char *text, uint64_t min, uint64_t max, uint64_t *value_r);

/* yes or no. */
enum value_result value_boolean(const char *text, bool *value_r);

/* Which of `words` (NULL-terminated) the n octets at text are. */
enum value_result value_word(const char *text, size_t n, const char *const *words,
                             size_t *index_r);

#endif
