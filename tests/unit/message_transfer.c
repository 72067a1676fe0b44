/* Transfer encodings undone (RFC 2045 sections 6.7 and 6.8), whole and in pieces. */
#include "message/transfer.h"

#include "memory_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Decodes in pieces of `step` octets (0: in one) into *out. */
static void decode(enum transfer_encoding encoding, bool crlf, const char *in, size_t n,
                   size_t step, struct memory_sink *out)
{
    struct transfer t;
    memory_sink_init(out);
    transfer_init(&t, encoding, crlf, &out->sink);
    for (size_t at = 0; at < n;) {
        size_t part = step > 0 && step < n - at ? step : n - at;
        assert_true(t.sink.write(&t.sink, in + at, part));
        at += part;
    }
    assert_true(transfer_finish(&t));
}

static void check_octets(enum transfer_encoding encoding, bool crlf, const char *in, size_t n,
                         const char *expected, size_t expected_len)
{
    for (size_t step = 0; step <= n && step < 200; step++) {
        struct memory_sink out;
        decode(encoding, crlf, in, n, step, &out);
        if (out.out.len != expected_len ||
            (expected_len > 0 && memcmp(out.out.data, expected, expected_len) != 0))
            fail_msg("\"%s\" in pieces of %zu gives \"%.*s\", not \"%s\"", in, step,
                     (int)out.out.len, out.out.len > 0 ? out.out.data : "", expected);
        buffer_free(&out.out);
    }
}

static void check(enum transfer_encoding encoding, bool crlf, const char *in,
                  const char *expected)
{
    check_octets(encoding, crlf, in, strlen(in), expected, strlen(expected));
}

static void base64(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "", "" },
        { "Zg==", "f" }, /* RFC 4648 section 10 */
        { "Zm8=", "fo" },
        { "Zm9v", "foo" },
        { "Zm9vYg==", "foob" },
        { "Zm9vYmE=", "fooba" },
        { "Zm9vYmFy", "foobar" },
        { "Zm9v\nYmFy\n", "foobar" },
        { "Zm9v\r\nYmFy\r\n", "foobar" },
        { "Z\nm9\n\nvY\nmFy", "foobar" }, /* lines of no multiple of 4 */
        { "Zm9v!Ym-Fy \t_", "foobar" },   /* RFC 2045 section 6.8: to be passed over */
        { "Zm9vYg", "foob" },             /* padding is missing */
        { "Zm9vYmE", "fooba" },
        { "Zm9vY", "foo" }, /* 6 bits are no octet */
        { "Zm9vYg=", "foob" },
        { "Zg==Zm9v", "ffoo" }, /* another run */
        { "Zm8=\nZm9v\n", "fofoo" },
        { "====", "" },
        { "!!!!", "" },
        { "\x80\xff\x5a\xffm9v", "foo" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check(TRANSFER_BASE64, false, cases[i].in, cases[i].out);
        check(TRANSFER_BASE64, true, cases[i].in, cases[i].out);
    }
    check_octets(TRANSFER_BASE64, true, "AAAA/wAK", 8, "\0\0\0\xff\0\n", 6);
    check_octets(TRANSFER_BASE64, true, "Zm9v\0YmFy", 9, "foobar", 6);
    /* A line end that is encoded is content. */
    check(TRANSFER_BASE64, true, "YQpi", "a\nb");
}

