/* Opening below a directory, with openat2(2) and on a kernel that has none. */
#include <sys/syscall.h>

#define NO_SUCH_CALL 0x7fffffff

static long openat2_call = SYS_openat2;

#undef SYS_openat2
#define SYS_openat2 openat2_call
#include "mailstore/sys.c"

#include "mailstore_root.h"

static int opens(const struct root *r, const char *path)
{
    int fd = sys_open_beneath(store_root_fd(r->store), path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static void check(const struct root *r, int link_error)
{
    char outside[128];
    snprintf(outside, sizeof outside, "%s", r->path);
    assert_int_equal(opens(r, "."), 0);
    assert_int_equal(opens(r, "cur"), 0);
    assert_int_equal(opens(r, "a/b"), 0);
    assert_int_equal(opens(r, "a//b/"), 0);
    assert_int_equal(opens(r, ""), ENOENT);
    assert_int_equal(opens(r, "none"), ENOENT);
    assert_int_equal(opens(r, "a/none/b"), ENOENT);
    assert_int_equal(opens(r, "file"), ENOTDIR);
    assert_int_equal(opens(r, "file/x"), ENOTDIR);
    assert_int_equal(opens(r, "/etc"), EXDEV);
    assert_int_equal(opens(r, outside), EXDEV);
    assert_int_equal(opens(r, ".."), EXDEV);
    assert_int_equal(opens(r, "../Maildir"), EXDEV);
    assert_int_equal(opens(r, "a/../.."), EXDEV);
    assert_int_not_equal(opens(r, "out"), 0);
    assert_int_not_equal(opens(r, "out/x"), 0);
    assert_int_not_equal(opens(r, "abs"), 0);
    assert_int_not_equal(opens(r, "magic"), 0);
    assert_int_equal(opens(r, "in"), link_error);
    assert_int_equal(opens(r, "in/b"), link_error);
}

static void prepare(struct root *r)
{
    root_open(r, LAYOUT_FS);
    int root = store_root_fd(r->store);
    root_mkdir(r, "a");
    root_mkdir(r, "a/b");
    root_write(r, "file", "x");
    assert_int_equal(symlinkat("a", root, "in"), 0);
    assert_int_equal(symlinkat("..", root, "out"), 0);
    assert_int_equal(symlinkat("/tmp", root, "abs"), 0);
    assert_int_equal(symlinkat("/proc/self/cwd", root, "magic"), 0);
}

static void test_with_openat2(void **state)
{
    (void)state;
    struct root r;
    prepare(&r);
    check(&r, 0);
    root_close(&r);
}

static void test_without_openat2(void **state)
{
    (void)state;
    struct root r;
    openat2_call = NO_SUCH_CALL;
    prepare(&r);
    check(&r, ENOTDIR); /* no link at all is followed */
    assert_int_equal(folder_create(r.store, "x/y"), STORE_OK);
    root_expect_list(&r, "INBOX -a+ -a/b x+ x/y");
    openat2_call = __NR_openat2;
    root_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_openat2),
        cmocka_unit_test(test_without_openat2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
