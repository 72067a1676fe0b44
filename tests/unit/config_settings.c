/* The settings: defaults, values and their bounds, files with every kind of damage, -o. */
#include "config/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/config_settings.XXXXXX";

static void write_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static bool read_text(struct settings *s, const char *text, size_t n, struct buffer *err)
{
    write_file(text, n);
    buffer_clear(err);
    return settings_read_file(s, path, true, err);
}

static void test_defaults(void **state)
{
    (void)state;
    struct settings s;
    assert_true(settings_init(&s));
    assert_string_equal(s.mail_root, "~/Maildir");
    assert_int_equal(s.layout, LAYOUT_MAILDIRPP);
    assert_string_equal(s.index_dir, "");
    assert_int_equal(s.index_max_size, (uint64_t)8 << 30);
    assert_int_equal(s.auth_count, 1);
    assert_int_equal(s.auth[0], AUTH_BACKEND_PAM);
    assert_string_equal(s.pam_service, "imap");
    assert_string_equal(s.login_user, "imapd");
    assert_string_equal(s.tls_cert, "");
    assert_string_equal(s.tls_ticket_key, "");
    assert_false(s.pam_session);
    assert_false(s.passwd_file_plain);
    assert_int_equal(s.first_valid_uid, 1000);
    assert_int_equal(s.plaintext_login, PLAINTEXT_LOOPBACK);
    assert_int_equal(s.login_timeout, 60);
    assert_int_equal(s.idle_timeout, 1800);
    assert_int_equal(s.max_auth_tries, 3);
    assert_int_equal(s.auth_fail_delay, 2);
    assert_int_equal(s.max_user_connections, 60);
    assert_int_equal(s.max_message, 256u << 20);
    assert_false(s.expunge_on_logout);
    assert_int_equal(s.log, LOG_DEST_SYSLOG);
    settings_free(&s);
}

static void test_override(void **state)
{
    (void)state;
    static const struct {
        const char *assignment;
        bool ok;
    } cases[] = {
        { "idle_timeout=30min", true },
        { "idle_timeout=1800", true },
        { "idle_timeout=1799", false }, /* RFC 3501 section 5.4 */
        { "idle_timeout=29min", false },
        { "idle_timeout=1h", true },
        { "idle_timeout=7d", true },
        { "idle_timeout=8d", false },
        { "idle_timeout=30 min", false },
        { "idle_timeout=30m", false },
        { "idle_timeout=", false },
        { "idle_timeout=-1", false },
        { "idle_timeout=+1800", false },
        { "idle_timeout=99999999999999999999999", false },
        { "idle_timeout=307445734561825861min", false }, /* wraps round 2^64 */
        { "login_timeout=5s", true },
        { "login_timeout=4s", false },
        { "max_message=256MiB", true },
        { "max_message=64KiB", true },
        { "max_message=65535", false },
        { "max_message=4294967295", true },
        { "max_message=4GiB", false },
        { "max_message=256MB", false },
        { "max_auth_tries=0", false },
        { "max_auth_tries=1", true },
        { "max_auth_tries=21", false },
        { "max_user_connections=0", true },
        { "max_user_connections=10000", true },
        { "max_user_connections=10001", false },
        { "max_user_connections=none", false },
        { "first_valid_uid=0", false },
        { "first_valid_uid=1", true },
        { "first_valid_uid=4294967295", false },
        { "auth_fail_delay=0", true },
        { "autocreate=", true },
        { "autocreate=Drafts", true },
        { "autocreate=Drafts, Old letters \\archive,Входящие/a \\Sent \\Junk ", true },
        { "autocreate=Drafts,,Sent", false },
        { "autocreate=Drafts, \\Sent", false },
        { "autocreate=Drafts \\All", false },
        { "autocreate=Drafts \\Sent x", false },
        { "expunge_on_logout=yes", true },
        { "expunge_on_logout=YES", false },
        { "expunge_on_logout=1", false },
        { "layout=fs", true },
        { "layout=maildir", false },
        { "auth=pam,passwd-file", true },
        { "auth=passwd-file pam", true },
        { "auth=pam pam", false },
        { "auth=", false },
        { "auth=pam shadow", false },
        { "plaintext_login=always", true },
        { "plaintext_login=yes", false },
        { "log=stderr", true },
        { "passwd_file=relative", false },
        { "passwd_file=/etc/x", true },
        { "mail_root=", false },
        { "mail_root=/var/mail/%d/%n", true },
        { "mail_root=/100%%", true },
        { "mail_root=/%", false },
        { "mail_root=/%x", false },
        { "mail_root=~bob/mail", false },
        { "mail_root=~", true },
        { "index_dir=", true },
        { "index_dir=/var/cache/imapd/%u", true },
        { "index_dir=~/.cache/imapd", true },
        { "index_dir=%h/.cache/imapd", true },
        { "index_dir=cache", false },
        { "index_dir=%u", false },
        { "index_dir=/%x", false },
        { "index_dir=~bob/x", false },
        { "index_max_size=8GiB", true },
        { "index_max_size=16MiB", true },
        { "index_max_size=16777215", false },
        { "index_max_size=1024GiB", true },
        { "index_max_size=1025GiB", false },
        { "index_max_size=1TiB", false }, /* no such unit */
        { "index_max_size=", false },
        { "tls_cert=/etc/letsencrypt/live/imap/fullchain.pem", true },
        { "tls_cert=", true },
        { "tls_cert=cert.pem", false },
        { "tls_key=~/key.pem", false },
        { "tls_sni=", true },
        { "tls_sni=/a.pem", true },
        { "tls_sni=  /a.pem:/a.key\t/b.pem ", true },
        { "tls_sni=a.pem", false },
        { "tls_sni=/a.pem:a.key", false },
        { "tls_sni=/a.pem:", false },
        { "tls_sni=/a.pem:/a.key:/b", false },
        { "tls_sni=/a.pem, /b.pem:", false },
        { "tls_client_ca=/ca.pem", true },
        { "tls_ocsp=ocsp", false },
        { "tls_ticket_key=/k", true },
        { "tls_ciphers=", true },
        { "tls_ciphers=HIGH:!aNULL", true },
        { "no_such=1", false },
        { "layout", false },
        { "=fs", false },
        { "", false },
        { "Layout=fs", false },
    };
    struct buffer err;
    buffer_init(&err, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings s;
        assert_true(settings_init(&s));
        buffer_clear(&err);
        bool ok = settings_override(&s, cases[i].assignment, &err);
        if (ok != cases[i].ok)
            fail_msg("-o '%s'", cases[i].assignment);
        assert_true(ok == (err.len == 0));
        if (!ok)
            assert_int_equal(strncmp(buffer_string(&err), "-o ", 3), 0);
        settings_free(&s);
    }
    buffer_free(&err);
}

