/* Keywords that Courier left: mailstore/courier_keywords.h. */
#include "mailstore_mail.h"

#include <sys/stat.h>

#define UIDS                                                                                   \
    "1 795475929 9\n1 1700000001.a.h,S=10\n2 1700000002.b.h,S=10\n3 1700000003.c.h\n"          \
    "4 1700000004.d.h\n"

static int setup(void **state)
{
    mail_setup(state);
    const struct root *r = *state;
    root_write(r, "courierimapuiddb", UIDS);
    root_write(r, "cur/1700000001.a.h,S=10:2,S", MAIL_TEXT);
    root_write(r, "cur/1700000002.b.h,S=10:2,", MAIL_TEXT);
    root_write(r, "cur/1700000003.c.h:2,FR", MAIL_TEXT);
    root_write(r, "cur/1700000004.d.h:2,", MAIL_TEXT);
    root_mkdir(r, "courierimapkeywords");
    mail_settle();
    return 0;
}

static void expect_all(const struct root *r, const char *text)
{
    for (int i = 0; i < 2; i++) {
        struct mailbox *mb = mail_open(r, "INBOX", true);
        assert_int_equal(mailbox_uidvalidity(mb), 795475929);
        assert_int_equal(mailbox_uidnext(mb), 9);
        mail_expect(mb, text);
        mailbox_close(mb);
        root_forget_index(r);
    }
}

/* The list; what is not in it yet; what was put into it, once and again. */
static void test_ranks(void **state)
{
    const struct root *r = *state;
    root_write(r, "courierimapkeywords/:list",
               "$Forwarded\nWork\nLater\n\n1700000001.a.h,S=10:1\n1700000002.b.h,S=10:0 2 1\n"
               "1700000003.c.h:2\n1700000009.gone.h:1\n");
    root_write(r, "courierimapkeywords/1700000001.a.h,S=10", "Work\nNew\n");
    root_write(r, "courierimapkeywords/.5984920.1700000001.a.h,S=10", "Later\n");
    root_write(r, "courierimapkeywords/.5984920.1700000003.c.h", "Work\n");
    root_write(r, "courierimapkeywords/.5984921.1700000003.c.h", "work\nLATER\n");
    root_write(r, "courierimapkeywords/1700000004.d.h", "");
    expect_all(r, "1S(Work)(New) 2(Work)(Later)($Forwarded) 3RF(Work)(Later) 4");
}

/* A session that was killed in between: some names have their letters. */
static void test_again(void **state)
{
    const struct root *r = *state;
    root_write(r, "courierimapkeywords/:list",
               "Work\nLater\n\n1700000001.a.h,S=10:0\n1700000003.c.h:1\n");
    root_write(r, "dovecot-keywords", "0 Work\n1 Later\n");
    mail_rename(r, "cur/1700000001.a.h,S=10:2,S", "cur/1700000001.a.h,S=10:2,Sa");
    expect_all(r, "1S(Work) 2 3RF(Later) 4");
}

/* Once there is a dovecot-uidlist Courier's word is history. */
static void test_once(void **state)
{
    const struct root *r = *state;
    root_write(r, "courierimapkeywords/:list", "Work\n\n1700000002.b.h,S=10:0\n");
    expect_all(r, "1S 2(Work) 3RF 4");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    const char *const work = "Work";
    const struct flag_change without = { FLAGS_REMOVE, 0, &work, 1 };
    const uint32_t uid = 2;
    assert_int_equal(mailbox_store(mb, &uid, 1, &without, NULL), STORE_OK);
    mailbox_close(mb);
    expect_all(r, "1S 2 3RF 4");
}

/* What is none, or not Courier's, says nothing; and what it names is not reached. */
static void test_nonsense(void **state)
{
    const struct root *r = *state;
    int fd = store_root_fd(r->store);
    root_write(r, "secret", "Stolen\n");
    root_write(
        r, "courierimapkeywords/:list",
        "Work\nno(atom\n\\Seen\nunknown-9\n\n1700000001.a.h,S=10:0 1 2 3 4 "
        "99999999999999999999\n:0\n"
        "1700000002.b.h,S=10\n1700000003.c.h:\n../../x:0\n.:0\n..:0\n1700000004.d.h:0x1");
    assert_int_equal(symlinkat("../secret", fd, "courierimapkeywords/1700000002.b.h,S=10"), 0);
    assert_int_equal(mkfifoat(fd, "courierimapkeywords/1700000003.c.h", 0600), 0);
    root_mkdir(r, "courierimapkeywords/.7.1700000004.d.h");
    root_write(r, "courierimapkeywords/.7x.1700000003.c.h", "Wrong\n");
    root_write(r, "courierimapkeywords/.1700000003.c.h", "Wrong\n");
    expect_all(r, "1S(Work) 2 3RF 4(Work)");
}

static void test_too_many(void **state)
{
    const struct root *r = *state;
    char text[2000] = "";
    char list[2000] = "";
    for (int i = 0; i < 30; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "k%02d\n", i);
        snprintf(list + strlen(list), sizeof list - strlen(list), " %d", i);
    }
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "\n1700000002.b.h,S=10:%s\n1700000003.c.h:29 3\n", list);
    root_write(r, "courierimapkeywords/:list", text);
    expect_all(
        r,
        "1S "
        "2(k00)(k01)(k02)(k03)(k04)(k05)(k06)(k07)(k08)(k09)(k10)(k11)(k12)(k13)(k14)(k15)(k16)"
        "(k17)(k18)(k19)(k20)(k21)(k22)(k23)(k24)(k25) 3RF(k03) 4");
}

static void test_directory_is_a_link(void **state)
{
    const struct root *r = *state;
    int fd = store_root_fd(r->store);
    root_mkdir(r, "elsewhere");
    root_write(r, "elsewhere/:list", "Work\n\n1700000002.b.h,S=10:0\n");
    assert_int_equal(unlinkat(fd, "courierimapkeywords", AT_REMOVEDIR), 0);
    assert_int_equal(symlinkat("elsewhere", fd, "courierimapkeywords"), 0);
    expect_all(r, "1S 2 3RF 4");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, mail_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { T(test_ranks),    T(test_again),
                                        T(test_once),     T(test_nonsense),
                                        T(test_too_many), T(test_directory_is_a_link) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
