/* The typed arguments: sequence sets, dates, flags, FETCH items, SEARCH programs. */
#include "parser/date.h"
#include "parser/fetch.h"
#include "parser/flags.h"
#include "parser/search.h"
#include "parser/sequence.h"

#include "text_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static const struct lexer_limits limits = { .line = 65536, .literal = 1000, .memory = 1048576 };
static struct text_source source;
static struct lexer lx;

static void open_text(const char *text)
{
    lexer_free(&lx);
    text_source_init(&source, text, strlen(text), 3);
    lexer_init(&lx, &source.source, &limits);
    lexer_begin(&lx);
}

static void test_sequence_sets(void **state)
{
    static const char *const bad[] = { "",     "0",   "1,",         ",1", "1:",  ":1",
                                       "1,,2", "-1",  "1:-1",       "a",  "1:a", "**",
                                       "1**",  "1:0", "4294967296", "1,0" };
    struct sequence_set set;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char line[40];
        snprintf(line, sizeof line, "%s\r\n", bad[i]);
        open_text(line);
        if (parse_sequence_set(&lx, &set) && lexer_end(&lx))
            fail_msg("%s was taken", bad[i]);
    }
    open_text("4:2,*,9:*,3,6:5 ");
    assert_true(parse_sequence_set(&lx, &set));
    assert_int_equal(set.count, 5);
    sequence_normalize(&set, 7); /* 2:4, 7, 7:9, 3, 5:6 */
    assert_int_equal(set.count, 1);
    assert_int_equal(set.range[0].first, 2);
    assert_int_equal(set.range[0].last, 9);
    open_text("1,3,5:7,4294967295,10:4294967294 ");
    assert_true(parse_sequence_set(&lx, &set));
    sequence_normalize(&set, 100);
    assert_int_equal(set.count, 4);
    assert_true(sequence_contains(&set, 1));
    assert_false(sequence_contains(&set, 2));
    assert_true(sequence_contains(&set, 6));
    assert_false(sequence_contains(&set, 8));
    assert_true(sequence_contains(&set, UINT32_MAX));
}

static bool takes_date(const char *text, int64_t *day)
{
    open_text(text);
    return parse_date(&lx, day) && lexer_end(&lx);
}

static bool takes_date_time(const char *text, int64_t *seconds)
{
    open_text(text);
    return parse_date_time(&lx, seconds) && lexer_end(&lx);
}

