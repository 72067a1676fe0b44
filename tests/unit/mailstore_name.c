/* What clients may call a folder, and where it goes on disk. */
#include "mailstore_root.h"

static enum store_error normalize(const char *name, char *out)
{
    return folder_name_normalize(name, strlen(name), out);
}

static void test_normal_form(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } t[] = {
        { "a", "a" },
        { "a/b", "a/b" },
        { "a/", "a" }, /* RFC 3501 6.3.3: a hint that there will be names below */
        { "inbox", "INBOX" },
        { "InBoX/", "INBOX" },
        { "inbox/x", "INBOX/x" },
        { "inboxes", "inboxes" },
        { "a/inbox", "a/inbox" },
        { "..", ".." },
        { "~x", "~x" },
        { "Входящие", "Входящие" },
        { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
    };
    char out[FOLDER_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        assert_int_equal(normalize(t[i].in, out), STORE_OK);
        assert_string_equal(out, t[i].out);
    }
}

static void test_no_names(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        "/",     "//",       "/a",           "a//b", "a//",      "a\nb",
        "a\x01",   "a\x7f", "\xc2\x80", "\xe2\x80\xa8", "\xff", "\xc0\xaf", "\xed\xa0\x80",
        "caf\xe9",
    };
    char out[FOLDER_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(normalize(bad[i], out), STORE_CANNOT);
    assert_int_equal(folder_name_normalize("a\0b", 3, out), STORE_CANNOT);
}

static void test_limits(void **state)
{
    (void)state;
    char name[FOLDER_NAME_MAX + 8];
    char out[FOLDER_NAME_MAX + 1];
    memset(name, 'a', sizeof name);
    assert_int_equal(folder_name_normalize(name, FOLDER_NAME_MAX, out), STORE_OK);
    assert_int_equal(strlen(out), FOLDER_NAME_MAX);
    assert_int_equal(folder_name_normalize(name, FOLDER_NAME_MAX + 1, out), STORE_LIMIT);
    name[FOLDER_NAME_MAX] = '/';
    assert_int_equal(folder_name_normalize(name, FOLDER_NAME_MAX + 1, out), STORE_OK);
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 == 0 ? 'a' : '/';
    assert_int_equal(folder_name_normalize(name, 2 * FOLDER_LEVELS_MAX - 1, out), STORE_OK);
    assert_int_equal(folder_name_normalize(name, 2 * FOLDER_LEVELS_MAX + 1, out), STORE_CANNOT);
}

static const struct {
    const char *name, *maildirpp, *fs;
} places[] = {
    { "Sent", ".Sent", "Sent" },
    { "a/b/c", ".a.b.c", "a/b/c" },
    { "a.b", ".a\\2eb", "a.b" },
    { "x\\y", ".x\\5cy", "x\\5cy" },
    { "~x", ".\\7ex", "\\7ex" },
    { "t/~x", ".t.\\7ex", "t/\\7ex" },
    { "x~", ".x~", "x~" },
    { "&", ".&-", "&-" },
    { "%2e", ".%2e", "%2e" },
    { "\\2e\\2e", ".\\5c2e\\5c2e", "\\5c2e\\5c2e" },
    { "&AC4ALg-", ".&-AC4ALg-", "&-AC4ALg-" },
    { "Входящие", ".&BBIERQQ+BDQETwRJBDgENQ-", "&BBIERQQ+BDQETwRJBDgENQ-" },
    { "\xf0\x9f\x98\x80", ".&2D3eAA-", "&2D3eAA-" },
    { "..", ".\\2e\\2e", "\\2e." },
    { "../x", ".\\2e\\2e.x", "\\2e./x" },
    { "d/../e", ".d.\\2e\\2e.e", "d/\\2e./e" },
    { ".lock", ".\\2elock", ".lock" },
    { "...x", ".\\2e\\2e\\2ex", "\\2e..x" },
    { ".", ".\\2e", "\\2e" },
    { "cur", ".cur", "\\63ur" },
    { "new/x", ".new.x", "\\6eew/x" },
    { "tmp", ".tmp", "\\74mp" },
    { "curry", ".curry", "curry" },
    { "f/cur", ".f.cur", "f/\\63ur" },
    { "dovecot-uidlist", ".dovecot-uidlist", "\\64ovecot-uidlist" },
    { "g/dovecot.index", ".g.dovecot\\2eindex", "g/\\64ovecot.index" },
    { "dovecot", ".dovecot", "dovecot" },
    { "subscriptions", ".subscriptions", "\\73ubscriptions" },
    { "subscriptions.lock", ".subscriptions\\2elock", "\\73ubscriptions.lock" },
    { "imapd-index", ".imapd-index", "\\69mapd-index" },
    { "courierimapkeywords", ".courierimapkeywords", "\\63ourierimapkeywords" },
    { "INBOX/x", ".INBOX.x", "INBOX/x" },
    { "a b", ".a b", "a b" },
    { "-", ".-", "-" },
    { "*%", ".*%", "*%" },
};