static void quoted_printable(void **state)
{
    static const struct {
        const char *in, *out; /* lines end as in the input */
    } cases[] = {
        { "", "" },
        { "plain\n", "plain\n" },
        { "plain\r\n", "plain\r\n" },
        { "=41=4a=4A", "AJJ" }, /* lower case is taken (rule 1, robustness) */
        { "soft=\nline", "softline" },
        { "soft=\r\nline", "softline" },
        { "soft= \t \nline", "softline" }, /* white space that was added on the way */
        { "soft= \t \r\nline", "softline" },
        { "no  space \t\nat the end \r\n  but here", "no  space\nat the end\r\n  but here" },
        { "last line ", "last line" },
        { "last line=", "last line" }, /* its line end is the delimiter's */
        { "last line=  ", "last line" },
        { "kept=20\n", "kept \n" },
        { "kept =\nhere", "kept here" },
        { "\n\n \n", "\n\n\n" },
        { "=", "" },
        { "==", "=" },
        { "===41", "==A" },
        { "=4", "=4" },
        { "=4\nx", "=4\nx" },
        { "=4 x", "=4 x" },
        { "=4= \nx", "=4x" },
        { "=4G=G4=", "=4G=G4" },
        { "=4=41", "=4A" },
        { "= x =  41", "= x =  41" },
        { "=\t\t=41", "=\t\tA" },
        { "bare\rCR\r \n", "bare\rCR\r\n" },
        { "x \r y", "x \r y" },
        { "x\r\r\ny", "x\r\r\ny" },
        { "x\r", "x\r" },
        { "=\rx", "=\rx" },
        { "=C3=A9 \xc3\xa9\n", "\xc3\xa9 \xc3\xa9\n" },
        { "=0A=0D=0D=0A\n", "\n\r\r\n\n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(TRANSFER_QUOTED_PRINTABLE, false, cases[i].in, cases[i].out);
    check_octets(TRANSFER_QUOTED_PRINTABLE, true, "=00\0\n", 5, "\0\0\r\n", 4);
}

static void line_ends(void **state)
{
    (void)state;
    check(TRANSFER_QUOTED_PRINTABLE, true, "a\nb\r\nc \n=0A=\nd\n", "a\r\nb\r\nc\r\n\nd\r\n");
    check(TRANSFER_QUOTED_PRINTABLE, true, "a\r\r\n\n\n", "a\r\r\n\r\n\r\n");
    check(TRANSFER_NONE, true, "\na\nb\r\nc\r\r\n\n\r d", "\r\na\r\nb\r\nc\r\r\n\r\n\r d");
    check(TRANSFER_NONE, false, "\na\nb\r\n", "\na\nb\r\n");
    check(TRANSFER_BINARY, true, "\na\nb\r\n", "\na\nb\r\n");
}

/* White space that is longer than any line may be: what is let go does not depend on how the
 * octets come. */
static void much_space(void **state)
{
    char in[1024], out[1024];
    (void)state;
    for (size_t n = TRANSFER_SPACE_MAX - 1; n <= 3 * TRANSFER_SPACE_MAX; n++) {
        snprintf(in, sizeof in, "x%*sy", (int)n, "");
        check(TRANSFER_QUOTED_PRINTABLE, false, in, in);
        snprintf(in, sizeof in, "x=%*sy", (int)n, "");
        check(TRANSFER_QUOTED_PRINTABLE, false, in, in);
    }
    snprintf(in, sizeof in, "x%*s\n", TRANSFER_SPACE_MAX, "");
    check(TRANSFER_QUOTED_PRINTABLE, false, in, "x\n");
    snprintf(in, sizeof in, "x%*s\n", TRANSFER_SPACE_MAX + 7, "");
    snprintf(out, sizeof out, "x%*s\n", TRANSFER_SPACE_MAX, "");
    check(TRANSFER_QUOTED_PRINTABLE, false, in, out);
}

/* ---- against the plainest decoders that there are ---- */

static size_t plain_base64(const char *in, size_t n, char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t made = 0;
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < n; i++) {
        const char *d = in[i] != '\0' ? strchr(digits, in[i]) : NULL;
        if (in[i] == '=')
            have = 0;
        if (d == NULL)
            continue;
        bits = bits << 6 | (unsigned)(d - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[made++] = (char)(bits >> have);
        }
    }
    return made;
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245U + 12345U;
    return *seed >> 16;
}

static void random_octets(void **state)
{
    static const char base64_set[] = "ABCxyz019+/ABCxyz019+/ABCxyz019+/ABCxyz019+/=\n\r -";
    static const char quoted_set[] = "ab =\n\r\t4A0Fg. ==";
    static char in[20000], expected[20000];
    unsigned seed = 4711;
    (void)state;
    for (int round = 0; round < 300; round++) {
        size_t n = round < 280 ? next_random(&seed) % 300 : next_random(&seed) % sizeof in;
        bool quoted = round % 2 > 0;
        for (size_t i = 0; i < n; i++)
            in[i] = quoted ? quoted_set[next_random(&seed) % (sizeof quoted_set - 1)]
                           : base64_set[next_random(&seed) % (sizeof base64_set - 1)];
        struct memory_sink whole;
        decode(quoted ? TRANSFER_QUOTED_PRINTABLE : TRANSFER_BASE64, round % 4 > 1, in, n, 0,
               &whole);
        for (size_t step = 1; step < 40; step += 1 + next_random(&seed) % 5) {
            struct memory_sink pieces;
            decode(quoted ? TRANSFER_QUOTED_PRINTABLE : TRANSFER_BASE64, round % 4 > 1, in, n,
                   step, &pieces);
            assert_int_equal(pieces.out.len, whole.out.len);
            if (whole.out.len > 0)
                assert_memory_equal(pieces.out.data, whole.out.data, whole.out.len);
            buffer_free(&pieces.out);
        }
        if (!quoted) {
            assert_int_equal(plain_base64(in, n, expected), whole.out.len);
            if (whole.out.len > 0)
                assert_memory_equal(expected, whole.out.data, whole.out.len);
        }
        buffer_free(&whole.out);
    }
}

/* A sink that wants no more ends the work, wherever that comes. */
static void refusing(void **state)
{
    static char in[60000];
    (void)state;
    memset(in, 'A', sizeof in);
    for (enum transfer_encoding e = TRANSFER_NONE; e <= TRANSFER_UNKNOWN; e++) {
        struct memory_sink out;
        struct transfer t;
        memory_sink_init(&out);
        out.refuse_at = 10000;
        transfer_init(&t, e, true, &out.sink);
        assert_false(t.sink.write(&t.sink, in, sizeof in) && transfer_finish(&t));
        assert_true(out.out.len <= 10000);
        buffer_free(&out.out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64),        cmocka_unit_test(quoted_printable),
        cmocka_unit_test(line_ends),     cmocka_unit_test(much_space),
        cmocka_unit_test(random_octets), cmocka_unit_test(refusing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
