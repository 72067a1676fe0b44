/*
 * Folders, mod-sequences and changes in the index: what is put is there, what is dropped takes
 * nothing else along, mod-sequences rise whatever the clock does, and a list of changes that is
 * said to be complete is.
 */
#define sys_clock real_clock
#include "mailstore/sys.c" /* NOLINT(bugprone-suspicious-include): sys_clock is ours here */
#undef sys_clock

#include "mailstore_tables.h"

/* --- The clock. ------------------------------------------------------------------------------
 */

static int64_t clock_micros; /* 0: the real one */

int sys_clock(struct timespec *now);
int sys_clock(struct timespec *now)
{
    if (clock_micros == 0)
        return real_clock(now);
    now->tv_sec = clock_micros / 1000000;
    now->tv_nsec = clock_micros % 1000000 * 1000;
    return 0;
}

/* --- Folders. --------------------------------------------------------------------------------
 */

static bool sum_folder(void *ctx, const struct index_folder *f)
{
    uint64_t *sum = ctx;
    *sum += f->key.ino;
    return f->key.ino != 5; /* enough */
}

static void test_folders(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    struct index_folder f[3];
    struct index_folder got;
    bool found;
    make_folder(&f[0], 7);
    make_folder(&f[1], UINT64_C(0xfedcba9876543210));
    make_folder(&f[2], 6);
    assert_true(index_write(ix));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(index_folder_put(ix, &f[i]));
        assert_int_equal(f[i].version, 1);
        assert_int_not_equal(f[i].id, 0);
    }
    assert_int_not_equal(f[0].id, f[1].id);
    assert_int_not_equal(f[0].id, f[2].id);
    assert_int_not_equal(f[1].id, f[2].id);
    uint32_t id = f[0].id;
    f[0].highest = 12;
    assert_true(index_folder_put(ix, &f[0]));
    assert_int_equal(f[0].version, 2);
    assert_int_equal(f[0].id, id);
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(index_folder_get(ix, f[i].key, &got, &found));
        assert_true(found);
        assert_memory_equal(&got, &f[i], sizeof got);
    }
    assert_true(index_folder_get(ix, some_key(8), &got, &found));
    assert_false(found);
    assert_true(index_folder_get(ix, some_key(0), &got, &found));
    assert_false(found);
    uint64_t sum = 0;
    assert_true(index_folder_each(ix, sum_folder, &sum));
    assert_true(sum == f[0].key.ino + f[1].key.ino + f[2].key.ino);
    index_release(ix);

    make_folder(&f[2], 5);
    assert_true(index_write(ix));
    assert_true(index_folder_put(ix, &f[2]));
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    sum = 0;
    assert_true(index_folder_each(ix, sum_folder, &sum));
    assert_true(sum == 5);
}

/* Inode numbers are those of one file system. */
static void test_same_number_on_two_devices(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    struct index_folder f[2];
    struct index_folder got;
    bool found;
    assert_true(index_write(ix));
    for (unsigned i = 0; i < 2; i++) {
        make_folder(&f[i], 7);
        f[i].key.dev += i;
        assert_true(index_folder_put(ix, &f[i]));
    }
    assert_true(f[0].id != f[1].id);
    assert_true(index_commit(ix));
    assert_true(index_write(ix));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(index_folder_get(ix, f[i].key, &got, &found));
        assert_true(found);
        assert_int_equal(got.id, f[i].id);
    }
    assert_true(index_folder_drop(ix, f[0].key));
    assert_true(index_folder_get(ix, f[0].key, &got, &found));
    assert_false(found);
    assert_true(index_folder_get(ix, f[1].key, &got, &found));
    assert_true(found);
    assert_true(index_commit(ix));
}

/* Where the mail has another device number than before, its folders do too: what is known of
 * the old ones goes. */
static void test_mail_mounted_anew(void **state)
{
    struct bench *b = *state;
    struct index_folder f;
    struct index_folder got;
    bool found;
    char dir[96];
    snprintf(dir, sizeof dir, "%s/elsewhere", b->path);
    int proc = open("/proc", O_RDONLY | O_DIRECTORY);
    assert_true(proc >= 0);
    const int root[] = { b->root, b->root, proc };
    for (unsigned i = 0; i < 3; i++) {
        struct index *ix = index_open(root[i], dir, MAP_SIZE);
        index_check(ix);
        assert_true(index_read(ix));
        assert_true(index_folder_get(ix, some_key(7), &got, &found));
        assert_int_equal(found, i == 1);
        index_release(ix);
        make_folder(&f, 7);
        assert_true(index_write(ix) && (found || index_folder_put(ix, &f)) && index_commit(ix));
        index_close(ix);
    }
    close(proc);
}

/* An id is not given again, also when its folder is gone. */
static void test_ids_are_not_reused(void **state)
{
    struct bench *b = *state;
    struct index_folder f;
    make_folder(&f, 7);
    assert_true(index_write(b->ix));
    assert_true(index_folder_put(b->ix, &f));
    assert_true(index_commit(b->ix));
    uint32_t id = f.id;
    assert_true(index_write(b->ix));
    assert_true(index_folder_drop(b->ix, some_key(7)));
    assert_true(index_folder_drop(b->ix, some_key(7))); /* nothing */
    assert_true(index_commit(b->ix));
    bench_reopen(b);
    make_folder(&f, 7);
    assert_true(index_write(b->ix));
    assert_true(index_folder_put(b->ix, &f));
    assert_true(index_commit(b->ix));
    assert_true(f.id > id);
}

