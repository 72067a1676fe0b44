/*
 * What happens between two system calls of a look or a command: another session at work,
 * another program, an index that fails. Nothing may be hidden from a session, and nothing be
 * reported as expunged that is there.
 *
 * The store's system calls are all in mailstore/sys.c, which is compiled into this file under
 * other names; the functions here stand before them and call what a test wants to happen then.
 */
#define sys_readdir    real_readdir
#define sys_fstatat    real_fstatat
#define sys_rename_new real_rename_new
#include "mailstore/sys.c" /* NOLINT(bugprone-suspicious-include): as said above */
#undef sys_readdir
#undef sys_fstatat
#undef sys_rename_new

#include "mailstore_mail.h"

#include "mailstore/account.h"
#include "mailstore/append.h"
#include "mailstore/dirs.h"
#include "mailstore/index_change.h"
#include "mailstore/index_folder.h"
#include "mailstore/index_private.h"
#include "mailstore/store.h"

#include <sched.h>
#include <sys/mount.h>

/* Called once, at the next call of that kind. */
static struct {
    void (*readdir)(void *ctx);
    void (*list)(void *ctx); /* the uidlist is looked at */
    void (*renamed)(void *ctx);
    void *ctx;
    const char *missed; /* a name that readdir(3) does not see */
    const char *stirs;  /* at each end of a directory this one is changed */
} hook;

static void run(void (**what)(void *ctx))
{
    void (*now)(void *ctx) = *what;
    *what = NULL;
    if (now != NULL)
        now(hook.ctx);
}

struct dirent *sys_readdir(DIR *d);
struct dirent *sys_readdir(DIR *d)
{
    run(&hook.readdir);
    struct dirent *entry = real_readdir(d);
    while (entry != NULL && hook.missed != NULL &&
           strncmp(entry->d_name, hook.missed, strlen(hook.missed)) == 0)
        entry = real_readdir(d);
    if (entry == NULL && hook.stirs != NULL) {
        assert_int_equal(close(open(hook.stirs, O_CREAT | O_WRONLY, 0600)), 0);
        assert_int_equal(unlink(hook.stirs), 0);
        errno = 0;
    }
    return entry;
}

int sys_fstatat(int dir, const char *path, struct stat *st, int flags);
int sys_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    if (strcmp(path, "dovecot-uidlist") == 0)
        run(&hook.list);
    return real_fstatat(dir, path, st, flags);
}

int sys_rename_new(int olddir, const char *old, int newdir, const char *new);
int sys_rename_new(int olddir, const char *old, int newdir, const char *new)
{
    int rc = real_rename_new(olddir, old, newdir, new);
    run(&hook.renamed);
    return rc;
}

static const struct root *root;

static int setup(void **state)
{
    memset(&hook, 0, sizeof hook);
    return mail_setup(state);
}

static void store_flag(struct mailbox *mb, uint32_t uid, uint8_t flag)
{
    struct flag_change change = { FLAGS_ADD, flag, NULL, 0 };
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, NULL), STORE_OK);
}

/* --- What a session is told. -----------------------------------------------------------------
 */

/* A message that changes once more between a session's look and its question is told of all the
 * same: were it left for later, the ones after it would be shown before it, and it never. */
static void test_changed_again(void **state)
{
    const struct root *r = *state;
    struct mailbox *a = mail_open(r, "INBOX", true);
    struct mailbox *b = mail_open(r, "INBOX", true);
    uint64_t told = mailbox_modseq(a);
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    mail_refresh(b);
    mail_refresh(a);
    store_flag(b, 1, FLAG_SEEN);
    mail_expect_since(a, told, "1S 2");
    mailbox_close(a);
    mailbox_close(b);
}

/* The same where the change table does not reach back. */
static void test_changed_again_all(void **state)
{
    const struct root *r = *state;
    struct mailbox *a = mail_open(r, "INBOX", true);
    struct mailbox *b = mail_open(r, "INBOX", true);
    uint64_t told = mailbox_modseq(a);
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    root_forget_index(r);
    mail_refresh(b);
    mail_refresh(a);
    store_flag(b, 1, FLAG_SEEN);
    struct mail_listing l = { "", a };
    assert_int_equal(mailbox_changes(a, told, mail_list_one, &l), CHANGES_BUT_EXPUNGED);
    assert_string_equal(l.text, "1S 2");
    mailbox_close(a);
    mailbox_close(b);
}

