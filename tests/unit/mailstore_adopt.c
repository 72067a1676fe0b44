/* Taking over UW-IMAP's folders: mailstore/adopt.h. */
#include "mailstore_mail.h"

#include "mailstore/adopt.h"

static const char based[] =
    "From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n"
    "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
    "X-IMAP: 1767607200 0000000042 Work\nStatus: RO\n\nThis text is part of the format\n\n"
    "From a@example.com Mon Jan  5 11:22:33 2026\n"
    "Subject: one\nStatus: RO\nX-Status: AF\nX-Keywords: Work\nX-UID: 7\n\none\n\n"
    "From b@example.com Tue Jan  6 11:22:33 +0100 2026\n"
    "Subject: two\nStatus: O\nX-UID: 9\n\ntwo\n\n"
    "From c@example.com Wed Jan  7 11:22:33 2026\nSubject: three\n\nthree\n";
static const char bare[] =
    "From a@example.com Mon Jan  5 11:22:33 2026\nSubject: one\n\none\n\n"
    "From b@example.com Tue Jan  6 11:22:33 2026\nSubject: two\n\ntwo\n";
static const char more[] =
    "\nFrom d@example.com Thu Jan  8 11:22:33 2026\nSubject: more\n\nmore\n";

static struct adopted adopt(const struct root *r, const char *text, const char *behind,
                            const char *folder, enum adopt_result wanted)
{
    struct adopted out;
    char path[300];
    snprintf(path, sizeof path, "%s.mbox", r->path);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(write(fd, behind, strlen(behind)), (ssize_t)strlen(behind));
    enum adopt_result result = adopt_mbox(r->store, fd, folder, &out);
    close(fd);
    assert_int_equal(unlink(path), 0);
    if (result != wanted)
        fail_msg("result %d, wanted %d (%s)", result, wanted, store_error_text(out.error));
    return out;
}

static void expect_folder(const struct root *r, const char *name, const char *text)
{
    struct mailbox *mb = mail_open(r, name, false);
    mail_expect(mb, text);
    mailbox_close(mb);
}

static void test_uids(void **state)
{
    const struct root *r = *state;
    time_t date;
    struct adopted out = adopt(r, based, "", "Old/Box", ADOPT_DONE);
    assert_int_equal(out.messages, 3);
    assert_int_equal(out.added, 3);
    struct mailbox *mb = mail_open(r, "Old/Box", true);
    assert_int_equal(mailbox_uidvalidity(mb), 1767607200);
    assert_int_equal(mailbox_uidnext(mb), 44);
    mail_expect(mb, "7RFS(Work) 9* 43*");
    assert_int_equal(mailbox_internaldate(mb, 9, &date), STORE_OK);
    assert_int_equal(date, 1767694953); /* it has its zone */
    /* Again: nothing is doubled, what was deleted does not come back, what is new comes. */
    const uint32_t gone = 9;
    struct flag_change deleted = { FLAGS_ADD, FLAG_DELETED, NULL, 0 };
    assert_int_equal(mailbox_store(mb, &gone, 1, &deleted, NULL), STORE_OK);
    assert_int_equal(mailbox_expunge(mb, NULL, EXPUNGE_ALL, NULL), STORE_OK);
    mailbox_close(mb);
    out = adopt(r, based, "", "Old/Box", ADOPT_DONE);
    assert_int_equal(out.added, 0);
    assert_int_equal(out.known, 3);
    out = adopt(r, based, more, "Old/Box", ADOPT_DONE);
    assert_int_equal(out.added, 1);
    expect_folder(r, "Old/Box", "7RFS(Work) 43 44*");
}

/* A folder that has given UIDs of its own keeps them. */
/* UIDs that the file has given and has no message of any more are not given again. */
static void test_uids_gone(void **state)
{
    const struct root *r = *state;
    static const char gone[] = "From a@example.com Mon Jan  5 11:22:33 2026\nSubject: one\n"
                               "X-IMAPbase: 1767607200 42\nStatus: RO\nX-UID: 7\n\none\n";
    adopt(r, gone, "", "Gone", ADOPT_DONE);
    struct mailbox *mb = mail_open(r, "Gone", true);
    mail_expect(mb, "7S");
    assert_int_equal(mailbox_uidnext(mb), 43);
    mailbox_close(mb);
    root_forget_index(r);
    mb = mail_open(r, "Gone", true);
    assert_int_equal(mailbox_uidnext(mb), 43);
    mailbox_close(mb);
}

static void test_validity(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    expect_folder(r, "INBOX", "1*");
    struct adopted out = adopt(r, based, "", "INBOX", ADOPT_VALIDITY);
    assert_int_equal(out.added, 0);
    assert_int_equal(out.uidvalidity, 1767607200);
    expect_folder(r, "INBOX", "1*");
}

static void test_without_uids(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    expect_folder(r, "INBOX", "1*");
    assert_int_equal(adopt(r, bare, "", "INBOX", ADOPT_DONE).added, 2);
    expect_folder(r, "INBOX", "1* 2* 3*");
    assert_int_equal(adopt(r, bare, "", "INBOX", ADOPT_DONE).added, 0);
    mail_deliver(r, "2.b");
    assert_int_equal(adopt(r, bare, more, "INBOX", ADOPT_DONE).added, 1);
    struct mailbox *mb = mail_open(r, "INBOX", false);
    assert_int_equal(mail_messages(mb), 5);
    mailbox_close(mb);
    /* What was taken is there no more: nobody knows which of these are new. */
    adopt(r, bare + strlen("From a@example.com"), "", "INBOX", ADOPT_NO_MBOX);
    adopt(r, more + 1, bare, "INBOX", ADOPT_UNNUMBERED);
}

static void test_none(void **state)
{
    const struct root *r = *state;
    assert_int_equal(adopt(r, "", "", "Empty", ADOPT_DONE).messages, 0);
    expect_folder(r, "Empty", "");
    adopt(r, "hello\n", "", "None", ADOPT_NO_MBOX);
}

#define T(f) cmocka_unit_test_setup_teardown(f, mail_setup, mail_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { T(test_uids), T(test_uids_gone), T(test_validity),
                                        T(test_without_uids), T(test_none) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
