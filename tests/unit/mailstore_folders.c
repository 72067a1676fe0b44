/* CREATE, DELETE and RENAME: RFC 3501 sections 6.3.3 to 6.3.5. */
#include "mailstore_root.h"

#define PROCESSES 8

/* --- CREATE. -------------------------------------------------------------------------------
 */

static void test_create_levels(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    assert_int_equal(folder_create(r.store, "a/b/c"), STORE_OK);
    root_expect_list(&r, "INBOX a+ a/b+ a/b/c");
    assert_true(root_has(&r, ".a.b.c/cur") && root_has(&r, ".a.b.c/new") &&
                root_has(&r, ".a.b.c/tmp"));
    root_expect(&r, ".a.b.c/maildirfolder", "");
    root_expect(&r, ".a/maildirfolder", "");
    assert_int_equal(folder_create(r.store, "a/b/c/"), STORE_EXISTS);
    assert_int_equal(folder_create(r.store, "a"), STORE_EXISTS);
    assert_int_equal(folder_create(r.store, "inbox"), STORE_EXISTS);
    assert_int_equal(folder_create(r.store, "Inbox/Sent"), STORE_OK);
    assert_true(root_has(&r, ".INBOX.Sent"));
    assert_false(root_has(&r, ".INBOX"));
    root_expect_list(&r, "INBOX+ INBOX/Sent a+ a/b+ a/b/c");
    root_close(&r);

    root_open(&r, LAYOUT_FS);
    assert_int_equal(folder_create(r.store, "a/b/c"), STORE_OK);
    assert_int_equal(folder_create(r.store, "Inbox/Sent"), STORE_OK);
    root_expect_list(&r, "INBOX+ INBOX/Sent a+ a/b+ a/b/c");
    assert_false(root_has(&r, "a/maildirfolder"));
    assert_false(root_has(&r, "INBOX/cur"));
    assert_int_equal(folder_create(r.store, "a/b"), STORE_EXISTS);
    root_close(&r);
}

/* A level that is no folder can be made one; then it can be selected. */
static void test_create_of_a_level(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_maildir(&r, ".a.b");
    assert_false(root_opens(&r, "a"));
    assert_int_equal(folder_create(r.store, "a"), STORE_OK);
    root_expect_list(&r, "INBOX a+ a/b");
    root_close(&r);

    root_open(&r, LAYOUT_FS);
    root_mkdir(&r, "a");
    root_maildir(&r, "a/b");
    assert_false(root_opens(&r, "a"));
    assert_int_equal(folder_create(r.store, "a"), STORE_OK);
    assert_true(root_opens(&r, "a"));
    root_expect_list(&r, "INBOX a+ a/b");
    assert_int_equal(folder_create(r.store, "a"), STORE_EXISTS);
    root_close(&r);
}

/* What others keep in the root is neither overwritten nor in the way. */
static void test_create_where_others_are(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_write(&r, ".uidvalidity", "1\n");
    root_mkdir(&r, ".notmuch");
    root_write(&r, ".notmuch/xapian", "x");
    assert_int_equal(folder_create(r.store, "uidvalidity"), STORE_OK);
    assert_int_equal(folder_create(r.store, "notmuch"), STORE_OK);
    root_expect_list(&r, "INBOX notmuch uidvalidity");
    assert_true(root_opens(&r, "notmuch"));
    assert_int_equal(folder_create(r.store, "notmuch"), STORE_EXISTS);
    assert_int_equal(folder_delete(r.store, "notmuch"), STORE_OK);
    assert_int_equal(folder_delete(r.store, "uidvalidity"), STORE_OK);
    root_expect(&r, ".uidvalidity", "1\n");
    root_expect(&r, ".notmuch/xapian", "x");
    root_close(&r);

    root_open(&r, LAYOUT_FS);
    root_write(&r, "notes", "x");
    assert_int_equal(folder_create(r.store, "notes/2026"), STORE_OK);
    root_expect_list(&r, "INBOX notes+ notes/2026");
    root_expect(&r, "notes", "x");
    root_close(&r);
}

/* A failure takes the levels back that were made for it. */
static void test_create_takes_back(void **state)
{
    (void)state;
    char name[300] = "a/b/";
    memset(name + 4, 'x', 260);
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    assert_int_equal(folder_create(r.store, name), STORE_LIMIT);
    root_expect_list(&r, "INBOX");
    assert_int_equal(root_count(&r, "."), 2);
    root_close(&r);
    root_open(&r, LAYOUT_FS);
    assert_int_equal(folder_create(r.store, name), STORE_LIMIT);
    root_expect_list(&r, "INBOX");
    assert_int_equal(root_count(&r, "."), 2);
    root_close(&r);
}

