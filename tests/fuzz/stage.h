/* For the targets that are stages between two sinks: in whatever pieces the octets are written,
 * what comes out is the same; and a sink that wants no more ends it. */
#ifndef TESTS_FUZZ_STAGE_H
#define TESTS_FUZZ_STAGE_H

#include "tests/fuzz/fuzz.h"

#include "message/input.h"
#include "tests/unit/memory_input.h"

#include <utf8proc.h>

/* Writes the octets, `step` at once, through a stage of its own to `to`, and finishes it.
 * False: the sink wanted no more. */
typedef bool stage_fn(void *ctx, const uint8_t *data, size_t n, size_t step,
                      struct message_sink *to);

/* Set by a stage where its input was damaged in a way that other pieces may show otherwise. */
static bool stage_damaged;

static inline bool stage_feed(struct message_sink *in, const uint8_t *data, size_t n,
                              size_t step)
{
    for (size_t at = 0; at < n; at += step)
        if (!in->write(in, data + at, n - at < step ? n - at : step))
            return false;
    return true;
}

/* Fills *out, which is the caller's to free, with what came of it. */
static inline void stage_check(stage_fn *stage, void *ctx, const uint8_t *data, size_t n,
                               struct buffer *out)
{
    static const size_t step[] = { 4096, 1, 7 };
    size_t steps = n > 65536 ? 1 : sizeof step / sizeof *step;
    struct memory_sink whole;
    memory_sink_init(&whole);
    stage_damaged = false;
    CHECK(stage(ctx, data, n, n + 1, &whole.sink));
    for (size_t i = 0; i < steps; i++) {
        struct memory_sink pieces;
        memory_sink_init(&pieces);
        CHECK(stage(ctx, data, n, step[i], &pieces.sink));
        CHECK(stage_damaged || fuzz_same(&whole.out, &pieces.out));
        buffer_free(&pieces.out);
    }
    if (whole.out.len > 0) {
        struct memory_sink full;
        memory_sink_init(&full);
        full.refuse_at = 1 + whole.out.len / 2;
        CHECK(stage(ctx, data, n, n + 1, &full.sink) == (full.refuse_at >= whole.out.len));
        buffer_free(&full.out);
    }
    *out = whole.out;
}

static inline bool is_utf8(const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)p + i, (utf8proc_ssize_t)(n - i), &c);
        if (used <= 0)
            return false;
        i += (size_t)used;
    }
    return true;
}

#endif
