/* A folder and what others do to it: mailstore/mailbox.h. */
#include "mailstore_mail.h"

#include "message/message.h"

static void test_empty(void **state)
{
    const struct root *r = *state;
    struct mailbox *mb = mail_open(r, "INBOX", true);
    assert_true(mailbox_writable(mb));
    assert_int_equal(mail_messages(mb), 0);
    assert_int_equal(mailbox_uidnext(mb), 1);
    assert_true(mailbox_uidvalidity(mb) > 0);
    assert_true(mailbox_uidvalidity(mb) < 0x80000000U);
    assert_true(root_has(r, "dovecot-uidlist"));
    assert_true(mailbox_keywords_free(mb));
    assert_string_equal(mailbox_keyword(mb, 26), "$Forwarded");
    assert_null(mailbox_keyword(mb, 0));
    mailbox_close(mb);
    assert_int_equal(mailbox_open(r->store, "nope", true, &mb), STORE_NONEXISTENT);
}

static void test_delivery(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1000000002.b");
    mail_deliver(r, "1000000001.a");
    mail_deliver(r, "1000000001.M5.c");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    uint32_t validity = mailbox_uidvalidity(mb);
    /* By seconds, then microseconds. */
    mail_expect(mb, "1* 2* 3*");
    assert_true(root_has(r, "cur/1000000001.a:2,"));
    assert_true(root_has(r, "cur/1000000001.M5.c:2,"));
    assert_int_equal(mailbox_uidnext(mb), 4);
    uint64_t seen = mailbox_modseq(mb);
    mail_deliver(r, "1.older");
    mail_refresh(mb);
    mail_expect_since(mb, seen, "4*");
    assert_int_equal(mail_messages(mb), 4);
    mailbox_close(mb);
    mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1 2 3 4");
    assert_int_equal(mailbox_uidvalidity(mb), validity);
    mailbox_close(mb);
}

static void test_examine(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", false);
    assert_false(mailbox_writable(mb));
    mail_expect(mb, "1*");
    assert_true(root_has(r, "new/1.a"));
    mailbox_close(mb);
    struct mailbox *first = mail_open(r, "INBOX", true);
    struct mailbox *second = mail_open(r, "INBOX", true);
    mail_expect(first, "1*");
    mail_expect(second, "1");
    mailbox_close(first);
    mailbox_close(second);
}

static void test_foreign_changes(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    mail_deliver(r, "3.c");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    uint64_t seen = mailbox_modseq(mb);
    mail_rename(r, "cur/1.a:2,", "cur/1.a,S=17:2,FSX");
    mail_remove(r, "cur/2.b:2,");
    mail_refresh(mb);
    mail_expect_since(mb, seen, "1FS* 2*-");
    assert_int_equal(mail_messages(mb), 2);
    mail_expect(mb, "1FS* 3*");
    struct message_info info;
    assert_true(mailbox_is_gone(mb, 2));
    assert_true(mailbox_get(mb, 1, &info));
    /* Back from a backup: another message, since its expunge was told. */
    root_write(r, "cur/2.b:2,", MAIL_TEXT);
    mail_refresh(mb);
    mail_expect(mb, "1FS* 3* 4");
    mailbox_close(mb);
    mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1FS 3 4");
    mailbox_close(mb);
}

static void test_order_of_flags(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    static const char *const word[] = { "$Junk", "Work", "$Forwarded" };
    uint32_t uid[] = { 1, 7 };
    size_t gone = 0;
    struct flag_change change = { FLAGS_ADD, FLAG_SEEN | FLAG_DRAFT, word, 3 };
    assert_int_equal(mailbox_store(mb, uid, 2, &change, &gone), STORE_OK);
    assert_int_equal(gone, 1);
    assert_true(root_has(r, "cur/1.a:2,DPSab"));
    mail_expect(mb, "1SD*($Junk)(Work)($Forwarded)");
    root_expect(r, "dovecot-keywords", "0 $Junk\n1 Work\n");
    change = (struct flag_change){ FLAGS_REMOVE, FLAG_DRAFT, word, 1 };
    assert_int_equal(mailbox_store(mb, uid, 1, &change, &gone), STORE_OK);
    assert_true(root_has(r, "cur/1.a:2,PSb"));
    static const char *const any_case[] = { "work" };
    change = (struct flag_change){ FLAGS_REPLACE, FLAG_ANSWERED, any_case, 1 };
    assert_int_equal(mailbox_store(mb, uid, 1, &change, &gone), STORE_OK);
    assert_true(root_has(r, "cur/1.a:2,Rb"));
    uint64_t seen = mailbox_modseq(mb);
    assert_int_equal(mailbox_store(mb, uid, 1, &change, &gone), STORE_OK);
    assert_int_equal(mailbox_modseq(mb), seen);
    mail_refresh(mb);
    mail_expect_since(mb, seen, "");
    mailbox_close(mb);
}