/* Another session has found the index wrong, and has it made anew. */
static void test_rebuilt_by_another(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *a = mail_open(r, "INBOX", true);
    struct mailbox *b = mail_open(r, "INBOX", true);
    uint64_t told = mailbox_modseq(a);
    assert_int_equal(mailbox_rebuild(b), STORE_OK);
    assert_true(mailbox_modseq(b) > told);
    assert_false(mailbox_is_gone(a, 1));
    struct message_info info;
    assert_true(mailbox_get(a, 2, &info));
    mailbox_close(a);
    mailbox_close(b);
}

static void test_rebuilt_walk(void **state)
{
    const struct root *r = *state;
    uint32_t uid[8];
    size_t n = 0;
    bool recent;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *a = mail_open(r, "INBOX", true);
    struct mailbox *b = mail_open(r, "INBOX", true);
    assert_int_equal(mailbox_rebuild(b), STORE_OK);
    assert_true(mailbox_uids(a, 1, uid, 8, &n, &recent));
    assert_int_equal(n, 2);
    assert_int_equal(mailbox_rebuild(b), STORE_OK);
    struct message_info info;
    assert_true(mailbox_next(a, 1, &info));
    uint64_t told = mailbox_modseq(a);
    mail_deliver(r, "3.c");
    mail_refresh(a);
    assert_int_equal(mailbox_rebuild(b), STORE_OK);
    /* All is news, or what is news is told. */
    struct mail_listing l = { "", a };
    assert_int_not_equal(mailbox_changes(a, told, mail_list_one, &l), CHANGES_BROKEN_OFF);
    assert_non_null(strstr(l.text, "3"));
    mailbox_close(a);
    mailbox_close(b);
}

/* A file that no reading has seen, without proof that it is gone. */
static void test_given_up_is_not_gone(void **state)
{
    const struct root *r = *state;
    char stirs[200];
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    mail_deliver(r, "3.c");
    struct mailbox *a = mail_open(r, "INBOX", true);
    root_forget_index(r);
    snprintf(stirs, sizeof stirs, "%s/cur/.stir", r->path);
    hook.missed = "2.b";
    hook.stirs = stirs;
    mail_refresh(a);
    hook.missed = hook.stirs = NULL;
    assert_false(mailbox_is_gone(a, 2));
    mail_refresh(a);
    mail_expect(a, "1* 2* 3*");
    mailbox_close(a);
}

/* The first reading that proves it tells it, to a session that has shown the message. */
static void test_given_up_is_proven(void **state)
{
    const struct root *r = *state;
    char stirs[200], command[300];
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    mail_deliver(r, "3.c");
    struct mailbox *a = mail_open(r, "INBOX", true);
    root_forget_index(r);
    snprintf(stirs, sizeof stirs, "%s/cur/.stir", r->path);
    hook.missed = "2.b";
    hook.stirs = stirs;
    mail_refresh(a);
    hook.missed = hook.stirs = NULL;
    uint64_t told = mailbox_modseq(a);
    snprintf(command, sizeof command, "rm %s/cur/2.b*", r->path);
    assert_int_equal(system(command), 0);
    for (int i = 0; i < 500 && !mailbox_is_gone(a, 2); i++) { /* until a reading is clean */
        (void)usleep(10000);
        mail_refresh(a);
    }
    mail_expect_since(a, told, "2*-");
    mailbox_close(a);
}

/* Sets the folder's HIGHESTMODSEQ, in whatever index there is. */
static void set_modseq(const struct root *r, uint64_t modseq)
{
    struct index *ix = store_index(r->store);
    struct index_folder f = { .id = 0 };
    struct stat st;
    bool found = false;
    assert_int_equal(fstatat(store_root_fd(r->store), "cur", &st, 0), 0);
    assert_true(index_write(ix) && index_folder_get(ix, folder_key_of(&st), &f, &found) &&
                found);
    f.modseq = modseq;
    assert_true(index_folder_put(ix, &f) && index_commit(ix));
}

/* A clock that was put back, or a private index and back: HIGHESTMODSEQ goes on above what was
 * told, and what is not known to be told is told. */
