/* The lexer: tokens of RFC 3501 section 9, limits, and recovery from what is no command. */
#include "parser/lexer.h"

#include "text_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static const struct lexer_limits limits = { .line = 200, .literal = 50, .memory = 4096 };

struct fixture {
    struct text_source source;
    struct lexer lexer;
};

static void open_octets(struct fixture *f, const void *octets, size_t n, size_t piece)
{
    text_source_init(&f->source, octets, n, piece);
    lexer_init(&f->lexer, &f->source.source, &limits);
    lexer_begin(&f->lexer);
}

static void open_text(struct fixture *f, const char *text)
{
    open_octets(f, text, strlen(text), 1);
}

typedef bool token(struct lexer *lx, struct text *text_r);

static void takes(token *take, const char *in, const char *out)
{
    struct fixture f;
    struct text t = { 0 };
    open_text(&f, in);
    if (!take(&f.lexer, &t))
        fail_msg("%s: %s", in, f.lexer.error);
    assert_int_equal(t.n, strlen(out));
    assert_memory_equal(t.octets, out, t.n + 1);
    lexer_free(&f.lexer);
}

static void refuses(token *take, const char *in)
{
    struct fixture f;
    struct text t;
    open_text(&f, in);
    if (take(&f.lexer, &t))
        fail_msg("%s was taken", in);
    assert_int_not_equal(f.lexer.failure, LEXER_FINE);
    assert_true(f.lexer.error[0] != '\0');
    lexer_free(&f.lexer);
}

static void test_strings(void **state)
{
    (void)state;
    takes(lexer_atom, "abc+-.&~ x", "abc+-.&~");
    takes(lexer_atom, "na\xC3\xAFve\r\n", "na\xC3\xAFve");
    refuses(lexer_atom, "(x");
    refuses(lexer_atom, "\"x\"");
    refuses(lexer_atom, "\r\n");
    takes(lexer_astring, "a]b ", "a]b");
    takes(lexer_astring, "\"a \\\"b\\\\ ]{5}\" ", "a \"b\\ ]{5}");
    takes(lexer_astring, "\"\"", "");
    takes(lexer_string, "{3}\r\na\r\nrest", "a\r\n");
    takes(lexer_string, "{3+}\r\nabc", "abc");
    takes(lexer_string, "{0}\r\n ", "");
    takes(lexer_list_mailbox, "INBOX.%* ", "INBOX.%*");
    refuses(lexer_string, "abc");
    refuses(lexer_string, "\"no end\r\n");
    refuses(lexer_string, "\"bad \\n escape\"");
    refuses(lexer_string, "{3x}\r\nabc");
    refuses(lexer_string, "{}\r\nabc");
    refuses(lexer_string, "{-1}\r\nabc");
    refuses(lexer_string, "{99999999999999999999999}\r\nabc");
    refuses(lexer_string, "{18446744073709551617}\r\nabc");
    refuses(lexer_string, "{3}abc");
    refuses(lexer_string, "{51}\r\nx");
    refuses(lexer_string, "{5}\r\nabc"); /* ends too early */
    refuses(lexer_nstring, "NILS ");
}

static void test_nil(void **state)
{
    struct fixture f;
    struct text t;
    (void)state;
    open_text(&f, "nil \"NIL\" ");
    assert_true(lexer_nstring(&f.lexer, &t));
    assert_null(t.octets);
    assert_true(lexer_space(&f.lexer));
    assert_true(lexer_nstring(&f.lexer, &t));
    assert_string_equal(t.octets, "NIL");
    lexer_free(&f.lexer);
}

static void test_nul(void **state)
{
    struct fixture f;
    struct text t;
    (void)state;
    open_octets(&f, "\"a\0b\"", 5, 2);
    assert_false(lexer_string(&f.lexer, &t));
    lexer_free(&f.lexer);
    open_octets(&f, "{3}\r\na\0b\r\n", 10, 2);
    assert_false(lexer_string(&f.lexer, &t));
    lexer_free(&f.lexer);
    open_octets(&f, "a\0b", 3, 3);
    assert_true(lexer_atom(&f.lexer, &t));
    assert_string_equal(t.octets, "a");
    assert_false(lexer_space(&f.lexer));
    lexer_free(&f.lexer);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *in;
        bool number, nz, number64;
    } cases[] = {
        { "0 ", true, false, true },
        { "007 ", true, true, true },
        { "4294967295 ", true, true, true },
        { "4294967296 ", false, false, true },
        { "9223372036854775807 ", false, false, true },
        { "9223372036854775808 ", false, false, false },
        { "99999999999999999999 ", false, false, false },
        { "-1 ", false, false, false },
        { "x", false, false, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        uint32_t n;
        uint64_t n64;
        open_text(&f, cases[i].in);
        assert_int_equal(lexer_number(&f.lexer, &n), cases[i].number);
        lexer_free(&f.lexer);
        open_text(&f, cases[i].in);
        assert_int_equal(lexer_nz_number(&f.lexer, &n), cases[i].nz);
        lexer_free(&f.lexer);
        open_text(&f, cases[i].in);
        assert_int_equal(lexer_number64(&f.lexer, &n64), cases[i].number64);
        lexer_free(&f.lexer);
    }
}

