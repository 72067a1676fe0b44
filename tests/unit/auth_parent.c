/*
 * The parent against gates of every kind: one that behaves, one that tries too often or too
 * fast, ones that were taken over and send what they like.
 */
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/auth_parent.XXXXXX";
static struct settings settings;
static struct login login;
static char slots_dir[] = "/tmp/auth_parent.slots.XXXXXX";
static const char *slots; /* NULL: no connections are counted */

/* Runs `gate` in a child with its end of a channel, and the parent here. The child's exit
 * status must be 0. */
static struct parent parent;

static enum parent_end run_again(void (*gate)(int channel))
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fd[0]);
        gate(fd[1]);
        _exit(0);
    }
    close(fd[1]);
    parent.slots = slots;
    parent.channel = fd[0];
    memset(&login, 0, sizeof login);
    enum parent_end end = parent_serve(&parent, &login);
    if (end == PARENT_LOGGED_IN)
        assert_true(parent_gate_ended(&parent));
    close(fd[0]);
    assert_int_equal(process_reap(pid), 0);
    return end;
}

static enum parent_end run(void (*gate)(int channel))
{
    parent = (struct parent){ .settings = &settings, .peer = "192.0.2.1" };
    return run_again(gate);
}

static void check(bool ok)
{
    if (!ok)
        _exit(1);
}

/* A user of our own uid, as it must be without root; as root of any other but 0. */
static void write_passwd(void)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    uid_t uid = getuid() == 0 ? 1 : getuid();
    fprintf(f,
            "demo:{PLAIN}secret:%u:%u::/srv/demo::\n"
            "other:{PLAIN}secret:%u:1::/srv/other::\n"
            "zero:{PLAIN}secret:0:0::/root::\n",
            (unsigned)uid, (unsigned)uid, getuid() == 0 ? 0 : (unsigned)getuid() + 1);
    assert_int_equal(fclose(f), 0);
}

static void gate_logs_in(int channel)
{
    struct gate gate = { .channel = channel };
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "wrong") == VERDICT_FAILED);
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "secret") == VERDICT_OK);
    check(gate_hand_over(&gate, "a7", "a8 NOOP\r\n", 9));
}

static void test_login(void **state)
{
    (void)state;
    assert_int_equal(run(gate_logs_in), PARENT_LOGGED_IN);
    assert_string_equal(login.tag, "a7");
    assert_int_equal(login.ahead_n, 9);
    assert_memory_equal(login.ahead, "a8 NOOP\r\n", 9);
    assert_string_equal(login.identity.user, "demo");
    assert_int_equal(login.mechanism, MECHANISM_PLAIN);
}

static void gate_tries_forbidden(int channel)
{
    struct gate gate = { .channel = channel };
    check(gate_authenticate(&gate, MECHANISM_LOGIN, "zero", "secret") == VERDICT_FAILED);
    check(gate_authenticate(&gate, MECHANISM_LOGIN, "other", "secret") == VERDICT_FAILED);
}

/* uid 0 never; without root nobody but ourselves. */
static void test_forbidden_users(void **state)
{
    (void)state;
    assert_int_equal(run(gate_tries_forbidden), PARENT_CLOSED);
}

static void gate_tries_odd_names(int channel)
{
    static const char *const names[] = { "",     "a/b", "../x",  ".x",  "-x",
                                         "a\nb", "a:b", "a\x01", "\x7f" };
    struct gate gate = { .channel = channel };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check(gate_authenticate(&gate, MECHANISM_LOGIN, names[i], "x") == VERDICT_FAILED);
    check(gate_authenticate(&gate, MECHANISM_LOGIN, "demo", "") == VERDICT_FAILED);
}

static void test_odd_names(void **state)
{
    (void)state;
    settings.max_auth_tries = 20;
    assert_int_equal(run(gate_tries_odd_names), PARENT_CLOSED);
    settings.max_auth_tries = 3;
}

static void gate_tries_too_often(int channel)
{
    struct gate gate = { .channel = channel };
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "1") == VERDICT_FAILED);
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "2") == VERDICT_FAILED);
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "3") == VERDICT_TOO_MANY);
    /* What comes now is not looked at, the right password included. */
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "secret") == VERDICT_UNAVAILABLE);
}

static void test_too_many_tries(void **state)
{
    (void)state;
    assert_int_equal(run(gate_tries_too_often), PARENT_BROKEN);
}

static struct frame_try a_try(const char *password)
{
    struct frame_try f;
    memset(&f, 0, sizeof f);
    f.head = (struct frame_head){ FRAME_MAGIC, FRAME_TRY };
    f.user_n = 4;
    memcpy(f.user, "demo", 4);
    f.password_n = (uint32_t)strlen(password);
    memcpy(f.password, password, strlen(password));
    return f;
}

