/* Giving up root and being locked in, each in a child of its own. Most of it needs root. */
#include "auth/become.h"
#include "auth/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/securebits.h>

#include <cmocka.h>

/* Runs `act` in a child; its result is the child's exit status. */
static bool in_child(bool (*act)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(act() ? 0 : 1);
    return process_reap(pid) == 0;
}

static void need_root(void)
{
    if (geteuid() != 0)
        skip();
}

static const gid_t three[] = { 65533, 65534, 12345 };

static bool becomes(void)
{
    gid_t have[8];
    return become(65534, 65533, three, 3) && getuid() == 65534 && getgid() == 65533 &&
           getgroups(8, have) == 3 && setuid(0) < 0 && open("/etc/shadow", O_RDONLY) < 0;
}

static bool becomes_root(void)
{
    return become(0, 0, three, 1);
}

static bool becomes_in_too_many_groups(void)
{
    static gid_t many[IDENTITY_GROUPS_MAX + 1];
    return become(65534, 65534, many, IDENTITY_GROUPS_MAX + 1);
}

static bool becomes_in_all_groups(void)
{
    static gid_t many[IDENTITY_GROUPS_MAX];
    for (size_t i = 0; i < IDENTITY_GROUPS_MAX; i++)
        many[i] = (gid_t)(100000 - i);
    return become(65534, 65534, many, IDENTITY_GROUPS_MAX);
}

static bool becomes_without_root(void)
{
    return setresuid(65534, 65534, 65534) == 0 && become(65533, 65533, three, 1);
}

/* With this flag a change of uid keeps all capabilities: the change succeeds, and means
 * nothing. */
static bool becomes_with_capabilities_kept(void)
{
    return prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) == 0 &&
           become(65534, 65534, three, 1);
}

static void test_become(void **state)
{
    (void)state;
    need_root();
    assert_true(in_child(becomes));
    assert_true(in_child(becomes_in_all_groups));
    assert_false(in_child(becomes_root));
    assert_false(in_child(becomes_in_too_many_groups));
    assert_false(in_child(becomes_without_root));
    assert_false(in_child(becomes_with_capabilities_kept));
}

static struct identity somebody(uid_t uid)
{
    struct identity id = { .user = "somebody", .home = "/", .uid = uid, .gid = 65534 };
    id.group_count = 1;
    id.group[0] = 65534;
    return id;
}

static bool user_of_another_uid_without_root(void)
{
    struct identity id = somebody(65533);
    return (geteuid() != 0 || setresuid(65534, 65534, 65534) == 0) && become_user(&id);
}

static bool user_of_own_uid_without_root(void)
{
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
        return false;
    struct identity id = somebody(getuid());
    return become_user(&id);
}

static bool user_root(void)
{
    struct identity id = somebody(0);
    return become_user(&id);
}

static void test_become_user(void **state)
{
    (void)state;
    assert_true(in_child(user_of_own_uid_without_root));
    assert_false(in_child(user_of_another_uid_without_root));
    assert_false(in_child(user_root));
}

static bool no_descriptor_left(void)
{
    for (int i = 0; i < 16; i++) {
        if (dup(0) < 0)
            return errno == EMFILE;
    }
    return false;
}

static bool no_file_can_be_made(void)
{
    return open("x", O_CREAT | O_WRONLY, 0600) < 0 && mkdir("x", 0700) < 0 &&
           open("/x", O_CREAT | O_WRONLY, 0600) < 0;
}

/* The directory is root's and 0700: its new inhabitant may not even look for "..". */
static bool nowhere_to_go(void)
{
    return access("/etc/passwd", F_OK) < 0 && access("/dev/null", F_OK) < 0 &&
           access("/proc/self", F_OK) < 0 && access("../../../../etc", F_OK) < 0 &&
           chdir("..") < 0 && chroot("/") < 0 && open("/", O_RDONLY | O_DIRECTORY) < 0;
}

static bool limits_hold(void)
{
    struct rlimit r;
    return fork() < 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
           prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && getrlimit(RLIMIT_CORE, &r) == 0 &&
           r.rlim_max == 0;
}