static void test_store_merges(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_settle();
    mail_refresh(mb);
    /* Others set a flag and an unknown letter, and remove a message, unseen by us. */
    mail_rename(r, "cur/1.a:2,", "cur/1.a:2,FQ");
    mail_remove(r, "cur/2.b:2,");
    uint32_t uid[] = { 1, 2 };
    size_t gone = 0;
    struct flag_change change = { FLAGS_ADD, FLAG_SEEN, NULL, 0 };
    assert_int_equal(mailbox_store(mb, uid, 2, &change, &gone), STORE_OK);
    assert_int_equal(gone, 1);
    assert_true(root_has(r, "cur/1.a:2,FQS"));
    mail_expect(mb, "1FS*");
    mailbox_close(mb);
}

static void test_store_in_new(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", false);
    uint32_t uid = 1;
    struct flag_change change = { FLAGS_ADD, FLAG_SEEN, NULL, 0 };
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, NULL), STORE_OK);
    assert_true(root_has(r, "cur/1.a:2,S"));
    mail_refresh(mb);
    mail_expect(mb, "1S*");
    mailbox_close(mb);
}

static void test_keywords_full(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    char name[26][8];
    const char *word[26];
    for (int i = 0; i < 26; i++) {
        snprintf(name[i], sizeof name[i], "k%d", i);
        word[i] = name[i];
    }
    uint32_t uid = 1;
    struct flag_change change = { FLAGS_ADD, 0, word, 26 };
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, NULL), STORE_OK);
    assert_false(mailbox_keywords_free(mb));
    static const char *const more[] = { "k3", "another" };
    change = (struct flag_change){ FLAGS_REPLACE, 0, more, 2 };
    uint64_t seen = mailbox_modseq(mb);
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, NULL), STORE_LIMIT);
    assert_int_equal(mailbox_modseq(mb), seen);
    assert_true(root_has(r, "cur/1.a:2,abcdefghijklmnopqrstuvwxyz"));
    mailbox_close(mb);
}

static void test_unknown_letter(void **state)
{
    const struct root *r = *state;
    root_write(r, "cur/1.a:2,Sc", MAIL_TEXT);
    root_write(r, "cur/2.b:2,Pd", MAIL_TEXT);
    root_write(r, "dovecot-keywords", "0 A\n3 $Forwarded\njunk\n99 x\n");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1S(unknown-2) 2($Forwarded)");
    /* A new keyword does not get the letter that is in use. */
    static const char *const word[] = { "B", "C" };
    uint32_t uid = 1;
    struct flag_change change = { FLAGS_ADD, 0, word, 2 };
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, NULL), STORE_OK);
    mail_expect(mb, "1S(B)(unknown-2)(C) 2($Forwarded)");
    root_expect(r, "dovecot-keywords", "0 A\n1 B\n3 $Forwarded\n4 C\n");
    mailbox_close(mb);
}

static void test_two_sessions(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *a = mail_open(r, "INBOX", true);
    struct mailbox *b = mail_open(r, "INBOX", true);
    uint32_t uid[] = { 1, 2 };
    struct flag_change deleted = { FLAGS_ADD, FLAG_DELETED, NULL, 0 };
    struct flag_change seen = { FLAGS_ADD, FLAG_SEEN, NULL, 0 };
    assert_int_equal(mailbox_store(a, uid, 2, &deleted, NULL), STORE_OK);
    assert_int_equal(mailbox_store(b, uid, 1, &seen, NULL), STORE_OK);
    mail_refresh(a);
    mail_expect(a, "1TS* 2T*");
    /* b clears \Deleted of 2; a's expunge of what it knew leaves it. */
    struct flag_change undelete = { FLAGS_REMOVE, FLAG_DELETED, NULL, 0 };
    assert_int_equal(mailbox_store(b, uid + 1, 1, &undelete, NULL), STORE_OK);
    size_t removed = 0;
    assert_int_equal(mailbox_expunge(a, NULL, EXPUNGE_ALL, &removed), STORE_OK);
    assert_int_equal(removed, 1);
    mail_expect(a, "2*");
    mail_settle();
    mail_refresh(b);
    mail_expect(b, "2");
    struct message_input *in = NULL;
    assert_int_equal(mailbox_message_open(b, 1, &in), STORE_EXPUNGED);
    mailbox_close(a);
    mailbox_close(b);
}

