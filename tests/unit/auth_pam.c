/*
 * PAM through pam_wrapper: service files of our own, with pam_matrix's passwords, and
 * Linux-PAM's pam_debug for results that are hard to come by. Runs itself again with the
 * wrapper preloaded. Skipped where pam_wrapper is not installed.
 */
#include "auth/backend.h"
#include "auth/checker.h"

#include <dirent.h>
#include <glob.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/auth_pam.XXXXXX";
static char matrix[256]; /* the path of pam_matrix.so */
static char account[64]; /* a user that the system has */
static struct settings settings;
static struct identity id;
static const char *reason;

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* The services. pam_wrapper takes a copy of the directory when it is loaded, so they are all
 * there before. "@" stands for pam_matrix with its passwords, "@S" for pam_set_items. */
static const struct {
    const char *name, *text;
} services[] = {
    { "other", "auth required pam_deny.so\naccount required pam_deny.so\n" },
    { "matrix", "auth required @\naccount required @\n" },
    { "echo", "auth required @ echo\naccount required pam_permit.so\n" },
    { "verbose", "auth required @ verbose\naccount required pam_permit.so\n" },
    { "map",
      "auth required @S\nauth required pam_permit.so\naccount required pam_permit.so\n" },
    { "rhost", "auth required pam_permit.so\n"
               "account required pam_succeed_if.so quiet rhost = 192.0.2.7\n" },
    { "delay", "auth optional pam_faildelay.so delay=5000000\n"
               "auth required @\naccount required pam_permit.so\n" },
};

/* What PAM may say in its two calls, and what that is to us; each is a service "r<index>". */
static const struct {
    const char *auth, *acct;
    enum backend_result want;
} results[] = {
    { "success", "success", BACKEND_OK },
    { "auth_err", "success", BACKEND_UNKNOWN },
    { "user_unknown", "success", BACKEND_UNKNOWN },
    { "maxtries", "success", BACKEND_UNKNOWN },
    { "perm_denied", "success", BACKEND_UNKNOWN },
    { "authinfo_unavail", "success", BACKEND_UNAVAILABLE },
    { "system_err", "success", BACKEND_UNAVAILABLE },
    { "abort", "success", BACKEND_UNAVAILABLE },
    { "success", "new_authtok_reqd", BACKEND_EXPIRED },
    { "success", "acct_expired", BACKEND_EXPIRED },
    { "success", "cred_expired", BACKEND_EXPIRED },
    { "success", "perm_denied", BACKEND_UNKNOWN },
    { "success", "user_unknown", BACKEND_UNKNOWN },
    { "success", "auth_err", BACKEND_UNKNOWN },
    { "success", "system_err", BACKEND_UNAVAILABLE },
    /* Nothing of the account is told to who does not know the password. */
    { "auth_err", "new_authtok_reqd", BACKEND_UNKNOWN },
    { "auth_err", "acct_expired", BACKEND_UNKNOWN },
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void write_service(const char *name, const char *text)
{
    struct buffer out;
    buffer_init(&out, 4096);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != '@') {
            buffer_putc(&out, *p);
        } else if (p[1] == 'S') {
            buffer_printf(&out, "%.*spam_set_items.so",
                          (int)(strrchr(matrix, '/') + 1 - matrix), matrix);
            p++;
        } else {
            buffer_printf(&out, "%s passdb=%s/passdb", matrix, dir);
        }
    }
    write_file(name, buffer_string(&out));
    buffer_free(&out);
}

static void write_services(void)
{
    for (size_t i = 0; i < COUNT(services); i++)
        write_service(services[i].name, services[i].text);
    for (size_t i = 0; i < COUNT(results); i++) {
        char name[16];
        char text[256];
        snprintf(name, sizeof name, "r%zu", i);
        snprintf(text, sizeof text,
                 "auth required pam_debug.so auth=%s\naccount required pam_debug.so acct=%s\n",
                 results[i].auth, results[i].acct);
        write_service(name, text);
    }
}

static void service(const char *name)
{
    free(settings.pam_service);
    settings.pam_service = strdup(name);
    assert_non_null(settings.pam_service);
}

