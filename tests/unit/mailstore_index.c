/* The index as an environment: it keeps what was committed, for many processes at once,
 * whichever of them is killed or stopped; and tells a crash of the machine. */
#include "mailstore_place.h"

#include <time.h>

/* --- What it is for. -------------------------------------------------------------------------
 */

static void test_keeps(void **state)
{
    const struct place *p = *state;
    struct index *ix = open_index(p);
    assert_false(index_is_private(ix));
    unsigned generation = index_check(ix);
    assert_true(keep(ix, 1, "one"));
    assert_true(holds(ix, 1, "one"));
    assert_int_equal(index_check(ix), generation);
    index_close(ix);
    ix = open_index(p);
    assert_true(holds(ix, 1, "one"));
    assert_int_equal(index_check(ix), index_check(ix));
    index_close(ix);
    index_close(NULL);
}

static void test_transactions(void **state)
{
    struct index *ix = open_index(*state);
    assert_false(index_commit(ix));
    index_abort(ix);
    index_release(ix);
    assert_true(index_write(ix));
    assert_true(index_read(ix)); /* the write transaction is the one */
    assert_true(put(ix, 7, "seven", 6));
    assert_true(has(ix, 7, "seven"));
    index_release(ix); /* does nothing */
    assert_true(has(ix, 7, "seven"));
    index_abort(ix);
    assert_false(holds(ix, 7, "seven"));
    assert_true(index_read(ix));
    assert_true(index_read(ix));
    assert_true(index_write(ix)); /* ends the snapshot */
    assert_true(put(ix, 8, "eight", 6));
    assert_true(index_commit(ix));
    assert_true(holds(ix, 8, "eight"));
    assert_true(index_write(ix)); /* index_check ends what is open */
    assert_true(put(ix, 9, "nine", 5));
    (void)index_check(ix);
    assert_false(holds(ix, 9, "nine"));
    index_close(ix);
}

static void test_elsewhere(void **state)
{
    const struct place *p = *state;
    char dir[128];
    struct stat st;
    snprintf(dir, sizeof dir, "%s/a/b/alice", p->path);
    struct index *ix = index_open(p->root, dir, SIZE_MAX_HERE);
    assert_non_null(ix);
    assert_false(index_is_private(ix));
    assert_true(keep(ix, 1, "one"));
    index_close(ix);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    ix = index_open(p->root, dir, SIZE_MAX_HERE);
    assert_true(holds(ix, 1, "one"));
    index_close(ix);
    assert_int_equal(fstatat(p->root, INDEX_NAME, &st, 0), -1);
}

/* --- Several processes. ----------------------------------------------------------------------
 */

static int reads_and_writes(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || index_is_private(ix) || !keep(ix, 1, "child"))
        return 1;
    come_so_far();
    wait_for_parent();
    if (!holds(ix, 2, "parent"))
        return 2;
    index_close(ix);
    return 0;
}

static void test_two_processes(void **state)
{
    const struct place *p = *state;
    struct child c = begin(reads_and_writes, p);
    hear(&c);
    struct index *ix = open_index(p);
    assert_true(holds(ix, 1, "child"));
    assert_true(index_read(ix));
    assert_false(has(ix, 2, "parent"));
    index_release(ix);
    assert_true(keep(ix, 2, "parent"));
    tell(&c);
    assert_ends_well(&c);
    index_close(ix);
}

/* A snapshot stays as it was. */
static int writes_meanwhile(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    wait_for_parent();
    if (ix == NULL || !keep(ix, 1, "two"))
        return 1;
    come_so_far();
    index_close(ix);
    return 0;
}

static void test_snapshot(void **state)
{
    const struct place *p = *state;
    struct child c = begin(writes_meanwhile, p);
    struct index *ix = open_index(p);
    assert_true(keep(ix, 1, "one"));
    assert_true(index_read(ix));
    tell(&c);
    hear(&c);
    assert_true(index_read(ix));
    assert_true(has(ix, 1, "one"));
    index_release(ix);
    assert_true(holds(ix, 1, "two"));
    assert_ends_well(&c);
    index_close(ix);
}

static int stays_in_write(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || !index_write(ix) || !put(ix, 1, "torn", 5))
        return 1;
    come_so_far();
    wait_for_parent();
    if (!index_commit(ix))
        return 2;
    index_close(ix);
    return 0;
}