static void test_reading(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    root_write(r, "cur/3.c,S=1,W=1:2,", "X: y\n\nline\r\nend");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    struct message_input *in = NULL;
    char buf[100];
    mail_rename(r, "cur/1.a:2,", "cur/1.a:2,S");
    assert_int_equal(mailbox_message_open(mb, 1, &in), STORE_OK);
    assert_int_equal(in->pread(in, buf, sizeof buf, 0), strlen(MAIL_TEXT));
    assert_memory_equal(buf, MAIL_TEXT, strlen(MAIL_TEXT));
    assert_int_equal(in->pread(in, buf, sizeof buf, strlen(MAIL_TEXT)), 0);
    assert_int_equal(in->pread(in, buf, sizeof buf, UINT64_MAX), 0);
    mailbox_message_close(in);
    uint64_t octets = 0;
    assert_int_equal(mailbox_size(mb, 1, &octets), STORE_OK);
    assert_int_equal(octets, strlen(MAIL_TEXT) + 3);
    /* The name lies; the size is that of what is sent. */
    assert_int_equal(mailbox_size(mb, 3, &octets), STORE_OK);
    assert_int_equal(octets, strlen("X: y\r\n\r\nline\r\nend"));
    mail_remove(r, "cur/2.b:2,");
    assert_int_equal(mailbox_message_open(mb, 2, &in), STORE_EXPUNGED);
    assert_int_equal(mailbox_message_open(mb, 77, &in), STORE_EXPUNGED);
    time_t date = 0;
    assert_int_equal(mailbox_internaldate(mb, 2, &date), STORE_EXPUNGED);
    const struct timespec ts[2] = { { 1000, 0 }, { 1234567890, 0 } };
    assert_int_equal(utimensat(store_root_fd(r->store), "cur/1.a:2,S", ts, 0), 0);
    assert_int_equal(mailbox_internaldate(mb, 1, &date), STORE_OK);
    assert_int_equal(date, 1234567890);
    mailbox_close(mb);
}

static void test_not_files(void **state)
{
    const struct root *r = *state;
    root_mkdir(r, "cur/1.dir");
    root_write(r, "cur/.hidden", "x");
    root_write(r, "secret", "x");
    int fd = store_root_fd(r->store);
    assert_int_equal(symlinkat("../secret", fd, "cur/2.link:2,S"), 0);
    assert_int_equal(mkfifoat(fd, "new/3.fifo", 0600), 0);
    mail_deliver(r, "4.d");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1*");
    /* A link that takes a message's place is not followed. */
    mail_remove(r, "cur/4.d:2,");
    assert_int_equal(symlinkat("../secret", fd, "cur/4.d:2,"), 0);
    struct message_input *in = NULL;
    enum store_error e = mailbox_message_open(mb, 1, &in);
    assert_true(e == STORE_NOPERM || e == STORE_EXPUNGED);
    mailbox_close(mb);
    assert_true(root_has(r, "cur/1.dir"));
    assert_true(root_has(r, "cur/.hidden"));
}