static bool is_locked_in(void)
{
    return process_clean() && become_gate(65534, 65534, false) && getuid() == 65534 &&
           getgid() == 65534 && nowhere_to_go() && no_file_can_be_made() && limits_hold() &&
           no_descriptor_left();
}

static bool is_locked_in_as_root(void)
{
    return become_gate(0, 0, false);
}

static void test_gate(void **state)
{
    (void)state;
    need_root();
    assert_true(in_child(is_locked_in));
    assert_false(in_child(is_locked_in_as_root));
}

static bool gate_without_root(void)
{
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
        return false;
    return become_gate(getuid(), getgid(), false) && fork() < 0 &&
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static void test_gate_without_root(void **state)
{
    (void)state;
    assert_true(in_child(gate_without_root));
}

static bool process_is_clean(void)
{
    int high = dup2(1, 100);
    struct sigaction action;
    sigset_t blocked;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    umask(0);
    if (high != 100 || setenv("LD_LIBRARY_PATH", "/tmp", 1) < 0 ||
        signal(SIGCHLD, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
        close(0) < 0 || !process_clean())
        return false;
    return fcntl(100, F_GETFD) < 0 && fcntl(0, F_GETFD) >= 0 && umask(077) == 077 &&
           getenv("LD_LIBRARY_PATH") == NULL && getenv("HOME") == NULL &&
           getenv("PATH") != NULL && sigaction(SIGCHLD, NULL, &action) == 0 &&
           action.sa_handler == SIG_DFL && sigaction(SIGPIPE, NULL, &action) == 0 &&
           action.sa_handler == SIG_IGN && sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 &&
           sigismember(&blocked, SIGTERM) == 0;
}

/* As xinetd starts us: the connection is standard error, too. */
static bool errors_do_not_reach_the_client(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || dup2(pair[0], 0) < 0 ||
        dup2(pair[0], 1) < 0 || dup2(pair[0], 2) < 0)
        return false;
    int client = dup2(pair[1], 200);
    struct stat st[3];
    if (client != 200 || !process_clean())
        return false;
    for (int fd = 0; fd < 3; fd++) {
        if (fstat(fd, &st[fd]) < 0)
            return false;
    }
    return S_ISSOCK(st[0].st_mode) && S_ISSOCK(st[1].st_mode) && S_ISCHR(st[2].st_mode);
}

static void test_process(void **state)
{
    (void)state;
    assert_true(in_child(process_is_clean));
    assert_true(in_child(errors_do_not_reach_the_client));
}

static bool signal_ends_input(void)
{
    int in[2];
    char c;
    if (pipe(in) < 0 || dup2(in[0], 0) < 0 || !process_end_on_signal() ||
        process_was_told_to_end())
        return false;
    pid_t self = getpid();
    pid_t killer = fork();
    if (killer == 0) {
        usleep(100000);
        kill(self, SIGTERM);
        _exit(0);
    }
    ssize_t n;
    do
        n = read(0, &c, 1); /* nobody ever writes */
    while (n < 0 && errno == EINTR);
    return n == 0 && process_was_told_to_end();
}

static void test_signal(void **state)
{
    (void)state;
    assert_true(in_child(signal_ends_input));
}

static bool variable_is(const char *name, const char *value)
{
    const char *have = getenv(name);
    return have != NULL && strcmp(have, value) == 0;
}

static bool settles(void)
{
    char cwd[64];
    return process_settle("alice", "/nonexistent") && getcwd(cwd, sizeof cwd) != NULL &&
           strcmp(cwd, "/") == 0 && variable_is("HOME", "/") &&
           process_settle("alice", "/tmp") && getcwd(cwd, sizeof cwd) != NULL &&
           strcmp(cwd, "/tmp") == 0 && variable_is("USER", "alice");
}

static void test_settle(void **state)
{
    (void)state;
    assert_true(in_child(settles));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_become),  cmocka_unit_test(test_become_user),
        cmocka_unit_test(test_gate),    cmocka_unit_test(test_gate_without_root),
        cmocka_unit_test(test_process), cmocka_unit_test(test_signal),
        cmocka_unit_test(test_settle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
