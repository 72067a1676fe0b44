/*
 * Lock files, with the store's own system calls but for the clock, which a test can make run
 * faster, and for the stamps of files, which it can make older or younger.
 */
#define sys_monotonic real_monotonic
#define sys_pause     real_pause
#define sys_fstatat   real_fstatat
#include "mailstore/sys.c"
#undef sys_monotonic
#undef sys_pause
#undef sys_fstatat

#include "mailstore_root.h"

#include "mailstore/dotlock.h"

#include <signal.h>
#include <time.h>

#define LOCK      "test.lock"
#define PROCESSES 6
#define EACH      50

int sys_monotonic(struct timespec *now);
void sys_pause(unsigned milliseconds);
int sys_fstatat(int dir, const char *path, struct stat *st, int flags);

static int speed = 1;     /* of the monotonic clock; 1000 must be a multiple */
static time_t server_lag; /* so many seconds are the stamps of the lock behind the clock */

int sys_monotonic(struct timespec *now)
{
    if (real_monotonic(now) < 0)
        return -1;
    time_t ms = (now->tv_sec * 1000 + now->tv_nsec / 1000000) * speed;
    now->tv_sec = ms / 1000;
    now->tv_nsec = ms % 1000 * 1000000;
    return 0;
}

void sys_pause(unsigned milliseconds)
{
    real_pause(milliseconds / (unsigned)speed + 1);
}

int sys_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    int r = real_fstatat(dir, path, st, flags);
    st->st_mtime -= server_lag;
    st->st_ctime -= server_lag;
    return r;
}

static time_t fast_seconds(void)
{
    struct timespec now;
    assert_int_equal(sys_monotonic(&now), 0);
    return now.tv_sec;
}

static void test_take_and_drop(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    struct dotlock lock;
    assert_int_equal(dotlock_take(&lock, store_root_fd(r.store), LOCK), STORE_OK);
    char host[256];
    char want[300];
    assert_int_equal(gethostname(host, sizeof host), 0);
    snprintf(want, sizeof want, "%ld:%s", (long)getpid(), host);
    root_expect(&r, LOCK, want);
    assert_true(dotlock_keep(&lock));
    dotlock_drop(&lock);
    assert_false(root_has(&r, LOCK));
    dotlock_drop(&lock); /* nothing happens */
    assert_false(dotlock_keep(&lock));
    root_close(&r);
}

/* Somebody else's lock is not removed. */
static void test_lost(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    struct dotlock lock;
    assert_int_equal(dotlock_take(&lock, store_root_fd(r.store), LOCK), STORE_OK);
    assert_int_equal(unlinkat(store_root_fd(r.store), LOCK, 0), 0);
    root_write(&r, LOCK, "1:elsewhere");
    lock.touched -= DOTLOCK_TOUCH_SECONDS;
    assert_false(dotlock_keep(&lock));
    dotlock_drop(&lock);
    root_expect(&r, LOCK, "1:elsewhere");
    root_close(&r);
}

static void test_keep_touches(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    int root = store_root_fd(r.store);
    struct dotlock lock;
    assert_int_equal(dotlock_take(&lock, root, LOCK), STORE_OK);
    struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    struct stat st;
    assert_int_equal(utimensat(root, LOCK, old, 0), 0);
    assert_true(dotlock_keep(&lock)); /* not yet */
    assert_int_equal(fstatat(root, LOCK, &st, 0), 0);
    assert_int_equal(st.st_mtime, 1000);
    lock.touched -= DOTLOCK_TOUCH_SECONDS;
    assert_true(dotlock_keep(&lock));
    assert_int_equal(fstatat(root, LOCK, &st, 0), 0);
    assert_true(st.st_mtime >= time(NULL) - 5);
    dotlock_drop(&lock);
    root_close(&r);
}

static pid_t dead_process(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return pid;
}

/* The owner is gone: broken at once. */
static void test_dead_owner(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    char host[256];
    char text[300];
    assert_int_equal(gethostname(host, sizeof host), 0);
    snprintf(text, sizeof text, "%ld:%s", (long)dead_process(), host);
    root_write(&r, LOCK, text);
    struct dotlock lock;
    assert_int_equal(dotlock_take_within(&lock, store_root_fd(r.store), LOCK, 1), STORE_OK);
    dotlock_drop(&lock);
    assert_int_equal(root_count(&r, "test"), 0);
    root_close(&r);
}

