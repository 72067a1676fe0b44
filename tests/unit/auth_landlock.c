/* What is asked of kernels of each age, and a session on one that has no Landlock. */
#include <sys/syscall.h>
#include <unistd.h>

static long kernel(long number, ...);

#define syscall kernel
#include "auth/landlock.c"
#undef syscall

#include "auth/process.h"
#include "auth/sandbox.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

/* The kernel that is played: its version, or minus its errno; what it was asked. */
static long version;
static struct ruleset asked;
static uint64_t allowed[4];
static size_t rules;
static bool restricted;

static long create(const struct ruleset *set, size_t size, unsigned flags)
{
    if (set == NULL) {
        assert_int_equal(size, 0);
        assert_int_equal(flags, LANDLOCK_CREATE_RULESET_VERSION);
        errno = version < 0 ? (int)-version : 0;
        return version < 0 ? -1 : version;
    }
    assert_int_equal(size, sizeof asked);
    asked = *set;
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static long add(int type, const struct landlock_path_beneath_attr *rule)
{
    assert_int_equal(type, LANDLOCK_RULE_PATH_BENEATH);
    assert_true(rules < sizeof allowed / sizeof *allowed);
    allowed[rules++] = rule->allowed_access;
    return 0;
}

static long kernel(long number, ...)
{
    va_list ap;
    va_start(ap, number);
    long result = 0;
    if (number == SYS_landlock_create_ruleset) {
        const struct ruleset *set = va_arg(ap, const struct ruleset *);
        size_t size = va_arg(ap, size_t);
        result = create(set, size, va_arg(ap, unsigned));
    } else if (number == SYS_landlock_add_rule) {
        (void)va_arg(ap, int);
        int type = va_arg(ap, int);
        result = add(type, va_arg(ap, const struct landlock_path_beneath_attr *));
    } else {
        assert_int_equal(number, SYS_landlock_restrict_self);
        restricted = true;
    }
    va_end(ap);
    return result;
}

static enum landlock_result confine(long kernel_version)
{
    int dir = open("/", O_PATH | O_CLOEXEC);
    int file = open("/dev/null", O_PATH | O_CLOEXEC);
    const struct landlock_place places[] = { { dir, LANDLOCK_MAY_CHANGE },
                                             { -1, LANDLOCK_MAY_CHANGE },
                                             { dir, LANDLOCK_MAY_READ },
                                             { file, LANDLOCK_MAY_CHANGE } };
    version = kernel_version;
    rules = 0;
    restricted = false;
    memset(&asked, 0, sizeof asked);
    enum landlock_result result = landlock_confine(places, sizeof places / sizeof *places);
    close(dir);
    close(file);
    return result;
}

/* Version 1 would forbid to move mail from new to cur. */
static void test_without(void **state)
{
    (void)state;
    static const long versions[] = { -ENOSYS, -EOPNOTSUPP, 0, 1 };
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        assert_int_equal(confine(versions[i]), LANDLOCK_ABSENT);
        assert_false(restricted);
    }
}

/* A kernel refuses whole what has a bit that it does not know; and what it knows is all taken
 * away but what is allowed again. The numbers are landlock(7)'s. */
static void test_versions(void **state)
{
    (void)state;
    static const struct {
        long version;
        uint64_t fs;
        uint64_t net;
        uint64_t scope;
    } known[] = { { 2, 0x3fff, 0, 0 }, { 3, 0x7fff, 0, 0 }, { 4, 0x7fff, 3, 0 },
                  { 5, 0xffff, 3, 0 }, { 6, 0xffff, 3, 3 }, { 7, 0xffff, 3, 3 } };
    static const uint64_t never =
        1 << 0 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 15;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(confine(known[i].version), LANDLOCK_CONFINED);
        assert_true(restricted);
        assert_int_equal(asked.fs, known[i].fs);
        assert_int_equal(asked.net, known[i].net);
        assert_int_equal(asked.scope, known[i].scope);
        assert_int_equal(rules, 3);
        assert_int_equal(allowed[0], known[i].fs & ~never);
        assert_int_equal(allowed[1], 1 << 2 | 1 << 3);
        assert_int_equal(allowed[2], known[i].fs & (1 << 1 | 1 << 2 | 1 << 14));
    }
}

/* All else holds there. */
static void test_session_without(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        version = -ENOSYS;
        int dir = open("/", O_PATH | O_CLOEXEC);
        bool ok = sandbox_session(dir, NULL) && open("/etc/passwd", O_RDONLY) >= 0;
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(process_reap(pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_session_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
