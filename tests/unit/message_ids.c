/* Message ids of Message-ID, References and In-Reply-To (RFC 5322 section 3.6.4, 4.5.4) in the
 * normal form of RFC 5256 section 3. */
#include "message/message_ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Every id of a value with '|' behind it. */
static void check_octets(const char *value, size_t n, const char *expected)
{
    struct message_ids ids;
    struct buffer found;
    char *copy = malloc(n + 1); /* its own, so that a sanitizer sees what is read beyond */
    assert_non_null(copy);
    memcpy(copy, value, n);
    buffer_init(&found, 1 << 20);
    message_ids_begin(&ids, copy, n);
    while (message_ids_next(&ids)) {
        buffer_append(&found, ids.id.data, ids.id.len);
        buffer_putc(&found, '|');
    }
    assert_true(message_ids_end(&ids));
    assert_string_equal(buffer_string(&found), expected);
    buffer_free(&found);
    free(copy);
}

static void check(const char *value, const char *expected)
{
    check_octets(value, strlen(value), expected);
}

static void by_the_book(void **state)
{
    (void)state;
    check("", "");
    check("<1234@local.machine.example>", "1234@local.machine.example|");
    /* RFC 5322 appendix A.2. */
    check(" <1234@local.machine.example> <3456@example.net>",
          "1234@local.machine.example|3456@example.net|");
    check("<a@b><c@d>\r\n\t<e@f>", "a@b|c@d|e@f|");
    check("<A@b> <a@b>", "A@b|a@b|"); /* case counts */
    check("<a@[127.0.0.1]>", "a@[127.0.0.1]|");
}

/* RFC 5256's own example, and what else means the same. */
static void normal_form(void **state)
{
    (void)state;
    check("<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>", "01KF8JCEOCBS0045PS@xxx.yyy.com|");
    check("<01KF8JCEOCBS0045PS@xxx.yyy.com>", "01KF8JCEOCBS0045PS@xxx.yyy.com|");
    check("<\"a\\b\"@c>", "ab@c|");
    check("<\"a\\\"b\"@c>", "a\"b@c|");
    check("<\"a b\"@c>", "a b@c|");
    check("<a.\"b\".c@d>", "a.b.c@d|");
    check("<\"a@b>\"@c>", "a@b>@c|");
    check("(a) <(b <x@y>) a (c(d)) @ b . c (e)> (f <x@y>)", "a@b.c|");
    check("< a@b >", "a@b|");
    check("<a@\r\n b.c>", "a@b.c|");
    check("(\\) <x@y>) <a@b>", "a@b|");
}

/* What In-Reply-To and References have besides. */
static void other_words(void **state)
{
    (void)state;
    check("Your message of \"Fri, 1 Jan 2021\" <a@b>", "a@b|");
    check("\"Joe <joe@x>\"'s message of Friday <a@b>", "a@b|");
    check("<a@b> from joe@x.example on Friday", "a@b|");
    check("joe@x.example", "");
    check("<a@b>, <c@d>; <e@f>", "a@b|c@d|e@f|");
    check("Message from Joe <joe@x> of \"Fri <x@y>\"", "joe@x|");
    /* Quotes and parentheses without their other half. */
    check("it's 5\" long <a@b>", "a@b|");
    check("thanks :-( <a@b>", "a@b|");
    check(":-( \" <a@b> <c@d>", "a@b|c@d|");
    check("(x) (y <a@b>", "a@b|");
    check("<a\"b@c>", "a\"b@c|");
    check("<a(b@c>", "a(b@c|");
    check("\\", "");
    check("(\\", "");
    check("\"\\", "");
    check("<\"\\", "");
}

static void not_an_id(void **state)
{
    (void)state;
    check("<>", "");
    check("<@>", "");
    check("<a@>", "");
    check("<@b>", "");
    check("<a>", "");
    check("<\"a@b\">", "");
    check("<a@b", "");
    check("a@b>", "");
    check("<abc@de <a@b>", "a@b|");
    check("<<a@b>>", "a@b|");
    check("< <a@b>", "a@b|");
    check("<a> <b@c>", "b@c|");
    check("<a@b@c>", "a@b@c|");
    check("<a:b,c;d[e]@f>", "a:b,c;d[e]@f|");
    check("<\xd1\x8f@\xd1\x8f>", "\xd1\x8f@\xd1\x8f|");
}

static void length(void **state)
{
    (void)state;
    for (size_t n = MESSAGE_ID_MAX - 1; n <= MESSAGE_ID_MAX + 1; n++) {
        char value[MESSAGE_ID_MAX + 20];
        char expected[MESSAGE_ID_MAX + 20] = "";
        memset(value, 'a', sizeof value);
        value[0] = '<';
        value[2] = '@';
        strcpy(value + 1 + n, "> <b@c>");
        if (n <= MESSAGE_ID_MAX) {
            memcpy(expected, value + 1, n);
            expected[n] = '|';
            expected[n + 1] = '\0';
        }
        strcat(expected, "b@c|");
        check(value, expected);
    }
}

/* A megabyte of each; what is quadratic takes minutes. */
static void made_to_take_long(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "<",   "(",    "\"",     "<\"", "<(",    "\\", "\"\\",   "(\\", "<a@b>",
        "<a@", "( \"", "<\"a\"", "(a)", "<(a)@", "(<", "(\"<@)", "@",   "<(\"@>"
    };
    size_t len = (size_t)1 << 20;
    char *p = malloc(len);
    assert_non_null(p);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        size_t n = strlen(pieces[i]);
        for (size_t at = 0; at < len; at++)
            p[at] = pieces[i][at % n];
        struct message_ids ids;
        clock_t begin = clock();
        message_ids_begin(&ids, p, len);
        while (message_ids_next(&ids))
            ;
        assert_true(message_ids_end(&ids));
        double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
        if (seconds > 2)
            fail_msg("a megabyte of '%s' takes %f s", pieces[i], seconds);
    }
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_book), cmocka_unit_test(normal_form),
        cmocka_unit_test(other_words), cmocka_unit_test(not_an_id),
        cmocka_unit_test(length),      cmocka_unit_test(made_to_take_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