/* Each is made at its place, listed under its name, found again and removed. */
static void check_places(enum store_layout layout)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct root r;
        root_open(&r, layout);
        const char *name = places[i].name;
        const char *path = layout == LAYOUT_FS ? places[i].fs : places[i].maildirpp;
        assert_int_equal(folder_create(r.store, name), STORE_OK);
        if (!root_has(&r, path))
            fail_msg("%s is not at %s", name, path);
        assert_true(root_opens(&r, name));
        struct folder_list list;
        assert_int_equal(folder_list(r.store, &list), STORE_OK);
        assert_string_equal(list.folder[list.count - 1].name, name);
        assert_true(list.folder[list.count - 1].selectable);
        folder_list_free(&list);
        assert_int_equal(folder_create(r.store, name), STORE_EXISTS);
        assert_int_equal(folder_delete(r.store, name), STORE_OK);
        assert_false(root_opens(&r, name));
        assert_int_equal(root_count(&r, ".."), 1); /* ".." itself */
        root_close(&r);
    }
}

static void test_places_maildirpp(void **state)
{
    (void)state;
    check_places(LAYOUT_MAILDIRPP);
}

static void test_places_fs(void **state)
{
    (void)state;
    check_places(LAYOUT_FS);
}

/* Names that can be nothing: neither made nor found, and nothing appears beside the root. */
static void check_hostile(enum store_layout layout)
{
    static const char *const hostile[] = {
        "/a", "/etc", "a//b", "//", "", "a\nb", "../../etc//", "\xff/..", "caf\xe9",
    };
    struct root r;
    root_open(&r, layout);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        int fd = -1;
        assert_int_equal(folder_create(r.store, hostile[i]), STORE_CANNOT);
        assert_int_equal(folder_open_dir(r.store, hostile[i], &fd), STORE_CANNOT);
        assert_int_equal(folder_delete(r.store, hostile[i]), STORE_CANNOT);
        assert_int_equal(folder_rename(r.store, hostile[i], "x"), STORE_CANNOT);
        assert_int_equal(folder_rename(r.store, "INBOX", hostile[i]), STORE_CANNOT);
    }
    assert_int_equal(folder_create(r.store, "../../../../../../../../tmp/imapd-out"), STORE_OK);
    assert_int_equal(access("/tmp/imapd-out", F_OK), -1);
    DIR *d = opendir(r.dir);
    assert_non_null(d);
    struct dirent *e;
    int beside = 0;
    while ((e = readdir(d)) != NULL)
        beside++;
    closedir(d);
    assert_int_equal(beside, 3); /* ".", "..", "Maildir" */
    root_close(&r);
}

static void test_hostile_maildirpp(void **state)
{
    (void)state;
    check_hostile(LAYOUT_MAILDIRPP);
}

static void test_hostile_fs(void **state)
{
    (void)state;
    check_hostile(LAYOUT_FS);
}

/* An entry of a directory has 255 octets; what does not fit is refused, and nothing is left. */
static void test_long_levels(void **state)
{
    (void)state;
    char name[FOLDER_NAME_MAX + 1] = "";
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    memset(name, 'a', 255);
    int fd;
    assert_int_equal(folder_create(r.store, name), STORE_LIMIT);
    assert_int_equal(folder_open_dir(r.store, name, &fd), STORE_NONEXISTENT);
    name[100] = '/';
    assert_int_equal(folder_create(r.store, name), STORE_LIMIT);
    root_expect_list(&r, "INBOX");
    name[254] = '\0';
    assert_int_equal(folder_create(r.store, name), STORE_OK);
    assert_int_equal(root_count(&r, ".."), 1);
    root_close(&r);

    root_open(&r, LAYOUT_FS);
    memset(name, 'a', 600);
    name[600] = '\0';
    assert_int_equal(folder_create(r.store, name), STORE_LIMIT);
    name[200] = name[400] = '/';
    assert_int_equal(folder_create(r.store, name), STORE_OK);
    assert_true(root_opens(&r, name));
    root_close(&r);
}

