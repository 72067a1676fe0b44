/* The text of HTML is the same whether its octets come one by one or many at once: random tags,
 * quotes, references, comments, scripts and white space. (What it is: message_search.c.) */
#include "message/html_text.h"

#include "memory_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
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

static void text_of(const char *p, size_t n, size_t step, struct buffer *text)
{
    struct memory_sink sink;
    struct html_text *html = malloc(sizeof *html);
    assert_non_null(html);
    memory_sink_init(&sink);
    html_text_init(html, &sink.sink);
    for (size_t at = 0; at < n; at += step) {
        size_t some = n - at < step ? n - at : step;
        char *piece = malloc(some); /* so that a sanitizer sees a step over its end */
        assert_non_null(piece);
        memcpy(piece, p + at, some);
        assert_true(html->sink.write(&html->sink, piece, some));
        free(piece);
    }
    assert_true(html_text_finish(html));
    free(html);
    *text = sink.out;
}

static void many_at_once(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<a href=\"x > y\">",
        "<i class='a\"b' x=y>",
        "<br/>",
        "&amp;",
        "&nbsp;",
        "&#1055;",
        "&bogus;",
        "&",
        "<",
        ">",
        "<!-- a - b -- c -->",
        "<!-->",
        "<!doctype html>",
        "<script>",
        "if (a < b && c) \"</p>\"",
        "</script>",
        "<style type=x>",
        "p { color: red }",
        "</style>",
        " ",
        "  ",
        "\n",
        "\r\n\t",
        "\n\n    ",
        "a",
        "word ",
        "two words ",
        "a longer run of words that is more than a few octets",
        "=",
        "\"",
        "'",
        "-",
        "<a title = \"a = b\" >",
        "<x",
        "\xd0\xaf ",
        "\xa0"
    };
    static char text[60000];
    size_t whole_len = 0;
    for (size_t round = 0; round < 6000; round++) {
        size_t n = 0;
        size_t want = round % 100 == 0 ? 9000 : next_random() % 300;
        while (n < want) {
            const char *piece = pieces[next_random() % (sizeof pieces / sizeof *pieces)];
            n += strlen(strcpy(text + n, piece));
        }
        struct buffer by_one;
        struct buffer by_many;
        struct buffer whole;
        text_of(text, n, 1, &by_one);
        text_of(text, n, 1 + next_random() % 100, &by_many);
        text_of(text, n, n + 1, &whole);
        assert_int_equal(whole.len, by_one.len);
        assert_int_equal(by_many.len, by_one.len);
        if (by_one.len > 0) {
            assert_memory_equal(whole.data, by_one.data, by_one.len);
            assert_memory_equal(by_many.data, by_one.data, by_one.len);
        }
        whole_len += whole.len;
        buffer_free(&by_one);
        buffer_free(&by_many);
        buffer_free(&whole);
    }
    assert_true(whole_len > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(many_at_once) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
