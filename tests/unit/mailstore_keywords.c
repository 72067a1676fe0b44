/* The file dovecot-keywords: mailstore/keywords.h. */
#include "mailstore_mail.h"

#include "mailstore/keywords.h"

static void look(struct keywords *kw, const struct root *r, uint32_t want)
{
    uint32_t renamed = 0;
    assert_int_equal(keywords_look(kw, store_root_fd(r->store), &renamed), STORE_OK);
    assert_int_equal(renamed, want);
}

static enum store_error add(struct keywords *kw, const struct root *r, const char *name)
{
    int dir = store_root_fd(r->store);
    int cur = openat(dir, "cur", O_RDONLY | O_DIRECTORY);
    int new = openat(dir, "new", O_RDONLY | O_DIRECTORY);
    const char *const names[] = { name };
    enum store_error e = keywords_add(kw, dir, cur, new, names, 1);
    close(cur);
    close(new);
    return e;
}

static void test_valid(void **state)
{
    (void)state;
    char name[100];
    static const char *const bad[] = { "",   "\\Seen", "a b", "a(",        "a{",   "a%",
                                       "a*", "a\"",    "a]",  "a\xc3\xa9", "a\x01" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(keyword_valid(bad[i]));
    assert_true(keyword_valid("$MDNSent"));
    assert_true(keyword_valid("NonJunk[x"));
    memset(name, 'k', sizeof name);
    name[KEYWORD_LENGTH_MAX] = '\0';
    assert_true(keyword_valid(name));
    name[KEYWORD_LENGTH_MAX] = 'k';
    name[KEYWORD_LENGTH_MAX + 1] = '\0';
    assert_false(keyword_valid(name));
}

static void test_read(void **state)
{
    const struct root *r = *state;
    struct keywords kw;
    keywords_init(&kw);
    look(&kw, r, 0);
    root_write(r, "dovecot-keywords",
               "0 Junk\n\n2 has space\n3 junk\n26 no\nx y\n25 Z\n-1 a\n4 ");
    look(&kw, r, 1U | 1U << 2 | 1U << 3 | 1U << 25);
    look(&kw, r, 0);
    assert_string_equal(keywords_name(&kw, 0), "Junk");
    assert_null(keywords_name(&kw, 1));
    assert_null(keywords_name(&kw, 2));
    assert_null(keywords_name(&kw, 3));
    assert_string_equal(keywords_name(&kw, 25), "Z");
    assert_null(keywords_name(&kw, 27));
    assert_int_equal(keywords_index(&kw, "JUNK"), 0);
    assert_int_equal(keywords_index(&kw, "$forwarded"), 26);
    assert_int_equal(keywords_index(&kw, "nope"), -1);
    /* On files, what can't be told by its name is told as Dovecot does. */
    kw.used = 1U << 2 | 1U << 3 | 1U << 7;
    assert_string_equal(keywords_name(&kw, 2), "unknown-2");
    assert_string_equal(keywords_name(&kw, 3), "unknown-3");
    assert_string_equal(keywords_name(&kw, 7), "unknown-7");
    assert_int_equal(keywords_index(&kw, "unknown-7"), 7);
    keywords_free(&kw);
}

static void test_add(void **state)
{
    const struct root *r = *state;
    struct keywords kw;
    struct stat before;
    struct stat after;
    int dir = store_root_fd(r->store);
    keywords_init(&kw);
    root_write(r, "dovecot-keywords", "1 two words\n3 Work\n");
    root_write(r, "cur/1.a:2,Sa", MAIL_TEXT);
    root_write(r, "dovecot-keywords.lock", "left by a crash");
    look(&kw, r, 1U << 1 | 1U << 3);
    assert_int_equal(fstatat(dir, "dovecot-keywords", &before, 0), 0);
    assert_int_equal(add(&kw, r, "New"), STORE_OK);
    /* a is in use, b and d have names. */
    root_expect(r, "dovecot-keywords", "1 two words\n2 New\n3 Work\n");
    assert_int_equal(fstatat(dir, "dovecot-keywords", &after, 0), 0);
    assert_true(after.st_mtim.tv_sec > before.st_mtim.tv_sec);
    assert_int_equal(add(&kw, r, "Newer"), STORE_OK);
    before = after;
    assert_int_equal(fstatat(dir, "dovecot-keywords", &after, 0), 0);
    assert_true(after.st_mtim.tv_sec > before.st_mtim.tv_sec);
    assert_int_equal(add(&kw, r, "not an atom"), STORE_LIMIT);
    assert_int_equal(add(&kw, r, "WORK"), STORE_OK);
    assert_int_equal(add(&kw, r, "$Forwarded"), STORE_OK);
    root_expect(r, "dovecot-keywords", "1 two words\n2 New\n3 Work\n4 Newer\n");
    look(&kw, r, 0);
    assert_false(root_has(r, "dovecot-keywords.lock"));
    /* Another process sees it. */
    struct keywords other;
    keywords_init(&other);
    look(&other, r, 1U << 1 | 1U << 2 | 1U << 3 | 1U << 4);
    assert_int_equal(keywords_index(&other, "newer"), 4);
    keywords_free(&other);
    keywords_free(&kw);
}

static void test_forwarded_letter(void **state)
{
    const struct root *r = *state;
    struct keywords kw;
    keywords_init(&kw);
    root_write(r, "dovecot-keywords", "0 A\n1 $forwarded\n");
    look(&kw, r, 3);
    assert_int_equal(kw.alias, 1);
    assert_null(keywords_name(&kw, 1));
    assert_int_equal(keywords_from_letters(&kw, 1U << 1 | 1), LETTER_P | 1);
    assert_int_equal(keywords_to_letters(&kw, LETTER_P | 1), LETTER_P | 1U << 1 | 1);
    assert_int_equal(keywords_from_letters(&kw, LETTER_P), LETTER_P);
    keywords_free(&kw);
}

static void test_forwarded_stays(void **state)
{
    const struct root *r = *state;
    root_write(r, "dovecot-keywords", "0 A\n1 $Forwarded\n");
    root_write(r, "cur/1.a:2,b", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1($Forwarded)");
    uint32_t uid = 1;
    struct flag_change change = { FLAGS_ADD, FLAG_SEEN, NULL, 0 };
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, NULL), STORE_OK);
    assert_true(root_has(r, "cur/1.a:2,Sb"));
    static const char *const word[] = { "$FORWARDED" };
    change = (struct flag_change){ FLAGS_REMOVE, 0, word, 1 };
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, NULL), STORE_OK);
    assert_true(root_has(r, "cur/1.a:2,S"));
    change.op = FLAGS_ADD;
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, NULL), STORE_OK);
    assert_true(root_has(r, "cur/1.a:2,PSb"));
    mailbox_close(mb);
}

static void test_named_later(void **state)
{
    const struct root *r = *state;
    root_write(r, "cur/1.a:2,c", MAIL_TEXT);
    root_write(r, "cur/2.b:2,", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1(unknown-2) 2");
    uint64_t seen = mailbox_modseq(mb);
    root_write(r, "dovecot-keywords", "2 Late\n");
    mail_refresh(mb);
    mail_expect_since(mb, seen, "1(Late)");
    /* The file is lost: what was known stays known. */
    mail_remove(r, "dovecot-keywords");
    mail_refresh(mb);
    mail_expect(mb, "1(Late) 2");
    mailbox_close(mb);
}

#define T(f) cmocka_unit_test_setup_teardown(f, mail_setup, mail_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        T(test_read),
        T(test_add),
        T(test_forwarded_letter),
        T(test_forwarded_stays),
        T(test_named_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