/* Not provably gone: neither broken nor taken within the time. */
static void test_owners_who_may_live(void **state)
{
    (void)state;
    char host[200];
    char text[8][300] = { "", "garbage", ":", "0:x" };
    assert_int_equal(gethostname(host, sizeof host), 0);
    pid_t dead = dead_process();
    snprintf(text[4], sizeof text[4], "%ld:elsewhere", (long)dead); /* another machine */
    snprintf(text[5], sizeof text[5], "%ld:%s", (long)getppid(), host);
    snprintf(text[6], sizeof text[6], "%ld:%s", (long)getpid(), host); /* a reused id */
    snprintf(text[7], sizeof text[7], "99999999999999999999:%s", host);
    for (size_t i = 0; i < 8; i++) {
        struct root r;
        root_open(&r, LAYOUT_MAILDIRPP);
        root_write(&r, LOCK, text[i]);
        struct dotlock lock;
        assert_int_equal(dotlock_take_within(&lock, store_root_fd(r.store), LOCK, 0),
                         STORE_INUSE);
        root_expect(&r, LOCK, text[i]);
        DIR *d = fdopendir(openat(store_root_fd(r.store), "tmp", O_RDONLY));
        assert_non_null(d);
        struct dirent *e;
        while ((e = readdir(d)) != NULL)
            assert_true(e->d_name[0] == '.'); /* nothing stays behind */
        closedir(d);
        root_close(&r);
    }
}

/* Left without contents by a power cut: broken at once when the machine was started since, and
 * nobody has it open. */
static void test_of_another_boot(void **state)
{
    (void)state;
    struct root r;
    struct dotlock lock;
    struct timespec up;
    root_open(&r, LAYOUT_MAILDIRPP);
    int root = store_root_fd(r.store);
    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &up), 0);
    root_write(&r, LOCK, "");
    assert_int_equal(dotlock_take_within(&lock, root, LOCK, 0), STORE_INUSE);
    server_lag = up.tv_sec + 60;
    int fd = openat(root, LOCK, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(dotlock_take_within(&lock, root, LOCK, 0), STORE_INUSE);
    char owner[DOTLOCK_OWNER_MAX];
    bool gone = true;
    assert_true(dotlock_owner(root, LOCK, owner, &gone));
    assert_false(gone);
    close(fd);
    assert_true(dotlock_owner(root, LOCK, owner, &gone));
    assert_true(gone);
    assert_string_equal(owner, "");
    assert_int_equal(dotlock_take_within(&lock, root, LOCK, 0), STORE_OK);
    dotlock_drop(&lock);
    root_write(&r, LOCK, "4711:elsewhere");
    assert_int_equal(dotlock_take_within(&lock, root, LOCK, 0), STORE_INUSE);
    server_lag = 0;
    root_close(&r);
}

/* How long it takes to get the lock of an owner on another machine. */
static time_t time_to_take(const struct root *r)
{
    struct dotlock lock;
    root_write(r, LOCK, "4711:elsewhere");
    speed = 50;
    time_t begin = fast_seconds();
    assert_int_equal(dotlock_take(&lock, store_root_fd(r->store), LOCK), STORE_OK);
    time_t took = fast_seconds() - begin;
    dotlock_drop(&lock);
    speed = 1;
    return took;
}

static void test_old(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    /* Old by the file system's clock: only as long as a living owner might need to touch it. */
    server_lag = DOTLOCK_STALE_SECONDS + 1;
    time_t took = time_to_take(&r);
    assert_true(took > DOTLOCK_TOUCH_SECONDS && took < DOTLOCK_STALE_SECONDS - 10);
    /* Young: until it is old. */
    server_lag = 0;
    took = time_to_take(&r);
    assert_true(took >= DOTLOCK_STALE_SECONDS - 1);
    /* Stamps from the future: our own clock decides. */
    server_lag = -1000000;
    took = time_to_take(&r);
    assert_true(took >= DOTLOCK_STALE_SECONDS - 1);
    server_lag = 0;
    assert_int_equal(root_count(&r, "test"), 0);
    root_close(&r);
}

/* An owner that touches its lock keeps it, however old its stamps are by our clock. */
static void test_touched(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_write(&r, LOCK, "4711:elsewhere");
    pid_t pid = fork();
    assert_true(pid >= 0);
    while (pid == 0) {
        utimensat(store_root_fd(r.store), LOCK, NULL, 0);
        usleep(50000); /* a fast second */
    }
    struct dotlock lock;
    speed = 20;
    server_lag = 100000;
    assert_int_equal(dotlock_take(&lock, store_root_fd(r.store), LOCK), STORE_INUSE);
    speed = 1;
    server_lag = 0;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    root_expect(&r, LOCK, "4711:elsewhere");
    root_close(&r);
}