/* Sends all its tries at once: they are answered one by one, each after its delay, of which the
 * second is twice the first. */
static void gate_does_not_wait(int channel)
{
    struct frame_try f = a_try("wrong");
    struct frame_verdict answer;
    struct timespec before;
    struct timespec after;
    size_t n = 0;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int i = 0; i < 2; i++)
        check(frame_send(channel, &f, sizeof f));
    for (int i = 0; i < 2; i++)
        check(frame_receive(channel, &answer, sizeof answer, &n, NULL) == FRAME_GOT &&
              frame_verdict_valid(&answer, n) && answer.verdict == VERDICT_FAILED);
    clock_gettime(CLOCK_MONOTONIC, &after);
    double took =
        (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
    check(took >= 3.0);
}

static void test_delay(void **state)
{
    (void)state;
    settings.auth_fail_delay = 1;
    assert_int_equal(run(gate_does_not_wait), PARENT_CLOSED);
    settings.auth_fail_delay = 0;
}

static void gate_hands_over_at_once(int channel)
{
    struct frame_hand_over f;
    memset(&f, 0, sizeof f);
    f.head = (struct frame_head){ FRAME_MAGIC, FRAME_HAND_OVER };
    f.tag_n = 1;
    f.tag[0] = 'a';
    check(frame_send(channel, &f, sizeof f));
}

static void gate_sends_octets(int channel)
{
    check(frame_send(channel, "hello", 5));
}

static void gate_sends_too_much(int channel)
{
    static char big[sizeof(union frame_from_gate) + 1];
    check(frame_send(channel, big, sizeof big));
}

static void gate_sends_zeros(int channel)
{
    static char zeros[sizeof(struct frame_try)];
    check(frame_send(channel, zeros, sizeof zeros));
}

static void gate_sends_verdict(int channel)
{
    struct frame_verdict f = { .head = { FRAME_MAGIC, FRAME_VERDICT }, .verdict = VERDICT_OK };
    check(frame_send(channel, &f, sizeof f));
}

static void gate_sends_long_length(int channel)
{
    struct frame_try f = a_try("x");
    f.password_n = 0xffffffff;
    check(frame_send(channel, &f, sizeof f));
}

static void gate_sends_checked(int channel)
{
    static struct frame_checked f;
    f.head = (struct frame_head){ FRAME_MAGIC, FRAME_CHECKED };
    f.verdict = VERDICT_OK;
    f.identity.user[0] = 'x';
    check(frame_send(channel, &f, sizeof f));
}

/* Logs in and then does not hand over, but tries on. */
static void gate_tries_after_login(int channel)
{
    struct gate gate = { .channel = channel };
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "secret") == VERDICT_OK);
    struct frame_try f = a_try("guess");
    check(frame_send(channel, &f, sizeof f));
}

static void gate_hands_over_bad_tag(int channel)
{
    struct gate gate = { .channel = channel };
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "secret") == VERDICT_OK);
    struct frame_hand_over f;
    memset(&f, 0, sizeof f);
    f.head = (struct frame_head){ FRAME_MAGIC, FRAME_HAND_OVER };
    f.tag_n = 4;
    memcpy(f.tag, "a\r\nb", 4);
    check(frame_send(channel, &f, sizeof f));
}

/* A descriptor sent along does not arrive. */
static void gate_sends_descriptor(int channel)
{
    struct frame_try f = a_try("wrong");
    struct frame_verdict answer;
    size_t n = 0;
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = { &f, sizeof f };
    struct msghdr message = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control.space };
    memset(&control, 0, sizeof control);
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    int fd = 0;
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    check(sendmsg(channel, &message, 0) == (ssize_t)sizeof f);
    check(frame_receive(channel, &answer, sizeof answer, &n, NULL) == FRAME_GOT);
}

static void test_broken_gates(void **state)
{
    (void)state;
    static void (*const gates[])(int) = {
        gate_hands_over_at_once, gate_sends_octets,      gate_sends_too_much,
        gate_sends_zeros,        gate_sends_verdict,     gate_sends_long_length,
        gate_sends_checked,      gate_tries_after_login, gate_hands_over_bad_tag,
    };
    for (size_t i = 0; i < sizeof gates / sizeof *gates; i++) {
        if (run(gates[i]) != PARENT_BROKEN)
            fail_msg("gate %zu", i);
    }
}

/* What is right but one connection too many is told as such, and counts as a try. */
static void gate_is_one_too_many(int channel)
{
    struct gate gate = { .channel = channel };
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "wrong") == VERDICT_FAILED);
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "secret") == VERDICT_LIMIT);
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "secret") == VERDICT_LIMIT);
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "secret") == VERDICT_TOO_MANY);
}

