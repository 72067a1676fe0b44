/* The helper for bearer tokens: what it is given, what its answers mean, when it is not run;
 * and users whom a certificate vouches for. */
#include "auth/checker.h"
#include "auth/parent.h"
#include "auth/process.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char work[] = "/tmp/auth_oauth.XXXXXX";
static char passwd_file[64];
static char helper[64];
static struct settings settings;
static const char *reason;
static char user[AUTH_USER_MAX + 1];

static void write_text(const char *path, const char *text, mode_t mode)
{
    unlink(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void script(const char *text)
{
    char all[1024];
    snprintf(all, sizeof all, "#!/bin/sh\n%s\n", text);
    write_text(helper, all, 0755);
}

static enum backend_result ask(const char *token, const char *claimed)
{
    reason = NULL;
    memset(user, 0, sizeof user);
    return oauth_ask(&settings, token, claimed, user, &reason);
}

static void test_answers(void **state)
{
    (void)state;
    script("read -r token; [ \"$token\" = good ] || exit 1; echo riley");
    assert_int_equal(ask("good", ""), BACKEND_OK);
    assert_string_equal(user, "riley");
    assert_int_equal(ask("good", "riley"), BACKEND_OK);
    assert_int_equal(ask("good", "rile"), BACKEND_MISMATCH);
    assert_string_equal(reason, "token-of-another");
    assert_int_equal(ask("bad", "riley"), BACKEND_MISMATCH);
    assert_string_equal(reason, "token-refused");
    script("printf riley"); /* neither reads nor ends its line */
    assert_int_equal(ask("x", ""), BACKEND_OK);
    assert_string_equal(user, "riley");
    script("cat"); /* a token that is the user, with its newline */
    char long_token[AUTH_TOKEN_MAX + 1];
    memset(long_token, 'x', AUTH_TOKEN_MAX);
    long_token[AUTH_USER_MAX] = '\0';
    assert_int_equal(ask(long_token, ""), BACKEND_OK);
    assert_string_equal(user, long_token);
    long_token[AUTH_USER_MAX] = 'x';
    long_token[AUTH_USER_MAX + 1] = '\0';
    assert_int_equal(ask(long_token, ""), BACKEND_UNAVAILABLE);
    memset(long_token, 'x', AUTH_TOKEN_MAX);
    long_token[AUTH_TOKEN_MAX] = '\0';
    script("[ $(wc -c) = 6001 ] && echo riley");
    assert_int_equal(ask(long_token, ""), BACKEND_OK);
}

static void test_nonsense(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "exit 0",            /* nobody */
        "echo",              /* the same */
        "printf 'a\\nb\\n'", /* two lines */
        "printf 'a\\0b\\n'", /* a NUL */
        "printf 'a/b\\n'",   /* no user's name */
        "echo ../x",
        "echo -n-x; exit 2",
        "echo riley; exit 2", /* it could not tell */
        "echo riley; exit 127",
        "echo riley; kill -9 $$", /* neither could this */
        "yes riley",              /* without end */
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        script(scripts[i]);
        if (ask("x", "") != BACKEND_UNAVAILABLE)
            fail_msg("%s: %s", scripts[i], reason);
    }
}

/* Nothing of ours but the two pipes. */
static void test_surroundings(void **state)
{
    (void)state;
    int fd = open("/dev/null", O_RDONLY); /* one that is not close-on-exec */
    assert_true(fd >= 0);
    script("[ \"$(ls /proc/self/fd | wc -l)\" -le 4 ] && [ \"$(pwd)\" = / ] && "
           "[ \"$(readlink /proc/$$/fd/2)\" = /dev/null ] && [ -z \"$SECRET\" ] && "
           "grep -q 'NoNewPrivs:.*1' /proc/$$/status && echo ok");
    assert_int_equal(ask("x", ""), BACKEND_OK);
    close(fd);
    if (getuid() == 0) {
        script("id -un");
        assert_int_equal(ask("x", ""), BACKEND_OK);
        assert_string_equal(user, "nobody");
        script("id -G");
        assert_int_equal(ask("x", ""), BACKEND_OK);
        assert_null(strchr(user, ' ')); /* one group */
    }
}

static void test_not_run(void **state)
{
    (void)state;
    script("echo riley");
    assert_int_equal(chmod(helper, 0775), 0);
    assert_int_equal(ask("x", ""), BACKEND_UNAVAILABLE);
    assert_int_equal(chmod(helper, 0757), 0);
    assert_int_equal(ask("x", ""), BACKEND_UNAVAILABLE);
    assert_int_equal(chmod(helper, 0644), 0);
    assert_int_equal(ask("x", ""), BACKEND_UNAVAILABLE);
    unlink(helper);
    assert_int_equal(ask("x", ""), BACKEND_UNAVAILABLE);
    assert_int_equal(mkdir(helper, 0755), 0);
    assert_int_equal(ask("x", ""), BACKEND_UNAVAILABLE);
    assert_int_equal(rmdir(helper), 0);
    if (getuid() != 0)
        return;
    script("echo riley");
    char *usual = settings.oauth_user;
    static char names[][16] = { "root", "no-such-user-x", "daemon" };
    static char same[] = "daemon"; /* login_user: what a taken gate could reach into */
    char *login_user = settings.login_user;
    settings.login_user = same;
    for (size_t i = 0; i < 3; i++) {
        settings.oauth_user = names[i];
        assert_int_equal(ask("x", ""), BACKEND_UNAVAILABLE);
    }
    settings.login_user = login_user;
    settings.oauth_user = usual;
    assert_int_equal(chown(helper, 1, 1), 0);
    assert_int_equal(ask("x", ""), BACKEND_UNAVAILABLE);
}

static struct frame_checked checked;

static void ask_all(const struct credentials *c, enum auth_verdict verdict, const char *why)
{
    checker_ask(&settings, c, &checked);
    assert_string_equal(checked.reason, why);
    assert_int_equal(checked.verdict, verdict);
}

/* The token's user must be one of ours; a hash that no password fits is enough. */
static void test_users(void **state)
{
    (void)state;
    struct credentials c = { .user = "", .password = "riley", .prepared = "", .token = true };
    script("cat");
    ask_all(&c, VERDICT_OK, "ok");
    assert_string_equal(checked.identity.user, "riley");
    c.password = "starred";
    ask_all(&c, VERDICT_OK, "ok");
    c.password = "shut";
    ask_all(&c, VERDICT_FAILED, "locked");
    c.password = "nobody";
    ask_all(&c, VERDICT_FAILED, "unknown-user");
    c.user = "riley";
    ask_all(&c, VERDICT_FAILED, "token-of-another");
    /* The same without a token: EXTERNAL. */
    struct credentials vouched = { .user = "riley", .prepared = "" };
    ask_all(&vouched, VERDICT_OK, "ok");
    vouched.user = "shut";
    ask_all(&vouched, VERDICT_FAILED, "locked");
    vouched.user = "nobody";
    ask_all(&vouched, VERDICT_FAILED, "unknown-user");
}

/* --- Through the parent. --------------------------------------------------------------------
 */

static void check(bool ok)
{
    if (!ok)
        _exit(1);
}

static bool certificates;

static enum parent_end run(void (*gate)(struct gate *gate))
{
    static struct login login;
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct gate g = { .channel = fd[1] };
        close(fd[0]);
        gate(&g);
        _exit(0);
    }
    close(fd[1]);
    struct parent parent = { .settings = &settings,
                             .peer = "192.0.2.1",
                             .certificates = certificates,
                             .channel = fd[0] };
    enum parent_end end = parent_serve(&parent, &login);
    close(fd[0]);
    assert_int_equal(process_reap(pid), 0);
    return end;
}

