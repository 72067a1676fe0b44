/* APPEND: mailstore/append.h. */
#include "mailstore_mail.h"

#include "mailstore/append.h"

static const struct flag_change no_flags = { FLAGS_REPLACE, 0, NULL, 0 };

static struct append *begin(const struct root *r, const char *folder)
{
    struct append *a = NULL;
    assert_int_equal(append_open(r->store, folder, &a), STORE_OK);
    return a;
}

static uint32_t append_text(const struct root *r, const char *text, const struct flag_change *f)
{
    uint32_t validity = 0;
    uint32_t uid = 0;
    struct append *a = begin(r, "INBOX");
    assert_int_equal(append_message(a, f, 86400), STORE_OK);
    assert_int_equal(append_write(a, text, strlen(text)), STORE_OK);
    assert_int_equal(append_commit(a, &validity, &uid), STORE_OK);
    assert_true(validity > 0);
    return uid;
}

static void test_one(void **state)
{
    const struct root *r = *state;
    assert_int_equal(append_text(r, "A: b\r\n\r\ntext\r\n", &no_flags), 1);
    char path[400];
    char host[100] = "";
    char want[200];
    const char *name = mail_find(r, "new", "");
    gethostname(host, sizeof host - 1);
    snprintf(want, sizeof want, "P%d.%.64s,S=11,W=14", (int)getpid(), host);
    assert_non_null(strstr(name, want));
    struct stat st;
    snprintf(path, sizeof path, "new/%s", name);
    root_expect(r, path, "A: b\n\ntext\n");
    assert_int_equal(fstatat(store_root_fd(r->store), path, &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_mtim.tv_sec, 86400);
    assert_int_equal(mail_count(r, "tmp"), 0);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1*");
    uint64_t octets = 0;
    assert_int_equal(mailbox_size(mb, 1, &octets), STORE_OK);
    assert_int_equal(octets, 14);
    /* Our own folder is open: what is added comes with the next look. */
    uint64_t seen = mailbox_modseq(mb);
    assert_int_equal(append_text(r, "x", &no_flags), 2);
    mail_refresh(mb);
    mail_expect_since(mb, seen, "2*");
    mailbox_close(mb);
}

static void test_line_ends(void **state)
{
    const struct root *r = *state;
    static const struct {
        const char *given;
        const char *stored;
        const char *numbers;
    } table[] = {
        { "", "", ",S=0,W=0" },
        { "\r\n", "\n", ",S=1,W=2" },
        { "\n", "\n", ",S=1,W=2" },
        { "\r", "\r", ",S=1,W=1" },
        { "a\rb", "a\rb", ",S=3,W=3" },
        { "\r\r\n", "\r\r\n", ",S=3,W=3" },
        { "\r\r\r\nx", "\r\r\r\nx", ",S=5,W=5" },
        { "a\r\n\r\nb\n\r\n", "a\n\nb\n\n", ",S=6,W=10" },
        { "a\r\n\n\r", "a\n\n\r", ",S=4,W=6" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        /* In one go, and an octet at a time. */
        for (int way = 0; way < 2; way++) {
            struct append *a = begin(r, "INBOX");
            uint32_t validity = 0;
            uint32_t uid = 0;
            assert_int_equal(append_message(a, &no_flags, 1), STORE_OK);
            size_t n = strlen(table[i].given);
            for (size_t at = 0; way == 1 && at < n; at++)
                assert_int_equal(append_write(a, table[i].given + at, 1), STORE_OK);
            if (way == 0)
                assert_int_equal(append_write(a, table[i].given, n), STORE_OK);
            assert_int_equal(append_commit(a, &validity, &uid), STORE_OK);
            char path[400];
            snprintf(path, sizeof path, "new/%s", mail_find(r, "new", ""));
            assert_string_equal(path + strlen(path) - strlen(table[i].numbers),
                                table[i].numbers);
            root_expect(r, path, table[i].stored);
            struct mailbox *mb = mail_open(r, "INBOX", false);
            uint64_t octets = 0;
            assert_int_equal(mailbox_size(mb, uid, &octets), STORE_OK);
            /* W= is what BODY[] sends. */
            assert_int_equal(octets, strtoull(strstr(path, ",W=") + 3, NULL, 10));
            mailbox_close(mb);
            mail_remove(r, path);
        }
    }
}

/* A message with binary parts is kept octet for octet, and W= counts each bare LF twice. The
 * next message of the same commit is not. */
static void test_verbatim(void **state)
{
    const struct root *r = *state;
    static const char given[] = "A: b\r\n\r\n\n\0\r\r\nx\n\r";
    static const uint64_t size = sizeof given - 1;
    for (int way = 0; way < 2; way++) {
        struct append *a = begin(r, "INBOX");
        uint32_t validity = 0;
        uint32_t uid[2];
        assert_int_equal(append_message(a, &no_flags, 1), STORE_OK);
        append_verbatim(a);
        for (size_t at = 0; way == 1 && at < size; at++)
            assert_int_equal(append_write(a, given + at, 1), STORE_OK);
        if (way == 0)
            assert_int_equal(append_write(a, given, size), STORE_OK);
        assert_int_equal(append_message(a, &no_flags, 1), STORE_OK);
        assert_int_equal(append_write(a, "y\r\n", 3), STORE_OK);
        assert_int_equal(append_commit(a, &validity, uid), STORE_OK);
        struct mailbox *mb = mail_open(r, "INBOX", false);
        for (int i = 0; i < 2; i++) {
            struct message_input *in = NULL;
            uint64_t octets = 0;
            char got[64];
            assert_int_equal(mailbox_size(mb, uid[i], &octets), STORE_OK);
            assert_int_equal(octets, i == 0 ? size + 2 : 3);
            assert_int_equal(mailbox_message_open(mb, uid[i], &in), STORE_OK);
            assert_int_equal(in->pread(in, got, sizeof got, 0), i == 0 ? size : 2);
            assert_memory_equal(got, i == 0 ? given : "y\n", i == 0 ? size : 2);
            mailbox_message_close(in);
        }
        mailbox_close(mb);
    }
}

static void test_large(void **state)
{
    const struct root *r = *state;
    struct append *a = begin(r, "INBOX");
    uint32_t validity = 0;
    uint32_t uid = 0;
    assert_int_equal(append_message(a, &no_flags, 1), STORE_OK);
    for (int i = 0; i < 30000; i++)
        assert_int_equal(append_write(a, "0123456789\r\n", 12), STORE_OK);
    assert_int_equal(append_commit(a, &validity, &uid), STORE_OK);
    assert_non_null(strstr(mail_find(r, "new", ""), ",S=330000,W=360000"));
}

static void test_flags(void **state)
{
    const struct root *r = *state;
    static const char *const word[] = { "Work", "$Forwarded" };
    struct flag_change f = { FLAGS_REPLACE, FLAG_SEEN | FLAG_DRAFT, word, 2 };
    assert_int_equal(append_text(r, "x", &f), 1);
    assert_int_equal(mail_count(r, "new"), 0);
    assert_non_null(strstr(mail_find(r, "cur", ""), ",S=1,W=1:2,DPSa"));
    root_expect(r, "dovecot-keywords", "0 Work\n");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1SD*(Work)($Forwarded)");
    mailbox_close(mb);
}

static void test_many(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    struct append *a = begin(r, "INBOX");
    uint32_t validity = 0;
    uint32_t uid[20];
    struct flag_change seen = { FLAGS_REPLACE, FLAG_SEEN, NULL, 0 };
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(append_message(a, i % 2 ? &seen : &no_flags, 1), STORE_OK);
        assert_int_equal(append_write(a, "text\r\n", 6), STORE_OK);
    }
    mail_refresh(mb);
    assert_int_equal(mail_messages(mb), 1); /* nothing is there before the end */
    assert_int_equal(append_commit(a, &validity, uid), STORE_OK);
    assert_int_equal(validity, mailbox_uidvalidity(mb));
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(uid[i], i + 2);
    mail_refresh(mb);
    assert_int_equal(mail_messages(mb), 21);
    struct message_info info;
    assert_true(mailbox_get(mb, 3, &info));
    assert_int_equal(info.flags, FLAG_SEEN);
    mailbox_close(mb);
}

static void test_cancelled(void **state)
{
    const struct root *r = *state;
    struct append *a = begin(r, "INBOX");
    assert_int_equal(append_message(a, &no_flags, 1), STORE_OK);
    assert_int_equal(append_write(a, "text\r\n", 6), STORE_OK);
    assert_int_equal(append_message(a, &no_flags, 1), STORE_OK);
    append_cancel(a);
    assert_int_equal(mail_count(r, "tmp"), 0);
    assert_int_equal(mail_count(r, "new"), 0);
    a = NULL;
    assert_int_equal(append_open(r->store, "nope", &a), STORE_NONEXISTENT);
    assert_null(a);
}

static void test_damaged_list(void **state)
{
    const struct root *r = *state;
    root_write(r, "cur/1.a:2,", MAIL_TEXT);
    root_write(r, "dovecot-uidlist",
               "3 V5 N9 G0123456789abcdef0123456789abcdef\n4 :1.a\n12 :b");
    uint32_t uid = append_text(r, "x", &no_flags);
    assert_true(uid > 12);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    assert_int_equal(mailbox_uidvalidity(mb), 5);
    assert_int_equal(mail_messages(mb), 2);
    struct message_info info;
    assert_true(mailbox_get(mb, 4, &info));
    assert_true(mailbox_get(mb, uid, &info));
    mailbox_close(mb);
}

static void test_limits(void **state)
{
    const struct root *r = *state;
    root_write(r, "dovecot-uidlist", "3 V5 N2147483647 G0123456789abcdef0123456789abcdef\n");
    struct append *a = begin(r, "INBOX");
    uint32_t validity = 0;
    uint32_t uid = 0;
    assert_int_equal(append_message(a, &no_flags, 1), STORE_OK);
    assert_int_equal(append_commit(a, &validity, &uid), STORE_LIMIT);
    assert_int_equal(mail_count(r, "tmp"), 0);
    assert_int_equal(mail_count(r, "new"), 0);
    /* Keywords: none is made, nothing added. */
    root_write(r, "dovecot-uidlist", "3 V5 N1 G0123456789abcdef0123456789abcdef\n");
    char text[400] = "";
    for (int i = 0; i < 26; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d k%d\n", i, i);
    root_write(r, "dovecot-keywords", text);
    static const char *const word[] = { "K5", "more" };
    struct flag_change f = { FLAGS_REPLACE, 0, word, 2 };
    a = begin(r, "INBOX");
    assert_int_equal(append_message(a, &f, 1), STORE_OK);
    assert_int_equal(append_commit(a, &validity, &uid), STORE_LIMIT);
    assert_int_equal(mail_count(r, "tmp") + mail_count(r, "new") + mail_count(r, "cur"), 0);
    root_expect(r, "dovecot-uidlist", "3 V5 N1 G0123456789abcdef0123456789abcdef\n");
    root_expect(r, "dovecot-keywords", text);
}

/* --- Mail that another server has kept.
 * ------------------------------------------------------- */

static void put(struct append *a, uint32_t uid)
{
    static const struct flag_change none = { 0 };
    assert_int_equal(append_message(a, &none, 1000), STORE_OK);
    append_uid(a, uid);
    assert_int_equal(append_write(a, "X: 1\r\n\r\n", 8), STORE_OK);
}

/* UIDs and UIDVALIDITY that are asked for, and flags that are known only at a message's end. */
static void test_given_uids(void **state)
{
    const struct root *r = *state;
    static const char *const word[] = { "Work" };
    const struct flag_change flags = { FLAGS_REPLACE, FLAG_SEEN, word, 1 };
    struct append *a;
    uint32_t uid[3];
    uint32_t validity;
    assert_int_equal(folder_create(r->store, "Box"), STORE_OK);
    assert_int_equal(append_open(r->store, "Box", &a), STORE_OK);
    append_uidvalidity(a, 1234567);
    put(a, 7);
    assert_int_equal(append_flags(a, &flags), STORE_OK);
    put(a, 0);
    put(a, 100);
    assert_int_equal(append_commit(a, &validity, uid), STORE_OK);
    assert_int_equal(validity, 1234567);
    assert_int_equal(uid[0], 7);
    assert_int_equal(uid[1], 8);
    assert_int_equal(uid[2], 100);
    struct mailbox *mb = mail_open(r, "Box", false);
    assert_int_equal(mailbox_uidvalidity(mb), 1234567);
    mail_expect(mb, "7S(Work) 8* 100*");
    mailbox_close(mb);
    /* Never below what was given, nor another UIDVALIDITY. */
    assert_int_equal(append_open(r->store, "Box", &a), STORE_OK);
    put(a, 100);
    assert_int_equal(append_commit(a, &validity, uid), STORE_EXISTS);
    assert_int_equal(append_open(r->store, "Box", &a), STORE_OK);
    append_uidvalidity(a, 1234568);
    put(a, 101);
    assert_int_equal(append_commit(a, &validity, uid), STORE_CANNOT);
    assert_int_equal(mail_count(r, ".Box/tmp"), 0);
    mb = mail_open(r, "Box", false);
    assert_int_equal(mail_messages(mb), 3);
    mailbox_close(mb);
}

#define T(f) cmocka_unit_test_setup_teardown(f, mail_setup, mail_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_given_uids),   T(test_one),    T(test_line_ends), T(test_verbatim),
        T(test_large),        T(test_flags),  T(test_many),      T(test_cancelled),
        T(test_damaged_list), T(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