static enum backend_result ask(const char *user, const char *password, const char *rhost)
{
    struct credentials c = { .user = user, .password = password, .rhost = rhost };
    memset(&id, 0, sizeof id);
    reason = NULL;
    enum backend_result result = backend_pam(&settings, &c, &id, &reason);
    assert_non_null(reason);
    return result;
}

static void test_right_and_wrong(void **state)
{
    (void)state;
    service("matrix");
    assert_int_equal(ask(account, "secret", NULL), BACKEND_OK);
    assert_string_equal(id.user, account);
    assert_int_equal(id.uid, getpwnam(account)->pw_uid);
    assert_int_equal(id.backend, AUTH_BACKEND_PAM);
    assert_true(id.group_count >= 1);
    assert_true(identity_valid(&id));
    assert_int_equal(ask(account, "secreT", "192.0.2.1"), BACKEND_UNKNOWN);
    assert_int_equal(ask("nobody-here", "secret", NULL), BACKEND_UNKNOWN);
}

static void test_not_allowed_here(void **state)
{
    (void)state;
    service("matrix");
    /* pam_matrix's account management compares the service. */
    assert_int_not_equal(ask("elsewhere", "secret", NULL), BACKEND_OK);
}

static void test_no_account(void **state)
{
    (void)state;
    service("matrix");
    assert_int_equal(ask("virtual", "secret", NULL), BACKEND_UNKNOWN);
    assert_string_equal(reason, "no-account");
}

static void test_results(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(results); i++) {
        char name[16];
        snprintf(name, sizeof name, "r%zu", i);
        service(name);
        enum backend_result got = ask(account, "x", NULL);
        if (got != results[i].want)
            fail_msg("auth=%s acct=%s: %d (%s)", results[i].auth, results[i].acct, got, reason);
    }
}

static void test_user_mapped(void **state)
{
    (void)state;
    service("map");
    assert_int_equal(setenv("PAM_USER", account, 1), 0);
    assert_int_equal(ask("alias", "x", NULL), BACKEND_OK);
    assert_string_equal(id.user, account);
    assert_int_equal(unsetenv("PAM_USER"), 0);
}

static void test_rhost(void **state)
{
    (void)state;
    service("rhost");
    assert_int_equal(ask(account, "x", "192.0.2.7"), BACKEND_OK);
    assert_int_not_equal(ask(account, "x", "192.0.2.8"), BACKEND_OK);
    assert_int_not_equal(ask(account, "x", NULL), BACKEND_OK);
}

static void test_conversation(void **state)
{
    (void)state;
    /* With echo, the module gets the user's name, never the password. */
    service("echo");
    assert_int_equal(ask(account, "secret", NULL), BACKEND_UNKNOWN);
    /* Messages are passed over. */
    service("verbose");
    assert_int_equal(ask(account, "secret", NULL), BACKEND_OK);
    assert_int_equal(ask(account, "wrong", NULL), BACKEND_UNKNOWN);
}

static void test_no_delay_of_its_own(void **state)
{
    (void)state;
    service("delay");
    struct timespec before;
    struct timespec after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(ask(account, "wrong", NULL), BACKEND_UNKNOWN);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 2);
}

static void test_no_service(void **state)
{
    (void)state;
    service("no-such-service");
    assert_int_not_equal(ask(account, "secret", NULL), BACKEND_OK);
}

/* The order of `auth`: PAM does not tell whether it knows a user, so the next one is asked. */
static void test_order(void **state)
{
    (void)state;
    static struct frame_checked checked;
    char text[256];
    snprintf(text, sizeof text, "%s:{PLAIN}other:4000:4000::/srv/x::\n", account);
    write_file("passwd", text);
    service("matrix");
    settings.auth[1] = AUTH_BACKEND_PASSWD_FILE;
    settings.auth_count = 2;
    settings.passwd_file_plain = true;
    struct credentials c = { .user = account, .password = "secret" };
    checker_ask(&settings, &c, &checked);
    assert_int_equal(checked.verdict, VERDICT_OK);
    assert_int_equal(checked.identity.backend, AUTH_BACKEND_PAM);
    c.password = "other";
    checker_ask(&settings, &c, &checked);
    assert_int_equal(checked.verdict, VERDICT_OK);
    assert_int_equal(checked.identity.uid, 4000);
    c.password = "neither";
    checker_ask(&settings, &c, &checked);
    assert_int_equal(checked.verdict, VERDICT_FAILED);
    /* The file knows the user: its word is the last. */
    settings.auth[0] = AUTH_BACKEND_PASSWD_FILE;
    settings.auth[1] = AUTH_BACKEND_PAM;
    c.password = "secret";
    checker_ask(&settings, &c, &checked);
    assert_int_equal(checked.verdict, VERDICT_FAILED);
    assert_string_equal(checked.reason, "mismatch");
    settings.auth[0] = AUTH_BACKEND_PAM;
    settings.auth_count = 1;
    settings.passwd_file_plain = false;
}

