/* What a preview is (RFC 8970 section 3.3), however the octets of the text come. */
#include "message/preview.h"

#include "memory_input.h"
#include "message/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void check_step(const char *text, size_t n, size_t step, const char *expected)
{
    struct memory_input m;
    struct message *msg;
    struct buffer out;
    memory_input_init(&m, text, n);
    m.step = step;
    buffer_init(&out, SUMMARY_MAX);
    assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
    assert_int_equal(message_preview(msg, &out), MESSAGE_OK);
    assert_string_equal(buffer_string(&out), expected);
    message_free(msg);
    buffer_free(&out);
}

static void check_octets(const char *text, size_t n, const char *expected)
{
    for (size_t step = 0; step < 9; step++)
        check_step(text, n, step, expected);
}

static void check(const char *text, const char *expected)
{
    check_octets(text, strlen(text), expected);
}

static void white_space(void **state)
{
    (void)state;
    check("\n", "");
    check("", "");
    check("\n \t\r\n\xc2\xa0\xe2\x80\xa8", "");
    check("\n\n  a\t\tb\r\n\r\nc \n", "a b c");
    check("\na\xc2\xa0\xe3\x80\x80\x01\x7f"
          "b",
          "a b");
    check_octets("\na\0b", 4, "a b");
}

/* Soft hyphen, zero width space, right-to-left override, byte order mark, combining grapheme
 * joiner; the joiner of letters stays between letters. */
static void not_to_be_seen(void **state)
{
    (void)state;
    check("\n\xef\xbb\xbf\xe2\x80\x8c\xc2\xa0\xe2\x80\x8c\xc2\xa0\xcd\x8f hello\xe2\x80\xae",
          "hello");
    check("\na\xc2\xad\xe2\x80\x8b"
          "b",
          "ab");
    check("\n\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
          "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb");
    check("\na \xe2\x80\x8d b", "a b");
}

static void no_utf8(void **state)
{
    (void)state;
    check("\na\xff"
          "b",
          "a\xef\xbf\xbd"
          "b");
    check("\na\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd");
    check("\n\xc3", "\xef\xbf\xbd");
    check("Content-Type: text/plain; charset=iso-8859-15\n\n\xa4 5", "\xe2\x82\xac 5");
}

static void quotes(void **state)
{
    (void)state;
    check("\n> a\n>b\n c\n > d\ne > f\n", "c e > f");
    check("\n> a\n> b", "> a > b");
    check("\n\n>", ">");
    check("Content-Type: text/html\n\n&gt; a<p>b", "> a b");
}

/* No more than 200 characters, of whatever length; none is cut in two, no space ends it. */
static void length(void **state)
{
    (void)state;
    struct buffer text;
    struct buffer expected;
    buffer_init(&text, 65536);
    buffer_init(&expected, 65536);
    buffer_puts(&text, "\n");
    for (int i = 0; i < 300; i++) {
        buffer_puts(&text, "\xf0\x9f\x92\xbb");
        if (i < PREVIEW_MAX)
            buffer_puts(&expected, "\xf0\x9f\x92\xbb");
    }
    assert_int_equal(expected.len, PREVIEW_OCTETS_MAX);
    check(buffer_string(&text), buffer_string(&expected));
    buffer_clear(&text);
    buffer_clear(&expected);
    buffer_puts(&text, "\n");
    for (int i = 0; i < PREVIEW_MAX - 1; i++) {
        buffer_puts(&text, "x");
        buffer_puts(&expected, "x");
    }
    buffer_puts(&text, " yz");
    check(buffer_string(&text), buffer_string(&expected));
    buffer_free(&text);
    buffer_free(&expected);
}

/* What is needed is read, and no more. */
static void little_is_read(void **state)
{
    (void)state;
    struct memory_input m;
    struct message *msg;
    struct buffer out;
    size_t n = (size_t)1 << 20;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, 'a', n);
    text[0] = '\n';
    memory_input_init(&m, text, n);
    assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
    m.furthest = 0;
    buffer_init(&out, SUMMARY_MAX);
    assert_int_equal(message_preview(msg, &out), MESSAGE_OK);
    assert_int_equal(out.len, PREVIEW_MAX);
    assert_true(m.furthest <= 65536);
    buffer_clear(&out);
    m.calls = 0;
    m.fail_after = 1;
    text[n - 1] = 'b';
    m.len = 1; /* the file has shrunk */
    assert_int_equal(message_preview(msg, &out), MESSAGE_CHANGED);
    m.fail_after = m.calls;
    assert_int_equal(message_preview(msg, &out), MESSAGE_IO);
    assert_int_equal(out.len, 0);
    message_free(msg);
    buffer_free(&out);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space), cmocka_unit_test(not_to_be_seen),
        cmocka_unit_test(no_utf8),     cmocka_unit_test(quotes),
        cmocka_unit_test(length),      cmocka_unit_test(little_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