static void test_modseq_goes_on(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *a = mail_open(r, "INBOX", true);
    uint64_t raised = mailbox_modseq(a) + ((uint64_t)1 << 50);
    set_modseq(r, raised);
    mail_refresh(a);
    uint64_t told = mailbox_modseq(a);
    assert_true(told == raised);
    root_forget_index(r);
    mail_rename(r, "cur/1.a:2,", "cur/1.a:2,S");
    struct mailbox *b = mail_open(r, "INBOX", true); /* begins the index anew */
    mail_refresh(a);
    assert_true(mailbox_modseq(a) > told);
    mail_expect_since(a, told, "1S*");
    told = mailbox_modseq(a);
    store_flag(b, 1, FLAG_FLAGGED);
    mail_refresh(a);
    mail_expect_since(a, told, "1FS*");
    mailbox_close(a);
    mailbox_close(b);
}

/* What another index knows of a change may stand below what was told, and more above: all is
 * told. */
static void test_modseq_of_another_index(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *a = mail_open(r, "INBOX", true);
    set_modseq(r, mailbox_modseq(a) + ((uint64_t)1 << 50));
    mail_refresh(a);
    uint64_t told = mailbox_modseq(a);
    root_forget_index(r);
    mail_rename(r, "cur/1.a:2,", "cur/1.a:2,S");
    struct mailbox *b = mail_open(r, "INBOX", true);
    assert_true(mailbox_modseq(b) < told);
    set_modseq(r, told + 1000);
    mail_refresh(a);
    mail_expect_since(a, told, "1S* 2*");
    told = mailbox_modseq(a);
    store_flag(b, 2, FLAG_FLAGGED);
    mail_refresh(a);
    mail_expect_since(a, told, "2F*");
    mailbox_close(a);
    mailbox_close(b);
}

static void change_many(void *ctx)
{
    static uint32_t uid[20000];
    struct index *ix = ctx;
    struct index_folder f = { .id = 0 };
    struct stat st;
    bool found = false;
    for (size_t i = 0; i < 20000; i++)
        uid[i] = 2;
    assert_int_equal(fstatat(store_root_fd(root->store), "cur", &st, 0), 0);
    assert_true(index_write(ix) && index_folder_get(ix, folder_key_of(&st), &f, &found) &&
                found);
    assert_true(index_change_add(ix, &f, index_folder_next_modseq(&f, 0), uid, 20000));
    assert_true(index_folder_put(ix, &f) && index_commit(ix));
}

/* Others change so much after our look that what it has found is not in the change table any
 * more. */
static void test_changes_run_over(void **state)
{
    const struct root *r = *state;
    root = r;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *a = mail_open(r, "INBOX", true);
    uint64_t told = mailbox_modseq(a);
    store_flag(a, 1, FLAG_SEEN);
    mail_refresh(a);
    change_many(store_index(r->store));
    struct mail_listing l = { "", a };
    assert_int_equal(mailbox_changes(a, told, mail_list_one, &l), CHANGES_BUT_EXPUNGED);
    assert_string_equal(l.text, "1S*");
    mailbox_close(a);
}

/* HIGHESTMODSEQ of a folder without messages (RFC 7162 section 3.1.2: not 0), also when the
 * index was lost. */
static void test_modseq_of_empty(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *a = mail_open(r, "INBOX", true);
    mail_remove(r, "cur/1.a:2,");
    mail_refresh(a);
    uint64_t told = mailbox_modseq(a);
    mailbox_close(a);
    assert_true(told > 0);
    root_forget_index(r);
    a = mail_open(r, "INBOX", true);
    assert_int_equal(mail_messages(a), 0);
    assert_true(mailbox_modseq(a) > told);
    mailbox_close(a);
}

/* --- What the index says of the disk. --------------------------------------------------------
 */

static void take_back(void *ctx)
{
    struct mailbox *mb = ctx;
    store_flag(mb, 1, FLAG_SEEN);
    mail_rename(root, "cur/1.a:2,S", "cur/1.a:2,");
    mail_settle();
}

/* Session C stores a flag, another program takes it back, and session A has seen only what was
 * before and after: A must not say that the index is up to date. */
static void test_stamp_over_others_change(void **state)
{
    const struct root *r = *state;
    root = r;
    mail_deliver(r, "1.a");
    struct mailbox *a = mail_open(r, "INBOX", true);
    struct mailbox *c = mail_open(r, "INBOX", true);
    mail_settle();
    mail_refresh(a);
    mail_settle();
    mail_refresh(c);
    root_write(r, "cur/2.b:2,", MAIL_TEXT); /* cur/ is not as the index says */
    assert_int_equal(unlinkat(store_root_fd(r->store), "cur/2.b:2,", 0), 0);
    mail_settle();
    hook.ctx = c;
    hook.readdir = take_back;
    mail_refresh(a);
    mail_settle();
    mail_refresh(a);
    assert_true(root_has(r, "cur/1.a:2,"));
    mail_expect(a, "1*");
    mailbox_close(a);
    mailbox_close(c);
}