static unsigned count_messages(struct index *ix, uint32_t folder)
{
    struct index_message m;
    unsigned n = 0;
    bool found = true;
    for (uint32_t uid = 0; found; uid = m.uid + 1) {
        assert_true(index_message_next(ix, folder, uid, &m, NULL, &found));
        n += found;
    }
    return n;
}

static bool count_change(void *ctx, uint32_t uid, uint64_t modseq)
{
    (void)uid;
    (void)modseq;
    ++*(unsigned *)ctx;
    return true;
}

static unsigned count_changes(struct index *ix, const struct index_folder *f)
{
    unsigned n = 0;
    assert_true(index_change_each(ix, f->id, f->floor, count_change, &n));
    return n;
}

static void test_drop_leaves_others(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    static const uint32_t uid[] = { 1, 2, 3 | INDEX_EXPUNGED };
    struct index_folder f[4];
    bool found;
    struct index_folder got;
    assert_true(index_write(ix));
    set_next_id(ix, 0x00fffffe);
    for (unsigned i = 0; i < 4; i++) {
        make_folder(&f[i], 100 + i);
        assert_true(index_folder_put(ix, &f[i]));
        assert_int_equal(f[i].id, 0x00fffffe + i);
        put_many(ix, f[i].id, 333);
        assert_true(index_change_add(ix, &f[i], 10 + i, uid, 3));
        assert_true(index_folder_put(ix, &f[i]));
    }
    assert_true(index_commit(ix));
    assert_true(index_write(ix));
    put_simple(ix, f[2].id, 400); /* and what is not written yet */
    put_simple(ix, f[1].id, 400);
    assert_true(index_folder_drop(ix, some_key(101)));
    assert_true(index_folder_drop(ix, some_key(103)));
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    for (unsigned i = 0; i < 4; i++) {
        bool gone = i == 1 || i == 3;
        uint32_t there;
        assert_true(index_folder_get(ix, some_key(100 + i), &got, &found));
        assert_int_equal(found, !gone);
        assert_int_equal(count_messages(ix, f[i].id), gone ? 0 : i == 2 ? 334 : 333);
        assert_int_equal(count_changes(ix, &f[i]), gone ? 0 : 3);
        assert_true(index_message_find(ix, f[i].id, "7.M1P1.host", 11, &there));
        assert_int_equal(there, gone ? 0 : 7);
    }
}

/* --- Mod-sequences. --------------------------------------------------------------------------
 */

static void test_modseq(void **state)
{
    (void)state;
    const uint64_t limit = UINT64_C(1) << 63;
    struct index_folder f;
    make_folder(&f, 1);
    clock_micros = INT64_C(1700000000000000);
    uint64_t first = index_folder_next_modseq(&f, 5);
    assert_true(first >= 1700000000000000U);
    assert_true(f.modseq == first);
    assert_true(index_folder_next_modseq(&f, 0) > first); /* the clock stands */
    clock_micros = INT64_C(1600000000000000);             /* is put back */
    uint64_t second = f.modseq;
    assert_true(index_folder_next_modseq(&f, 0) > second);
    clock_micros = INT64_C(1800000000000000);
    assert_true(index_folder_next_modseq(&f, 0) >= 1800000000000000U);

    /* An index built anew, with the clock put back since the timestamps were made. */
    make_folder(&f, 1);
    clock_micros = INT64_C(1600000000000000);
    assert_true(index_folder_next_modseq(&f, 1700000000000000U) > 1700000001000000U);

    /* Timestamps that are no time do no harm; and at the end there is the end. */
    make_folder(&f, 1);
    uint64_t strange = index_folder_next_modseq(&f, UINT64_MAX);
    assert_true(strange >= 1600000000000000U && strange < limit / 2);
    make_folder(&f, 1);
    assert_true(index_folder_next_modseq(&f, limit - 1) < limit);
    f.modseq = limit - 2;
    assert_true(index_folder_next_modseq(&f, 0) == limit - 1);
    assert_true(index_folder_next_modseq(&f, 0) < limit);
    clock_micros = 0;
}

/* --- Changes. --------------------------------------------------------------------------------
 */

#define CHANGES 60000

struct change_model {
    uint32_t *uid;
    uint64_t *modseq;
    size_t count;
    size_t at; /* of the next that is expected */
    uint64_t since;
};

/* Changes of one mod-sequence may come in any order. */
static bool is_expected(void *ctx, uint32_t uid, uint64_t modseq)
{
    struct change_model *cm = ctx;
    assert_true(modseq > cm->since);
    assert_true(cm->at < cm->count);
    assert_true(cm->modseq[cm->at] == modseq);
    assert_int_equal(cm->uid[cm->at], uid);
    cm->at++;
    return true;
}