/* Without tmp/ the lock is made in place. */
static void test_without_tmp(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    assert_int_equal(unlinkat(store_root_fd(r.store), "tmp", AT_REMOVEDIR), 0);
    struct dotlock a;
    struct dotlock b;
    assert_int_equal(dotlock_take(&a, store_root_fd(r.store), LOCK), STORE_OK);
    assert_int_equal(dotlock_take_within(&b, store_root_fd(r.store), LOCK, 0), STORE_INUSE);
    dotlock_drop(&a);
    assert_int_equal(dotlock_take(&b, store_root_fd(r.store), LOCK), STORE_OK);
    dotlock_drop(&b);
    root_close(&r);
}

static void test_can_not_be_made(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    struct dotlock lock;
    assert_int_equal(folder_create(r.store, "gone"), STORE_OK);
    int fd;
    assert_int_equal(folder_open_dir(r.store, "gone", &fd), STORE_OK);
    assert_int_equal(folder_delete(r.store, "gone"), STORE_OK);
    assert_int_equal(dotlock_take(&lock, fd, LOCK), STORE_NONEXISTENT);
    assert_false(lock.held);
    close(fd);
    root_close(&r);
}

/* Adds 1 to the number in the file, in two steps that others must not see between. */
static int count_up(const struct root *r)
{
    char text[16];
    int root = store_root_fd(r->store);
    int fd = openat(root, "counter", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    close(fd);
    if (n < 0)
        return -1;
    text[n] = '\0';
    long value = strtol(text, NULL, 10) + 1;
    n = snprintf(text, sizeof text, "%ld", value);
    fd = openat(root, "counter", O_WRONLY | O_TRUNC);
    if (fd < 0 || write(fd, text, (size_t)n) != n)
        return -1;
    return close(fd);
}

/* Each takes the lock often, and some die with it. */
static int work(const struct root *r, int who)
{
    for (int i = 0; i < EACH; i++) {
        struct dotlock lock;
        if (dotlock_take(&lock, store_root_fd(r->store), LOCK) != STORE_OK || count_up(r) < 0)
            return 1;
        if (who == 0 && i == EACH - 1)
            return 0; /* still held */
        dotlock_drop(&lock);
    }
    return 0;
}

static void test_at_once(void **state)
{
    (void)state;
    for (int layout = 0; layout < 2; layout++) {
        struct root r;
        root_open(&r, LAYOUT_MAILDIRPP);
        if (layout == 1) /* both ways of taking it */
            assert_int_equal(unlinkat(store_root_fd(r.store), "tmp", AT_REMOVEDIR), 0);
        root_write(&r, "counter", "0");
        for (int i = 0; i < PROCESSES; i++) {
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid == 0)
                _exit(work(&r, i));
        }
        /* They are waited for as they end: an owner that ended is gone only then. */
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        char want[16];
        snprintf(want, sizeof want, "%d", PROCESSES * EACH);
        root_expect(&r, "counter", want);
        root_close(&r);
    }
}

/* Many find the same stale lock at the same moment: still one at a time. */
static void test_breaking_at_once(void **state)
{
    (void)state;
    char host[256];
    assert_int_equal(gethostname(host, sizeof host), 0);
    for (int round = 0; round < 50; round++) {
        struct root r;
        root_open(&r, LAYOUT_MAILDIRPP);
        char text[300];
        snprintf(text, sizeof text, "%ld:%s", (long)dead_process(), host);
        root_write(&r, LOCK, text);
        root_write(&r, "counter", "0");
        for (int i = 0; i < PROCESSES; i++) {
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid == 0) {
                struct dotlock lock;
                int bad = dotlock_take(&lock, store_root_fd(r.store), LOCK) != STORE_OK ||
                          count_up(&r) < 0;
                dotlock_drop(&lock);
                _exit(bad);
            }
        }
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        char want[16];
        snprintf(want, sizeof want, "%d", PROCESSES);
        root_expect(&r, "counter", want);
        assert_false(root_has(&r, LOCK));
        root_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_and_drop),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_keep_touches),
        cmocka_unit_test(test_dead_owner),
        cmocka_unit_test(test_owners_who_may_live),
        cmocka_unit_test(test_of_another_boot),
        cmocka_unit_test(test_old),
        cmocka_unit_test(test_touched),
        cmocka_unit_test(test_without_tmp),
        cmocka_unit_test(test_can_not_be_made),
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_breaking_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
