/* The file of subscriptions, as Dovecot and Courier know it. */
#include "mailstore_root.h"

#define PROCESSES 6
#define EACH      15

static void expect_names(const struct root *r, const char *text)
{
    struct folder_list list;
    char got[4096] = "";
    assert_int_equal(subscriptions_read(r->store, &list), STORE_OK);
    for (size_t i = 0; i < list.count; i++) {
        size_t n = strlen(got);
        snprintf(got + n, sizeof got - n, "%s%s", i > 0 ? " " : "", list.folder[i].name);
    }
    folder_list_free(&list);
    assert_string_equal(got, text);
}

static void change(const struct root *r, const char *name, bool subscribe)
{
    assert_int_equal(subscriptions_change(r->store, name, subscribe), STORE_OK);
    assert_false(root_has(r, "subscriptions.lock"));
    assert_false(root_has(r, "subscriptions.new"));
}

static void test_new_file(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    expect_names(&r, "");
    change(&r, "none", false); /* nothing to do, nothing done */
    assert_false(root_has(&r, "subscriptions"));
    change(&r, "a/b", true);
    root_expect(&r, "subscriptions", "V\t2\n\na\tb\n");
    change(&r, "a/b/", true);
    change(&r, "inbox", true);
    change(&r, "Входящие/x.y", true);
    root_expect(&r, "subscriptions", "V\t2\n\na\tb\nINBOX\n&BBIERQQ+BDQETwRJBDgENQ-\tx\\2ey\n");
    expect_names(&r, "INBOX a/b Входящие/x.y");
    change(&r, "a/b", false);
    root_expect(&r, "subscriptions", "V\t2\n\nINBOX\n&BBIERQQ+BDQETwRJBDgENQ-\tx\\2ey\n");
    change(&r, "InBox", false);
    change(&r, "Входящие/x.y", false);
    root_expect(&r, "subscriptions", "V\t2\n\n");
    expect_names(&r, "");
    root_close(&r);
}

static void test_version_1(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_write(&r, "subscriptions", "inbox\nz\na.b\nraw \xd0\x92\n\xff\xfe\na\\2Eb\n\na.b");
    expect_names(&r, "INBOX a/b a.b raw В z");
    change(&r, "q/r.s", true);
    /* what was not understood is where it was */
    root_expect(&r, "subscriptions",
                "inbox\nz\na.b\nraw \xd0\x92\n\xff\xfe\na\\2Eb\n\na.b\nq.r\\2es\n");
    change(&r, "a/b", false); /* both lines */
    change(&r, "a.b", false); /* whatever its spelling */
    change(&r, "INBOX", false);
    root_expect(&r, "subscriptions", "z\nraw \xd0\x92\n\xff\xfe\n\nq.r\\2es\n");
    root_close(&r);

    root_open(&r, LAYOUT_FS);
    root_write(&r, "subscriptions", "a/b.c\n");
    expect_names(&r, "a/b.c");
    change(&r, "d/.e", true);
    root_expect(&r, "subscriptions", "a/b.c\nd/.e\n");
    root_close(&r);
}

static void test_version_2(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_write(&r, "subscriptions",
               "V\t2\n\na\tb\nc\001td\n\001\nx\t\ty\ne\001x\n&BBI-\ntail\0011");
    expect_names(&r, "a/b В"); /* no control characters, no empty levels */
    change(&r, "f", true);
    root_expect(&r, "subscriptions",
                "V\t2\n\na\tb\nc\001td\n\001\nx\t\ty\ne\001x\n&BBI-\ntail\0011\nf\n");
    root_close(&r);
}

static void test_unknown_version(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_write(&r, "subscriptions", "V\t3\n\nwhatever\n");
    expect_names(&r, "");
    assert_int_equal(subscriptions_change(r.store, "a", true), STORE_CORRUPT);
    root_expect(&r, "subscriptions", "V\t3\n\nwhatever\n");
    root_close(&r);
}

static void test_empty_file(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_write(&r, "subscriptions", "");
    root_write(&r, "courierimapsubscribed", "INBOX.old\n"); /* not looked at any more */
    expect_names(&r, "");
    change(&r, "a", true);
    root_expect(&r, "subscriptions", "V\t2\n\na\n");
    root_close(&r);
}

static void test_courier(void **state)
{
    (void)state;
    static const char file[] = "INBOX\nINBOX.Sent\ninbox.a.b\nINBOX.&BBI-\nINBOX.\xd0\x92 2\n"
                               "shared.x.y\n#shared.z\nINBOX.\nINBOX..x\n";
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_write(&r, "courierimapsubscribed", file);
    expect_names(&r, "INBOX Sent a/b В В 2");
    change(&r, "none", false);
    assert_false(root_has(&r, "subscriptions"));
    change(&r, "Sent", false);
    root_expect(&r, "subscriptions", "V\t2\n\nINBOX\na\tb\n&BBI-\n&BBI- 2\n");
    root_expect(&r, "courierimapsubscribed", file); /* the way back is open */
    expect_names(&r, "INBOX a/b В В 2");
    root_close(&r);
}

static void test_refused(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    assert_int_equal(subscriptions_change(r.store, "a//b", true), STORE_CANNOT);
    assert_int_equal(subscriptions_change(r.store, "a\nb", true), STORE_CANNOT);
    assert_int_equal(subscriptions_change(r.store, "", true), STORE_CANNOT);
    root_mkdir(&r, "subscriptions");
    struct folder_list list;
    assert_int_equal(subscriptions_read(r.store, &list), STORE_CORRUPT);
    assert_int_equal(subscriptions_change(r.store, "a", true), STORE_CORRUPT);
    root_close(&r);
}

/* Several at once: no change is lost. */
static void test_at_once(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    pid_t pid[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        for (int j = 0; pid[i] == 0 && j < EACH; j++) {
            char name[32];
            snprintf(name, sizeof name, "n%d/%d", i, j);
            if (subscriptions_change(r.store, name, true) != STORE_OK)
                _exit(1);
            if (j % 3 == 0 && subscriptions_change(r.store, name, false) != STORE_OK)
                _exit(1);
        }
        if (pid[i] == 0)
            _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_int_equal(status, 0);
    }
    struct folder_list list;
    assert_int_equal(subscriptions_read(r.store, &list), STORE_OK);
    assert_int_equal(list.count, PROCESSES * EACH * 2 / 3);
    folder_list_free(&list);
    root_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_file),   cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_version_2),  cmocka_unit_test(test_unknown_version),
        cmocka_unit_test(test_empty_file), cmocka_unit_test(test_courier),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
