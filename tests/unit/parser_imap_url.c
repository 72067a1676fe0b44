/* IMAP URLs as CATENATE takes them: RFC 5092 section 11. */
#include "parser/imap_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static struct arena arena;

static bool parse(const char *text, struct imap_url *url_r)
{
    const struct text url = { text, strlen(text) };
    arena_reset(&arena);
    return imap_url_parse(&url, &arena, url_r);
}

static void test_message(void **state)
{
    struct imap_url url;
    (void)state;
    assert_true(parse("/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024", &url));
    assert_string_equal(url.mailbox.octets, "gray-council");
    assert_int_equal(url.uidvalidity, 385759045);
    assert_int_equal(url.uid, 20);
    assert_int_equal(url.section.text, SECTION_ALL);
    assert_int_equal(url.section.depth, 0);
    assert_int_equal(url.first, 0);
    assert_int_equal(url.count, 1024);
    assert_true(parse("/gray-council/;uid=20/;section=1.2.MIME", &url));
    assert_int_equal(url.uidvalidity, 0);
    assert_int_equal(url.section.depth, 2);
    assert_int_equal(url.section.part[1], 2);
    assert_int_equal(url.section.text, SECTION_MIME);
    assert_true(url.count == UINT64_MAX);
    assert_true(parse("/~peter/%E6%97%A5%E6%9c%ac%E8%AA%9E/;UID=4294967295/;PARTIAL=7", &url));
    assert_string_equal(url.mailbox.octets, "~peter/\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E");
    assert_int_equal(url.first, 7);
    assert_true(url.count == UINT64_MAX);
    assert_true(parse(";UID=20", &url));
    assert_null(url.mailbox.octets);
    assert_true(parse("/a%2Fb%3b%3F%25;UIDVALIDITY=1/;UID=1", &url));
    assert_string_equal(url.mailbox.octets, "a/b;?%");
}

static void test_sections(void **state)
{
    struct imap_url url;
    (void)state;
    assert_true(
        parse("/a/;UID=1/;SECTION=HEADER.FIELDS%20(To%20%22X%20Y%22)/;PARTIAL=1.2", &url));
    assert_int_equal(url.section.text, SECTION_HEADER_FIELDS);
    assert_int_equal(url.section.fields, 2);
    assert_string_equal(url.section.field[1], "X Y");
    assert_int_equal(url.first, 1);
    assert_true(parse("/a/;UID=1/;SECTION=1.header.fields.not%20%28a/b%29", &url));
    assert_string_equal(url.section.field[0], "a/b");
    assert_true(parse("/a/;UID=1/;SECTION=TEXT", &url));
    assert_int_equal(url.section.text, SECTION_TEXT);
}

static void test_dot_segments(void **state)
{
    struct imap_url url;
    (void)state;
    assert_true(parse("/x/../a/./b/;UID=1", &url));
    assert_string_equal(url.mailbox.octets, "a/b");
    assert_true(parse("/../../a/;UID=1", &url));
    assert_string_equal(url.mailbox.octets, "a");
    assert_true(parse("/a/%2e%2E/b/;UID=1", &url)); /* encoded, it is a name */
    assert_string_equal(url.mailbox.octets, "a/../b");
    assert_true(parse("/..;UIDVALIDITY=385759045/;UID=20", &url)); /* RFC 5092 section 9.1 */
    assert_string_equal(url.mailbox.octets, "..");
    assert_false(parse("/foo/;UID=20/..", &url)); /* the same as </foo>, as RFC 5092 has it */
    assert_false(parse("/a/;UID=1/.", &url));
}

static void test_wrong(void **state)
{
    static const char *const wrong[] = {
        "",
        "/",
        "//",
        "//host/a/;UID=1",
        "imap://u@h/a/;UID=1",
        "imap:/a/;UID=1",
        "a/;UID=1",
        "/a",
        "/a/",
        "/a;UID=1",
        "/;UID=1",
        "/;UIDVALIDITY=1/;UID=1",
        "/a/;UID=0",
        "/a/;UID=",
        "/a/;UID=-1",
        "/a/;UID=+1",
        "/a/;UID=1x",
        "/a/;UID=4294967296",
        "/a/;UID=99999999999999999999",
        "/a/;UID=1/",
        "/a/;UID=1?x",
        "/a?x/;UID=1",
        "/a;UIDVALIDITY=0/;UID=1",
        "/a;UIDVALIDITY=/;UID=1",
        "/a;UIDVALIDITY=1;UID=1",
        "/a;UIDVALIDITY=1",
        "/a;x=1/;UID=1",
        "/a%/;UID=1",
        "/a%4/;UID=1",
        "/a%4g/;UID=1",
        "/a%00b/;UID=1",
        "/a b/;UID=1",
        "/a\"/;UID=1",
        "/\xC3\xA4/;UID=1",
        "/a[/;UID=1",
        "/a/;UID=1/;SECTION=",
        "/a/;UID=1/;SECTION=1;PARTIAL=1",
        "/a/;UID=1/;SECTION=/;PARTIAL=1",
        "/a/;UID=1/;SECTION=MIME",
        "/a/;UID=1/;SECTION=0",
        "/a/;UID=1/;SECTION=1.",
        "/a/;UID=1/;SECTION=1%5D",
        "/a/;UID=1/;SECTION=1%5D%5B2",
        "/a/;UID=1/;SECTION=NONSENSE",
        "/a/;UID=1/;SECTION=HEADER.FIELDS",
        "/a/;UID=1/;SECTION=HEADER.FIELDS%20%28%29",
        "/a/;UID=1/;SECTION=HEADER.FIELDS%20%28%7B3%7D%0D%0Aabc%29",
        "/a/;UID=1/;PARTIAL=",
        "/a/;UID=1/;PARTIAL=1.",
        "/a/;UID=1/;PARTIAL=1.0",
        "/a/;UID=1/;PARTIAL=x",
        "/a/;UID=1/;PARTIAL=4294967296",
        "/a/;UID=1/;PARTIAL=0.1/",
        "/a/;UID=1/;PARTIAL=0.1/;SECTION=1",
        "/a/;UID=1;URLAUTH=anonymous",
        "/a/;UID=1/;SECTION=1;EXPIRE=2030-01-01T00:00:00Z;URLAUTH=anonymous",
        ";SECTION=1",
        ";PARTIAL=1",
        "..;UIDVALIDITY=385759045/;UID=20",
    };
    struct imap_url url;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (parse(wrong[i], &url))
            fail_msg("%s was taken", wrong[i]);
    const struct text nul = { "/a/;UID=1\0", 10 };
    assert_false(imap_url_parse(&nul, &arena, &url));
}

/* Whatever there is no memory for is no URL. */
static void test_no_memory(void **state)
{
    const struct text text = { "/a/;UID=1/;SECTION=HEADER.FIELDS%20(To)", 39 };
    struct imap_url url;
    bool taken = false;
    (void)state;
    for (size_t max = 0; max < 4096 && !taken; max += 16) {
        struct arena small;
        arena_init(&small, max);
        taken = imap_url_parse(&text, &small, &url);
        arena_free(&small);
    }
    assert_true(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),      cmocka_unit_test(test_sections),
        cmocka_unit_test(test_dot_segments), cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_no_memory),
    };
    arena_init(&arena, 65536);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
