/* Messages that are changed at random, the same ones at each run, for the tests of message/. */
#ifndef TESTS_UNIT_MUTATED_MESSAGE_H
#define TESTS_UNIT_MUTATED_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUTATED_MAX 4096

static const char *const mutated_pieces[] = {
    "\n", "\r\n", "\r", "--b", "--b--\n", "\n--b\n", "\n\n", "\"",   "(",    ")",
    "<",  ">",    ";",  ":",   "=?",      "?=",      "\\",   "\xff", "\xd0", "boundary=",
    "&#", "bb",   ",",  "=\n", " ",       "\t",      "=",    "*0*="
};

static inline unsigned mutated_random(unsigned *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Puts a piece in, takes octets out, doubles some, or changes one. */
static inline size_t mutated_change(uint8_t *data, size_t n, unsigned *seed)
{
    size_t at = mutated_random(seed) % (n + 1);
    size_t run = mutated_random(seed) % 40;
    const char *piece =
        mutated_pieces[mutated_random(seed) % (sizeof mutated_pieces / sizeof *mutated_pieces)];
    switch (mutated_random(seed) % 4) {
    case 0:
        run = strlen(piece);
        if (n + run > MUTATED_MAX)
            return n;
        memmove(data + at + run, data + at, n - at);
        for (size_t i = 0; i < run; i++)
            data[at + i] = (uint8_t)piece[i];
        return n + run;
    case 1:
        if (run > n - at)
            run = n - at;
        memmove(data + at, data + at + run, n - at - run);
        return n - run;
    case 2:
        if (run > n - at || n + run > MUTATED_MAX)
            return n;
        memmove(data + at + run, data + at, n - at);
        return n + run;
    default:
        if (at < n)
            data[at] = (uint8_t)mutated_random(seed);
        return n;
    }
}

/* The text, changed, into data, which has room for MUTATED_MAX; returns its length. */
static inline size_t mutated_message(uint8_t *data, const char *text, unsigned *seed)
{
    size_t n = strlen(text);
    memcpy(data, text, n);
    for (unsigned left = mutated_random(seed) % 12; left > 0; left--)
        n = mutated_change(data, n, seed);
    return n;
}

#endif
