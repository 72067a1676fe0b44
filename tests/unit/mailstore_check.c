/*
 * --check and --repair of uidlist and Maildir: each kind of difference is made by hand in an
 * account that has none, must give exactly one line about it, and must be gone after a repair
 * that has kept every message, UID and UIDVALIDITY. What is a mailbox's ordinary life gives
 * none.
 */
#include "mailstore_check.h"

/* --- Ordinary life. --------------------------------------------------------------------------
 */

static void test_nothing_at_all(void **state)
{
    const struct root *r = *state;
    expect_note(r, "the next session makes it");
    assert_false(root_has(r, "imapd-index"));
    assert_false(root_has(r, "dovecot-uidlist"));
}

static void test_in_use(void **state)
{
    const struct root *r = *state;
    use(r);
    struct check_counts counts = ask(r, false, false);
    assert_int_equal(counts.folders, 2);
    assert_int_equal(counts.messages, 4);
    assert_int_equal(heard.lines[CHECK_NOTE], 0);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    for (unsigned i = 0; i < 200; i++)
        mark(mb, 1 + i % 3, i % 2 ? FLAG_FLAGGED : FLAG_ANSWERED, NULL);
    mailbox_close(mb);
    expect_none(r); /* unsettled */
    calm(r, "INBOX");
    expect_none(r);
}

static void test_new_mail(void **state)
{
    const struct root *r = *state;
    use(r);
    mail_deliver(r, "1700000009.M9P1.host");
    expect_note(r, "1 new messages in new/");
    mail_settle();
    expect_note(r, "1 new messages in new/");
    assert_true(root_has(r, "new/1700000009.M9P1.host"));
    mail_rename(r, "new/1700000009.M9P1.host", "cur/1700000009.M9P1.host:2,");
    expect_note(r, "1 messages that were put into cur/");
}

static void test_changed_by_others(void **state)
{
    const struct root *r = *state;
    use(r);
    mail_rename(r, "cur/1700000001.M1P1.host:2,", "cur/1700000001.M1P1.host:2,F");
    char name[300];
    snprintf(name, sizeof name, "cur/%s", mail_find(r, "cur", "1700000002"));
    mail_remove(r, name);
    expect_none(r);
}

static void test_linked_a_moment_ago(void **state)
{
    const struct root *r = *state;
    use(r);
    int fd = store_root_fd(r->store);
    assert_int_equal(
        linkat(fd, "cur/1700000001.M1P1.host:2,", fd, "new/1700000001.M1P1.host", 0), 0);
    expect_none(r);
}

static void test_torn_line(void **state)
{
    const struct root *r = *state;
    use(r);
    root_append(r, "dovecot-uidlist", "9 :170000");
    expect_note(r, "ends in the midst of line");
}

static void test_dead_line(void **state)
{
    const struct root *r = *state;
    use(r);
    root_append(r, "dovecot-uidlist", "9 :1700000009.x\n");
    expect_none(r);
    calm(r, "INBOX");
    expect_none(r);
}

static void test_lock_of_the_dead(void **state)
{
    const struct root *r = *state;
    char owner[128];
    char host[64];
    use(r);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(gethostname(host, sizeof host), 0);
    snprintf(owner, sizeof owner, "%d:%s", (int)pid, host);
    root_write(r, "dovecot-uidlist.lock", owner);
    expect_note(r, "was left by a process that is gone");
}

static void test_lock_of_the_living(void **state)
{
    const struct root *r = *state;
    use(r);
    root_write(r, "dovecot-uidlist.lock", "1:elsewhere");
    struct check_counts counts = ask(r, false, false);
    assert_int_equal(counts.differences, 0);
    assert_int_equal(counts.failures, 1);
    assert_non_null(strstr(heard.text, "F INBOX: not compared"));
    assert_non_null(strstr(heard.text, "1:elsewhere"));
    assert_true(root_has(r, "dovecot-uidlist.lock"));
    assert_int_equal(counts.folders, 2);
}

/* --- The uidlist. ----------------------------------------------------------------------------
 */

static void test_malformed_line(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    edit(r, "dovecot-uidlist", "\n2 ", "\nx2 ");
    found_and_repaired(r, validity, "INBOX: dovecot-uidlist line 3 makes no sense", "x2 ");
}

static void test_line_out_of_order(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    edit(r, "dovecot-uidlist", "\n3 ", "\n1 :1700000055.other\n3 ");
    found_and_repaired(r, validity, "line 4", "out of order");
}