static void test_bad_names(void **state)
{
    const struct root *r = *state;
    char name[300] = "cur/";
    memset(name + 4, 'x', 230);
    memcpy(name + 234, ":2,S", 5);
    root_write(r, name, MAIL_TEXT);
    root_write(r, "cur/:2,F", MAIL_TEXT);
    root_write(r, "new/a\nb", MAIL_TEXT);
    root_write(r, "new/,S=5", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    assert_int_equal(mail_messages(mb), 4);
    unsigned seen = 0;
    unsigned flagged = 0;
    for (uint32_t uid = 1; uid <= 4; uid++) {
        struct message_info info;
        assert_true(mailbox_get(mb, uid, &info));
        seen += (info.flags & FLAG_SEEN) != 0;
        flagged += (info.flags & FLAG_FLAGGED) != 0;
    }
    assert_int_equal(seen, 1);
    assert_int_equal(flagged, 1);
    assert_int_equal(mail_count(r, "cur"), 4);
    mailbox_close(mb);
    mb = mail_open(r, "INBOX", true);
    assert_int_equal(mail_messages(mb), 4);
    assert_int_equal(mailbox_uidnext(mb), 5);
    mailbox_close(mb);
}

static void test_same_unique(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    /* Another message by the same unique part, in new/ and in cur/. */
    root_write(r, "new/1.a", "Subject: other\n\n");
    root_write(r, "cur/1.a,S=4:2,T", "Subject: third\n\n");
    mail_refresh(mb);
    mail_refresh(mb);
    assert_int_equal(mail_messages(mb), 3);
    assert_int_equal(mail_count(r, "new") + mail_count(r, "cur"), 3);
    /* One file with two names: not touched while it is fresh. */
    int fd = store_root_fd(r->store);
    mail_deliver(r, "5.e");
    assert_int_equal(linkat(fd, "new/5.e", fd, "cur/5.e:2,S", 0), 0);
    mail_refresh(mb);
    assert_int_equal(mail_messages(mb), 4);
    mail_settle();
    mail_refresh(mb);
    assert_int_equal(mail_messages(mb), 4);
    mailbox_close(mb);
}

static void test_deleted_folder(void **state)
{
    const struct root *r = *state;
    assert_int_equal(folder_create(r->store, "Box"), STORE_OK);
    struct mailbox *mb = mail_open(r, "Box", true);
    assert_int_equal(folder_delete(r->store, "Box"), STORE_OK);
    assert_int_equal(mailbox_refresh(mb), STORE_NONEXISTENT);
    assert_int_equal(mailbox_refresh(mb), STORE_NONEXISTENT);
    mailbox_close(mb);
}

static void test_renamed_folder(void **state)
{
    const struct root *r = *state;
    assert_int_equal(folder_create(r->store, "Box"), STORE_OK);
    struct mailbox *mb = mail_open(r, "Box", true);
    uint32_t validity = mailbox_uidvalidity(mb);
    assert_int_equal(folder_rename(r->store, "Box", "Other"), STORE_OK);
    root_write(r, ".Other/new/1.a", MAIL_TEXT);
    mail_refresh(mb);
    mail_expect(mb, "1*");
    assert_int_equal(mailbox_uidvalidity(mb), validity);
    mailbox_close(mb);
}

static void test_missing_dirs(void **state)
{
    const struct root *r = *state;
    root_mkdir(r, ".Box");
    root_mkdir(r, ".Box/cur");
    root_write(r, ".Box/cur/1.a:2,S", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "Box", true);
    mail_expect(mb, "1S");
    assert_true(root_has(r, ".Box/new"));
    assert_true(root_has(r, ".Box/tmp"));
    mailbox_close(mb);
}

static void test_line_without_file(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_settle();
    mail_refresh(mb);
    /* An addition in progress: the lock, the lines, then the files, in order. */
    root_write(r, "dovecot-uidlist.lock", "");
    root_append(r, "dovecot-uidlist", "2 :2.b\n3 :3.c\n");
    mail_refresh(mb);
    mail_expect(mb, "1*");
    assert_int_equal(mailbox_uidnext(mb), 2);
    mail_deliver(r, "2.b");
    mail_deliver(r, "3.c");
    mail_refresh(mb);
    mail_expect(mb, "1* 2* 3*");
    assert_int_equal(mailbox_uidnext(mb), 4);
    mailbox_close(mb);
}

/* The one who wrote the lines is gone: they are spent. */
static void test_lines_left_behind(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_settle();
    mail_refresh(mb);
    mail_settle();
    mail_refresh(mb);
    root_write(r, "dovecot-uidlist.lock", "");
    root_append(r, "dovecot-uidlist", "2 :2.b\n3 :3.c\n");
    mail_refresh(mb);
    assert_int_equal(mailbox_uidnext(mb), 2);
    mail_remove(r, "dovecot-uidlist.lock");
    const struct timespec t = { 1, 200 * 1000000L }; /* after our own move from new/ to cur/ */
    nanosleep(&t, NULL);
    mail_refresh(mb);
    assert_int_equal(mailbox_uidnext(mb), 4);
    /* Nothing that was told is taken back: a file that comes after all is a new message. */
    mail_deliver(r, "2.b");
    mail_refresh(mb);
    mail_expect(mb, "1* 4*");
    mailbox_close(mb);
    mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1 4");
    assert_int_equal(mailbox_uidnext(mb), 5);
    mailbox_close(mb);
}

static void test_dead_line(void **state)
{
    const struct root *r = *state;
    root_write(r, "dovecot-uidlist",
               "3 V77 N5 G0123456789abcdef0123456789abcdef\n1 :1.a\n2 :2.b\n3 :3.c\n");
    root_write(r, "cur/1.a:2,", MAIL_TEXT);
    root_write(r, "cur/3.c:2,", MAIL_TEXT);
    /* Just written: the directories' stamps are younger than the grain. */
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1 3");
    assert_int_equal(mailbox_uidvalidity(mb), 77);
    assert_int_equal(mailbox_uidnext(mb), 5);
    mailbox_close(mb);
}

static void test_other_program_numbers(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    uint32_t validity = mailbox_uidvalidity(mb);
    /* Dovecot gives a file whose base name changed a new UID: so it is for us. */
    mail_rename(r, "cur/1.a:2,", "cur/1.a,S=17:2,");
    char list[200];
    snprintf(list, sizeof list, "3 V%u N3 G0123456789abcdef0123456789abcdef\n2 :1.a,S=17\n",
             validity);
    root_write(r, "dovecot-uidlist.new", list);
    mail_rename(r, "dovecot-uidlist.new", "dovecot-uidlist");
    mail_settle();
    mail_refresh(mb);
    mail_expect(mb, "2");
    /* Another UIDVALIDITY: this mailbox is none any more. */
    snprintf(list, sizeof list, "3 V%u N3 G0123456789abcdef0123456789abcdef\n2 :1.a,S=17\n",
             validity + 1);
    root_write(r, "dovecot-uidlist.new", list);
    mail_rename(r, "dovecot-uidlist.new", "dovecot-uidlist");
    assert_int_equal(mailbox_refresh(mb), STORE_CORRUPT);
    assert_int_equal(mailbox_refresh(mb), STORE_CORRUPT);
    mail_expect(mb, "2");
    mailbox_close(mb);
}

static void test_list_lost(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    uint32_t validity = mailbox_uidvalidity(mb);
    mail_remove(r, "cur/1.a:2,");
    mail_settle();
    mail_refresh(mb);
    /* Who has the folder open knows what was in the list. */
    mail_remove(r, "dovecot-uidlist");
    mail_deliver(r, "3.c");
    mail_refresh(mb);
    mail_expect(mb, "2* 3*");
    mailbox_close(mb);
    mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "2 3");
    assert_int_equal(mailbox_uidvalidity(mb), validity);
    assert_int_equal(mailbox_uidnext(mb), 4);
    mailbox_close(mb);
}

