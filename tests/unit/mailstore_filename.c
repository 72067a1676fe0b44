/* Names of messages: mailstore/filename.h. */
#include "mailstore_root.h"

#include "mailstore/filename.h"
#include "mailstore/mailbox.h"

static void test_parts(void **state)
{
    (void)state;
    struct maildir_name n;
    assert_true(maildir_name_parse("1.M2P3.host,S=10,W=12:2,FSa", &n));
    assert_int_equal(n.unique_len, strlen("1.M2P3.host"));
    assert_int_equal(n.base_len, strlen("1.M2P3.host,S=10,W=12"));
    assert_int_equal(n.flags, FLAG_FLAGGED | FLAG_SEEN);
    assert_int_equal(n.letters, 1);
    assert_true(maildir_name_parse("plain", &n));
    assert_int_equal(n.unique_len, 5);
    assert_int_equal(n.base_len, 5);
    assert_int_equal(n.flags, 0);
    /* Dovecot: the base ends at the first ':', the flags begin at the last. */
    assert_true(maildir_name_parse("a:b:2,S", &n));
    assert_int_equal(n.base_len, 1);
    assert_int_equal(n.flags, FLAG_SEEN);
    assert_true(maildir_name_parse("a:1,S", &n));
    assert_int_equal(n.flags, 0);
}

static void test_unusable(void **state)
{
    (void)state;
    struct maildir_name n;
    char name[300];
    assert_false(maildir_name_parse("", &n));
    assert_false(maildir_name_parse(":2,S", &n));
    assert_false(maildir_name_parse(",S=3", &n));
    assert_false(maildir_name_parse("a\nb", &n));
    assert_false(maildir_name_parse("a\177b", &n));
    memset(name, 'x', sizeof name);
    name[BASE_NAME_MAX] = '\0';
    assert_true(maildir_name_parse(name, &n));
    name[BASE_NAME_MAX] = 'x';
    name[BASE_NAME_MAX + 1] = '\0';
    assert_false(maildir_name_parse(name, &n));
}

static void expect_with(const char *name, uint8_t flags, uint32_t letters, const char *want)
{
    char out[NAME_MAX + 1];
    assert_true(maildir_name_with_flags(name, flags, letters, out));
    assert_string_equal(out, want);
}

static void test_with_flags(void **state)
{
    (void)state;
    uint8_t all = FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_SEEN | FLAG_DRAFT;
    expect_with("u,S=1", 0, 0, "u,S=1:2,");
    expect_with("u,S=1", all, LETTER_P | 1U << 25 | 1, "u,S=1:2,DFPRSTaz");
    expect_with("u:2,Sa", FLAG_DELETED, 0, "u:2,T");
    /* Unknown letters stay, in ASCII order; so does what follows a second ','. */
    expect_with("u:2,XSB", FLAG_DRAFT, 2, "u:2,BDXb");
    expect_with("u:2,S,more", FLAG_FLAGGED, 0, "u:2,F,more");
    expect_with("u:1,x", FLAG_SEEN, 0, "u:1,x:2,S");
    char out[NAME_MAX + 1];
    char name[300];
    memset(name, 'x', sizeof name);
    name[NAME_MAX - 3] = '\0';
    assert_false(maildir_name_with_flags(name, FLAG_SEEN, 0, out));
    /* The longest base name has room for every flag and keyword. */
    name[BASE_NAME_MAX] = '\0';
    assert_true(maildir_name_with_flags(name, all, LETTERS_AZ | LETTER_P, out));
    assert_int_equal(strlen(out), NAME_MAX);
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t v = 0;
    assert_true(maildir_name_number("u,S=123,W=130:2,S", 'S', &v));
    assert_int_equal(v, 123);
    assert_true(maildir_name_number("u,S=123,W=130:2,S", 'W', &v));
    assert_int_equal(v, 130);
    assert_false(maildir_name_number("u,U=4", 'S', &v));
    assert_false(maildir_name_number("u,S=", 'S', &v));
    assert_false(maildir_name_number("u,S=4x", 'S', &v));
    assert_false(maildir_name_number("u,S=99999999999999999999", 'S', &v));
    assert_false(maildir_name_number("u:2,S=4", 'S', &v));
}

static int order(const char *a, const char *b)
{
    struct name_key ka = maildir_name_key(a);
    struct name_key kb = maildir_name_key(b);
    return maildir_name_order(&ka, &kb);
}

static void test_order(void **state)
{
    (void)state;
    assert_true(order("9.x", "10.x") < 0);
    assert_true(order("10.M9P1.h", "10.M10P1.h") < 0);
    assert_true(order("10.V1I2M9.h", "10.V1I1M10.h") < 0);
    assert_true(order("10.a", "10.b") < 0);
    assert_true(order("10.a", "10.a") == 0);
    assert_true(order("10.a:2,S", "10.a:2,F") == 0);
    assert_true(order("10.a,S=1", "10.a") > 0);
    assert_true(order("x", "1.a") < 0);
}

static void test_maker(void **state)
{
    (void)state;
    struct name_maker maker = { 0 };
    char last[UNIQUE_NAME_SIZE] = "";
    for (int i = 0; i < 1000; i++) {
        char name[UNIQUE_NAME_SIZE];
        struct maildir_name parts;
        name_maker_next(&maker, name);
        assert_true(maildir_name_parse(name, &parts));
        assert_int_equal(parts.unique_len, strlen(name));
        assert_null(strchr(name, '/'));
        if (i > 0)
            assert_true(order(last, name) < 0);
        memcpy(last, name, sizeof last);
    }
    /* A clock that was set back does not make old names come again. */
    maker.last += 3600LL * 1000000;
    char ahead[UNIQUE_NAME_SIZE];
    char next[UNIQUE_NAME_SIZE];
    name_maker_next(&maker, ahead);
    name_maker_next(&maker, next);
    assert_true(order(last, ahead) < 0);
    assert_true(order(ahead, next) < 0);
}

static void expect_seconds(const char *name, bool is, uint64_t want)
{
    uint64_t seconds = 0;
    assert_int_equal(maildir_name_seconds(name, &seconds), is);
    if (is)
        assert_int_equal(seconds, want);
}

static void test_seconds(void **state)
{
    (void)state;
    expect_seconds("1700000000.M1P2.host,S=3:2,S", true, 1700000000);
    expect_seconds("999999999.12.host", true, 999999999);
    expect_seconds("1700000000_0.33.host,U=1,FMD5=x:2,", true, 1700000000);
    expect_seconds("1700000000.M1P2.host,S=3 4:2,", true, 1700000000);
    expect_seconds("1700000000.M1P2 a.host:2,", false, 0);
    expect_seconds("1700000000", false, 0);
    expect_seconds("1700000000:2,", false, 0);
    expect_seconds("1700000000123.host", false, 0);
    expect_seconds("99999999.host", false, 0);
    expect_seconds("mail.eml", false, 0);
    expect_seconds("1", false, 0);
    expect_seconds("", false, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),   cmocka_unit_test(test_unusable),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_with_flags),
        cmocka_unit_test(test_order),   cmocka_unit_test(test_maker),
        cmocka_unit_test(test_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