static void test_tags(void **state)
{
    struct fixture f;
    char tag[TAG_MAX + 1], long_tag[TAG_MAX + 3];
    (void)state;
    open_text(&f, "a]1.&~ ");
    assert_true(lexer_tag(&f.lexer, tag));
    assert_string_equal(tag, "a]1.&~");
    lexer_free(&f.lexer);
    static const char *const bad[] = { "+a ", "* ", "(a ", "\"a\" ", " a", "\r\n", "{1}\r\n" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        open_text(&f, bad[i]);
        assert_false(lexer_tag(&f.lexer, tag));
        lexer_free(&f.lexer);
    }
    memset(long_tag, 'x', sizeof long_tag);
    long_tag[TAG_MAX] = ' ';
    open_octets(&f, long_tag, TAG_MAX + 1, 100);
    f.lexer.limits.line = 1000;
    assert_true(lexer_tag(&f.lexer, tag));
    lexer_free(&f.lexer);
    long_tag[TAG_MAX] = 'x';
    long_tag[TAG_MAX + 1] = ' ';
    open_octets(&f, long_tag, TAG_MAX + 2, 100);
    f.lexer.limits.line = 1000;
    assert_false(lexer_tag(&f.lexer, tag));
    assert_int_equal(f.lexer.failure, LEXER_LIMIT);
    lexer_free(&f.lexer);
}

/* LITERAL- (RFC 7888 section 5): what is announced without waiting may have so many octets,
 * what waits any number. */
static void test_literal_minus(void **state)
{
    static const struct {
        const char *in;
        enum lexer_failure failure;
    } cases[] = { { "{4+}\r\nabcd", LEXER_FINE },
                  { "{5+}\r\nabcde", LEXER_TOOBIG },
                  { "{5}\r\nabcde", LEXER_FINE },
                  { "{99999999999999999999+}\r\n", LEXER_SYNTAX } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct text t;
        open_text(&f, cases[i].in);
        f.lexer.limits.literal_plus = 4;
        assert_int_equal(lexer_string(&f.lexer, &t), cases[i].failure == LEXER_FINE);
        assert_int_equal(f.lexer.failure, cases[i].failure);
        lexer_free(&f.lexer);
    }
}

/* After a failure at each octet of a command, recovery must stand exactly before "NEXT". */
static void recovers(const char *bad, unsigned skip)
{
    static const char next[] = "NEXT\r\n";
    char all[512];
    struct fixture f;
    struct text t;
    size_t n = strlen(bad);
    memcpy(all, bad, n);
    memcpy(all + n, next, sizeof next);
    for (size_t piece = 1; piece < 40; piece += 13) {
        open_octets(&f, all, n + sizeof next - 1, piece);
        for (unsigned i = 0; i < skip; i++) /* what was taken before the failure */
            assert_true(lexer_accept(&f.lexer, (char)lexer_peek(&f.lexer)));
        lexer_fail(&f.lexer, LEXER_SYNTAX, "on purpose");
        assert_true(lexer_recover(&f.lexer));
        lexer_begin(&f.lexer);
        if (!lexer_line(&f.lexer, &t) || strcmp(t.octets, "NEXT") != 0)
            fail_msg("%s, %u octets in: %s", bad, skip, t.octets);
        assert_int_equal(f.source.go_aheads, 0);
        lexer_free(&f.lexer);
    }
}

static void test_recovery(void **state)
{
    static const char *const commands[] = {
        "a1 FOO bar\r\n",
        "a1 FOO bar\n",
        "\r\n",
        "a1 LOGIN {5}\r\n",               /* not asked for: does not come */
        "a1 LOGIN {5+}\r\na b\r\n x\r\n", /* comes all the same, and the line goes on */
        "a1 X {3+}\r\n{9} {2+}\r\n\r\n\r\n",
        "a1 X {0+}\r\n\r\n",
        "a1 X {7+}\r\na2 NOOP\r\n",
        "a1 X {5+} \r\n", /* no literal's head: something stands behind it */
        "a1 X {5}x\r\n",
        "a1 X {+}\r\n",
        "a1 X \"{6}\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        size_t line = strcspn(commands[i], "\r\n");
        for (unsigned skip = 0; skip <= line; skip++)
            recovers(commands[i], skip);
    }
}