/* Links may lead about inside the root, never out of it. */
static void check_links(enum store_layout layout)
{
    struct root r;
    root_open(&r, layout);
    int root = store_root_fd(r.store);
    char outside[128];
    snprintf(outside, sizeof outside, "%s/outside", r.dir);
    assert_int_equal(mkdir(outside, 0700), 0);
    snprintf(outside, sizeof outside, "%s/outside/cur", r.dir);
    assert_int_equal(mkdir(outside, 0700), 0);
    assert_int_equal(folder_create(r.store, "real"), STORE_OK);
    bool pp = layout == LAYOUT_MAILDIRPP;
    assert_int_equal(symlinkat(pp ? ".real" : "real", root, pp ? ".link" : "link"), 0);
    assert_int_equal(symlinkat("../outside", root, pp ? ".out" : "out"), 0);
    snprintf(outside, sizeof outside, "%s/outside", r.dir);
    assert_int_equal(symlinkat(outside, root, pp ? ".abs" : "abs"), 0);
    assert_int_equal(symlinkat("/proc/self/cwd", root, pp ? ".magic" : "magic"), 0);
    assert_int_equal(symlinkat("nowhere", root, pp ? ".none" : "none"), 0);
    root_expect_list(&r, "INBOX link real");
    assert_true(root_opens(&r, "link"));
    assert_false(root_opens(&r, "out"));
    assert_false(root_opens(&r, "abs"));
    assert_false(root_opens(&r, "magic"));
    assert_false(root_opens(&r, "none"));
    assert_int_not_equal(folder_delete(r.store, "out"), STORE_OK);
    assert_int_not_equal(folder_rename(r.store, "out", "in"), STORE_OK);
    if (!pp) { /* a level of the way leads out */
        assert_false(root_opens(&r, "out/x"));
        assert_int_equal(folder_create(r.store, "out/x"), STORE_OK); /* elsewhere, inside */
        assert_true(root_has(&r, "\\6fut/x/cur"));
    }
    snprintf(outside, sizeof outside, "%s/outside/x", r.dir);
    assert_int_equal(access(outside, F_OK), -1);
    /* Deleting a linked folder removes the link. */
    assert_int_equal(folder_delete(r.store, "link"), STORE_OK);
    assert_true(root_opens(&r, "real"));
    snprintf(outside, sizeof outside, "%s/outside/cur", r.dir);
    assert_int_equal(access(outside, F_OK), 0);
    root_close(&r);
}

static void test_links_maildirpp(void **state)
{
    (void)state;
    check_links(LAYOUT_MAILDIRPP);
}

static void test_links_fs(void **state)
{
    (void)state;
    check_links(LAYOUT_FS);
}

static void test_root(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    assert_true(root_has(&r, "cur") && root_has(&r, "new") && root_has(&r, "tmp"));
    assert_false(root_has(&r, "maildirfolder")); /* Maildir++: never in the root */
    struct store *other;
    char path[160];
    snprintf(path, sizeof path, "%s/deep/er/Maildir", r.dir);
    assert_int_equal(store_open(path, LAYOUT_FS, &other), STORE_OK);
    store_close(other);
    snprintf(path, sizeof path, "%s/link", r.dir);
    assert_int_equal(symlink("Maildir", path), 0); /* the root may be a link */
    assert_int_equal(store_open(path, LAYOUT_FS, &other), STORE_OK);
    store_close(other);
    snprintf(path, sizeof path, "%s/file", r.dir);
    assert_true(close(open(path, O_WRONLY | O_CREAT, 0600)) == 0);
    assert_int_equal(store_open(path, LAYOUT_FS, &other), STORE_NONEXISTENT);
    assert_int_equal(store_open("", LAYOUT_FS, &other), STORE_NONEXISTENT);
    root_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_form),
        cmocka_unit_test(test_no_names),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_places_maildirpp),
        cmocka_unit_test(test_places_fs),
        cmocka_unit_test(test_hostile_maildirpp),
        cmocka_unit_test(test_hostile_fs),
        cmocka_unit_test(test_long_levels),
        cmocka_unit_test(test_links_maildirpp),
        cmocka_unit_test(test_links_fs),
        cmocka_unit_test(test_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