static void test_killed_writer(void **state)
{
    const struct place *p = *state;
    struct index *ix = open_index(p);
    index_close(ix);
    for (int i = 0; i < 3; i++) {
        struct child c = begin(stays_in_write, p);
        hear(&c);
        assert_int_equal(kill(c.pid, SIGKILL), 0);
        assert_int_equal(WTERMSIG(end(&c)), SIGKILL);
        ix = open_index(p);
        assert_false(holds(ix, 1, "torn"));
        assert_true(keep(ix, 2, "goes on"));
        assert_false(index_is_private(ix));
        index_close(ix);
    }
    ix = open_index(p);
    struct child c = begin(stays_in_write, p);
    hear(&c);
    assert_int_equal(kill(c.pid, SIGKILL), 0);
    (void)end(&c);
    assert_true(keep(ix, 2, "goes on"));
    assert_false(holds(ix, 1, "torn"));
    index_close(ix);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_stopped_writer(void **state)
{
    const struct place *p = *state;
    struct index *ix = open_index(p);
    assert_true(keep(ix, 2, "before"));
    unsigned generation = index_check(ix);
    struct child c = begin(stays_in_write, p);
    hear(&c);
    assert_int_equal(kill(c.pid, SIGSTOP), 0);
    assert_true(holds(ix, 2, "before")); /* readers are not held up */
    double began = seconds();
    assert_false(index_write(ix));
    assert_true(seconds() - began < INDEX_LOCK_SECONDS + 1);
    assert_true(seconds() - began > INDEX_LOCK_SECONDS - 1);
    assert_false(index_read(ix));
    assert_int_not_equal(index_check(ix), generation);
    assert_true(index_is_private(ix));
    assert_true(keep(ix, 3, "private"));
    assert_true(holds(ix, 3, "private"));
    assert_false(holds(ix, 2, "before"));

    ix->shared_at = 0; /* the minute is over, and the other one still stopped */
    (void)index_check(ix);
    assert_false(index_is_private(ix));
    assert_true(holds(ix, 2, "before"));
    began = seconds();
    assert_false(index_write(ix));
    assert_true(seconds() - began < 1);
    (void)index_check(ix);
    assert_true(index_is_private(ix));

    assert_int_equal(kill(c.pid, SIGCONT), 0);
    tell(&c);
    assert_ends_well(&c);
    ix->shared_at = 0;
    (void)index_check(ix);
    assert_false(index_is_private(ix));
    assert_true(holds(ix, 1, "torn"));
    assert_true(holds(ix, 2, "before"));
    assert_false(holds(ix, 3, "private"));
    assert_true(keep(ix, 4, "after"));
    index_close(ix);
}

/* One that is stopped while it opens the index holds nobody up without end. */
static int stops_while_opening(const struct place *p)
{
    char path[PATH_MAX];
    struct index_place *place = index_place_new(p->root, NULL);
    enum index_find found = index_place_enter(place, path);
    come_so_far();
    wait_for_parent();
    index_place_free(place);
    return found == INDEX_FRESH ? 0 : 1;
}

static void test_stopped_opener(void **state)
{
    const struct place *p = *state;
    struct child c = begin(stops_while_opening, p);
    hear(&c);
    double began = seconds();
    struct index *ix = open_index(p);
    assert_true(seconds() - began < INDEX_LOCK_SECONDS + 1);
    assert_true(index_is_private(ix));
    assert_true(keep(ix, 1, "one"));
    tell(&c);
    assert_ends_well(&c);
    ix->shared_at = 0;
    (void)index_check(ix);
    assert_begun_anew(ix);
    index_close(ix);
}

#define MANY 100

static int reads_many(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || index_is_private(ix))
        return 1;
    for (int i = 0; i < 50; i++) {
        (void)index_check(ix);
        if (!index_read(ix) || !(has(ix, 1, "one") || has(ix, 1, "two")))
            return 2;
        index_release(ix);
    }
    come_so_far();
    wait_for_parent();
    if (!index_read(ix))
        return 3;
    index_close(ix);
    return 0;
}

static void test_many(void **state)
{
    const struct place *p = *state;
    struct index *ix = open_index(p);
    struct child c[MANY];
    assert_true(keep(ix, 1, "one"));
    index_close(ix);
    for (size_t i = 0; i < MANY; i++)
        c[i] = begin(reads_many, p);
    ix = open_index(p);
    for (int i = 0; i < 50; i++)
        assert_true(keep(ix, 1, i % 2 == 0 ? "two" : "one"));
    for (size_t i = 0; i < MANY; i++)
        hear(&c[i]);
    for (size_t i = 0; i < MANY; i++)
        tell(&c[i]);
    for (size_t i = 0; i < MANY; i++)
        assert_ends_well(&c[i]);
    assert_false(index_is_private(ix));
    index_close(ix);
}

#define COUNTERS 8
#define COUNTS   300

static unsigned long counted(struct index *ix)
{
    unsigned char key[sizeof(uint32_t)];
    MDB_val k = { sizeof key, key };
    MDB_val v;
    unsigned long n = 0;
    index_key_put32(key, 1);
    if (mdb_get(ix->txn, ix->table[INDEX_NAMES], &k, &v) == MDB_SUCCESS &&
        v.mv_size == sizeof n)
        memcpy(&n, v.mv_data, sizeof n);
    return n;
}