/* Runs work() in several processes at once; returns how many of them ended with 0. */
static int at_once(int (*work)(const struct root *r, int i), const struct root *r)
{
    int go[2];
    assert_int_equal(pipe(go), 0);
    pid_t pid[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0) {
            char c;
            close(go[1]);
            if (read(go[0], &c, 1) != 0)
                _exit(9);
            _exit(work(r, i));
        }
    }
    close(go[0]);
    close(go[1]);
    int good = 0;
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
            fail_msg("a process ended with %d", status);
        good += WEXITSTATUS(status) == 0;
    }
    return good;
}

static int create_same(const struct root *r, int i)
{
    (void)i;
    enum store_error e = folder_create(r->store, "deep/er/same");
    return e == STORE_OK ? 0 : e == STORE_EXISTS ? 1 : 10 + (int)e;
}

static int create_at_level(const struct root *r, int i)
{
    (void)i;
    enum store_error e = folder_create(r->store, "level");
    return e == STORE_OK ? 0 : e == STORE_EXISTS ? 1 : 10 + (int)e;
}

static int delete_same(const struct root *r, int i)
{
    (void)i;
    enum store_error e = folder_delete(r->store, "deep/er/same");
    return e == STORE_OK ? 0 : e == STORE_NONEXISTENT ? 1 : 10 + (int)e;
}

static int rename_same(const struct root *r, int i)
{
    char to[32];
    snprintf(to, sizeof to, "moved%d", i);
    enum store_error e = folder_rename(r->store, "deep/er/same", to);
    return e == STORE_OK ? 0 : e == STORE_NONEXISTENT ? 1 : 10 + (int)e;
}

/* Of several that do the same at once exactly one is told OK, and none is told nonsense. (In fs
 * one may come to help another to delete.) */
static void check_at_once(enum store_layout layout)
{
    for (int round = 0; round < 6; round++) {
        struct root r;
        root_open(&r, layout);
        assert_int_equal(at_once(create_same, &r), 1);
        root_expect_list(&r, "INBOX deep+ deep/er+ deep/er/same");
        int deleted = at_once(delete_same, &r);
        assert_true(layout == LAYOUT_FS ? deleted >= 1 : deleted == 1);
        root_expect_list(&r, "INBOX deep+ deep/er");
        assert_int_equal(folder_create(r.store, "deep/er/same"), STORE_OK);
        assert_int_equal(at_once(rename_same, &r), 1);
        if (layout == LAYOUT_FS) {
            root_mkdir(&r, "level");
            assert_int_equal(at_once(create_at_level, &r), 1);
        }
        assert_int_equal(root_count(&r, ".."), 1);
        root_close(&r);
    }
}

static void test_at_once(void **state)
{
    (void)state;
    check_at_once(LAYOUT_MAILDIRPP);
    check_at_once(LAYOUT_FS);
}

/* --- DELETE. -------------------------------------------------------------------------------
 */

static void check_delete(enum store_layout layout)
{
    bool fs = layout == LAYOUT_FS;
    struct root r;
    root_open(&r, layout);
    assert_int_equal(folder_delete(r.store, "INBOX"), STORE_CANNOT);
    assert_int_equal(folder_delete(r.store, "inbox/"), STORE_CANNOT);
    assert_int_equal(folder_delete(r.store, "none"), STORE_NONEXISTENT);
    assert_int_equal(folder_create(r.store, "a/b"), STORE_OK);
    root_write(&r, fs ? "a/cur/1:2,S" : ".a/cur/1:2,S", "x");
    root_write(&r, fs ? "a/dovecot-uidlist" : ".a/dovecot-uidlist", "x");
    root_write(&r, fs ? "a/.uidvalidity" : ".a/.uidvalidity", "x");
    root_mkdir(&r, fs ? "a/courierimapkeywords" : ".a/courierimapkeywords");
    root_write(&r, fs ? "a/b/new/2" : ".a.b/new/2", "y");
    /* What is below stays. */
    assert_int_equal(folder_delete(r.store, "a"), STORE_OK);
    root_expect_list(&r, "INBOX -a+ a/b");
    root_expect(&r, fs ? "a/b/new/2" : ".a.b/new/2", "y");
    assert_false(root_has(&r, fs ? "a/dovecot-uidlist" : ".a/dovecot-uidlist"));
    assert_false(root_has(&r, fs ? "a/courierimapkeywords" : ".a"));
    /* RFC 3501 6.3.4: an error, where a name has others below and is \Noselect */
    assert_int_equal(folder_delete(r.store, "a"), STORE_HASCHILDREN);
    assert_int_equal(folder_delete(r.store, "a/b"), STORE_OK);
    if (fs) {
        root_expect_list(&r, "INBOX -a");
        assert_int_equal(folder_delete(r.store, "a"), STORE_OK);
    }
    root_expect_list(&r, "INBOX");
    assert_int_equal(folder_delete(r.store, "a"), STORE_NONEXISTENT);
    assert_int_equal(root_count(&r, ".."), 1);
    root_close(&r);
}

