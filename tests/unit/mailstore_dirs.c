/* What timestamps prove, and the cleaning of tmp/: mailstore/dirs.h, mailstore/tmp_clean.c. The
 * clock is ours to set: mailstore/sys.c is compiled into this file, all but sys_clock. */
#define sys_clock real_clock
#include "mailstore/sys.c" /* NOLINT(bugprone-suspicious-include): as said above */
#undef sys_clock

#include "mailstore_mail.h"

#include "mailstore/dirs.h"

static long clock_ahead; /* seconds */

int sys_clock(struct timespec *now);

int sys_clock(struct timespec *now)
{
    int r = real_clock(now);
    now->tv_sec += clock_ahead;
    return r;
}

static void take(struct dir_stamp *stamp, int fd, bool remote, bool same, bool settled)
{
    struct grain grain = { remote };
    bool same_now = false;
    bool settled_now = false;
    assert_int_equal(dir_stamp_take(stamp, fd, grain, &same_now, &settled_now), STORE_OK);
    assert_int_equal(same_now, same);
    assert_int_equal(settled_now, settled);
}

static void pause_ms(long ms)
{
    const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
    nanosleep(&t, NULL);
}

static void test_local(void **state)
{
    const struct root *r = *state;
    struct dir_stamp stamp = { 0 };
    int fd = openat(store_root_fd(r->store), "new", O_RDONLY | O_DIRECTORY);
    mail_deliver(r, "1.a");
    take(&stamp, fd, false, false, false);
    take(&stamp, fd, false, true, false);
    pause_ms(40);
    take(&stamp, fd, false, true, true);
    stamp.known = true;
    assert_true(dir_stamp_holds(&stamp));
    stamp.verify_at = monotonic_ms() + 50;
    assert_true(dir_stamp_holds(&stamp));
    pause_ms(60);
    assert_false(dir_stamp_holds(&stamp));
    mail_deliver(r, "2.b");
    take(&stamp, fd, false, false, false);
    assert_false(stamp.known);
    close(fd);
}

/* Another machine's clock proves nothing: only time that passes here does. */
static void test_remote(void **state)
{
    const struct root *r = *state;
    struct dir_stamp stamp = { 0 };
    int fd = openat(store_root_fd(r->store), "new", O_RDONLY | O_DIRECTORY);
    clock_ahead = 10; /* we are ahead of the server */
    mail_deliver(r, "1.a");
    take(&stamp, fd, true, false, false);
    pause_ms(500);
    take(&stamp, fd, true, true, false);
    pause_ms(700);
    take(&stamp, fd, true, true, true);
    clock_ahead = 0;
    close(fd);
}

/* A file system without nanoseconds has a tick of a second or two. */
static void test_coarse(void **state)
{
    const struct root *r = *state;
    struct dir_stamp stamp = { 0 };
    struct timespec now;
    int dir = store_root_fd(r->store);
    int fd = openat(dir, "new", O_RDONLY | O_DIRECTORY);
    clock_gettime(CLOCK_REALTIME, &now);
    const struct timespec ts[2] = { { now.tv_sec, 0 }, { now.tv_sec, 0 } };
    assert_int_equal(utimensat(dir, "new", ts, 0), 0);
    take(&stamp, fd, false, false, false);
    pause_ms(100);
    take(&stamp, fd, false, true, false);
    const struct timespec old[2] = { { now.tv_sec - 10, 0 }, { now.tv_sec - 10, 0 } };
    assert_int_equal(utimensat(dir, "new", old, 0), 0);
    take(&stamp, fd, false, false, true);
    close(fd);
}

static void test_tmp_clean(void **state)
{
    const struct root *r = *state;
    const long hour = 3600;
    root_write(r, "tmp/left", "x");
    root_mkdir(r, "tmp/dir");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mailbox_close(mb);
    assert_true(root_has(r, "tmp/left"));
    /* Old enough, but the directory was read less than a week ago. */
    clock_ahead = 48 * hour;
    mb = mail_open(r, "INBOX", true);
    mailbox_close(mb);
    assert_true(root_has(r, "tmp/left"));
    clock_ahead = 8L * 24 * hour;
    mb = mail_open(r, "INBOX", false);
    mailbox_close(mb);
    assert_true(root_has(r, "tmp/left")); /* EXAMINE cleans nothing */
    mb = mail_open(r, "INBOX", true);
    mailbox_close(mb);
    clock_ahead = 0;
    assert_false(root_has(r, "tmp/left"));
    assert_true(root_has(r, "tmp/dir"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, mail_setup, mail_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_local),
        T(test_remote),
        T(test_coarse),
        T(test_tmp_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
