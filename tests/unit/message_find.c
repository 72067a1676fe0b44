/* Looking for a string, and folding text, against the plainest way to do either: random strings
 * of few different octets, so that nearly all of them nearly fit; all of Unicode. */
#include "message/find.h"

#include "memory_input.h"
#include "message/fold.h"
#include "message/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <utf8proc.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static unsigned seed = 2463534242;

static unsigned next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Where it is; n: nowhere. */
static size_t plainly(const char *text, size_t len, const char *p, size_t n, bool any_case)
{
    for (size_t at = 0; at + len <= n; at++) {
        size_t i = 0;
        while (i < len && (any_case ? lower(p[at + i]) : p[at + i]) == text[i])
            i++;
        if (i == len)
            return at;
    }
    return n;
}

static char *random_text(size_t n, const char *octets)
{
    char *p = malloc(n > 0 ? n : 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = octets[next_random() % strlen(octets)];
    return p;
}

static void any_string(void **state)
{
    (void)state;
    static const char *const kinds[] = { "ab", "e t", "aAbB@`[{", "az\n\x80\xd0\xb0",
                                         "Zz\xc4-" };
    size_t found = 0;
    for (size_t round = 0; round < 100000; round++) {
        const char *kind = kinds[round % (sizeof kinds / sizeof *kinds)];
        size_t len = 1 + next_random() % (round % 9 == 0 ? 70 : 6);
        size_t n = next_random() % 120;
        char *text = random_text(len, kind);
        char *p = random_text(n, kind);
        for (size_t i = 0; i < len; i++)
            text[i] = lower(text[i]);
        if (len < n && round % 2 == 0) { /* nearly there, or there */
            size_t at = next_random() % (n - len + 1);
            memcpy(p + at, text, len - (round % 4 == 0));
        }
        struct finder f;
        finder_init(&f, text, len);
        assert_true(f.place[0] < len && f.place[1] < len);
        size_t at = plainly(text, len, p, n, false);
        assert_ptr_equal(finder_find(&f, p, n), at == n ? NULL : p + at);
        at = plainly(text, len, p, n, true);
        found += at < n;
        enum find_result result = finder_find_any_case(&f, p, n);
        assert_int_equal(result, at < n ? FIND_FOUND : FIND_NOTHING);
        free(text);
        free(p);
    }
    assert_in_range(found, 1000, 99000);
}

/* What fits nearly everywhere is given up, or handed to the library: no time is lost by it. */
static void nearly_everywhere(void **state)
{
    (void)state;
    size_t n = 1000000;
    char *p = malloc(n);
    char text[1000];
    assert_non_null(p);
    memset(p, 'a', n);
    memset(text, 'a', sizeof text);
    text[500] = 'b'; /* beyond where rare octets are looked for */
    struct finder f;
    finder_init(&f, text, sizeof text);
    assert_null(finder_find(&f, p, n));
    assert_int_equal(finder_find_any_case(&f, p, n), FIND_UNSURE);
    memcpy(p + n - sizeof text, text, sizeof text);
    assert_ptr_equal(finder_find(&f, p, n), p + n - sizeof text);
    assert_int_equal(finder_find_any_case(&f, p, n), FIND_UNSURE);
    free(p);
}

/* The first field of a name is the one that going through all of them comes to first. */
static void fields(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "Date: x\n",    "date:",   " Date: y\n", "DATE : z\r\n",
        "Date",         "\n",      "\r\n",       ":",
        "Dates: x\n",   " ",       "\tx\n",      "Subject: s\n",
        "subject\t:\n", "Dat: \n", "\0",         "date x: y\n"
    };
    size_t found = 0;
    for (size_t round = 0; round < 100000; round++) {
        char text[200];
        size_t n = 0;
        for (size_t i = next_random() % 12; i > 0; i--)
            n += strlen(
                strcpy(text + n, pieces[next_random() % (sizeof pieces / sizeof *pieces)]));
        const char *name = round % 2 == 0 ? "Date" : "subject";
        char *header = malloc(n + 1);
        assert_non_null(header);
        memcpy(header, text, n);
        struct field want;
        struct field got;
        size_t pos = 0;
        bool there = false;
        while (!there && header_next(header, n, &pos, &want))
            there = field_is(&want, name);
        assert_int_equal(header_find(header, n, name, &got), there);
        if (there)
            assert_memory_equal(&got, &want, sizeof got);
        found += there;
        free(header);
    }
    assert_in_range(found, 10000, 90000);
}

/* ---- folding ---- */

/* With each dotless i an i: RFC 5051 takes a letter's title case before all else. */
static char *without_dotless(const char *p, size_t n, size_t *len_r)
{
    char *out = malloc(n + 1);
    assert_non_null(out);
    *len_r = 0;
    for (size_t i = 0; i < n; i++) {
        bool dotless = n - i >= 2 && memcmp(p + i, "\xc4\xb1", 2) == 0;
        out[(*len_r)++] = dotless ? 'i' : p[i];
        i += dotless;
    }
    return out;
}