static void gate_has_certificate(struct gate *g)
{
    check(gate_authenticate(g, MECHANISM_EXTERNAL, "zero", "") == VERDICT_FAILED);
    check(gate_authenticate(g, MECHANISM_EXTERNAL, "", "") == VERDICT_FAILED);
    check(gate_authenticate(g, MECHANISM_EXTERNAL, "riley", "") == VERDICT_OK);
    check(gate_hand_over(g, "a1", "", 0));
}

static void gate_claims_certificate(struct gate *g)
{
    check(gate_authenticate(g, MECHANISM_EXTERNAL, "riley", "") == VERDICT_FAILED);
    check(gate_authenticate(g, MECHANISM_EXTERNAL, "riley", "secret") == VERDICT_FAILED);
}

/* Where the administrator trusts no certificates, a gate's word about one is nothing. */
static void test_external(void **state)
{
    (void)state;
    certificates = true;
    assert_int_equal(run(gate_has_certificate), PARENT_LOGGED_IN);
    certificates = false;
    assert_int_equal(run(gate_claims_certificate), PARENT_CLOSED);
}

static void gate_has_token(struct gate *g)
{
    check(gate_authenticate(g, MECHANISM_XOAUTH2, "riley", "nobody") == VERDICT_FAILED);
    check(gate_authenticate(g, MECHANISM_OAUTHBEARER, "", "") == VERDICT_FAILED);
    check(gate_authenticate(g, MECHANISM_OAUTHBEARER, "", "riley") == VERDICT_OK);
    check(gate_hand_over(g, "a1", "", 0));
}

static void gate_has_useless_token(struct gate *g)
{
    check(gate_authenticate(g, MECHANISM_OAUTHBEARER, "", "riley") == VERDICT_FAILED);
}

static void test_tokens(void **state)
{
    (void)state;
    static char none[] = "";
    script("cat");
    assert_int_equal(run(gate_has_token), PARENT_LOGGED_IN);
    settings.oauth_helper = none;
    assert_int_equal(run(gate_has_useless_token), PARENT_CLOSED);
    settings.oauth_helper = helper;
}

static int set_up(void **state)
{
    (void)state;
    char text[512];
    unsigned uid = getuid() == 0 ? 1 : (unsigned)getuid();
    if (mkdtemp(work) == NULL || chmod(work, 0755) < 0 || !settings_init(&settings))
        return -1;
    snprintf(passwd_file, sizeof passwd_file, "%s/passwd", work);
    snprintf(helper, sizeof helper, "%s/helper", work);
    snprintf(text, sizeof text,
             "riley:{CRYPT}$6$x$y:%u:1::/srv/riley::\n"
             "starred:*:%u:1::/srv/starred::\n"
             "shut:!$6$x$y:%u:1::/srv/shut::\n"
             "zero:*:0:0::/root::\n",
             uid, uid, uid);
    write_text(passwd_file, text, 0600);
    free(settings.passwd_file);
    free(settings.oauth_helper);
    free(settings.oauth_user);
    settings.passwd_file = passwd_file;
    settings.oauth_helper = helper;
    settings.oauth_user = strdup("nobody");
    settings.auth[0] = AUTH_BACKEND_PASSWD_FILE;
    settings.auth_fail_delay = 0;
    settings.first_valid_uid = 1;
    setenv("SECRET", "", 1);
    return settings.oauth_user == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(helper);
    unlink(passwd_file);
    settings.passwd_file = settings.oauth_helper = NULL;
    settings_free(&settings);
    return rmdir(work);
}

/* As every role of the program (auth/process.h): a helper may end before it has read. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),      cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_surroundings), cmocka_unit_test(test_not_run),
        cmocka_unit_test(test_users),        cmocka_unit_test(test_external),
        cmocka_unit_test(test_tokens),
    };
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return 1;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
