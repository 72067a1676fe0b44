/* The passwd file: every scheme, damaged lines, what it leaves out; and hashes on their own. */
#include "auth/backend.h"
#include "auth/checker.h"
#include "auth/hash.h"
#include "auth/library.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/auth_passwd_file.XXXXXX";
static struct settings settings;

static void write_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static const char *hash_of(const char *password, const char *salt)
{
    static struct crypt_data data;
    struct library_crypt lib;
    assert_true(library_load_crypt(&lib));
    const char *hash = lib.crypt(password, salt, &data);
    assert_non_null(hash);
    assert_int_not_equal(hash[0], '*');
    return hash;
}

static struct identity id;
static const char *reason;

static enum backend_result ask(const char *user, const char *password)
{
    struct credentials c = { .user = user, .password = password, .prepared = password };
    memset(&id, 0, sizeof id);
    reason = NULL;
    return backend_passwd_file(&settings, &c, &id, &reason);
}

static void test_schemes(void **state)
{
    (void)state;
    static const struct {
        const char *scheme, *salt;
    } cases[] = {
        { "{CRYPT}", "$6$rounds=1000$saltsalt$" },
        { "{CRYPT}", "$5$rounds=1000$saltsalt$" },
        { "{CRYPT}", "$y$j75$saltsaltsaltsalt$" },
        { "{CRYPT}", "$2b$04$saltsaltsaltsaltsaltse" },
        { "{SHA512-CRYPT}", "$6$rounds=1000$saltsalt$" },
        { "{SHA256-CRYPT}", "$5$rounds=1000$saltsalt$" },
        { "{BLF-CRYPT}", "$2b$04$saltsaltsaltsaltsaltse" },
        { "{sha512-crypt}", "$6$rounds=1000$saltsalt$" },
        { "", "$6$rounds=1000$saltsalt$" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[1024];
        int n = snprintf(line, sizeof line, "# x\nalice:%s%s:2001:2002::/srv/alice::\n",
                         cases[i].scheme, hash_of("correct horse", cases[i].salt));
        write_file(line, (size_t)n);
        if (ask("alice", "correct horse") != BACKEND_OK)
            fail_msg("%s%s: %s", cases[i].scheme, cases[i].salt, reason);
        assert_int_equal(id.uid, 2001);
        assert_int_equal(id.gid, 2002);
        assert_string_equal(id.home, "/srv/alice");
        assert_string_equal(id.user, "alice");
        assert_int_equal(id.backend, AUTH_BACKEND_PASSWD_FILE);
        assert_int_equal(id.group_count, 1);
        assert_int_equal(id.group[0], 2002);
        assert_true(identity_valid(&id));
        assert_int_equal(ask("alice", "correct horsf"), BACKEND_MISMATCH);
        assert_int_equal(ask("alice", "correct hors"), BACKEND_MISMATCH);
        assert_int_equal(ask("alice", "correct horse "), BACKEND_MISMATCH);
        assert_int_equal(ask("alic", "correct horse"), BACKEND_UNKNOWN);
        assert_int_equal(ask("alicee", "correct horse"), BACKEND_UNKNOWN);
        assert_int_equal(ask("Alice", "correct horse"), BACKEND_UNKNOWN);
    }
}

static enum hash_result checked(const char *stored, const char *password, bool allow_plain)
{
    struct hash_password p = { .sent = password, .prepared = password };
    return hash_check(stored, &p, allow_plain);
}

static void test_hash_check(void **state)
{
    (void)state;
    assert_int_equal(checked("*", "x", true), HASH_LOCKED);
    assert_int_equal(checked("!", "x", true), HASH_LOCKED);
    assert_int_equal(checked("", "", true), HASH_LOCKED);
    assert_int_equal(checked("*0", "*0", true), HASH_LOCKED);
    assert_int_equal(checked("{CRYPT}", "", true), HASH_LOCKED);
    assert_int_equal(checked("{CRYPT}*", "*", true), HASH_LOCKED);
    assert_int_equal(checked("{CRYPT}!$6$x$y", "x", true), HASH_LOCKED);
    assert_int_equal(checked("{PLAIN}", "", true), HASH_LOCKED);
    assert_int_equal(checked("{PLAIN}pass", "pass", false), HASH_REFUSED);
    assert_int_equal(checked("{PLAIN}pass", "pass", true), HASH_MATCH);
    assert_int_equal(checked("{PLAIN}pass", "pas", true), HASH_MISMATCH);
    assert_int_equal(checked("{PLAIN}pass", "passs", true), HASH_MISMATCH);
    assert_int_equal(checked("{PLAIN}pass", "passpass", true), HASH_MISMATCH);
    assert_int_equal(checked("{PLAIN}pass", "", true), HASH_MISMATCH);
    assert_int_equal(checked("{PLAIN}*", "*", true), HASH_MATCH);
    assert_int_equal(checked("{CLEARTEXT}a}b", "a}b", true), HASH_MATCH);
    assert_int_equal(checked("{SSHA}abc", "abc", true), HASH_UNKNOWN);
    assert_int_equal(checked("{CRYPT.b64}abc", "abc", true), HASH_UNKNOWN);
    assert_int_equal(checked("{CRYPT", "x", true), HASH_UNKNOWN);
    assert_int_equal(checked("{}x", "x", true), HASH_UNKNOWN);
    assert_int_equal(checked("{CRYPT}nonsense of a hash", "x", true), HASH_UNKNOWN);
    assert_int_equal(checked("{SHA512-CRYPT}$5$saltsalt$x", "x", true), HASH_UNKNOWN);
    assert_int_equal(checked("{BLF-CRYPT}$6$saltsalt$x", "x", true), HASH_UNKNOWN);
}

static void test_hash_make(void **state)
{
    (void)state;
    struct buffer a;
    struct buffer b;
    buffer_init(&a, 1024);
    buffer_init(&b, 1024);
    assert_true(hash_make("s3cret", &a));
    assert_true(hash_make("s3cret", &b));
    assert_int_equal(strncmp(buffer_string(&a), "{CRYPT}$y$", 10), 0);
    assert_string_not_equal(a.data, buffer_string(&b));
    assert_int_equal(checked(a.data, "s3cret", false), HASH_MATCH);
    assert_int_equal(checked(a.data, "s3cres", false), HASH_MISMATCH);
    buffer_free(&a);
    buffer_free(&b);
}

static void test_plain(void **state)
{
    (void)state;
    static const char text[] = "demo:{PLAIN}demo:3000:3000::/srv/demo::\n";
    write_file(text, sizeof text - 1);
    assert_int_equal(ask("demo", "demo"), BACKEND_MISMATCH);
    assert_string_equal(reason, "plain-not-allowed");
    settings.passwd_file_plain = true;
    assert_int_equal(ask("demo", "demo"), BACKEND_OK);
    assert_int_equal(ask("demo", "demo "), BACKEND_MISMATCH);
    settings.passwd_file_plain = false;
}

static void test_damage(void **state)
{
    (void)state;
    settings.passwd_file_plain = true;
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_puts(&text, "long:{PLAIN}x:1:1::/");
    for (int i = 0; i < 10000; i++)
        buffer_putc(&text, 'x');
    buffer_puts(&text, "\n");
    buffer_append(&text, "nul:{PLAIN}x\0y:5:5::/h::\n", 26);
    buffer_puts(&text, ":{PLAIN}x:5:5::/h::\n"
                       "nothing\n"
                       "locked:!:5:5::/h::\n"
                       "emptyhash::5:5::/h::\n"
                       "baduid:{PLAIN}x:-5:5::/h::\n"
                       "baduid2:{PLAIN}x:5x:5::/h::\n"
                       "baduid3:{PLAIN}x:4294967295:5::/h::\n"
                       "baduid4:{PLAIN}x: 5:5::/h::\n"
                       "baduid5:{PLAIN}x:99999999999999999999:5::/h::\n"
                       "badgid:{PLAIN}x:5:0x5::/h::\n"
                       "badhome:{PLAIN}x:5:5::h::\n"
                       "nohome-no-account:{PLAIN}x:5:5::::\n"
                       "short-no-account:{PLAIN}x\n"
                       "twice:{PLAIN}first:5:5::/h::\n"
                       "twice:{PLAIN}second:5:5::/h::\n"
                       "extra:{PLAIN}x:5:6::/h:/bin/sh:userdb_mail=maildir:~/x\n"
                       "crlf:{PLAIN}x:5:6::/h\r\n"
                       "rootly:{PLAIN}x:0:0::/root::\n"
                       "last:{PLAIN}x:7:8::/h");
    write_file(text.data, text.len);
    buffer_free(&text);
    assert_int_equal(ask("long", "x"), BACKEND_UNKNOWN);
    assert_int_equal(ask("nul", "x"), BACKEND_UNKNOWN);
    assert_int_equal(ask("nothing", ""), BACKEND_MISMATCH);
    assert_int_equal(ask("locked", "!"), BACKEND_MISMATCH);
    assert_int_equal(ask("emptyhash", ""), BACKEND_MISMATCH);
    assert_int_equal(ask("baduid", "x"), BACKEND_MISMATCH);
    assert_int_equal(ask("baduid2", "x"), BACKEND_MISMATCH);
    assert_int_equal(ask("baduid3", "x"), BACKEND_MISMATCH);
    assert_int_equal(ask("baduid4", "x"), BACKEND_MISMATCH);
    assert_int_equal(ask("baduid5", "x"), BACKEND_MISMATCH);
    assert_int_equal(ask("badgid", "x"), BACKEND_MISMATCH);
    assert_int_equal(ask("badhome", "x"), BACKEND_MISMATCH);
    assert_int_equal(ask("nohome-no-account", "x"), BACKEND_MISMATCH);
    assert_string_equal(reason, "no-account");
    assert_int_equal(ask("short-no-account", "x"), BACKEND_MISMATCH);
    assert_int_equal(ask("twice", "second"), BACKEND_MISMATCH);
    assert_int_equal(ask("twice", "first"), BACKEND_OK);
    assert_int_equal(ask("extra", "x"), BACKEND_OK);
    assert_string_equal(id.home, "/h");
    assert_int_equal(ask("crlf", "x"), BACKEND_OK);
    assert_string_equal(id.home, "/h");
    assert_int_equal(ask("rootly", "x"), BACKEND_OK); /* identity_refused has the last word */
    assert_string_equal(identity_refused(&id, &settings, 0), "root");
    assert_int_equal(ask("last", "x"), BACKEND_OK);
    assert_int_equal(id.gid, 8);
    assert_int_equal(ask("extra:{PLAIN}x", "5"), BACKEND_UNKNOWN);
    assert_int_equal(ask("# x", "x"), BACKEND_UNKNOWN);
    settings.passwd_file_plain = false;
}

static void test_from_account(void **state)
{
    (void)state;
    const struct passwd *account = getpwuid(getuid());
    if (account == NULL) {
        skip();
        return;
    }
    char text[256];
    int n = snprintf(text, sizeof text, "%s:{PLAIN}x\n", account->pw_name);
    write_file(text, (size_t)n);
    settings.passwd_file_plain = true;
    assert_int_equal(ask(account->pw_name, "x"), BACKEND_OK);
    settings.passwd_file_plain = false;
    assert_int_equal(id.uid, getuid());
    assert_string_equal(id.home, getpwuid(getuid())->pw_dir);
    assert_true(id.group_count >= 1);
    /* With nothing left out the system has no say. */
    n = snprintf(text, sizeof text, "%s:{PLAIN}x:%u:2002::/srv/x\n", account->pw_name,
                 (unsigned)account->pw_uid);
    write_file(text, (size_t)n);
    settings.passwd_file_plain = true;
    assert_int_equal(ask(account->pw_name, "x"), BACKEND_OK);
    settings.passwd_file_plain = false;
    assert_int_equal(id.group_count, 1);
    assert_int_equal(id.group[0], 2002);
    assert_string_equal(id.home, "/srv/x");
}

static void test_file_refused(void **state)
{
    (void)state;
    static const char text[] = "demo:{PLAIN}demo:3000:3000::/srv/demo::\n";
    write_file(text, sizeof text - 1);
    settings.passwd_file_plain = true;
    assert_int_equal(chmod(path, 0602), 0);
    assert_int_equal(ask("demo", "demo"), BACKEND_UNAVAILABLE);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(ask("demo", "demo"), BACKEND_OK);
    char *real = settings.passwd_file;
    settings.passwd_file = (char *)"/nonexistent/passwd";
    assert_int_equal(ask("demo", "demo"), BACKEND_UNAVAILABLE);
    settings.passwd_file = (char *)"/tmp";
    assert_int_equal(ask("demo", "demo"), BACKEND_UNAVAILABLE);
    settings.passwd_file = real;
    settings.passwd_file_plain = false;
}

static void test_refused_identities(void **state)
{
    (void)state;
    struct identity who = { .user = "bob", .home = "/home/bob", .uid = 1000, .gid = 1000 };
    assert_null(identity_refused(&who, &settings, 0));
    assert_null(identity_refused(&who, &settings, 1000));
    assert_non_null(identity_refused(&who, &settings, 1001));
    who.uid = 999;
    assert_non_null(identity_refused(&who, &settings, 0));
    assert_non_null(identity_refused(&who, &settings, 999));
    who.uid = 0;
    assert_non_null(identity_refused(&who, &settings, 0));
    who.uid = 1000;
    who.home[0] = '\0';
    assert_non_null(identity_refused(&who, &settings, 0)); /* ~/Maildir of nowhere */
}

static void wipe(void *ctx)
{
    ++*(int *)ctx;
}

static void test_checker(void **state)
{
    (void)state;
    static const char text[] = "demo:{PLAIN}demo:3000:3000::/srv/demo::\n";
    static struct frame_checked checked;
    write_file(text, sizeof text - 1);
    settings.passwd_file_plain = true;
    settings.auth[0] = AUTH_BACKEND_PASSWD_FILE;
    int forks = 0;
    struct credentials c = { .user = "demo", .password = "demo" };
    checker_run(&settings, &c, wipe, &forks, &checked);
    assert_int_equal(checked.verdict, VERDICT_OK);
    assert_int_equal(checked.identity.uid, 3000);
    assert_int_equal(forks, 1);
    c.password = "omed";
    checker_run(&settings, &c, wipe, &forks, &checked);
    assert_int_equal(checked.verdict, VERDICT_FAILED);
    assert_string_equal(checked.reason, "mismatch");
    c.user = "nobody-here";
    checker_run(&settings, &c, wipe, &forks, &checked);
    assert_int_equal(checked.verdict, VERDICT_FAILED);
    assert_string_equal(checked.reason, "unknown-user");
    settings.passwd_file_plain = false;
    settings.auth[0] = AUTH_BACKEND_PAM;
}

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) < 0 || !settings_init(&settings))
        return -1;
    free(settings.passwd_file);
    settings.passwd_file = strdup(path);
    return settings.passwd_file == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    settings_free(&settings);
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemes),      cmocka_unit_test(test_hash_check),
        cmocka_unit_test(test_hash_make),    cmocka_unit_test(test_plain),
        cmocka_unit_test(test_damage),       cmocka_unit_test(test_from_account),
        cmocka_unit_test(test_file_refused), cmocka_unit_test(test_refused_identities),
        cmocka_unit_test(test_checker),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
