/* The stage between a charset and UTF-8. */
#include "message/charset.h"

#include "memory_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *name;
    const char *text;
    size_t n;
    const char *utf8;
} texts[] = {
    { "KOI8-R", "\360\322", 2, "\320\237\321\200" },
    { "GB18030", "\201\060\201\060a", 5, "\302\200a" },
    { "ISO-2022-JP", "\033$B$3\033(Ba", 9, "\343\201\223a" },
    { "UTF-16", "\377\376a\0\75\330\0\336", 8, "a\360\237\230\200" },
    { "UTF-16", "\377\376a\0\75\330\0", 7, "a\357\277\275" },
    { "Shift_JIS", "\202\240\202", 3, "\343\201\202\357\277\275" },
};

/* The same text comes out however small the pieces that come in, also when one write after the
 * other does not end the character that the first began. */
static void test_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t step = 1; step <= texts[i].n; step++) {
            struct charset c;
            struct memory_sink out;
            memory_sink_init(&out);
            assert_true(charset_open(&c, texts[i].name, strlen(texts[i].name), &out.sink));
            for (size_t at = 0; at < texts[i].n; at += step) {
                size_t left = texts[i].n - at;
                assert_true(
                    c.sink.write(&c.sink, texts[i].text + at, left < step ? left : step));
            }
            assert_true(charset_finish(&c));
            charset_close(&c);
            assert_int_equal(out.out.len, strlen(texts[i].utf8));
            assert_memory_equal(out.out.data, texts[i].utf8, out.out.len);
            buffer_free(&out.out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pieces) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