static void test_no_validity(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    edit(r, "dovecot-uidlist", "3 V", "3 X");
    found_and_repaired(r, validity, "no header with a UIDVALIDITY", "that of the index");
}

static void test_no_next(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    edit(r, "dovecot-uidlist", " N", " Nx");
    found_and_repaired(r, validity, "no next UID", "INBOX");
}

static void test_no_guid(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    edit(r, "dovecot-uidlist", " G", " Gx");
    found_and_repaired(r, validity, "no GUID", "INBOX");
}

static void test_uidlist_lost(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    mail_remove(r, "dovecot-uidlist");
    found_and_repaired(r, validity, "dovecot-uidlist is missing", "UIDs of the index");
}

static void test_uidlist_empty(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    root_write(r, "dovecot-uidlist", "");
    found_and_repaired(r, validity, "no header", "INBOX");
}

/* The line of UID 1 is void: its file is UID 9 now. That UID is the one to be kept. */
static void test_name_repeated(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    char *text = slurp(r, "dovecot-uidlist");
    char line[300];
    snprintf(line, sizeof line, "9 :%s\n", first_name[0]);
    strcat(text, line); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy): 64 KiB */
    root_write(r, "dovecot-uidlist", text);
    free(text);
    expect_one(r, "as UID 1 and as UID 9", first_name[0]);
    repair(r);
    expect_kept(r, validity, "2S(blue) 3 9");
}

static void test_validity_shared(void **state)
{
    const struct root *r = *state;
    char own[32];
    char other[32];
    uint32_t validity = use(r);
    uint32_t folder = validity_of(r, "Folder");
    snprintf(own, sizeof own, "V%u ", folder);
    snprintf(other, sizeof other, "V%u ", validity);
    edit(r, ".Folder/dovecot-uidlist", own, other);
    root_forget_index(r);
    expect_none(r);
    expect_note(r, ", too, as another server gave it");
    char *inbox = slurp(r, "dovecot-uidlist");
    char *copy = slurp(r, ".Folder/dovecot-uidlist");
    char *guid = strstr(inbox, " G");
    char *its = strstr(copy, " G");
    assert_non_null(guid);
    assert_non_null(its);
    guid[34] = its[34] = '\0';
    edit(r, ".Folder/dovecot-uidlist", its, guid);
    free(inbox);
    free(copy);
    expect_one(r, "Folder: its UIDVALIDITY", "that of INBOX, too (a copied folder?)");
    repair(r);
    assert_int_equal(validity_of(r, "INBOX"), validity);
    assert_int_not_equal(validity_of(r, "Folder"), validity);
    assert_int_not_equal(validity_of(r, "Folder"), folder);
    struct mailbox *mb = mail_open(r, "Folder", false);
    mail_expect(mb, "1*");
    mailbox_close(mb);
}

/* The uidlist is the truth. */
static void test_other_validity_than_the_index(void **state)
{
    const struct root *r = *state;
    char own[32];
    uint32_t validity = use(r);
    snprintf(own, sizeof own, "V%u ", validity);
    edit(r, "dovecot-uidlist", own, "V1234567 ");
    found_and_repaired(r, 1234567, "has UIDVALIDITY 1234567", "drops what the index has");
}

static void test_uidlist_is_no_file(void **state)
{
    const struct root *r = *state;
    use(r);
    mail_rename(r, "dovecot-uidlist", "tmp/list");
    root_mkdir(r, "dovecot-uidlist");
    expect_one(r, "dovecot-uidlist is no file", "move it elsewhere");
}

/* --- The Maildir. ----------------------------------------------------------------------------
 */

static void test_two_files_one_name(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    root_write(r, "new/1700000001.M1P1.host,x", MAIL_TEXT);
    expect_one(r, "two files with one message's name", "both stay");
    repair(r);
    expect_kept(r, validity, "1 2S(blue) 3 5*");
    assert_int_equal(mail_count(r, "new") + mail_count(r, "cur"), 4);
}

static void test_bad_name(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    root_write(r, "cur/17000\n\033[2J:2,S", MAIL_TEXT);
    expect_one(r, "17000\\x0A\\x1B[2J", "a name that a uidlist can't hold");
    repair(r);
    expect_kept(r, validity, "1 2S(blue) 3 5S");
}

static void test_no_file(void **state)
{
    const struct root *r = *state;
    use(r);
    root_mkdir(r, "cur/directory");
    expect_one(r, "cur/directory is no file but a directory", "move it");
    assert_int_equal(ask(r, true, false).differences, 1); /* a person's to decide */
    assert_true(root_has(r, "cur/directory"));
}

