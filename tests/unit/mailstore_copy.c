/* COPY: mailbox_copy of mailstore/mailbox.h. */
#include "mailstore_mail.h"

static void test_copy(void **state)
{
    const struct root *r = *state;
    assert_int_equal(folder_create(r->store, "Box"), STORE_OK);
    root_write(r, "dovecot-keywords", "2 Work\n5 Play\n");
    root_write(r, ".Box/dovecot-keywords", "0 play\n");
    root_write(r, "cur/1.a,S=17,W=20:2,PScX", MAIL_TEXT);
    root_write(r, "cur/2.b,S=999,W=1000,U=4:2,f", MAIL_TEXT);
    mail_deliver(r, "3.c");
    const struct timespec ts[2] = { { 1000, 0 }, { 1234567890, 0 } };
    int dir = store_root_fd(r->store);
    assert_int_equal(utimensat(dir, "cur/1.a,S=17,W=20:2,PScX", ts, 0), 0);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1S(Work)($Forwarded) 2(Play) 3*");
    uint32_t uid[] = { 1, 2, 3 };
    uint32_t new_uid[3] = { 0 };
    uint32_t validity = 0;
    assert_int_equal(mailbox_copy(mb, uid, 3, "Box", &validity, new_uid), STORE_OK);
    struct mailbox *box = mail_open(r, "Box", true);
    assert_int_equal(validity, mailbox_uidvalidity(box));
    mail_expect(box, "1S*(Work)($Forwarded) 2*(play) 3*");
    root_expect(r, ".Box/dovecot-keywords", "0 play\n1 Work\n");
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(new_uid[i], i + 1);
    /* New unique parts, sizes that tell the truth, no U=. */
    assert_string_equal(mail_find(r, ".Box/cur", "1.a"), "");
    assert_string_equal(mail_find(r, ".Box/cur", "2.b"), "");
    char path[200];
    snprintf(path, sizeof path, "%s/.Box/cur", r->path);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        assert_non_null(strstr(e->d_name, ",S=17"));
        assert_null(strstr(e->d_name, "U="));
        assert_null(strstr(e->d_name, "W=1000"));
    }
    closedir(d);
    time_t date = 0;
    assert_int_equal(mailbox_internaldate(box, 1, &date), STORE_OK);
    assert_int_equal(date, 1234567890);
    assert_int_equal(mail_count(r, ".Box/tmp"), 0);
    mailbox_close(box);
    mailbox_close(mb);
}

static void test_same_folder(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    uint32_t uid[] = { 1, 2 };
    uint32_t new_uid[2] = { 0 };
    uint32_t validity = 0;
    assert_int_equal(mailbox_copy(mb, uid, 2, "INBOX", &validity, new_uid), STORE_OK);
    mail_refresh(mb);
    mail_expect(mb, "1* 2* 3* 4*");
    mail_settle();
    mail_refresh(mb);
    assert_int_equal(mail_messages(mb), 4);
    /* A removed original leaves its copy. */
    struct flag_change deleted = { FLAGS_ADD, FLAG_DELETED, NULL, 0 };
    assert_int_equal(mailbox_store(mb, uid, 2, &deleted, NULL), STORE_OK);
    assert_int_equal(mailbox_expunge(mb, NULL, EXPUNGE_ALL, NULL), STORE_OK);
    uint64_t octets = 0;
    assert_int_equal(mailbox_size(mb, 3, &octets), STORE_OK);
    mailbox_close(mb);
}

static void test_all_or_none(void **state)
{
    const struct root *r = *state;
    assert_int_equal(folder_create(r->store, "Box"), STORE_OK);
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_remove(r, "cur/2.b:2,");
    uint32_t uid[] = { 1, 2 };
    uint32_t new_uid[2] = { 0 };
    uint32_t validity = 0;
    assert_int_equal(mailbox_copy(mb, uid, 2, "Box", &validity, new_uid), STORE_EXPUNGED);
    assert_int_equal(mailbox_copy(mb, uid, 1, "nope", &validity, new_uid), STORE_NONEXISTENT);
    assert_int_equal(mail_count(r, ".Box/tmp") + mail_count(r, ".Box/new"), 0);
    /* No letter left in the target: nothing happens. */
    char text[400] = "";
    for (int i = 0; i < 26; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d k%d\n", i, i);
    root_write(r, ".Box/dovecot-keywords", text);
    static const char *const word[] = { "Work" };
    struct flag_change change = { FLAGS_ADD, 0, word, 1 };
    assert_int_equal(mailbox_store(mb, uid, 1, &change, NULL), STORE_OK);
    assert_int_equal(mailbox_copy(mb, uid, 1, "Box", &validity, new_uid), STORE_LIMIT);
    assert_int_equal(mail_count(r, ".Box/tmp") + mail_count(r, ".Box/cur"), 0);
    mailbox_close(mb);
}

/* Flags are those on disk at the moment. */
static void test_flags_of_now(void **state)
{
    const struct root *r = *state;
    assert_int_equal(folder_create(r->store, "Box"), STORE_OK);
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_rename(r, "cur/1.a:2,", "cur/1.a:2,FS");
    uint32_t uid = 1;
    uint32_t new_uid = 0;
    uint32_t validity = 0;
    assert_int_equal(mailbox_copy(mb, &uid, 1, "Box", &validity, &new_uid), STORE_OK);
    struct mailbox *box = mail_open(r, "Box", false);
    mail_expect(box, "1FS*");
    mailbox_close(box);
    mailbox_close(mb);
}

#define T(f) cmocka_unit_test_setup_teardown(f, mail_setup, mail_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_copy),
        T(test_same_folder),
        T(test_all_or_none),
        T(test_flags_of_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