static void test_dates(void **state)
{
    static const char *const bad[] = {
        "32-Jan-2000\r\n",  "29-Feb-1900\r\n",    "31-Apr-2000\r\n", "0-Jan-2000\r\n",
        "1-Foo-2000\r\n",   "1-Jan-00\r\n",       "1-Jan-20000\r\n", "1 Jan 2000\r\n",
        "\"1-Jan-2000\r\n", "1-January-2000\r\n", "-Jan-2000\r\n",
    };
    static const char *const bad_times[] = {
        "\"17-Jul-1996 02:44:25\"\r\n",        "\"17-Jul-1996 24:00:00 +0000\"\r\n",
        "\"17-Jul-1996 02:60:25 +0000\"\r\n",  "\"17-Jul-1996 2:44:25 +0000\"\r\n",
        "\"  7-Jul-1996 02:44:25 +0000\"\r\n", "17-Jul-1996 02:44:25 +0000\r\n",
        "\"17-Jul-1996 02:44:25 +2400\"\r\n",  "\"17-Jul-1996 02:44:25 UTC\"\r\n",
    };
    int64_t n;
    (void)state;
    assert_true(takes_date("1-Jan-1970\r\n", &n) && n == 0);
    assert_true(takes_date("\"01-feb-1994\"\r\n", &n) && n == 8797);
    assert_true(takes_date("29-Feb-2000\r\n", &n) && n == 11016);
    assert_true(takes_date("31-Dec-1969\r\n", &n) && n == -1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (takes_date(bad[i], &n))
            fail_msg("%s was taken", bad[i]);
    /* RFC 3501 section 6.3.11's example, and `date -d '1994-02-07 21:52:25 -0800' +%s`. */
    assert_true(takes_date_time("\" 7-Feb-1994 21:52:25 -0800\"\r\n", &n));
    assert_int_equal(n, 760686745);
    assert_true(takes_date_time("\"07-Feb-1994 21:52:25 -0800\"\r\n", &n));
    assert_int_equal(n, 760686745);
    assert_true(takes_date_time("\"17-Jul-1996 02:44:25 +0530\"\r\n", &n));
    assert_int_equal(n, 837551665);
    for (size_t i = 0; i < sizeof bad_times / sizeof *bad_times; i++)
        if (takes_date_time(bad_times[i], &n))
            fail_msg("%s was taken", bad_times[i]);
}

static void test_flags(void **state)
{
    struct flag_names flags;
    (void)state;
    open_text("(\\Seen $Forwarded \\*)\r\n");
    assert_false(parse_flag_list(&lx, &flags));
    open_text("()\r\n");
    assert_true(parse_flag_list(&lx, &flags) && lexer_end(&lx));
    assert_int_equal(flags.count, 0);
    open_text("(\\Seen work) ");
    assert_true(parse_flag_list(&lx, &flags));
    assert_int_equal(flags.count, 2);
    assert_string_equal(flags.name[0], "\\Seen");
    assert_string_equal(flags.name[1], "work");
    open_text("\\Deleted \\DRAFT\r\n");
    assert_true(parse_store_flags(&lx, &flags) && lexer_end(&lx));
    assert_int_equal(flags.count, 2);
}

static bool takes_fetch(const char *text, struct fetch_request *request)
{
    open_text(text);
    return parse_fetch(&lx, request) && lexer_end(&lx);
}

static void test_fetch_items(void **state)
{
    static const char *const bad[] = {
        "FOO\r\n",
        "()\r\n",
        "(ALL)\r\n",
        "BODY[\r\n",
        "BODY[0]\r\n",
        "BODY[1.0]\r\n",
        "BODY[1.]\r\n",
        "BODY[MIME]\r\n",
        "BODY[HEADER.FIELDS]\r\n",
        "BODY[HEADER.FIELDS ()]\r\n",
        "BODY[]<0>\r\n",
        "BODY[]<0.0>\r\n",
        "BODY[]<1.2\r\n",
        "BODY.PEEK\r\n",
        "(FLAGS UID\r\n",
        "(FLAGS  UID)\r\n",
        "FLAGS UID\r\n",
        "BODY[TEXT.1]\r\n",
        "BODY[1.FOO]\r\n",
        "BODYSTRUCTURE[]\r\n",
        "BODY[4294967296]\r\n",
        "BINARY\r\n",
        "BINARY.PEEK\r\n",
        "BINARY.SIZE\r\n",
        "BINARY.SIZES[1]\r\n",
        "BINARY.SIZE.PEEK[1]\r\n",
        "BINARY.PEEK.SIZE[1]\r\n",
        "BINARY[\r\n",
        "BINARY[0]\r\n",
        "BINARY[1.0]\r\n",
        "BINARY[1.]\r\n",
        "BINARY[.1]\r\n",
        "BINARY[1.MIME]\r\n",
        "BINARY[TEXT]\r\n",
        "BINARY[HEADER]\r\n",
        "BINARY[1.HEADER.FIELDS (TO)]\r\n",
        "BINARY[ ]\r\n",
        "BINARY[1]<0>\r\n",
        "BINARY[1]<0.0>\r\n",
        "BINARY[1]<9223372036854775808.1>\r\n",
        "BINARY.SIZE[1]<0.1>\r\n",
        "BINARY.SIZE[1.MIME]\r\n",
        "(BINARY[1]BINARY[2])\r\n",
        "(PREVIEW (EAGER))\r\n",
        "(PREVIEW ())\r\n",
        "(PREVIEW )\r\n",
        "(PREVIEW(LAZY))\r\n",
        "(PREVIEW (LAZY)UID)\r\n",
        "(PREVIEW (LAZY\r\n",
        "(PREVIEWS)\r\n",
        "PREVIEW \r\n",
        "PREVIEW LAZY\r\n",
        "PREVIEW (LAZY UID)\r\n",
    };
    struct fetch_request r;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (takes_fetch(bad[i], &r))
            fail_msg("%s was taken", bad[i]);
    assert_true(takes_fetch("full\r\n", &r));
    assert_int_equal(r.count, 5);
    assert_true(takes_fetch("(preview (lazy) UID)\r\n", &r));
    assert_int_equal(r.count, 2);
    assert_int_equal(r.item[0].kind, FETCH_PREVIEW);
    assert_true(r.item[0].lazy);
    assert_true(takes_fetch("(PREVIEW UID PREVIEW (LAZY))\r\n", &r));
    assert_int_equal(r.count, 2);
    assert_false(r.item[0].lazy);
    assert_true(takes_fetch("PREVIEW (LAZY)\r\n", &r));
    assert_true(r.item[0].lazy && r.modifier[0] == '\0');
    struct fetch_modifiers m;
    open_text("PREVIEW (CHANGEDSINCE 7 PARTIAL 1:2)\r\n");
    assert_true(parse_fetch(&lx, &r) && parse_fetch_modifiers(&lx, r.modifier, &m) &&
                lexer_end(&lx));
    assert_false(r.item[0].lazy);
    assert_true(m.changed && m.since == 7 && m.partial);
    assert_true(takes_fetch("(BODY.PEEK[1.2.mime]<4.1024> rfc822.text)\r\n", &r));
    assert_int_equal(r.count, 2);
    assert_string_equal(r.item[0].label, "BODY[1.2.MIME]<4>");
    assert_true(r.item[0].peek && r.item[0].partial);
    assert_int_equal(r.item[0].first, 4);
    assert_int_equal(r.item[0].count, 1024);
    assert_int_equal(r.item[0].section->depth, 2);
    assert_int_equal(r.item[0].section->text, SECTION_MIME);
    assert_string_equal(r.item[1].label, "RFC822.TEXT");
    assert_false(r.item[1].peek);
    assert_true(takes_fetch("BODY[HEADER.FIELDS (Date \"X Y\" {4}\r\nFrom)]\r\n", &r));
    assert_string_equal(r.item[0].label, "BODY[HEADER.FIELDS (Date \"X Y\" From)]");
    assert_int_equal(r.item[0].section->fields, 3);
    /* What is no atom is told again as what it must be then. */
    assert_true(takes_fetch("BODY[HEADER.FIELDS (\"a\x01\" \"\xc3\xa9\" \"\" b]c)]\r\n", &r));
    assert_string_equal(r.item[0].label,
                        "BODY[HEADER.FIELDS (\"a\x01\" {2}\r\n\xc3\xa9 \"\" \"b]c\")]");
    assert_true(takes_fetch(
        "(BINARY.PEEK[1.2]<4.1024> binary[] Binary.Size[3] BINARY.SIZE[4])\r\n", &r));
    assert_int_equal(r.count, 4);
    assert_int_equal(r.item[0].kind, FETCH_BINARY);
    assert_string_equal(r.item[0].label, "BINARY[1.2]<4>");
    assert_true(r.item[0].peek && r.item[0].partial);
    assert_int_equal(r.item[0].count, 1024);
    assert_int_equal(r.item[0].section->depth, 2);
    assert_int_equal(r.item[1].kind, FETCH_BINARY);
    assert_string_equal(r.item[1].label, "BINARY[]");
    assert_false(r.item[1].peek || r.item[1].partial);
    assert_int_equal(r.item[1].section->depth, 0);
    assert_int_equal(r.item[2].kind, FETCH_BINARY_SIZE);
    assert_string_equal(r.item[2].label, "BINARY.SIZE[3]");
    assert_true(r.item[2].peek && r.item[3].section->part[0] == 4);
    assert_true(takes_fetch("(FLAGS BODY[] FLAGS)\r\n", &r));
    assert_int_equal(r.count, 2);
    assert_true(fetch_add_uid(&lx, &r) && r.count == 3 && r.item[0].kind == FETCH_UID);
    assert_true(fetch_add_uid(&lx, &r) && r.count == 3);
}

/* The tree as text: enough to see its shape. */
// NOLINTNEXTLINE(misc-no-recursion)
static void show(const struct search_key *key, char *out, size_t size)
{
    static const char *const name[] = {
        [SEARCH_ALL] = "all",       [SEARCH_AND] = "and",         [SEARCH_OR] = "or",
        [SEARCH_NOT] = "not",       [SEARCH_FUZZY] = "fuzzy",     [SEARCH_SEQUENCE] = "seq",
        [SEARCH_UID] = "uid",       [SEARCH_FLAG] = "flag",       [SEARCH_KEYWORD] = "kw",
        [SEARCH_BEFORE] = "before", [SEARCH_ON] = "on",           [SEARCH_SINCE] = "since",
        [SEARCH_OLDER] = "older",   [SEARCH_YOUNGER] = "younger", [SEARCH_SENTBEFORE] = "sbef",
        [SEARCH_SENTON] = "son",    [SEARCH_SENTSINCE] = "ssin",  [SEARCH_MODSEQ] = "modseq",
        [SEARCH_LARGER] = "more",   [SEARCH_SMALLER] = "less",    [SEARCH_HEADER] = "header",
        [SEARCH_BODY] = "body",     [SEARCH_TEXT] = "text",
    };
    size_t n = strlen(out);
    snprintf(out + n, size - n, "(%s%s%s", name[key->kind], key->name != NULL ? " " : "",
             key->name != NULL ? key->name : "");
    for (const struct search_key *c = key->child; c != NULL; c = c->next)
        show(c, out, size);
    n = strlen(out);
    snprintf(out + n, size - n, ")");
}

static void test_search(void **state)
{
    static const struct {
        const char *in, *tree;
    } cases[] = {
        { "ALL\r\n", "(and(all))" },
        { "FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"\r\n",
          "(and(flag \\Flagged)(since)(not(header From)))" },
        { "OR UNSEEN (1:3 UID 5) NEW\r\n",
          "(and(or(not(flag \\Seen))(and(seq)(uid)))(and(flag \\Recent)(not(flag \\Seen))))" },
        { "CHARSET UTF-8 TEXT {6}\r\nXXXXXX\r\n", "(and(text))" },
        { "OR SEEN OR OR 1 2 OR FLAGGED NOT OR 3 4\r\n",
          "(and(or(flag \\Seen)(or(seq)(seq))(flag \\Flagged)(not(or(seq)(seq)))))" },
        { "CC x BCC y\r\n", "(and(header Cc)(header Bcc))" },
        { "cc x\r\n", "(and(header Cc))" },
        { "HEADER Subject \"\" KEYWORD foo UNKEYWORD bar\r\n",
          "(and(header Subject)(kw foo)(not(kw bar)))" },
        { "RETURN (MIN COUNT) FUZZY (OLDER 5 $)\r\n", "(and(fuzzy(and(older)(seq))))" },
        { "return () charset us-ascii UID $ YOUNGER 1\r\n", "(and(uid)(younger))" },
        { "MODSEQ \"/flags/\\\\draft\" all 620162338 OR MODSEQ 0 ALL\r\n",
          "(and(modseq)(or(modseq)(all)))" },
    };
    static const char *const bad[] = {
        "\r\n",
        "FOO\r\n",
        "OR ALL\r\n",
        "OR ALL OR ALL\r\n",
        "OR ALL ORALL\r\n",
        "NOT\r\n",
        "()\r\n",
        "(ALL\r\n",
        "ALL)\r\n",
        "FROM\r\n",
        "HEADER x\r\n",
        "LARGER x\r\n",
        "SINCE today\r\n",
        "CHARSET UTF-8\r\n",
        "ALL CHARSET UTF-8\r\n",
        "0\r\n",
        "CCC x\r\n",
        "LARGER 9223372036854775808\r\n",
        "ALL \r\n",
        "RETURN (ALL)\r\n",
        "RETURN (RELEVANCY) ALL\r\n",
        "FUZZY\r\n",
        "OLDER 0\r\n",
        "$,1\r\n",
        "MODSEQ 9223372036854775808\r\n",
    };
    struct search_program program;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char tree[400] = "";
        open_text(cases[i].in);
        if (!parse_search(&lx, &program) || !lexer_end(&lx))
            fail_msg("%s: %s", cases[i].in, lx.error);
        show(program.root, tree, sizeof tree);
        assert_string_equal(tree, cases[i].tree);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        open_text(bad[i]);
        if (parse_search(&lx, &program) && lexer_end(&lx))
            fail_msg("%s was taken", bad[i]);
    }
}

static void test_search_depth(void **state)
{
    char text[20000] = "";
    struct search_program program;
    size_t n = 0;
    (void)state;
    for (int i = 0; i < SEARCH_DEPTH_MAX - 2; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "NOT ");
    snprintf(text + n, sizeof text - n, "ALL\r\n");
    open_text(text);
    assert_true(parse_search(&lx, &program));
    for (int i = 0; i < 4000; i++)
        text[i] = '(';
    open_text(text);
    assert_false(parse_search(&lx, &program));
    assert_int_equal(lx.failure, LEXER_LIMIT);
}

static int finish(void **state)
{
    (void)state;
    lexer_free(&lx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequence_sets), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_flags),         cmocka_unit_test(test_fetch_items),
        cmocka_unit_test(test_search),        cmocka_unit_test(test_search_depth),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
