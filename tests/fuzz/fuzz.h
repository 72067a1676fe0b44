/*
 * What the fuzz targets share. A target is tests/fuzz/NAME_fuzz.c with one function; libFuzzer
 * calls it (make fuzz T=NAME), and tests/fuzz/replay.c does with the committed seeds (make
 * check). A broken promise aborts.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) fuzz_check((condition), #condition, __FILE__, __LINE__)

static inline void fuzz_check(bool holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

static inline bool fuzz_same(const struct buffer *a, const struct buffer *b)
{
    return !a->failed && !b->failed && a->len == b->len &&
           (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* A buffer without a ceiling that matters. */
static inline void fuzz_buffer(struct buffer *b)
{
    buffer_init(b, SIZE_MAX / 4);
}

/* The input as a string of its own size, so that a read beyond it is seen; the caller's. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    CHECK(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

/* Takes octets up to `end` (not given) or to the end of the input off its beginning. */
static inline void fuzz_cut(const uint8_t **data, size_t *size, char end,
                            const uint8_t **part_r, size_t *part_n_r)
{
    const uint8_t *at = *size > 0 ? memchr(*data, end, *size) : NULL;
    *part_r = *data;
    *part_n_r = at == NULL ? *size : (size_t)(at - *data);
    size_t used = *part_n_r + (at != NULL);
    *data = used > 0 ? *data + used : *data;
    *size -= used;
}

#endif