static void fail_index(void *ctx)
{
    struct index *ix = ctx;
    ix->failed = true;
    ix->condemned = true;
}

/* The index fails in the midst of a look. */
static void test_index_fails(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *a = mail_open(r, "INBOX", true);
    mail_settle();
    mail_refresh(a);
    mail_rename(r, "cur/1.a:2,", "cur/1.a:2,S");
    hook.ctx = store_index(r->store);
    hook.list = fail_index;
    assert_int_equal(mailbox_refresh(a), STORE_OK);
    mail_expect(a, "1S* 2*");
    mailbox_close(a);
}

static void list_and_fail(void *ctx, const struct message_info *info)
{
    struct mail_listing *l = ctx;
    mail_list_one(l, info);
    (void)index_damaged(store_index(root->store), "a test's whim");
}

/* It fails while a session is told what has changed: that is said, and of nobody is told twice.
 */
static void test_index_fails_in_changes(void **state)
{
    const struct root *r = *state;
    root = r;
    struct mailbox *a = mail_open(r, "INBOX", true);
    uint64_t told = mailbox_modseq(a);
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    mail_refresh(a);
    struct mail_listing l = { "", a };
    assert_int_equal(mailbox_changes(a, told, list_and_fail, &l), CHANGES_BROKEN_OFF);
    assert_string_equal(l.text, "1*");
    struct mail_listing again = { "", a };
    assert_int_equal(mailbox_changes(a, told, mail_list_one, &again), CHANGES_BUT_EXPUNGED);
    assert_string_equal(again.text, "1* 2*");
    mailbox_close(a);
}

/* Another index, and the look that should take it for what it is fails: ids of the old one mean
 * another folder by now. */
static void test_another_index_and_no_look(void **state)
{
    const struct root *r = *state;
    struct message_info info;
    root_maildir(r, ".a");
    struct mailbox *a = mail_open(r, "a", true);
    root_forget_index(r);
    mail_deliver(r, "1.a");
    struct mailbox *b = mail_open(r, "INBOX", true); /* the first folder of the new one */
    mail_rename(r, ".a/cur", ".a/gone");
    assert_int_equal(mailbox_refresh(a), STORE_NONEXISTENT);
    assert_false(mailbox_get(a, 1, &info));
    assert_false(mailbox_next(a, 1, &info));
    mailbox_close(a);
    mailbox_close(b);
}

/* CLOCK_MONOTONIC begins anew with each boot. */
static void test_verify_after_boot(void **state)
{
    (void)state;
    struct dir_stamp stamp = { .known = true, .verify_at = monotonic_ms() + 1000 };
    assert_true(dir_stamp_holds(&stamp));
    stamp.verify_at = monotonic_ms() + (int64_t)86400 * 1000;
    assert_false(dir_stamp_holds(&stamp));
}

/* A folder deleted and made again may have all of its inodes. */
static void test_made_again(void **state)
{
    const struct root *r = *state;
    uint32_t was = 0;
    for (int i = 0; i < 8; i++) {
        struct mailbox *mb = NULL;
        struct mailbox_counts counts;
        assert_int_equal(folder_create(r->store, "a"), STORE_OK);
        mb = mail_open(r, "a", true);
        uint32_t now = mailbox_uidvalidity(mb);
        assert_int_not_equal(now, was);
        mailbox_close(mb);
        assert_int_equal(mailbox_status(r->store, "a", false, &counts), STORE_OK);
        assert_int_equal(counts.uidvalidity, now);
        assert_int_equal(folder_delete(r->store, "a"), STORE_OK);
        was = now;
    }
}

/* --- Locks and UIDs. -------------------------------------------------------------------------
 */

