/* LIST's patterns: RFC 3501 section 6.3.8. */
#include "mailstore_root.h"

#include <time.h>

static void test_table(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool fits;
    } t[] = {
        { "", "", true },
        { "", "a", false },
        { "a", "a", true },
        { "a", "A", false }, /* only INBOX is case-insensitive */
        { "a", "ab", false },
        { "ab", "a", false },
        { "*", "", true },
        { "*", "a/b/c", true },
        { "%", "a", true },
        { "%", "a/b", false },
        { "%/%", "a/b", true },
        { "%/%", "a/b/c", false },
        { "a/%", "a/b", true },
        { "a/%", "a/", true },
        { "a/%", "a", false },
        { "a%", "a", true },
        { "a*", "a/b", true },
        { "*b", "a/b", true },
        { "%b", "a/b", false },
        { "*/%", "a/b/c", true },
        { "%*", "a/b/c", true },
        { "*%", "a/b/c", true },
        { "%%", "a/b", false },
        { "%*%", "a/b", true },
        { "a*c*e", "abcde", true },
        { "a*c*e", "abced", false },
        { "*a%b*", "xx/a1b/y", true },
        { "*a%b*", "xx/a/b", false },
        { "*a%b", "a/ab", true },
        { "%a%", "banana", true },
        { "*.*", "a.b", true },
        { "INBOX", "INBOX", true },
        { "inbox", "INBOX", true },
        { "iNbOx", "INBOX", true },
        { "i%", "INBOX", true },
        { "inb*", "INBOX/Sent", true },
        { "inbox/%", "INBOX/Sent", true },
        { "INBOX/sent", "INBOX/Sent", false },
        { "inbox", "INBOXES", false },
        { "inboxes", "INBOXES", false },
        { "a/inbox", "a/INBOX", false }, /* not the INBOX */
        { "%", "\xd0\x92/x", false },
        { "\xd0\x92%", "\xd0\x92\xd1\x85", true },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        if (folder_match(t[i].pattern, t[i].name) != t[i].fits)
            fail_msg("pattern %s, name %s", t[i].pattern, t[i].name);
    }
}

/* The plain definition, exponential. */
static bool slow_match(const char *p, const char *s)
{
    if (*p == '\0')
        return *s == '\0';
    if (*p == '*' || *p == '%')
        return slow_match(p + 1, s) ||
               (*s != '\0' && (*p == '*' || *s != '/') && slow_match(p, s + 1));
    return *s == *p && slow_match(p + 1, s + 1);
}

static void test_against_definition(void **state)
{
    (void)state;
    srandom(638);
    int fits = 0;
    for (int round = 0; round < 100000; round++) {
        char pattern[9] = "";
        char name[9] = "";
        long n = random() % 8;
        for (long i = 0; i < n; i++)
            pattern[i] = "ab/*%"[random() % 5];
        n = random() % 8;
        for (long i = 0; i < n; i++)
            name[i] = "ab/"[random() % 3];
        bool want = slow_match(pattern, name);
        fits += want;
        if (folder_match(pattern, name) != want)
            fail_msg("pattern %s, name %s", pattern, name);
    }
    assert_true(fits > 1000);
}

/* What makes a backtracking matcher take longer than the universe. */
static void test_bounded_time(void **state)
{
    (void)state;
    static char name[FOLDER_NAME_MAX + 1];
    static char pattern[65536];
    memset(name, 'a', FOLDER_NAME_MAX);
    for (size_t i = 0; i + 3 < sizeof pattern; i += 3)
        memcpy(pattern + i, "*a%", 3);
    pattern[sizeof pattern - 1] = '\0';
    clock_t begin = clock();
    assert_false(folder_match(pattern, name));
    for (size_t i = 0; i + 1 < sizeof pattern; i++)
        pattern[i] = "*%"[i % 2];
    assert_true(folder_match(pattern, name));
    assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
}

static void test_too_long_a_name(void **state)
{
    (void)state;
    static char name[FOLDER_NAME_MAX + 2];
    memset(name, 'a', FOLDER_NAME_MAX + 1);
    assert_false(folder_match("*", name));
    name[FOLDER_NAME_MAX] = '\0';
    assert_true(folder_match("*", name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_against_definition),
        cmocka_unit_test(test_bounded_time),
        cmocka_unit_test(test_too_long_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