static int set_up(void **state)
{
    (void)state;
    char path[128];
    if (!settings_init(&settings))
        return -1;
    free(settings.passwd_file);
    snprintf(path, sizeof path, "%s/passwd", dir);
    settings.passwd_file = strdup(path);
    return settings.passwd_file == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    settings_free(&settings);
    DIR *d = opendir(dir);
    if (d == NULL)
        return -1;
    const struct dirent *entry;
    while ((entry = readdir(d)) != NULL)
        (void)unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    return rmdir(dir);
}

/* Everything that the services need, before the wrapper looks at it. */
static bool prepare(void)
{
    char text[512];
    if (mkdtemp(dir) == NULL)
        return false;
    snprintf(text, sizeof text,
             "%s:secret:matrix\nvirtual:secret:matrix\nelsewhere:secret:sshd\n", account);
    write_file("passdb", text);
    write_services();
    return true;
}

/* Runs this program again under the wrapper. Returns where that can't be done. */
static void wrap(char **argv)
{
    static const char *const found_by[] = { "/usr/lib/*/libpam_wrapper.so",
                                            "/usr/lib/libpam_wrapper.so",
                                            "/usr/lib64/libpam_wrapper.so" };
    for (size_t i = 0; i < sizeof found_by / sizeof *found_by; i++) {
        glob_t found;
        if (glob(found_by[i], 0, NULL, &found) == 0) {
            setenv("LD_PRELOAD", found.gl_pathv[0], 1);
            setenv("PAM_WRAPPER", "1", 1);
            setenv("PAM_WRAPPER_DISABLE_DEEPBIND", "1", 1);
            setenv("UID_WRAPPER_DISABLE_DEEPBIND", "1", 1); /* its name in older ones */
            /* With sanitizers: they mind a library before them, and PAM's leaks, which are why
             * there is a checker. */
            setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
            if (!prepare())
                return;
            setenv("PAM_WRAPPER_SERVICE_DIR", dir, 1);
            execv("/proc/self/exe", argv);
        }
    }
}

static bool find_matrix(void)
{
    glob_t found;
    if (glob("/usr/lib/*/pam_wrapper/pam_matrix.so", 0, NULL, &found) != 0 &&
        glob("/usr/lib*/pam_wrapper/pam_matrix.so", 0, NULL, &found) != 0)
        return false;
    snprintf(matrix, sizeof matrix, "%s", found.gl_pathv[0]);
    globfree(&found);
    return true;
}

int main(int argc, char **argv)
{
    (void)argc;
    if (!find_matrix()) {
        puts("auth_pam: skipped, pam_wrapper is not installed");
        return 0;
    }
    const struct passwd *self = getpwuid(getuid());
    if (self == NULL) {
        puts("auth_pam: skipped, we are nobody");
        return 0;
    }
    snprintf(account, sizeof account, "%s", self->pw_name);
    const char *made = getenv("PAM_WRAPPER_SERVICE_DIR");
    if (made == NULL) {
        wrap(argv);
        puts("auth_pam: skipped, pam_wrapper can't be preloaded");
        return 0;
    }
    snprintf(dir, sizeof dir, "%s", made);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_and_wrong), cmocka_unit_test(test_not_allowed_here),
        cmocka_unit_test(test_no_account),      cmocka_unit_test(test_results),
        cmocka_unit_test(test_user_mapped),     cmocka_unit_test(test_rhost),
        cmocka_unit_test(test_conversation),    cmocka_unit_test(test_no_delay_of_its_own),
        cmocka_unit_test(test_no_service),      cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