static void test_refused_literal(void **state)
{
    struct fixture f;
    struct text t;
    (void)state;
    /* Too long for an argument: not asked for, so the next line is the next command. */
    open_text(&f, "{51}\r\nNEXT\r\n");
    assert_false(lexer_string(&f.lexer, &t));
    assert_int_equal(f.lexer.failure, LEXER_LIMIT);
    assert_int_equal(f.source.go_aheads, 0);
    assert_true(lexer_recover(&f.lexer));
    lexer_begin(&f.lexer);
    assert_true(lexer_line(&f.lexer, &t));
    assert_string_equal(t.octets, "NEXT");
    lexer_free(&f.lexer);
    /* Coming unasked: thrown away, with what stands behind it. */
    open_text(
        &f, "{51+}\r\n0123456789012345678901234567890123456789012345678\r\n rest\r\nNEXT\r\n");
    assert_false(lexer_string(&f.lexer, &t));
    assert_true(lexer_recover(&f.lexer));
    lexer_begin(&f.lexer);
    assert_true(lexer_line(&f.lexer, &t));
    assert_string_equal(t.octets, "NEXT");
    lexer_free(&f.lexer);
}

static void test_literal_stream(void **state)
{
    struct fixture f;
    uint64_t n;
    const unsigned char *octets;
    char all[16];
    size_t have = 0;
    (void)state;
    open_text(&f, "{10}\r\n0123456789)\r\n");
    assert_true(lexer_literal_head(&f.lexer, &n));
    assert_int_equal(n, 10);
    assert_int_equal(f.source.go_aheads, 0);
    assert_true(lexer_literal_accept(&f.lexer));
    assert_int_equal(f.source.go_aheads, 1);
    for (long got; (got = lexer_literal_read(&f.lexer, &octets)) != 0; have += (size_t)got) {
        assert_true(got > 0);
        memcpy(all + have, octets, (size_t)got);
    }
    assert_int_equal(have, 10);
    assert_memory_equal(all, "0123456789", 10);
    assert_true(lexer_expect(&f.lexer, ')'));
    assert_true(lexer_end(&f.lexer));
    lexer_free(&f.lexer);
}

static void test_limits(void **state)
{
    struct fixture f;
    struct text t;
    char many[400];
    (void)state;
    memset(many, 'x', sizeof many);
    memcpy(many + sizeof many - 8, "\r\nNEXT\r\n", 8);
    open_octets(&f, many, sizeof many, 64);
    assert_false(lexer_atom(&f.lexer, &t));
    assert_int_equal(f.lexer.failure, LEXER_LIMIT);
    assert_true(lexer_recover(&f.lexer));
    lexer_begin(&f.lexer);
    assert_true(lexer_line(&f.lexer, &t));
    assert_string_equal(t.octets, "NEXT");
    lexer_free(&f.lexer);
    /* Many literals, each within its limit, run into the limit of all arguments. */
    open_octets(&f, "", 0, 1);
    for (unsigned i = 0; i < 200; i++)
        if (arena_take(&f.lexer.arena, 50) == NULL) {
            assert_true(i >= 4096 / 50 && i <= 4096 / 50 + 1);
            lexer_free(&f.lexer);
            return;
        }
    fail();
}

/* Literals are counted over commands. */
static void test_limit_of_literals(void **state)
{
    struct fixture f;
    struct text t;
    (void)state;
    open_text(&f, "{1+}\r\na\r\n{1+}\r\nb \"c\" {1+}\r\nd\r\n\"e\"\r\n");
    f.lexer.limits.literals = 2;
    assert_true(lexer_string(&f.lexer, &t) && lexer_end(&f.lexer));
    lexer_begin(&f.lexer);
    assert_true(lexer_string(&f.lexer, &t) && lexer_space(&f.lexer));
    assert_true(lexer_string(&f.lexer, &t) && lexer_space(&f.lexer)); /* quoted: no literal */
    assert_false(lexer_string(&f.lexer, &t));
    assert_int_equal(f.lexer.failure, LEXER_LIMIT);
    assert_true(lexer_recover(&f.lexer));
    lexer_begin(&f.lexer);
    assert_true(lexer_string(&f.lexer, &t));
    assert_string_equal(t.octets, "e");
    lexer_free(&f.lexer);
}

static void test_end_of_input(void **state)
{
    static const char *const starts[] = {
        "", "a", "a1 ", "a1 LOGIN \"x", "a1 X {5}\r\nab", "a1 X {5+}\r\nab"
    };
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct fixture f;
        open_text(&f, starts[i]);
        lexer_fail(&f.lexer, LEXER_SYNTAX, "on purpose");
        /* {5} was not accepted, so "ab" is a line without an end. */
        bool recovered = lexer_recover(&f.lexer);
        assert_int_equal(recovered, strcmp(starts[i], "a1 X {5}\r\nab") == 0);
        lexer_free(&f.lexer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_literal_minus),
        cmocka_unit_test(test_nil),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_refused_literal),
        cmocka_unit_test(test_literal_stream),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limit_of_literals),
        cmocka_unit_test(test_end_of_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