static void test_own_changes(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_settle();
    mail_refresh(mb);
    uint32_t uid = 1;
    struct flag_change change = { FLAGS_ADD, FLAG_SEEN, NULL, 0 };
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, NULL), STORE_OK);
    /* Whatever hides behind the stamp of our own rename is seen in the end. */
    mail_rename(r, "cur/2.b:2,", "cur/2.b:2,F");
    const struct timespec t = { 1, 200 * 1000000L };
    nanosleep(&t, NULL);
    mail_refresh(mb);
    mail_expect(mb, "1S* 2F*");
    mailbox_close(mb);
}

static void test_watch(void **state)
{
    const struct root *r = *state;
    struct mailbox *mb = mail_open(r, "INBOX", true);
    int fd = mailbox_watch(mb);
    if (fd < 0)
        skip();
    char buf[1];
    assert_int_equal(mailbox_watch(mb), fd);
    mailbox_watch_drain(mb);
    assert_int_equal(read(fd, buf, 1), -1);
    mail_deliver(r, "1.a");
    assert_int_equal(read(fd, buf, 1), -1);
    assert_int_equal(errno, EINVAL); /* something is there, more than an octet */
    mailbox_watch_drain(mb);
    assert_int_equal(read(fd, buf, 1), -1);
    assert_int_equal(errno, EAGAIN);
    mailbox_unwatch(mb);
    assert_int_equal(mailbox_check(mb), STORE_OK);
    mailbox_close(mb);
}

#define T(f) cmocka_unit_test_setup_teardown(f, mail_setup, mail_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_empty),
        T(test_delivery),
        T(test_examine),
        T(test_foreign_changes),
        T(test_order_of_flags),
        T(test_store_merges),
        T(test_store_in_new),
        T(test_keywords_full),
        T(test_unknown_letter),
        T(test_two_sessions),
        T(test_reading),
        T(test_not_files),
        T(test_bad_names),
        T(test_same_unique),
        T(test_deleted_folder),
        T(test_renamed_folder),
        T(test_missing_dirs),
        T(test_line_without_file),
        T(test_lines_left_behind),
        T(test_dead_line),
        T(test_other_program_numbers),
        T(test_list_lost),
        T(test_own_changes),
        T(test_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
