/*
 * Sixteen octets at once: the vector extension that gcc and clang share, one SSE2 or NEON
 * register. A comparison gives 255 (that is, -1) in each lane where it holds.
 */
#ifndef MESSAGE_LANES_H
#define MESSAGE_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef unsigned char lanes __attribute__((vector_size(16)));

static inline lanes lanes_load(const char *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void lanes_store(char *p, lanes v)
{
    memcpy(p, &v, sizeof v);
}

/* The sum of all lanes. */
static inline uint64_t lanes_sum(lanes v)
{
    const uint64_t even = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t half[2];
    memcpy(half, &v, sizeof half);
    uint64_t sums =
        (half[0] & even) + (half[0] >> 8 & even) + (half[1] & even) + (half[1] >> 8 & even);
    return sums * UINT64_C(0x0001000100010001) >> 48;
}

/* Whether any lane is not 0. */
static inline bool lanes_any(lanes v)
{
    uint64_t half[2];
    memcpy(half, &v, sizeof half);
    return (half[0] | half[1]) != 0;
}

/* Of a comparison: bit i is set where it holds in lane i. */
static inline unsigned lanes_bits(lanes v)
{
#ifdef __SSE2__
    return (unsigned)_mm_movemask_epi8((__m128i)v);
#else
    unsigned bits = 0;
    for (unsigned i = 0; lanes_any(v) && i < sizeof v; i++)
        bits |= (unsigned)(v[i] & 1) << i;
    return bits;
#endif
}

/* 255 in the last n lanes (0 to 16), 0 in those before. */
static inline lanes lanes_last(size_t n)
{
    static const unsigned char ramp[32] = { [16] = 255, 255, 255, 255, 255, 255, 255, 255,
                                            255,        255, 255, 255, 255, 255, 255, 255 };
    return lanes_load((const char *)ramp + n);
}

#endif