static void test_refused_changes_nothing(void **state)
{
    (void)state;
    struct settings s;
    struct buffer err;
    buffer_init(&err, 4096);
    assert_true(settings_init(&s));
    assert_false(settings_override(&s, "auth=passwd-file nonsense", &err));
    assert_int_equal(s.auth_count, 1);
    assert_int_equal(s.auth[0], AUTH_BACKEND_PAM);
    assert_false(settings_override(&s, "mail_root=%q", &err));
    assert_string_equal(s.mail_root, "~/Maildir");
    buffer_free(&err);
    settings_free(&s);
}

static void test_file(void **state)
{
    (void)state;
    static const char text[] = "# a comment\n"
                               "\n"
                               "   \t\n"
                               "\t # another\r\n"
                               "mail_root = /srv/mail # 1/%u  \r\n"
                               "layout=fs\n"
                               "  auth   =\tpasswd-file, pam\t\n"
                               "pam_service = \"imap\"\n"
                               "expunge_on_logout = yes";
    struct settings s;
    struct buffer err;
    buffer_init(&err, 4096);
    assert_true(settings_init(&s));
    assert_true(read_text(&s, text, sizeof text - 1, &err));
    assert_string_equal(s.mail_root, "/srv/mail # 1/%u"); /* only whole lines are comments */
    assert_int_equal(s.layout, LAYOUT_FS);
    assert_int_equal(s.auth_count, 2);
    assert_int_equal(s.auth[0], AUTH_BACKEND_PASSWD_FILE);
    assert_int_equal(s.auth[1], AUTH_BACKEND_PAM);
    assert_string_equal(s.pam_service, "\"imap\""); /* quotes are octets */
    assert_true(s.expunge_on_logout);
    settings_free(&s);
    buffer_free(&err);
}

static void test_file_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says; /* behind the file's name */
    } cases[] = {
        { "layout = fs\nlayout = fs\n", ":2: layout: " },
        { "\n\nno_such = 1\n", ":3: no_such: " },
        { "layout\n", ":1: layout: " },
        { "layout fs\n", ":1: layout: " },
        { "idle_timeout = 5min\n", ":1: idle_timeout: " },
        { "= fs\n", ":1: : " },
        { "login_timeout = 60s # a minute\n", ":1: login_timeout: " },
    };
    struct buffer err;
    buffer_init(&err, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings s;
        assert_true(settings_init(&s));
        assert_false(read_text(&s, cases[i].text, strlen(cases[i].text), &err));
        const char *said = buffer_string(&err);
        assert_int_equal(strncmp(said, path, strlen(path)), 0);
        if (strncmp(said + strlen(path), cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("%s", said);
        settings_free(&s);
    }
    buffer_free(&err);
}

static void test_file_damage(void **state)
{
    (void)state;
    struct settings s;
    struct buffer err;
    buffer_init(&err, 4096);
    assert_true(settings_init(&s));
    static const char nul[] = "layout = fs\0\n";
    assert_false(read_text(&s, nul, sizeof nul - 1, &err));
    assert_non_null(strstr(buffer_string(&err), ":1: "));

    size_t n = 300000;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, '#', n);
    assert_false(read_text(&s, big, 5000, &err)); /* one line */
    assert_false(read_text(&s, big, n, &err));    /* the whole file */
    for (size_t i = 99; i < n; i += 100)
        big[i] = '\n';
    assert_false(read_text(&s, big, n, &err));
    assert_true(read_text(&s, big, 100000, &err));
    free(big);

    assert_true(read_text(&s, "", 0, &err));
    assert_int_equal(chmod(path, 0666), 0);
    buffer_clear(&err);
    assert_false(settings_read_file(&s, path, true, &err));
    assert_int_equal(chmod(path, 0600), 0);

    buffer_clear(&err);
    assert_true(settings_read_file(&s, "/nonexistent/imapd.conf", false, &err));
    assert_int_equal(err.len, 0);
    assert_false(settings_read_file(&s, "/nonexistent/imapd.conf", true, &err));
    assert_non_null(strstr(buffer_string(&err), "/nonexistent/imapd.conf"));
    buffer_clear(&err);
    assert_false(settings_read_file(&s, "/tmp", true, &err));
    settings_free(&s);
    buffer_free(&err);
}