static void test_slots(void **state)
{
    (void)state;
    slots = slots_dir;
    settings.max_user_connections = 1;
    assert_int_equal(run(gate_logs_in), PARENT_LOGGED_IN);
    int first = login.slot;
    assert_true(first >= 0);
    assert_int_equal(run(gate_is_one_too_many), PARENT_CLOSED);
    assert_int_equal(login.slot, -1);
    settings.max_user_connections = 0;
    assert_int_equal(run(gate_logs_in), PARENT_LOGGED_IN);
    assert_int_equal(login.slot, -1);
    settings.max_user_connections = 1;
    close(first);
    assert_int_equal(run(gate_logs_in), PARENT_LOGGED_IN);
    assert_true(login.slot >= 0);
    close(login.slot);
    slots = NULL;
}

/* Not to be counted is no reason to be kept out. */
static void test_no_slots(void **state)
{
    (void)state;
    slots = "/proc/no-such-directory";
    assert_int_equal(run(gate_logs_in), PARENT_LOGGED_IN);
    assert_int_equal(login.slot, -1);
    slots = NULL;
}

static int count_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void test_descriptor(void **state)
{
    (void)state;
    int before = count_descriptors();
    assert_int_equal(run(gate_sends_descriptor), PARENT_CLOSED);
    assert_int_equal(count_descriptors(), before);
}

static void gate_ends(int channel)
{
    (void)channel;
}

static void test_gate_ends(void **state)
{
    (void)state;
    assert_int_equal(run(gate_ends), PARENT_CLOSED);
}

/* --- STARTTLS: another gate, and the same count of tries. */

static void gate_wants_tls(int channel)
{
    struct gate gate = { .channel = channel, .starttls = true };
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "1") == VERDICT_FAILED);
    check(gate_starttls(&gate));
    check(!gate_starttls(&gate));
    check(!gate_hand_over(&gate, "a1", NULL, 0));
}

static void gate_tries_two_more(int channel)
{
    struct gate gate = { .channel = channel };
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "2") == VERDICT_FAILED);
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "3") == VERDICT_TOO_MANY);
}

static void gate_sends_starttls(int channel)
{
    struct frame_starttls f = { { FRAME_MAGIC, FRAME_STARTTLS } };
    check(frame_send(channel, &f, sizeof f));
}

static void gate_wants_tls_late(int channel)
{
    struct gate gate = { .channel = channel, .starttls = true };
    check(gate_authenticate(&gate, MECHANISM_PLAIN, "demo", "secret") == VERDICT_OK);
    check(!gate_starttls(&gate)); /* nor does the parent let it: */
    gate_sends_starttls(channel);
}

static void test_starttls(void **state)
{
    (void)state;
    parent = (struct parent){ .settings = &settings, .peer = "192.0.2.1", .starttls = true };
    assert_int_equal(run_again(gate_wants_tls), PARENT_STARTTLS);
    struct timespec deadline = parent.deadline;
    parent.tls = true;
    assert_int_equal(run_again(gate_tries_two_more), PARENT_CLOSED);
    assert_memory_equal(&parent.deadline, &deadline, sizeof deadline);
    assert_int_equal(run_again(gate_sends_starttls), PARENT_BROKEN); /* not twice */
    assert_int_equal(run(gate_sends_starttls), PARENT_BROKEN);       /* not offered */
    parent = (struct parent){ .settings = &settings, .peer = "192.0.2.1", .starttls = true };
    assert_int_equal(run_again(gate_wants_tls_late), PARENT_BROKEN);
}

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0 || close(fd) < 0 || mkdtemp(slots_dir) == NULL || !settings_init(&settings))
        return -1;
    write_passwd();
    free(settings.passwd_file);
    settings.passwd_file = strdup(path);
    settings.passwd_file_plain = true;
    settings.auth[0] = AUTH_BACKEND_PASSWD_FILE;
    settings.auth_fail_delay = 0;
    settings.first_valid_uid = 1;
    return settings.passwd_file == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    char made[128];
    settings_free(&settings);
    snprintf(made, sizeof made, "%s/demo/0", slots_dir);
    unlink(made);
    snprintf(made, sizeof made, "%s/demo", slots_dir);
    return unlink(path) == 0 && rmdir(made) == 0 ? rmdir(slots_dir) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),      cmocka_unit_test(test_forbidden_users),
        cmocka_unit_test(test_odd_names),  cmocka_unit_test(test_too_many_tries),
        cmocka_unit_test(test_delay),      cmocka_unit_test(test_broken_gates),
        cmocka_unit_test(test_descriptor), cmocka_unit_test(test_gate_ends),
        cmocka_unit_test(test_slots),      cmocka_unit_test(test_no_slots),
        cmocka_unit_test(test_starttls),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
