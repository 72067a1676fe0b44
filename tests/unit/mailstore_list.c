/* The list of folders: what is there, whoever made it. */
#include "mailstore_root.h"

#include <time.h>

static void test_empty(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_expect_list(&r, "INBOX");
    root_close(&r);
    root_open(&r, LAYOUT_FS);
    root_expect_list(&r, "INBOX");
    root_close(&r);
}

static void test_maildirpp(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_maildir(&r, ".b");
    root_maildir(&r, ".a.x.y"); /* two levels that are no folders */
    root_maildir(&r, ".a.x!");
    root_maildir(&r, ".INBOX.Sent");
    root_maildir(&r, ".b.c");
    root_maildir(&r, ".b\\2ec");
    /* no folders: */
    root_maildir(&r, "..DOVECOT-TRASHED");
    root_maildir(&r, "..imapd.1.N2P3");
    root_mkdir(&r, ".notmuch");
    root_mkdir(&r, "imapd-index");
    root_mkdir(&r, "courierimapkeywords");
    root_write(&r, ".uidvalidity", "1\n");
    root_write(&r, "dovecot-uidlist", "");
    /* lost its cur/, but nothing else has a uidlist */
    root_mkdir(&r, ".lost");
    root_write(&r, ".lost/dovecot-uidlist", "");
    root_expect_list(&r, "INBOX+ INBOX/Sent -a+ -a/x+ a/x/y a/x! b+ b/c b.c lost");
    root_close(&r);
}

static void test_fs(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_FS);
    root_maildir(&r, "b");
    root_mkdir(&r, "a");
    root_mkdir(&r, "a/x");
    root_maildir(&r, "a/x/y");
    root_maildir(&r, "b/c");
    root_mkdir(&r, "INBOX");
    root_maildir(&r, "INBOX/Sent");
    root_mkdir(&r, "empty");
    /* no folders: */
    root_maildir(&r, "..DOVECOT-TrasH");
    root_mkdir(&r, "imapd-index");
    root_mkdir(&r, "b/courierimapkeywords");
    root_mkdir(&r, ".git");
    root_write(&r, "b/dovecot-uidlist", "");
    root_expect_list(&r, "INBOX+ INBOX/Sent -a+ -a/x+ a/x/y b+ b/c -empty");
    assert_true(root_opens(&r, "INBOX/Sent"));
    assert_false(root_opens(&r, "a"));
    assert_false(root_opens(&r, "a/x"));
    root_close(&r);
}

/* A folder that Dovecot made under a name which we escape. */
static void test_reserved_names_of_others(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_FS);
    root_maildir(&r, "dovecot-dev");
    root_maildir(&r, "subscriptions2");
    root_expect_list(&r, "INBOX dovecot-dev subscriptions2");
    assert_true(root_opens(&r, "dovecot-dev"));
    assert_int_equal(folder_create(r.store, "dovecot-dev"), STORE_EXISTS);
    assert_int_equal(folder_rename(r.store, "dovecot-dev", "dev"), STORE_OK);
    root_expect_list(&r, "INBOX dev subscriptions2");
    root_close(&r);
}

/* Whatever the encoding, the folder is listed once, under what it means, and can be used. */
static void check_other_encodings(enum store_layout layout)
{
    static const struct {
        const char *entry, *name;
    } t[] = {
        { "Входящие", "Входящие" }, /* raw UTF-8: Courier 5 */
        { "R&D", "R&D" },           /* the same, with an '&' */
        { "&AGEAYg-", "ab" },       /* not the shortest modified UTF-7 */
        { "&BBI-&BEU-", "Вх" },
        { "x\\5Cy", "x\\y" },             /* upper-case digits */
        { "t\\65st", "test" },            /* an escape that was not needed */
        { "back\\slash", "back\\slash" }, /* an escape that is none */
        { "a b", "a b" },
    };
    struct root r;
    root_open(&r, layout);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char entry[128];
        char want[256];
        snprintf(entry, sizeof entry, "%s%s", layout == LAYOUT_FS ? "" : ".", t[i].entry);
        root_maildir(&r, entry);
        snprintf(want, sizeof want, "INBOX %s", t[i].name);
        root_expect_list(&r, want);
        assert_true(root_opens(&r, t[i].name));
        assert_int_equal(folder_create(r.store, t[i].name), STORE_EXISTS);
        /* Below it, and renamed to its canonical name. */
        char below[128];
        snprintf(below, sizeof below, "%s/below", t[i].name);
        assert_int_equal(folder_create(r.store, below), STORE_OK);
        assert_true(root_opens(&r, below));
        assert_int_equal(folder_delete(r.store, below), STORE_OK);
        assert_int_equal(folder_rename(r.store, t[i].name, "other"), STORE_OK);
        assert_false(root_has(&r, entry));
        assert_int_equal(folder_delete(r.store, "other"), STORE_OK);
        root_expect_list(&r, "INBOX");
    }
    root_close(&r);
}

static void test_other_encodings_maildirpp(void **state)
{
    (void)state;
    check_other_encodings(LAYOUT_MAILDIRPP);
}

static void test_other_encodings_fs(void **state)
{
    (void)state;
    check_other_encodings(LAYOUT_FS);
}