/* No count is lost, what was counted is seen at once, and no snapshot goes back. Who has waited
 * for the lock too long (on a machine with much to do: it goes to whoever asks next) has a
 * private index, and opens the shared one again. */
static int counts(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    unsigned long last = 0;
    if (ix == NULL || index_is_private(ix))
        return 1;
    for (int i = 0; i < COUNTS;) {
        (void)index_check(ix);
        if (!index_write(ix))
            return 2;
        if (index_is_private(ix)) {
            (void)index_end(ix, false);
            index_close(ix);
            ix = index_open(p->root, NULL, SIZE_MAX_HERE);
            if (ix == NULL)
                return 1;
            continue;
        }
        unsigned long n = counted(ix) + 1;
        if (n <= last || !put(ix, 1, &n, sizeof n) || !index_commit(ix) || !index_read(ix))
            return 3;
        last = counted(ix);
        index_release(ix);
        if (last < n)
            return 4;
        i++;
    }
    index_close(ix);
    return 0;
}

static void test_counting(void **state)
{
    const struct place *p = *state;
    struct child c[COUNTERS];
    for (size_t i = 0; i < COUNTERS; i++)
        c[i] = begin(counts, p);
    for (size_t i = 0; i < COUNTERS; i++)
        assert_ends_well(&c[i]);
    struct index *ix = open_index(p);
    assert_true(index_read(ix));
    assert_int_equal(counted(ix), COUNTERS * COUNTS);
    index_close(ix);
}

/* Those who were killed with a snapshot leave no slot behind. */
static int dies_reading(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || !index_read(ix))
        return 1;
    (void)raise(SIGKILL);
    return 2;
}

static void test_dead_readers(void **state)
{
    const struct place *p = *state;
    struct index *ix = open_index(p);
    assert_true(keep(ix, 1, "one"));
    for (int i = 0; i < 20; i++)
        (void)run_child(dies_reading, p);
    index_close(ix);
    ix = open_index(p);
    MDB_envinfo info;
    assert_int_equal(mdb_env_info(ix->env, &info), 0);
    assert_true(info.me_numreaders <= 25);
    assert_true(info.me_maxreaders >= INDEX_READERS);
    index_close(ix);
}

/* --- Crashes of the machine. -----------------------------------------------------------------
 */

static void test_boot(void **state)
{
    const struct place *p = *state;
    struct index *ix = open_index(p);
    assert_true(keep(ix, 1, "one"));
    assert_true(boot_says(p) != 'w' && boot_says(p) != 0);
    index_close(ix);
    assert_int_equal(boot_says(p), 'w');

    ix = open_index(p); /* only reading leaves it so */
    assert_true(holds(ix, 1, "one"));
    assert_int_equal(boot_says(p), 'w');
    index_settle(ix, false);
    assert_int_equal(boot_says(p), 'w');
    index_settle(ix, true);
    assert_int_not_equal(boot_says(p), 'w');
    index_close(ix);
    assert_int_equal(boot_says(p), 'w');

    struct child c = begin(opens_and_writes, p); /* the last one out, not the first */
    hear(&c);
    ix = open_index(p);
    index_close(ix);
    assert_int_not_equal(boot_says(p), 'w');
    tell(&c);
    assert_ends_well(&c);
    assert_int_equal(boot_says(p), 'w');
}

static void test_killed_is_no_crash(void **state)
{
    const struct place *p = *state;
    struct child c = begin(opens_and_writes, p);
    hear(&c);
    assert_int_equal(kill(c.pid, SIGKILL), 0);
    (void)end(&c);
    assert_int_not_equal(boot_says(p), 'w');
    struct index *ix = open_index(p);
    assert_true(holds(ix, 1, "one"));
    index_close(ix);
    assert_int_equal(boot_says(p), 'w');
}

static void test_other_boot(void **state)
{
    const struct place *p = *state;
    static const char *const says[] = { "5f0fe1a2-0000-4000-8000-000000000000", "", "w",
                                        "whole thing" };
    char path[128];
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        struct index *ix = open_index(p);
        assert_true(keep(ix, 1, "one"));
        index_close(ix);
        write_boot(p, says[i]);
        assert_opens_anew(p);
    }
    struct index *ix = open_index(p);
    assert_true(keep(ix, 1, "one"));
    index_close(ix);
    file_of(p, "boot", path);
    assert_int_equal(unlink(path), 0);
    assert_opens_anew(p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_keeps),
        TEST(test_transactions),
        TEST(test_elsewhere),
        TEST(test_two_processes),
        TEST(test_snapshot),
        TEST(test_killed_writer),
        TEST(test_stopped_writer),
        TEST(test_stopped_opener),
        TEST(test_many),
        TEST(test_counting),
        TEST(test_dead_readers),
        TEST(test_boot),
        TEST(test_killed_is_no_crash),
        TEST(test_other_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
