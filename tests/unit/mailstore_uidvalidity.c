/* The account's UIDVALIDITY counter. */
#include "mailstore_root.h"

#include <time.h>

#define PROCESSES 6
#define EACH      40

static uint32_t next(const struct root *r)
{
    uint32_t value = 0;
    assert_int_equal(uidvalidity_next(r->store, &value), STORE_OK);
    assert_true(value > 0 && value < 0x80000000U);
    return value;
}

/* Whether the two files say that `value` was the last one. */
static void expect_state(const struct root *r, uint32_t value)
{
    char name[64];
    char digits[16];
    struct stat st;
    snprintf(name, sizeof name, "dovecot-uidvalidity.%08x", value);
    assert_int_equal(fstatat(store_root_fd(r->store), name, &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
    assert_int_equal(st.st_size, 0);
    snprintf(digits, sizeof digits, "%08x", value);
    root_expect(r, "dovecot-uidvalidity", digits);
    assert_int_equal(root_count(r, "dovecot-uidvalidity"), 2);
}

/* The clock that the store reads. time(2) reads a coarser one, which is up to a tick behind. */
static time_t seconds(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    return now.tv_sec;
}

static void test_new_account(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    time_t before = seconds();
    uint32_t first = next(&r);
    assert_true(first >= before && first <= seconds());
    expect_state(&r, first);
    for (uint32_t i = 1; i < 20; i++)
        assert_int_equal(next(&r), first + i);
    expect_state(&r, first + 19);
    root_close(&r);
}

static void put(const struct root *r, const char *name)
{
    int fd = openat(store_root_fd(r->store), name, O_CREAT | O_EXCL | O_RDWR, 0444);
    assert_true(fd >= 0);
    close(fd);
}

static void test_goes_on(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    put(&r, "dovecot-uidvalidity.4b3a2f10");
    root_write(&r, "dovecot-uidvalidity", "4b3a2f10");
    assert_int_equal(next(&r), 0x4b3a2f11);
    expect_state(&r, 0x4b3a2f11);
    root_close(&r);
}

static void test_several(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    put(&r, "dovecot-uidvalidity.00000005");
    put(&r, "dovecot-uidvalidity.50000000");
    put(&r, "dovecot-uidvalidity.4FFFFFFF");
    put(&r, "dovecot-uidvalidity.00000000");
    put(&r, "dovecot-uidvalidity.fffffff0");
    put(&r, "dovecot-uidvalidity.xyz"); /* not one of them */
    assert_int_equal(next(&r), 0x50000001);
    assert_true(root_has(&r, "dovecot-uidvalidity.xyz"));
    assert_int_equal(unlinkat(store_root_fd(r.store), "dovecot-uidvalidity.xyz", 0), 0);
    expect_state(&r, 0x50000001);
    root_close(&r);
}

static void test_damage(void **state)
{
    (void)state;
    static const char *const content[] = { "",         "4b3a",     "zzzzzzzz",
                                           "ffffffff", "00000001", "4b3a2f10 and more",
                                           "7fffffff" };
    for (size_t i = 0; i < sizeof content / sizeof *content; i++) {
        struct root r;
        root_open(&r, LAYOUT_MAILDIRPP);
        /* the hint is damaged: the name counts */
        put(&r, "dovecot-uidvalidity.4b3a2f10");
        root_write(&r, "dovecot-uidvalidity", content[i]);
        assert_int_equal(next(&r), 0x4b3a2f11);
        expect_state(&r, 0x4b3a2f11);
        /* the name is gone, too: the clock counts, but a sane hint is passed */
        assert_int_equal(unlinkat(store_root_fd(r.store), "dovecot-uidvalidity.4b3a2f11", 0),
                         0);
        root_write(&r, "dovecot-uidvalidity", content[i]);
        uint32_t value = next(&r);
        assert_true(value >= time(NULL) - 5 && value < time(NULL) + 5);
        expect_state(&r, value);
        root_close(&r);
    }
}

static void test_passes_the_hint(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_write(&r, "dovecot-uidvalidity", "7e000000");
    assert_int_equal(next(&r), 0x7e000001);
    expect_state(&r, 0x7e000001);
    root_close(&r);
}

/* With the counter lost no value is given that a folder has. */
static void test_passes_the_folders(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    root_maildir(&r, ".a");
    root_write(&r, ".a/dovecot-uidlist", "3 V2110000000 N5 G00\n1 :x\n");
    root_maildir(&r, ".b");
    root_write(&r, ".b/courierimapuiddb", "1 2110000500 7\n1 x\n");
    root_maildir(&r, ".c");
    root_write(&r, ".c/dovecot-uidlist", "3 V4294967295 N5\n");
    root_write(&r, "dovecot-uidlist", "3 Vx\n");
    assert_int_equal(next(&r), 2110000501);
    root_close(&r);
}

static void test_used_up(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    put(&r, "dovecot-uidvalidity.7ffffffe");
    assert_int_equal(next(&r), 0x7fffffff);
    uint32_t value;
    assert_int_equal(uidvalidity_next(r.store, &value), STORE_LIMIT);
    root_close(&r);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x;
    uint32_t y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* Several processes, beginning with a new account: never the same twice. */
static void test_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct root r;
        root_open(&r, LAYOUT_MAILDIRPP);
        int out[2];
        assert_int_equal(pipe(out), 0);
        for (int i = 0; i < PROCESSES; i++) {
            pid_t pid = fork();
            assert_true(pid >= 0);
            for (int j = 0; pid == 0 && j < EACH; j++) {
                uint32_t value;
                if (uidvalidity_next(r.store, &value) != STORE_OK ||
                    write(out[1], &value, sizeof value) != sizeof value)
                    _exit(1);
            }
            if (pid == 0)
                _exit(0);
        }
        close(out[1]);
        uint32_t got[PROCESSES * EACH];
        size_t n = 0;
        while (n < PROCESSES * EACH && read(out[0], &got[n], sizeof *got) == sizeof *got)
            n++;
        close(out[0]);
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        assert_int_equal(n, PROCESSES * EACH);
        qsort(got, n, sizeof *got, by_value);
        for (size_t i = 1; i < n; i++)
            assert_int_equal(got[i], got[0] + i);
        expect_state(&r, got[n - 1]);
        root_close(&r);
    }
}

/* Another program (Dovecot) takes values by renaming, without our lock. */
static void test_beside_dovecot(void **state)
{
    (void)state;
    struct root r;
    root_open(&r, LAYOUT_MAILDIRPP);
    uint32_t value = next(&r);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int taken = 0;
        for (uint32_t v = value; taken < 300; v++) {
            char from[64];
            char to[64];
            snprintf(from, sizeof from, "dovecot-uidvalidity.%08x", v);
            snprintf(to, sizeof to, "dovecot-uidvalidity.%08x", v + 1);
            if (renameat(store_root_fd(r.store), from, store_root_fd(r.store), to) == 0)
                taken++;
            else if (v > value + 2000)
                v = value;
        }
        _exit(0);
    }
    for (int i = 0; i < 300; i++) {
        uint32_t n = next(&r);
        assert_true(n > value);
        value = n;
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(root_count(&r, "dovecot-uidvalidity."), 1);
    root_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_account),     cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_several),         cmocka_unit_test(test_damage),
        cmocka_unit_test(test_passes_the_hint), cmocka_unit_test(test_passes_the_folders),
        cmocka_unit_test(test_used_up),         cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_beside_dovecot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