/* Entries that no client could name: each is listed under a name that leads to it. */
static void check_strange(enum store_layout layout, const char *const *entry, size_t n)
{
    struct root r;
    root_open(&r, layout);
    for (size_t i = 0; i < n; i++)
        root_maildir(&r, entry[i]);
    struct folder_list list;
    assert_int_equal(folder_list(r.store, &list), STORE_OK);
    size_t selectable = 0;
    for (size_t i = 0; i < list.count; i++) {
        char normal[FOLDER_NAME_MAX + 1];
        const char *name = list.folder[i].name;
        if (i > 0)
            assert_string_not_equal(name, list.folder[i - 1].name);
        assert_int_equal(folder_name_normalize(name, strlen(name), normal), STORE_OK);
        assert_string_equal(normal, name);
        assert_int_equal(root_opens(&r, name), list.folder[i].selectable);
        selectable += list.folder[i].selectable;
    }
    assert_int_equal(selectable, n + 1);
    /* Each name leads to another directory: all of them can be deleted by name. */
    for (size_t i = list.count; i-- > 1;) {
        if (list.folder[i].selectable)
            assert_int_equal(folder_delete(r.store, list.folder[i].name), STORE_OK);
    }
    for (size_t i = 0; i < n; i++) {
        char cur[128];
        snprintf(cur, sizeof cur, "%s/cur", entry[i]);
        assert_false(root_has(&r, cur));
    }
    folder_list_free(&list);
    root_close(&r);
}

static void test_strange_maildirpp(void **state)
{
    (void)state;
    static const char *const entry[] = {
        ".caf\xe9",                  /* ISO 8859-1 */
        ".\xff\xfe",   ".a\nb",      /* control characters */
        ".a\x7f",      ".a&AAo-",    /* the same in modified UTF-7 */
        ".a\\00b",                   /* an escaped NUL */
        ".a\\2fb",                   /* an escaped '/' */
        ".&AC8-",                    /* the same in modified UTF-7 */
        ".x..y",                     /* empty levels */
        ".x.",         ".x.bad\xff", /* one level of it */
        ".INBOX",                    /* beside the INBOX */
        ".inbox",      ".InBox.Sent",
        ".INBOX.Sent", ".\xd0\x92\xd1\x85", /* one name in three encodings */
        ".&BBIERQ-",   ".&BBI-&BEU-",
        ".\\2e\\2e",   ".&AC4ALg-",
    };
    check_strange(LAYOUT_MAILDIRPP, entry, sizeof entry / sizeof *entry);
}

static void test_strange_fs(void **state)
{
    (void)state;
    static const char *const entry[] = {
        "caf\xe9",    "caf\xe9/sub",
        "a\nb",       "a\\2fb",
        "&AC8-",      "INBOX",
        "INBOX/Sent", "inbox",
        "inbox/Sent", "\xd0\x92\xd1\x85",
        "&BBIERQ-",   "\\63ur",
        "&BBI-&BEU-", "\xd0\x92\xd1\x85/x",
        "&BBIERQ-/x",
    };
    check_strange(LAYOUT_FS, entry, sizeof entry / sizeof *entry);
}

/* The longest entries, and more levels than a name may have. */
static void test_extremes(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    char entry[256];
    memset(entry, '\xff', 255);
    entry[0] = '.';
    entry[255] = '\0';
    root_maildir(&r, entry);
    for (size_t i = 0; i < 240; i++)
        entry[i] = i % 2 == 0 ? '.' : 'a';
    entry[240] = '\0';
    root_maildir(&r, entry);
    struct folder_list list;
    assert_int_equal(folder_list(r.store, &list), STORE_OK);
    assert_int_equal(list.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(root_opens(&r, list.folder[i].name));
    folder_list_free(&list);
    root_close(&r);

    root_open(&r, LAYOUT_FS);
    int at = dup(store_root_fd(r.store));
    for (int i = 0; i < FOLDER_LEVELS_MAX + 10; i++) {
        assert_int_equal(mkdirat(at, "d", 0700), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
    }
    close(at);
    assert_int_equal(symlinkat("..", store_root_fd(r.store), "d/up"), 0);
    assert_int_equal(symlinkat(".", store_root_fd(r.store), "self"), 0);
    assert_int_equal(folder_list(r.store, &list), STORE_OK);
    /* INBOX, the levels, and the two links to the root, which is a Maildir, but not their loops
     */
    assert_int_equal(list.count, 1 + FOLDER_LEVELS_MAX + 2);
    folder_list_free(&list);
    root_close(&r);
}

/* 5,000 folders in a second, whatever the machine does meanwhile (20 ms when nothing). */
static void check_many(enum store_layout layout)
{
    struct root r;
    root_open(&r, layout);
    for (int i = 0; i < 5000; i++) {
        char path[64];
        snprintf(path, sizeof path, layout == LAYOUT_FS ? "%d" : ".%d", i);
        root_mkdir(&r, path);
        snprintf(path, sizeof path, layout == LAYOUT_FS ? "%d/cur" : ".%d/cur", i);
        root_mkdir(&r, path);
    }
    clock_t begin = clock();
    struct folder_list list;
    assert_int_equal(folder_list(r.store, &list), STORE_OK);
    assert_int_equal(list.count, 5001);
    clock_t took = clock() - begin;
    print_message("5,000 folders listed in %.1f ms\n", 1000.0 * (double)took / CLOCKS_PER_SEC);
    assert_true(took < CLOCKS_PER_SEC);
    folder_list_free(&list);
    root_close(&r);
}

static void test_many(void **state)
{
    (void)state;
    check_many(LAYOUT_MAILDIRPP);
    check_many(LAYOUT_FS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_maildirpp),
        cmocka_unit_test(test_fs),
        cmocka_unit_test(test_reserved_names_of_others),
        cmocka_unit_test(test_other_encodings_maildirpp),
        cmocka_unit_test(test_other_encodings_fs),
        cmocka_unit_test(test_strange_maildirpp),
        cmocka_unit_test(test_strange_fs),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
