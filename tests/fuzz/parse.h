/*
 * For the targets of parser/: what is read from the octets is the same in whatever pieces they
 * arrive, also where a limit is hit; what follows the command is found again; and a second
 * reading of what was understood, written down, understands the same.
 */
#ifndef TESTS_FUZZ_PARSE_H
#define TESTS_FUZZ_PARSE_H

#include "tests/fuzz/fuzz.h"

#include "parser/lexer.h"
#include "tests/unit/text_source.h"

#include <inttypes.h>

/* Reads with lx, and writes what it understood to out in the protocol's own form. False: as the
 * parsers do. */
typedef bool parse_fn(struct lexer *lx, struct buffer *out);

/* A megabyte in one command, so that its time can be measured; and so little that each limit is
 * met by small inputs. */
static const struct lexer_limits parse_wide = { .line = (size_t)1 << 26,
                                                .literal = (size_t)1 << 26,
                                                .memory = (size_t)1 << 29 };
static const struct lexer_limits parse_narrow = { .line = 300, .literal = 40, .memory = 8192 };

/* All that can be told of one reading, in `out`; whether it went well. */
static inline bool parse_once(parse_fn *parse, const void *octets, size_t n, size_t piece,
                              const struct lexer_limits *limits, struct buffer *out)
{
    struct text_source source;
    struct lexer lx;
    struct text line;
    text_source_init(&source, octets, n, piece);
    lexer_init(&lx, &source.source, limits);
    lexer_begin(&lx);
    bool ok = parse(&lx, out);
    /* The end of the input may be seen behind the last token. */
    CHECK(ok ? lx.failure == LEXER_FINE || lx.failure == LEXER_END : lx.failure != LEXER_FINE);
    CHECK(ok || memchr(lx.error, '\0', sizeof lx.error) != NULL);
    CHECK(lx.arena.used <= limits->memory);
    if (!ok) { /* what was understood before is of no use to anybody */
        buffer_clear(out);
        buffer_printf(out, "%d %s", lx.failure, lx.error);
    }
    bool more = lexer_recover(&lx);
    buffer_printf(out, "\n%d %u\n", more, source.go_aheads);
    lexer_begin(&lx);
    if (more && lexer_line(&lx, &line))
        buffer_append(out, line.octets, line.n);
    CHECK(!out->failed);
    lexer_free(&lx);
    return ok;
}

/* Larger inputs are for the measure of time; the smallest pieces say nothing more there. */
#define PARSE_SMALL 16384

/* In pieces; returns whether it was understood, and then what in *out. */
static inline bool parse_in_pieces(parse_fn *parse, const void *octets, size_t n,
                                   const struct lexer_limits *limits, struct buffer *out)
{
    static const size_t piece[] = { 61, 3, 1 };
    size_t pieces = n > PARSE_SMALL ? 1 : sizeof piece / sizeof *piece;
    bool ok = parse_once(parse, octets, n, n + 1, limits, out);
    for (size_t i = 0; i < pieces; i++) {
        struct buffer again;
        fuzz_buffer(&again);
        CHECK(parse_once(parse, octets, n, piece[i], limits, &again) == ok);
        CHECK(fuzz_same(out, &again));
        buffer_free(&again);
    }
    return ok;
}

/* What was understood, without what parse_once adds behind it. */
static inline bool parse_plain(parse_fn *parse, const void *octets, size_t n,
                               struct buffer *out)
{
    struct text_source source;
    struct lexer lx;
    text_source_init(&source, octets, n, n + 1);
    lexer_init(&lx, &source.source, &parse_wide);
    lexer_begin(&lx);
    bool ok = parse(&lx, out);
    lexer_free(&lx);
    return ok;
}

static inline void parse_check(parse_fn *parse, const uint8_t *data, size_t size)
{
    struct buffer wide;
    struct buffer narrow;
    struct buffer first;
    struct buffer second;
    fuzz_buffer(&wide);
    fuzz_buffer(&narrow);
    fuzz_buffer(&first);
    fuzz_buffer(&second);
    bool ok = parse_in_pieces(parse, data, size, &parse_wide, &wide);
    if (size <= PARSE_SMALL)
        (void)parse_in_pieces(parse, data, size, &parse_narrow, &narrow);
    if (ok) {
        CHECK(parse_plain(parse, data, size, &first));
        buffer_puts(&first, "\r\n");
        CHECK(parse_plain(parse, first.data, first.len, &second));
        buffer_puts(&second, "\r\n");
        CHECK(fuzz_same(&first, &second));
    }
    buffer_free(&wide);
    buffer_free(&narrow);
    buffer_free(&first);
    buffer_free(&second);
}

/* Octets as a literal that nobody waits for: the one form that holds anything. */
static inline void parse_put_literal(struct buffer *out, const char *octets, size_t n)
{
    buffer_printf(out, "{%zu+}\r\n", n);
    buffer_append(out, octets, n);
}

#endif