static void test_delete(void **state)
{
    (void)state;
    check_delete(LAYOUT_MAILDIRPP);
    check_delete(LAYOUT_FS);
}

/* What a killed DELETE or CREATE left goes with the next DELETE. */
static void test_delete_sweeps(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_maildir(&r, "..DOVECOT-TRASHED");
    root_write(&r, "..DOVECOT-TRASHED/cur/old", "x");
    root_maildir(&r, "..imapd.1.N2P3"); /* young: perhaps somebody is at it */
    assert_int_equal(folder_create(r.store, "a"), STORE_OK);
    assert_int_equal(folder_delete(r.store, "a"), STORE_OK);
    assert_false(root_has(&r, "..DOVECOT-TRASHED"));
    assert_true(root_has(&r, "..imapd.1.N2P3"));
    root_close(&r);
}

/* A directory that is no folder and holds what is no mail is not ours to delete. */
static void test_delete_of_foreign_directory(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_FS);
    root_mkdir(&r, "scripts");
    root_write(&r, "scripts/backup.sh", "x");
    assert_int_equal(folder_delete(r.store, "scripts"), STORE_CANNOT);
    root_expect(&r, "scripts/backup.sh", "x");
    /* What a killed DELETE left */
    root_mkdir(&r, "half");
    root_mkdir(&r, "half/new");
    root_write(&r, "half/new/1", "x");
    root_write(&r, "half/dovecot-keywords", "x");
    assert_int_equal(folder_delete(r.store, "half"), STORE_OK);
    root_expect_list(&r, "INBOX -scripts");
    root_close(&r);
}

/* Links are removed, never followed. */
static void test_delete_follows_no_link(void **state)
{
    (void)state;
    for (int layout = LAYOUT_MAILDIRPP; layout <= LAYOUT_FS; layout++) {
        struct root r;
        root_open(&r, (enum store_layout)layout);
        root_write(&r, "cur/kept", "x");
        assert_int_equal(folder_create(r.store, "a"), STORE_OK);
        int root = store_root_fd(r.store);
        bool fs = layout == LAYOUT_FS;
        assert_int_equal(symlinkat("../../cur", root, fs ? "a/cur/link" : ".a/cur/link"), 0);
        assert_int_equal(symlinkat("../cur", root, fs ? "a/.link" : ".a/.link"), 0);
        assert_int_equal(folder_delete(r.store, "a"), STORE_OK);
        root_expect(&r, "cur/kept", "x");
        root_expect_list(&r, "INBOX");
        root_close(&r);
    }
}

/* --- RENAME. -------------------------------------------------------------------------------
 */