static void test_link(void **state)
{
    const struct root *r = *state;
    use(r);
    assert_int_equal(symlinkat("/etc/passwd", store_root_fd(r->store), "new/link"), 0);
    expect_one(r, "new/link is no file but a symbolic link", "move it");
}

static void test_directory_missing(void **state)
{
    const struct root *r = *state;
    static const char *const sub[] = { "tmp", "new" };
    uint32_t validity = use(r);
    for (size_t i = 0; i < 2; i++) {
        char line[64];
        assert_int_equal(unlinkat(store_root_fd(r->store), sub[i], AT_REMOVEDIR), 0);
        snprintf(line, sizeof line, "INBOX: %s/ is missing", sub[i]);
        found_and_repaired(r, validity, line, "makes it");
        calm(r, "INBOX");
    }
}

static void test_unreadable(void **state)
{
    const struct root *r = *state;
    if (geteuid() == 0)
        skip(); /* root can read anything */
    use(r);
    assert_int_equal(
        fchmodat(store_root_fd(r->store), "cur/1700000003.M3P1.host,S=17,W=20:2,", 0, 0), 0);
    expect_one(r, "1700000003.M3P1.host,S=17,W=20:2, can't be read by the user", "chmod");
}

static void test_keywords_damaged(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    edit(r, "dovecot-keywords", "0 blue\n", "0 blue\nnonsense\n");
    found_and_repaired(r, validity, "dovecot-keywords line 2 makes no sense", "nonsense");
    root_expect(r, "dovecot-keywords", "0 blue\n");
}

static void test_keyword_named_twice(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    edit(r, "dovecot-keywords", "0 blue\n", "0 blue\n1 BLUE\n");
    found_and_repaired(r, validity, "the letters a and b one name", "BLUE");
    edit(r, "dovecot-keywords", "0 blue\n", "0 red\n0 blue\n");
    found_and_repaired(r, validity, "names the letter a once more", "line 2");
}

static void test_letter_without_name(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    mail_rename(r, "cur/1700000001.M1P1.host:2,", "cur/1700000001.M1P1.host:2,z");
    expect_one(r, "1 messages have the letter z", "unknown-25");
    repair(r);
    root_expect(r, "dovecot-keywords", "0 blue\n25 unknown-25\n");
    expect_kept(r, validity, "1(unknown-25) 2S(blue) 3");
}

/* Nothing that --check does shows on the disk. */
static void test_nothing_is_written(void **state)
{
    const struct root *r = *state;
    static const char *const path[] = {
        "imapd-index/db/data.mdb", "imapd-index/db/boot", "dovecot-uidlist", "cur", "new",
        "dovecot-keywords"
    };
    enum { PATHS = sizeof path / sizeof *path };
    struct stat before[PATHS];
    use(r);
    mail_deliver(r, "1700000009.M9P1.host");
    for (size_t i = 0; i < PATHS; i++)
        assert_int_equal(fstatat(store_root_fd(r->store), path[i], &before[i], 0), 0);
    mail_settle();
    expect_none(r);
    for (size_t i = 0; i < PATHS; i++) {
        struct stat after;
        assert_int_equal(fstatat(store_root_fd(r->store), path[i], &after, 0), 0);
        assert_int_equal(after.st_ino, before[i].st_ino);
        assert_int_equal(after.st_size, before[i].st_size);
        assert_int_equal(after.st_mtim.tv_nsec, before[i].st_mtim.tv_nsec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK(test_nothing_at_all),
        CHECK(test_in_use),
        CHECK(test_new_mail),
        CHECK(test_changed_by_others),
        CHECK(test_linked_a_moment_ago),
        CHECK(test_torn_line),
        CHECK(test_dead_line),
        CHECK(test_lock_of_the_dead),
        CHECK(test_lock_of_the_living),
        CHECK(test_malformed_line),
        CHECK(test_line_out_of_order),
        CHECK(test_no_validity),
        CHECK(test_no_next),
        CHECK(test_no_guid),
        CHECK(test_uidlist_lost),
        CHECK(test_uidlist_empty),
        CHECK(test_name_repeated),
        CHECK(test_validity_shared),
        CHECK(test_other_validity_than_the_index),
        CHECK(test_uidlist_is_no_file),
        CHECK(test_two_files_one_name),
        CHECK(test_bad_name),
        CHECK(test_no_file),
        CHECK(test_link),
        CHECK(test_directory_missing),
        CHECK(test_unreadable),
        CHECK(test_keywords_damaged),
        CHECK(test_keyword_named_twice),
        CHECK(test_letter_without_name),
        CHECK(test_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
