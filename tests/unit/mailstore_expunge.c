/* EXPUNGE: mailbox_expunge of mailstore/mailbox.h. */
#include "mailstore_mail.h"

static void test_all(void **state)
{
    const struct root *r = *state;
    root_write(r, "cur/1.a:2,T", MAIL_TEXT);
    root_write(r, "cur/2.b:2,", MAIL_TEXT);
    root_write(r, "cur/3.c:2,ST", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    size_t removed = 0;
    assert_int_equal(mailbox_expunge(mb, NULL, EXPUNGE_ALL, &removed), STORE_OK);
    assert_int_equal(removed, 2);
    mail_expect(mb, "2");
    assert_int_equal(mail_messages(mb), 1);
    assert_int_equal(mail_count(r, "cur"), 1);
    mail_refresh(mb);
    mail_expect(mb, "2");
    mail_expect(mb, "2");
    assert_int_equal(mailbox_expunge(mb, NULL, EXPUNGE_ALL, &removed), STORE_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(mailbox_uidnext(mb), 4);
    mailbox_close(mb);
    mb = mail_open(r, "INBOX", true);
    assert_int_equal(mailbox_uidnext(mb), 4);
    mail_expect(mb, "2");
    mailbox_close(mb);
}

static void test_some(void **state)
{
    const struct root *r = *state;
    root_write(r, "cur/1.a:2,T", MAIL_TEXT);
    root_write(r, "cur/2.b:2,T", MAIL_TEXT);
    root_write(r, "cur/3.c:2,", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    uint32_t uid[] = { 2, 3, 99 };
    size_t removed = 0;
    assert_int_equal(mailbox_expunge(mb, uid, 3, &removed), STORE_OK);
    assert_int_equal(removed, 1);
    mail_expect(mb, "1T 3");
    assert_int_equal(mailbox_expunge(mb, NULL, 0, &removed), STORE_OK); /* none: not all */
    assert_int_equal(removed, 0);
    mailbox_close(mb);
}

static void test_others(void **state)
{
    const struct root *r = *state;
    root_write(r, "cur/1.a:2,T", MAIL_TEXT);
    root_write(r, "cur/2.b:2,T", MAIL_TEXT);
    root_write(r, "cur/3.c:2,", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_rename(r, "cur/1.a:2,T", "cur/1.a:2,"); /* \Deleted was cleared */
    mail_remove(r, "cur/2.b:2,T");               /* somebody was faster */
    mail_rename(r, "cur/3.c:2,", "cur/3.c:2,T"); /* somebody has set it */
    size_t removed = 0;
    assert_int_equal(mailbox_expunge(mb, NULL, EXPUNGE_ALL, &removed), STORE_OK);
    assert_int_equal(removed, 1);
    assert_true(root_has(r, "cur/1.a:2,"));
    mail_settle();
    mail_refresh(mb);
    mail_expect(mb, "1");
    mailbox_close(mb);
}

/* A UID is never given again, though its message and its line are gone. */
static void test_uids_stay_spent(void **state)
{
    const struct root *r = *state;
    for (unsigned i = 1; i <= 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "cur/%u.x:2,T", i);
        root_write(r, name, MAIL_TEXT);
        struct mailbox *mb = mail_open(r, "INBOX", true);
        struct message_info info;
        assert_true(mailbox_get(mb, i, &info));
        assert_int_equal(mailbox_expunge(mb, NULL, EXPUNGE_ALL, NULL), STORE_OK);
        assert_int_equal(mailbox_uidnext(mb), i + 1);
        mailbox_close(mb);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, mail_setup, mail_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_all),
        T(test_some),
        T(test_others),
        T(test_uids_stay_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
