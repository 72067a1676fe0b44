/*
 * A user's slots: as many as allowed and no more, whoever asks; free again when their holder is
 * gone, however it went; and nothing that the holder's user could change.
 */
#include "auth/process.h"
#include "auth/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[] = "/tmp/auth_slots.XXXXXX";
static char dir[64];

static int taken(const char *user, unsigned max)
{
    int fd = -1;
    assert_int_equal(slots_take(dir, user, max, &fd), SLOTS_TAKEN);
    assert_true(fd >= 0);
    return fd;
}

static enum slots_result result_of(const char *user, unsigned max)
{
    int fd = 7;
    enum slots_result result = slots_take(dir, user, max, &fd);
    if (result == SLOTS_TAKEN)
        close(fd);
    else
        assert_int_equal(fd, -1);
    return result;
}

static void test_as_many_as_allowed(void **state)
{
    (void)state;
    int fd[60];
    for (size_t i = 0; i < 60; i++)
        fd[i] = taken("ann", 60);
    assert_int_equal(result_of("ann", 60), SLOTS_FULL);
    assert_int_equal(result_of("bob", 60), SLOTS_TAKEN);
    close(fd[17]);
    assert_int_equal(result_of("ann", 60), SLOTS_TAKEN);
    assert_int_equal(result_of("ann", 1), SLOTS_FULL); /* the limit was made smaller */
    fd[17] = taken("ann", 60);
    assert_int_equal(result_of("ann", 60), SLOTS_FULL);
    assert_int_equal(result_of("ann", 61), SLOTS_TAKEN); /* and greater */
    for (size_t i = 0; i < 60; i++)
        close(fd[i]);
    assert_int_equal(result_of("ann", 1), SLOTS_TAKEN);
}

/* In a process of its own, which says when it has the slot, and keeps it until it is killed. */
static pid_t holder(const char *user, unsigned max)
{
    int ready[2];
    char octet;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = -1;
        if (slots_take(dir, user, max, &fd) != SLOTS_TAKEN || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &octet, 1), 1);
    close(ready[0]);
    return pid;
}

static void test_holder_killed(void **state)
{
    (void)state;
    pid_t pid = holder("cat", 1);
    assert_int_equal(result_of("cat", 1), SLOTS_FULL);
    kill(pid, SIGSTOP);
    assert_int_equal(result_of("cat", 1), SLOTS_FULL);
    kill(pid, SIGKILL);
    process_reap(pid);
    assert_int_equal(result_of("cat", 1), SLOTS_TAKEN);
}

/* As the session is the parent's copy, or its child's. */
static void test_inherited(void **state)
{
    (void)state;
    int end[2];
    assert_int_equal(pipe(end), 0);
    int fd = taken("dan", 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char octet;
        close(end[1]);
        _exit(read(end[0], &octet, 1) == 0 ? 0 : 1);
    }
    close(end[0]);
    close(fd);
    assert_int_equal(result_of("dan", 1), SLOTS_FULL);
    close(end[1]);
    process_reap(pid);
    assert_int_equal(result_of("dan", 1), SLOTS_TAKEN);
}

static void test_not_writable(void **state)
{
    (void)state;
    int fd = taken("eve", 2);
    struct stat st;
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(ftruncate(fd, 4096), -1);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    close(fd);
}

/* The session as the user: nothing that it can do with the descriptor makes it another's. */
static void test_the_user_can_not(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    int fd = taken("fay", 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char path[128];
        char other[128];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        snprintf(other, sizeof other, "%s/gus", dir);
        bool helpless = setgid(54321) == 0 && setuid(54321) == 0 && open(path, O_RDWR) < 0 &&
                        open(path, O_RDONLY) < 0 && fchmod(fd, 0666) < 0 &&
                        fchown(fd, 54321, 54321) < 0 && mkdir(other, 0700) < 0 &&
                        openat(fd, "../1", O_RDONLY) < 0 && rename(dir, "/tmp/x") < 0 &&
                        open(dir, O_RDONLY) < 0;
        _exit(helpless ? 0 : 1);
    }
    assert_int_equal(process_reap(pid), 0);
    close(fd);
}

static void test_odd_names(void **state)
{
    (void)state;
    char name[300];
    static const char *const bad[] = { "", ".", "..", "../x", "a/b", "/", ".hidden" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(result_of(bad[i], 5), SLOTS_FAILED);
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    assert_int_equal(result_of(name, 5), SLOTS_FAILED);
    name[255] = '\0';
    assert_int_equal(result_of(name, 5), SLOTS_TAKEN);
    assert_int_equal(result_of("%n%s\\..", 5), SLOTS_TAKEN);
    assert_int_equal(result_of("\xd0\xb0\xff", 5), SLOTS_TAKEN);
}

/* A place that is not ours alone is not used. */
static void test_place_of_others(void **state)
{
    (void)state;
    char own[64];
    strcpy(own, dir);
    snprintf(dir, sizeof dir, "%s/link", top);
    assert_int_equal(symlink(own, dir), 0);
    assert_int_equal(result_of("ann", 5), SLOTS_FAILED);
    assert_int_equal(unlink(dir), 0);
    assert_int_equal(mkdir(dir, 0777), 0);
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(result_of("ann", 5), SLOTS_FAILED);
    assert_int_equal(rmdir(dir), 0);
    int fd = open(dir, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(result_of("ann", 5), SLOTS_FAILED);
    close(fd);
    assert_int_equal(unlink(dir), 0);
    snprintf(dir, sizeof dir, "%s/no/such", top);
    assert_int_equal(result_of("ann", 5), SLOTS_FAILED);
    strcpy(dir, own);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(top) == NULL)
        return -1;
    snprintf(dir, sizeof dir, "%s/slots", top);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", top);
    return system(command); // NOLINT(cert-env33-c): our own directory
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_many_as_allowed), cmocka_unit_test(test_holder_killed),
        cmocka_unit_test(test_inherited),          cmocka_unit_test(test_not_writable),
        cmocka_unit_test(test_the_user_can_not),   cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_place_of_others),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