static void check_rename(enum store_layout layout)
{
    bool fs = layout == LAYOUT_FS;
    struct root r;
    root_open(&r, layout);
    assert_int_equal(folder_create(r.store, "a/b/c"), STORE_OK);
    assert_int_equal(folder_create(r.store, "ab"), STORE_OK);
    assert_int_equal(folder_create(r.store, "other"), STORE_OK);
    root_write(&r, fs ? "a/b/cur/1:2,S" : ".a.b/cur/1:2,S", "mail");
    assert_int_equal(folder_rename(r.store, "none", "x"), STORE_NONEXISTENT);
    assert_int_equal(folder_rename(r.store, "a", "other"), STORE_EXISTS);
    assert_int_equal(folder_rename(r.store, "a", "a"), STORE_EXISTS);
    assert_int_equal(folder_rename(r.store, "a/b", "a"), STORE_EXISTS);
    assert_int_equal(folder_rename(r.store, "a", "inbox"), STORE_EXISTS);
    assert_int_equal(folder_rename(r.store, "a", "a/x"), STORE_CANNOT);
    assert_int_equal(folder_rename(r.store, "a", "a/b/c/d"), STORE_CANNOT);
    root_expect_list(&r, "INBOX a+ a/b+ a/b/c ab other");
    /* With what is below, and levels made above (RFC 3501 6.3.5). */
    assert_int_equal(folder_rename(r.store, "a", "x/y/Архив"), STORE_OK);
    root_expect_list(&r, "INBOX ab other x+ x/y+ x/y/Архив+ x/y/Архив/b+ x/y/Архив/b/c");
    root_expect(&r,
                fs ? "x/y/&BBAEQARFBDgEMg-/b/cur/1:2,S" : ".x.y.&BBAEQARFBDgEMg-.b/cur/1:2,S",
                "mail");
    assert_int_equal(folder_rename(r.store, "x/y/Архив/b", "b"), STORE_OK);
    root_expect_list(&r, "INBOX ab b+ b/c other x+ x/y+ x/y/Архив");
    assert_int_equal(folder_rename(r.store, "b", "INBOX/b"), STORE_OK);
    assert_int_equal(folder_rename(r.store, "INBOX/b", "B.b"), STORE_OK);
    root_expect_list(&r, "INBOX B.b+ B.b/c ab other x+ x/y+ x/y/Архив");
    root_close(&r);
}

static void test_rename(void **state)
{
    (void)state;
    check_rename(LAYOUT_MAILDIRPP);
    check_rename(LAYOUT_FS);
}

/* A level that is no folder moves what is below it. */
static void test_rename_of_a_level(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_maildir(&r, ".a.b");
    root_maildir(&r, ".a.c.d");
    root_maildir(&r, ".z.y");
    assert_int_equal(folder_rename(r.store, "a", "z"), STORE_EXISTS);
    assert_int_equal(folder_rename(r.store, "a", "n"), STORE_OK);
    root_expect_list(&r, "INBOX -n+ n/b -n/c+ n/c/d -z+ z/y");
    root_close(&r);
    root_open(&r, LAYOUT_FS);
    root_mkdir(&r, "a");
    root_maildir(&r, "a/b");
    assert_int_equal(folder_rename(r.store, "a", "n"), STORE_OK);
    root_expect_list(&r, "INBOX -n+ n/b");
    root_close(&r);
}

/* One of the folders can't have its new name: nothing has happened, no level was made. */
static void test_rename_all_or_nothing(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    char name[300] = "a/";
    memset(name + 2, 'x', 240);
    assert_int_equal(folder_create(r.store, "a/b"), STORE_OK);
    assert_int_equal(folder_create(r.store, name), STORE_OK);
    assert_int_equal(folder_rename(r.store, "a", "much/longer/than/that"), STORE_LIMIT);
    char want[300];
    snprintf(want, sizeof want, "INBOX a+ a/b %s", name);
    root_expect_list(&r, want);
    root_close(&r);
}

/* A folder that gets in the way while the others are being renamed: those go back. Here a link
 * that leads nowhere takes both entries that the new name could have. */
static void test_rename_goes_back(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    int root = store_root_fd(r.store);
    assert_int_equal(folder_create(r.store, "a/b"), STORE_OK);
    assert_int_equal(folder_create(r.store, "a/c"), STORE_OK);
    assert_int_equal(symlinkat("nowhere", root, ".n.m.c"), 0);
    assert_int_equal(symlinkat("nowhere", root, ".n.m.\\63"), 0);
    assert_int_equal(folder_rename(r.store, "a", "n/m"), STORE_EXISTS);
    root_expect_list(&r, "INBOX a+ a/b a/c");
    root_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_levels),
        cmocka_unit_test(test_create_of_a_level),
        cmocka_unit_test(test_create_where_others_are),
        cmocka_unit_test(test_create_takes_back),
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_delete_sweeps),
        cmocka_unit_test(test_delete_of_foreign_directory),
        cmocka_unit_test(test_delete_follows_no_link),
        cmocka_unit_test(test_rename),
        cmocka_unit_test(test_rename_of_a_level),
        cmocka_unit_test(test_rename_all_or_nothing),
        cmocka_unit_test(test_rename_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