/* What the library makes of a whole text. */
static char *library_fold(const char *p, size_t n, size_t *len_r)
{
    const utf8proc_option_t options = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;
    utf8proc_int32_t *to = malloc((n + 1) * 20 * sizeof *to);
    char *out = malloc((n + 1) * 80);
    assert_true(to != NULL && out != NULL);
    char *text = without_dotless(p, n, &n);
    utf8proc_ssize_t count =
        utf8proc_decompose((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)n, to,
                           (utf8proc_ssize_t)(n + 1) * 20, options);
    assert_true(count >= 0);
    *len_r = 0;
    for (utf8proc_ssize_t i = 0; i < count; i++)
        *len_r += (size_t)utf8proc_encode_char(to[i], (utf8proc_uint8_t *)out + *len_r);
    free(text);
    free(to);
    return out;
}

static void check_fold(const char *p, size_t n, size_t step)
{
    size_t len;
    char *want = library_fold(p, n, &len);
    struct memory_sink sink;
    struct fold fold;
    memory_sink_init(&sink);
    fold_init(&fold, &sink.sink);
    for (size_t at = 0; at < n; at += step)
        assert_true(fold.sink.write(&fold.sink, p + at, n - at < step ? n - at : step));
    assert_true(fold_finish(&fold));
    assert_false(fold.damaged);
    assert_int_equal(sink.out.len, len);
    if (len > 0)
        assert_memory_equal(sink.out.data, want, len);
    buffer_free(&sink.out);
    free(want);
}

/* Characters of one script, of all, US-ASCII in between; marks. */
static int32_t random_character(void)
{
    static const struct {
        int32_t first, count;
    } blocks[] = { { 1, 0x7f },          { 0x400, 0x60 },   { 0x80, 0x780 },
                   { 0x300, 0x70 },      { 0x4e00, 0x200 }, { 0xac00, 0x100 },
                   { 0xf900, 0x200 },    { 0x1e00, 0x400 }, { 0xfb00, 0x500 },
                   { 0x10000, 0x20000 }, { 0x41, 0x1a },    { 0x20, 1 } };
    int32_t c;
    do {
        unsigned i = next_random() % (sizeof blocks / sizeof *blocks);
        c = blocks[i].first + (int32_t)(next_random() % (unsigned)blocks[i].count);
    } while (c == '\r' || (c >= 0xd800 && c < 0xe000));
    return c;
}

static void any_characters(void **state)
{
    (void)state;
    char text[900];
    for (size_t round = 0; round < 30000; round++) {
        size_t n = 0;
        size_t want = next_random() % (round % 50 == 0 ? 890 : 60);
        while (n < want)
            n += (size_t)utf8proc_encode_char(random_character(), (utf8proc_uint8_t *)text + n);
        check_fold(text, n, 1 + next_random() % 30);
    }
    /* Each character, alone and twice, which is asked for once. */
    for (int32_t c = 1; c < 0x110000; c++) {
        if (c == '\r' || (c >= 0xd800 && c < 0xe000))
            continue;
        size_t n = (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)text);
        memcpy(text + n, text, n);
        check_fold(text, n * 2, 64);
    }
}

/* More than is held before it is passed on, of every mixture and in every place. */
static void long_texts(void **state)
{
    (void)state;
    char text[3 * FOLD_OUT];
    for (size_t round = 0; round < 300; round++) {
        size_t n = 0;
        size_t begin = next_random() % 64;
        size_t every = 1 + next_random() % 40;
        while (n < sizeof text - 8)
            if (n < FOLD_OUT - 64 + begin || next_random() % every != 0)
                text[n++] = (char)('A' + next_random() % 58);
            else
                n += (size_t)utf8proc_encode_char(random_character(),
                                                  (utf8proc_uint8_t *)text + n);
        check_fold(text, n, 1 + next_random() % sizeof text);
    }
}

/* US-ASCII without a bare CR: folding it is lower case without CRs. */
static void keeps(void **state)
{
    (void)state;
    for (size_t round = 0; round < 100000; round++) {
        size_t n = next_random() % 70;
        char *p = random_text(n, round % 2 == 0 ? "aZ \n[@" : "ab\r\n\n");
        if (round % 3 == 0 && n > 0)
            p[next_random() % n] = "\x80\xff\r\x7f"[next_random() % 4];
        bool expected = true;
        for (size_t i = 0; i < n; i++)
            if ((unsigned char)p[i] >= 0x80 ||
                (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n')))
                expected = false;
        assert_int_equal(fold_keeps(p, n), expected);
        struct memory_sink sink;
        struct fold fold;
        memory_sink_init(&sink);
        fold_init(&fold, &sink.sink);
        assert_true(fold.sink.write(&fold.sink, p, n) && fold_finish(&fold));
        size_t len = 0;
        for (size_t i = 0; expected && i < n; i++)
            if (p[i] != '\r')
                assert_int_equal(sink.out.data[len++], lower(p[i]));
        if (expected)
            assert_int_equal(len, sink.out.len);
        buffer_free(&sink.out);
        free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_string), cmocka_unit_test(nearly_everywhere),
        cmocka_unit_test(fields),     cmocka_unit_test(any_characters),
        cmocka_unit_test(long_texts), cmocka_unit_test(keeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
