/*
 * MOVE: mailbox_move of mailstore/mailbox.h, and what others do between its renames.
 *
 * The store's system calls are all in mailstore/sys.c, which is compiled into this file under
 * other names; the function here stands before the one that moves files.
 */
#define sys_rename_new real_rename_new
#include "mailstore/sys.c" /* NOLINT(bugprone-suspicious-include): as said above */
#undef sys_rename_new

#include "mailstore_mail.h"

static struct {
    int calls;                                      /* so many are left before `act`; 0: none */
    void (*act)(const struct root *, const char *); /* what others do then */
    const char *text;
    const struct root *root;
    struct mailbox *other;
    int err;     /* then calls fail so */
    int failing; /* so many; 0: all */
} hook;

int sys_rename_new(int olddir, const char *old, int newdir, const char *new);
int sys_rename_new(int olddir, const char *old, int newdir, const char *new)
{
    bool moves = olddir != newdir && old[1] == '.'; /* the tests' names */
    if (moves && hook.calls > 0 && --hook.calls == 0) {
        if (hook.act != NULL)
            hook.act(hook.root, hook.text);
        if (hook.err != 0) {
            hook.calls = --hook.failing != 0;
            errno = hook.err;
            return -1;
        }
    }
    return real_rename_new(olddir, old, newdir, new);
}

static int setup(void **state)
{
    memset(&hook, 0, sizeof hook);
    int failed = mail_setup(state);
    hook.root = *state;
    assert_int_equal(folder_create(hook.root->store, "Box"), STORE_OK);
    return failed;
}

struct outcome {
    enum store_error error;
    uint32_t validity;
    uint32_t uid[3];
    size_t moved;
};

static struct outcome move(struct mailbox *mb, uint32_t first, size_t n, const char *to)
{
    struct outcome out = { .validity = 0 };
    const uint32_t uid[3] = { first, first + 1, first + 2 };
    out.error = mailbox_move(mb, uid, n, to, &out.validity, out.uid, &out.moved);
    return out;
}

static void expect_folder(const struct root *r, const char *name, const char *text)
{
    struct mailbox *mb = mail_open(r, name, false);
    mail_expect(mb, text);
    mailbox_close(mb);
}

static void test_move(void **state)
{
    const struct root *r = *state;
    const struct timespec ts[2] = { { 1000, 0 }, { 1234567890, 0 } };
    int dir = store_root_fd(r->store);
    struct stat before, after;
    time_t date = 0;
    root_write(r, "dovecot-keywords", "2 Work\n5 Play\n");
    root_write(r, ".Box/dovecot-keywords", "0 play\n");
    root_write(r, "cur/1.a,S=17,W=20:2,PScX", MAIL_TEXT);
    root_write(r, "cur/2.b,S=999,W=1000,U=4:2,f", MAIL_TEXT);
    mail_deliver(r, "3.c");
    assert_int_equal(utimensat(dir, "cur/1.a,S=17,W=20:2,PScX", ts, 0), 0);
    assert_int_equal(fstatat(dir, "cur/1.a,S=17,W=20:2,PScX", &before, 0), 0);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    struct outcome out = move(mb, 1, 3, "Box");
    assert_int_equal(out.error, STORE_OK);
    assert_int_equal(out.moved, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(out.uid[i], i + 1);
    assert_int_equal(mail_messages(mb), 0);
    assert_int_equal(mail_count(r, "cur") + mail_count(r, "new"), 0);
    struct mailbox *box = mail_open(r, "Box", true);
    assert_int_equal(out.validity, mailbox_uidvalidity(box));
    mail_expect(box, "1S*(Work)($Forwarded) 2*(play) 3*");
    assert_int_equal(mailbox_internaldate(box, 1, &date), STORE_OK);
    assert_int_equal(date, 1234567890);
    /* The same file, under a new unique part. */
    assert_string_equal(mail_find(r, ".Box/cur", "1.a"), "");
    char path[400];
    snprintf(path, sizeof path, ".Box/cur/%s", mail_find(r, ".Box/cur", ""));
    assert_int_equal(fstatat(dir, path, &after, 0), 0);
    assert_int_equal(mail_count(r, ".Box/cur") + mail_count(r, ".Box/new"), 3);
    assert_non_null(strstr(path, ",S=17"));
    assert_int_equal(before.st_nlink, 1);
    assert_int_equal(after.st_nlink, 1);
    mailbox_close(box);
    mailbox_close(mb);
}

/* A look of another session finds neither more nor less. */
static void test_index_is_true(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    struct mailbox *box = mail_open(r, "Box", true);
    assert_int_equal(move(mb, 1, 1, "Box").error, STORE_OK);
    mail_expect(mb, "2*");
    mail_refresh(box);
    mail_expect(box, "1*");
    root_forget_index(r);
    mail_refresh(mb);
    mail_refresh(box);
    assert_int_equal(mail_messages(mb), 1);
    assert_int_equal(mail_messages(box), 1);
    mailbox_close(box);
    mailbox_close(mb);
}

static void test_same_folder(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    struct outcome out = move(mb, 1, 2, "INBOX");
    assert_int_equal(out.error, STORE_OK);
    assert_int_equal(out.moved, 2);
    assert_int_equal(out.uid[0], 3);
    assert_int_equal(out.uid[1], 4);
    mail_refresh(mb);
    mail_expect(mb, "3* 4*");
    mailbox_close(mb);
}

static void flag(const struct root *root, const char *name)
{
    char from[300], to[300];
    snprintf(from, sizeof from, "cur/%s", name);
    snprintf(to, sizeof to, "cur/%sF", name);
    mail_rename(root, from, to);
}

/* Another program sets a flag after ours was taken for the new name: it is not lost. */
static void test_flagged_meanwhile(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    mail_deliver(r, "3.c");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    hook.calls = 2;
    hook.text = "2.b:2,";
    hook.act = flag;
    struct outcome out = move(mb, 1, 3, "Box");
    assert_int_equal(out.error, STORE_OK);
    assert_int_equal(out.moved, 3);
    expect_folder(r, "Box", "1* 3* 4F");
    assert_int_equal(out.uid[1], 4);
    assert_int_equal(mail_messages(mb), 0);
    mailbox_close(mb);
}

static void take_out(const struct root *root, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "cur/%s", name);
    mail_remove(root, path);
}