static void check_changes(struct index *ix, const struct index_folder *f,
                          struct change_model *cm, uint64_t since)
{
    cm->since = since;
    cm->at = 0;
    while (cm->at < cm->count && cm->modseq[cm->at] <= since)
        cm->at++;
    assert_true(index_change_each(ix, f->id, since, is_expected, cm));
    assert_int_equal(cm->at, cm->count);
}

static void add_changes(struct index *ix, struct index_folder *f, struct change_model *cm,
                        uint64_t modseq, size_t n)
{
    uint32_t uid[1500];
    for (size_t i = 0; i < n; i++) {
        uid[i] = (1 + chance(100000)) | (chance(5) == 0 ? INDEX_EXPUNGED : 0);
        cm->uid[cm->count] = uid[i];
        cm->modseq[cm->count++] = modseq;
    }
    assert_true(index_change_add(ix, f, modseq, uid, n));
}

static void test_changes(void **state)
{
    struct bench *b = *state;
    struct index_folder f;
    struct index_folder other;
    struct change_model cm = { calloc(CHANGES, sizeof(uint32_t)),
                               calloc(CHANGES, sizeof(uint64_t)), 0, 0, 0 };
    assert_non_null(cm.uid);
    assert_non_null(cm.modseq);
    assert_true(index_write(b->ix));
    set_next_id(b->ix, 0x00ffffff);
    make_folder(&f, 1);
    make_folder(&other, 2);
    f.shown = 1000;
    assert_true(index_folder_put(b->ix, &f));
    assert_true(index_folder_put(b->ix, &other));
    uint32_t one = 77;
    assert_true(index_change_add(b->ix, &other, UINT64_C(1) << 40, &one, 1));
    assert_true(index_commit(b->ix));
    const uint64_t most = f.shown / 4 + 16384;
    uint64_t modseq = 250;
    while (cm.count < CHANGES - 1500 * 8) {
        assert_true(index_write(b->ix));
        for (uint32_t calls = 1 + chance(8); calls > 0; calls--) {
            modseq += chance(2) == 0 ? 0 : 1 + chance(100000);
            size_t n = chance(3) == 0 ? chance(1500) : chance(5);
            if (modseq > f.floor)
                add_changes(b->ix, &f, &cm, modseq, n);
        }
        assert_true(index_folder_put(b->ix, &f));
        assert_true(index_commit(b->ix));
        assert_true(index_read(b->ix));
        check_changes(b->ix, &f, &cm, f.floor);
        check_changes(b->ix, &f, &cm, f.floor + chance(1000000));
        assert_true(f.changes <= most);
        assert_int_equal(count_changes(b->ix, &f), f.changes);
        assert_int_equal(count_changes(b->ix, &other), 1);
        index_release(b->ix);
    }
    assert_true(f.floor > 0);
    assert_true(f.changes > most / 2);
    assert_true(index_read(b->ix));
    check_changes(b->ix, &f, &cm, UINT64_MAX);
    free(cm.uid);
    free(cm.modseq);
}

/* One STORE of more than is kept: nothing of it is, whole mod-sequences or nothing. */
static void test_changes_too_many_at_once(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    struct index_folder f;
    make_folder(&f, 1);
    uint32_t *uid = calloc(20000, sizeof *uid);
    assert_non_null(uid);
    for (uint32_t i = 0; i < 20000; i++)
        uid[i] = i + 1;
    assert_true(index_write(ix));
    assert_true(index_folder_put(ix, &f));
    assert_true(index_change_add(ix, &f, 10, uid, 5));
    assert_true(index_change_add(ix, &f, 11, uid, 10000));
    assert_int_equal(f.floor, 0);
    assert_true(index_change_add(ix, &f, 11, uid + 10000, 10000));
    assert_true(f.floor >= 11);
    assert_int_equal(f.changes, 0);
    assert_true(index_change_add(ix, &f, 11, uid, 1)); /* the last of it */
    assert_true(index_change_add(ix, &f, 12, uid, 7));
    assert_int_equal(f.changes, 7);
    assert_int_equal(count_changes(ix, &f), 7);
    index_abort(ix);
    free(uid);
}

static bool stop_at_once(void *ctx, uint32_t uid, uint64_t modseq)
{
    (void)uid;
    (void)modseq;
    ++*(unsigned *)ctx;
    return false;
}

static void test_changes_end(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    uint32_t uid[] = { 1, 2, 3 };
    struct index_folder f;
    unsigned n = 0;
    make_folder(&f, 1);
    assert_true(index_write(ix));
    assert_true(index_folder_put(ix, &f));
    assert_true(index_change_add(ix, &f, 5, uid, 3));
    assert_true(index_change_each(ix, f.id, 0, stop_at_once, &n));
    assert_int_equal(n, 1);
    assert_true(index_change_clear(ix, f.id));
    n = 0;
    assert_true(index_change_each(ix, f.id, 0, count_change, &n));
    assert_int_equal(n, 0);
    index_abort(ix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_number_on_two_devices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mail_mounted_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids_are_not_reused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drop_leaves_others, setup, teardown),
        cmocka_unit_test(test_modseq),
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_too_many_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
