/* SASLprep: RFC 4013's examples, RFC 3454's tables at their ends, and what is no text. */
#include "auth/saslprep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char out[SASLPREP_MAX + 1];

static void expect(const char *in, const char *form)
{
    for (int kind = SASLPREP_STORED; kind <= SASLPREP_QUERY; kind++) {
        bool ok = saslprep(in, (enum saslprep_kind)kind, out, sizeof out);
        if (ok != (form != NULL) || strcmp(out, form == NULL ? "" : form) != 0)
            fail_msg("%s: %s, not %s", in, ok ? out : "refused", form);
    }
}

/* RFC 4013 section 3. */
static void test_examples(void **state)
{
    (void)state;
    expect("I\xc2\xadX", "IX");
    expect("user", "user");
    expect("USER", "USER");
    expect("\xc2\xaa", "a");
    expect("\xe2\x85\xa8", "IX");
    expect("\x07", NULL);
    expect("\xd8\xa7\x31", NULL);
}

static void test_mapping(void **state)
{
    (void)state;
    expect("a\xc2\xa0"
           "b",
           "a b"); /* no-break space */
    expect("a\xe1\x9a\x80"
           "b\xe3\x80\x80",
           "a b "); /* ogham, ideographic */
    expect("a\xe2\x80\x80\xe2\x80\x8b"
           "b",
           "a  b"); /* en quad, zero width space */
    expect("p\xe2\x80\x8d"
           "q\xef\xbb\xbf",
           "pq");                             /* joiner, byte order mark */
    expect("p\xef\xb8\x80\xef\xb8\x8f", "p"); /* variation selectors */
    expect("\xc2\xad", NULL);                 /* nothing is left */
    expect("", NULL);
}

static void test_normal_form(void **state)
{
    (void)state;
    expect("e\xcc\x81", "\xc3\xa9"); /* composed */
    expect("\xc3\xa9", "\xc3\xa9");
    expect("\xef\xac\x81", "fi");                     /* ligature */
    expect("\xef\xbd\x81\xef\xbc\x91", "a1");         /* full width */
    expect("\xe2\x84\xab", "\xc3\x85");               /* angstrom sign */
    expect("q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87"); /* order of marks */
    expect("\xea\xb0\x80", "\xea\xb0\x80");           /* a Hangul syllable stays one */
    expect("\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c",
           "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c");
}

static void test_forbidden(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "a\x1f",
        "a\x7f",
        "\xc2\x80",
        "a\xc2\x9f",
        "\xdb\x9d",
        "\xe2\x80\x8e",
        "\xe2\x80\xa8",
        "\xe2\x80\xae",
        "\xe2\x81\xa1",
        "\xe2\x81\xaf",
        "\xe2\xbf\xb0",
        "\xee\x80\x80",
        "\xef\xa3\xbf",
        "\xef\xb7\x90",
        "\xef\xbf\xb9",
        "\xef\xbf\xbd",
        "\xef\xbf\xbe",
        "\xef\xbf\xbf",
        "\xf0\x9d\x85\xb3",
        "\xf3\xa0\x80\x81",
        "\xf3\xa0\x81\xbf",
        "\xf3\xb0\x80\x80",
        "\xf4\x8f\xbf\xbd",
        "\xf4\x8f\xbf\xbf",
        "\xf0\x9f\xbf\xbe",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i], NULL);
}

static void test_directions(void **state)
{
    (void)state;
    expect("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d");
    expect("\xd7\xa9"
           "1\xd7\x9d",
           "\xd7\xa9"
           "1\xd7\x9d"); /* a digit between */
    expect("1\xd7\xa9", NULL);
    expect("\xd7\xa9"
           "1",
           NULL);
    expect("\xd7\xa9"
           "a\xd7\x9d",
           NULL);
    expect("\xd8\xa7\xd7\x9d", "\xd8\xa7\xd7\x9d");
}

/* U+0378 is no character yet: a password can't have it, a name that is asked for can. */
static void test_unassigned(void **state)
{
    (void)state;
    assert_false(saslprep("a\xcd\xb8", SASLPREP_STORED, out, sizeof out));
    assert_true(saslprep("a\xcd\xb8", SASLPREP_QUERY, out, sizeof out));
    assert_string_equal(out, "a\xcd\xb8");
}

static void test_no_utf8(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\x80",   "a\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xe2\x82", "\xf4\x90\x80\x80",
        "p\xe4ss"
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i], NULL);
}

static void test_lengths(void **state)
{
    (void)state;
    char in[SASLPREP_MAX + 2];
    memset(in, 'x', sizeof in);
    in[SASLPREP_MAX] = '\0';
    expect(in, in);
    assert_true(saslprep(in, SASLPREP_STORED, out, SASLPREP_MAX + 1));
    assert_false(saslprep(in, SASLPREP_STORED, out, SASLPREP_MAX));
    in[SASLPREP_MAX] = 'x';
    in[SASLPREP_MAX + 1] = '\0';
    expect(in, NULL);
    /* U+FDFA becomes 18 characters: what grows too long is refused, not cut. */
    for (size_t i = 0; i < 100; i++)
        memcpy(in + 3 * i, "\xef\xb7\xba", 3);
    in[300] = '\0';
    expect(in, NULL);
    in[3] = '\0';
    assert_true(saslprep(in, SASLPREP_STORED, out, sizeof out));
    assert_false(saslprep(in, SASLPREP_STORED, out, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),    cmocka_unit_test(test_mapping),
        cmocka_unit_test(test_normal_form), cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_directions),  cmocka_unit_test(test_unassigned),
        cmocka_unit_test(test_no_utf8),     cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