static char *expand(const char *mail_root, const char *user, const char *home)
{
    struct settings s = { .mail_root = (char *)mail_root };
    struct settings_user u = { .user = user, .home = home };
    return settings_mail_root(&s, &u);
}

static void test_mail_root(void **state)
{
    (void)state;
    static const struct {
        const char *mail_root, *user, *home;
        const char *want; /* NULL: refused */
    } cases[] = {
        { "~/Maildir", "alice", "/home/alice", "/home/alice/Maildir" },
        { "~", "alice", "/home/alice", "/home/alice" },
        { "%h/mail", "alice", "/home/alice", "/home/alice/mail" },
        { "/v/%d/%n", "bob@example.org", "/", "/v/example.org/bob" },
        { "/v/%u", "bob@example.org", "/", "/v/bob@example.org" },
        { "/v/%n", "bob", "/", "/v/bob" },
        { "/v/%d/x", "bob", "/", NULL },
        { "/v/%u%%", "bob", "/", "/v/bob%" },
        { "/v/%u", "%h", "/home/x", "/v/%h" }, /* a name is never expanded itself */
        { "/v/%u", "a/../b", "/", NULL },
        { "/v/%u", "..", "/", NULL },
        { "/v/%u", ".", "/", NULL },
        { "/v/%u", ".hidden", "/", NULL },
        { "/v/%u", "", "/", NULL },
        { "/v/%u", "a\nb", "/", NULL },
        { "/v/%u", "a\x7f", "/", NULL },
        { "/fixed", "a/b", "/", NULL }, /* refused even where it is not used */
        { "/v/%d/%n", "@example.org", "/", NULL },
        { "/v/%d/%n", "bob@", "/", NULL },
        { "/v/%d/%n", "bob@..", "/", NULL },
        { "/v/%d/%n", "bob@.", "/", NULL },
        { "/v/%d", "bob@a@b", "/", "/v/a@b" },
        { "/v/%n", "b@\xc3\xa4", "/", "/v/b" },
        { "~/Maildir", "alice", "", NULL },
        { "~/Maildir", "alice", "relative", NULL },
        { "~/Maildir", "alice", NULL, NULL },
        { "%h", "alice", "..", NULL },
        { "/v/%", "alice", "/", NULL },
        { "/v/%z", "alice", "/", NULL },
        { "mail", "alice", "/home/alice", "mail" },
        { "a~/b", "alice", "/home/alice", "a~/b" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = expand(cases[i].mail_root, cases[i].user, cases[i].home);
        if (cases[i].want == NULL ? got != NULL
                                  : got == NULL || strcmp(got, cases[i].want) != 0)
            fail_msg("%s for %s: %s", cases[i].mail_root, cases[i].user,
                     got == NULL ? "refused" : got);
        free(got);
    }
    char user[5000];
    memset(user, 'a', sizeof user - 1);
    user[sizeof user - 1] = '\0';
    assert_null(expand("/v/%u", user, "/")); /* longer than a path */
}

static void test_index_dir(void **state)
{
    (void)state;
    static const struct {
        const char *index_dir, *user, *home;
        const char *want; /* NULL: inside mail_root */
    } cases[] = {
        { "", "alice", "/home/alice", NULL },
        { "/i/%u", "alice", "/home/alice", "/i/alice" },
        { "/i/%d/%n", "bob@example.org", "/", "/i/example.org/bob" },
        { "~/.cache/i", "alice", "/home/alice", "/home/alice/.cache/i" },
        { "%h/i", "alice", "relative", NULL },
        { "/i/%d", "alice", "/", NULL },
        { "/i/%u", "a/b", "/", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings s = { .index_dir = (char *)cases[i].index_dir };
        struct settings_user u = { .user = cases[i].user, .home = cases[i].home };
        char *got = settings_index_dir(&s, &u);
        if (cases[i].want == NULL ? got != NULL
                                  : got == NULL || strcmp(got, cases[i].want) != 0)
            fail_msg("%s for %s: %s", cases[i].index_dir, cases[i].user,
                     got == NULL ? "none" : got);
        free(got);
    }
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_override),
        cmocka_unit_test(test_refused_changes_nothing),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_errors),
        cmocka_unit_test(test_file_damage),
        cmocka_unit_test(test_mail_root),
        cmocka_unit_test(test_index_dir),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