/* Who holds the uidlist lock does not wait for it. */
static void test_store_waits_not_for_itself(void **state)
{
    const struct root *r = *state;
    mail_deliver(r, "1.a");
    struct mailbox *a = mail_open(r, "INBOX", true);
    mail_deliver(r, "2.b");
    struct mailbox *b =
        mail_open(r, "INBOX", false); /* gives 2 its UID, and leaves it in new/ */
    mail_rename(r, "cur/1.a:2,", "cur/1.a:2,F");
    int64_t began = monotonic_ms();
    store_flag(a, 1, FLAG_SEEN);
    assert_true(monotonic_ms() - began < 1000);
    assert_true(root_has(r, "cur/1.a:2,FS"));
    mailbox_close(a);
    mailbox_close(b);
}

/* A list that has lost its last lines: the index knows what they were. */
static void test_append_to_lost_lines(void **state)
{
    const struct root *r = *state;
    char path[200];
    char text[2048] = "";
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    struct mailbox *a = mail_open(r, "INBOX", true);
    mail_deliver(r, "3.c");
    mail_refresh(a);
    snprintf(path, sizeof path, "%s/dovecot-uidlist", r->path);
    FILE *list = fopen(path, "r+");
    assert_non_null(list);
    text[fread(text, 1, sizeof text - 1, list)] = '\0';
    char *line = strstr(text, "\n3 ");
    assert_non_null(line);
    assert_int_equal(ftruncate(fileno(list), line + 1 - text), 0);
    fclose(list);
    struct append *ap = NULL;
    struct flag_change flags = { FLAGS_REPLACE, 0, NULL, 0 };
    uint32_t validity = 0;
    uint32_t uid = 0;
    assert_int_equal(append_open(r->store, "INBOX", &ap), STORE_OK);
    assert_int_equal(append_message(ap, &flags, 1000000000), STORE_OK);
    assert_int_equal(append_write(ap, MAIL_TEXT, sizeof MAIL_TEXT - 1), STORE_OK);
    assert_int_equal(append_commit(ap, &validity, &uid), STORE_OK);
    assert_int_equal(uid, 4);
    mail_refresh(a);
    mail_expect(a, "1* 2* 3* 4*");
    mailbox_close(a);
}

/* --- Two file systems. -----------------------------------------------------------------------
 */

static bool may_mount;

/* What is open before is not in the new name space. */
static int setup_mounts(void **state)
{
    may_mount =
        unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return setup(state);
}

static ino_t mount_folder(const struct root *r, const char *folder)
{
    char path[128];
    struct stat st;
    root_mkdir(r, folder);
    snprintf(path, sizeof path, "%s/%s", r->path, folder);
    assert_int_equal(mount("none", path, "tmpfs", 0, "size=1m"), 0);
    static const char *const sub[] = { "cur", "new", "tmp" };
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, sub[i]);
        root_mkdir(r, path);
    }
    snprintf(path, sizeof path, "%s/cur", folder);
    assert_int_equal(fstatat(store_root_fd(r->store), path, &st, 0), 0);
    return st.st_ino;
}

static void unmount_folder(const struct root *r, const char *folder)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", r->path, folder);
    assert_int_equal(umount2(path, MNT_DETACH), 0);
}

/* Two folders whose cur/ have the same inode number: neither is taken for the other, and nobody
 * is sent away. */
static void test_same_number_elsewhere(void **state)
{
    const struct root *r = *state;
    if (!may_mount)
        skip();
    bool same = mount_folder(r, ".A") == mount_folder(r, ".B");
    root_write(r, ".A/cur/1.a:2,S", MAIL_TEXT);
    root_write(r, ".B/cur/2.b:2,", MAIL_TEXT);
    root_write(r, ".B/cur/3.c:2,", MAIL_TEXT);
    struct mailbox *a = mail_open(r, "A", true);
    struct mailbox *b = mail_open(r, "B", true);
    for (int i = 0; i < 3; i++) {
        mail_refresh(a);
        mail_refresh(b);
        mail_expect(a, "1S");
        mail_expect(b, "1 2");
    }
    mailbox_close(a);
    mailbox_close(b);
    unmount_folder(r, ".A");
    unmount_folder(r, ".B");
    if (!same)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changed_again, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_changed_again_all, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_rebuilt_by_another, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_rebuilt_walk, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_given_up_is_not_gone, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_given_up_is_proven, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_modseq_goes_on, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_modseq_of_another_index, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_changes_run_over, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_modseq_of_empty, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_stamp_over_others_change, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_index_fails, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_index_fails_in_changes, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_another_index_and_no_look, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_verify_after_boot, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_made_again, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_store_waits_not_for_itself, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_append_to_lost_lines, setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_same_number_elsewhere, setup_mounts,
                                        mail_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