/* Those that were there have been moved, and are told so. */
static void test_removed_meanwhile(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    hook.calls = 2;
    hook.text = "2.b:2,";
    hook.act = take_out;
    struct outcome out = move(mb, 1, 2, "Box");
    assert_int_equal(out.error, STORE_EXPUNGED);
    assert_int_equal(out.moved, 1);
    assert_int_equal(out.uid[0], 1);
    assert_int_equal(out.uid[1], 0);
    expect_folder(r, "Box", "1*");
    mailbox_close(mb);
}

/* One that went before is found out before anything happens. */
static void test_removed_before(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_remove(r, "cur/2.b:2,");
    struct outcome out = move(mb, 1, 2, "Box");
    assert_int_equal(out.error, STORE_EXPUNGED);
    assert_int_equal(out.moved, 0);
    expect_folder(r, "Box", "");
    mail_expect(mb, "1*");
    assert_int_equal(move(mb, 1, 1, "nope").error, STORE_NONEXISTENT);
    mailbox_close(mb);
}

static void move_elsewhere(const struct root *root, const char *name)
{
    (void)root;
    struct outcome out = move(hook.other, 1, 1, name);
    assert_int_equal(out.error, STORE_OK);
}

/* Of two sessions that move one message to two folders, one does. */
static void test_two_movers(void **state)
{
    const struct root *r = *state;
    assert_int_equal(folder_create(r->store, "Else"), STORE_OK);
    mail_deliver(r, "1.a");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    hook.other = mail_open(r, "INBOX", true);
    hook.calls = 1;
    hook.text = "Else";
    hook.act = move_elsewhere;
    struct outcome out = move(mb, 1, 1, "Box");
    assert_int_equal(out.error, STORE_EXPUNGED);
    assert_int_equal(out.moved, 0);
    expect_folder(r, "Box", "");
    expect_folder(r, "Else", "1*");
    mailbox_close(hook.other);
    mailbox_close(mb);
}

/* Another file system that a stat does not show (a bind mount, a quota's project): copied, then
 * removed. */
static void test_cannot_rename(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    hook.calls = 1;
    hook.err = EXDEV;
    hook.failing = 2;
    struct outcome out = move(mb, 1, 2, "Box");
    assert_int_equal(out.error, STORE_OK);
    assert_int_equal(out.moved, 2);
    assert_int_equal(out.uid[0], 3);
    assert_int_equal(out.uid[1], 4);
    assert_int_equal(mail_messages(mb), 0);
    expect_folder(r, "Box", "3* 4*");
    mailbox_close(mb);
}

/* What is no fault of the way ends it; nothing is in both. */
static void test_disk_full(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    mail_deliver(r, "3.c");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    hook.calls = 2;
    hook.err = ENOSPC;
    struct outcome out = move(mb, 1, 3, "Box");
    hook.calls = 0;
    assert_int_equal(out.error, STORE_OVERQUOTA);
    assert_int_equal(out.moved, 1);
    assert_int_equal(out.uid[0], 1);
    assert_int_equal(out.uid[1] + out.uid[2], 0);
    mail_refresh(mb);
    mail_expect(mb, "2* 3*");
    expect_folder(r, "Box", "1*");
    /* The UIDs of the dead lines are spent. */
    out = move(mb, 2, 2, "Box");
    assert_int_equal(out.error, STORE_OK);
    assert_int_equal(out.uid[0], 4);
    mailbox_close(mb);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, mail_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_move),
        T(test_index_is_true),
        T(test_same_folder),
        T(test_flagged_meanwhile),
        T(test_removed_meanwhile),
        T(test_removed_before),
        T(test_two_movers),
        T(test_cannot_rename),
        T(test_disk_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
