/*
 * What is kept of messages, in the index: against a model that is a plain array, in any order
 * of questions; what expunges leave is swept, and nothing else.
 */
#include "mailstore_tables.h"

#include "mailstore/index_cache.h"

#define FOLDERS 3
#define UIDS    300
#define KINDS   3

struct model {
    struct index_folder folder[FOLDERS];
    size_t n[FOLDERS][KINDS][UIDS + 1];
};

/* A value tells whose it is. */
static void make_value(unsigned char *out, size_t n, uint32_t folder, unsigned kind,
                       uint32_t uid)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)(folder * 7 + kind * 31 + uid * 5 + i);
}

static void make_folders(struct bench *b, struct model *m)
{
    assert_true(index_write(b->ix));
    for (unsigned i = 0; i < FOLDERS; i++) {
        make_folder(&m->folder[i], 1000 + i);
        m->folder[i].modseq = 100;
        assert_true(index_folder_put(b->ix, &m->folder[i]));
        put_many(b->ix, m->folder[i].id, UIDS);
    }
    assert_true(index_commit(b->ix));
}

static void put_value(struct bench *b, struct model *m, unsigned i, unsigned kind, uint32_t uid,
                      size_t n)
{
    static unsigned char value[INDEX_CACHE_MAX];
    make_value(value, n, m->folder[i].id, kind, uid);
    assert_true(index_cache_put(b->ix, &m->folder[i], kind, uid, value, n));
    m->n[i][kind][uid] = n;
}

static void assert_value(struct bench *b, const struct model *m, unsigned i, unsigned kind,
                         uint32_t uid)
{
    static unsigned char want[INDEX_CACHE_MAX];
    const void *value = NULL;
    size_t n = 99;
    assert_true(index_cache_get(b->ix, m->folder[i].id, kind, uid, &value, &n));
    assert_int_equal(n, m->n[i][kind][uid]);
    make_value(want, n, m->folder[i].id, kind, uid);
    if (n > 0)
        assert_memory_equal(value, want, n);
}

static void assert_all(struct bench *b, const struct model *m)
{
    for (unsigned i = 0; i < FOLDERS; i++)
        for (unsigned kind = 0; kind < KINDS; kind++)
            for (uint32_t uid = 1; uid <= UIDS; uid++)
                assert_value(b, m, i, kind, uid);
}

static size_t some_size(void)
{
    switch (chance(10)) {
    case 0:
        return 1;
    case 1:
        return INDEX_CACHE_MAX;
    case 2:
        return 1900 + chance(300); /* where a value no longer shares a page */
    default:
        return 1 + chance(700);
    }
}

static void put_some(struct bench *b, struct model *m, unsigned values)
{
    assert_true(index_write(b->ix));
    for (unsigned v = 0; v < values; v++)
        put_value(b, m, chance(FOLDERS), chance(KINDS), 1 + chance(UIDS), some_size());
}

/* Up and down, the same again, several kinds in turn: what the cursors remember is right. */
static void ask_anyhow(struct bench *b, const struct model *m)
{
    uint32_t uid = 1;
    for (unsigned q = 0; q < 3000; q++) {
        uint32_t step = chance(4);
        uid = chance(20) == 0 ? 1 + chance(UIDS) : uid + step;
        if (uid > UIDS)
            uid = 1;
        assert_value(b, m, chance(8) == 0 ? chance(FOLDERS) : 0, chance(KINDS), uid);
    }
}

static void test_model(void **state)
{
    struct bench *b = *state;
    struct model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    make_folders(b, m);
    for (unsigned round = 0; round < 6; round++) {
        put_some(b, m, 200);
        ask_anyhow(b, m); /* in the transaction that writes */
        assert_true(index_commit(b->ix));
        assert_true(index_read(b->ix));
        ask_anyhow(b, m);
        assert_all(b, m);
        index_release(b->ix);
        bench_reopen(b);
    }
    struct model *kept = malloc(sizeof *kept);
    assert_non_null(kept);
    *kept = *m;
    put_some(b, m, 200);
    index_abort(b->ix);
    assert_true(index_read(b->ix));
    assert_all(b, kept);
    index_release(b->ix);
    free(kept);
    free(m);
}

static void expunge(struct bench *b, struct index_folder *f, uint32_t uid)
{
    uint32_t entry = uid | INDEX_EXPUNGED;
    assert_true(index_message_remove(b->ix, f->id, uid));
    f->modseq++;
    assert_true(index_change_add(b->ix, f, f->modseq, &entry, 1));
}

static void change(struct bench *b, struct index_folder *f, uint32_t uid)
{
    f->modseq++;
    assert_true(index_change_add(b->ix, f, f->modseq, &uid, 1));
}

/* by_table: the change table reaches back to the last sweep. */
static void sweep_after_expunges(struct bench *b, bool by_table)
{
    struct model *m = calloc(1, sizeof *m);
    uint64_t swept;
    assert_non_null(m);
    make_folders(b, m);
    assert_true(index_read(b->ix));
    assert_true(index_cache_swept(b->ix, m->folder[1].id, &swept));
    assert_int_equal(swept, 0);
    put_some(b, m, 600);
    assert_true(index_cache_swept(b->ix, m->folder[1].id, &swept));
    assert_int_equal(swept, 100);
    for (uint32_t uid = 1; uid <= UIDS; uid += 3) {
        change(b, &m->folder[1], uid);
        expunge(b, &m->folder[1], uid);
        for (unsigned kind = 0; kind < KINDS; kind++)
            m->n[1][kind][uid] = 0;
    }
    if (!by_table)
        m->folder[1].floor = m->folder[1].modseq - 5;
    assert_true(index_folder_put(b->ix, &m->folder[1]));
    assert_true(index_cache_sweep(b->ix, &m->folder[1]));
    assert_true(index_cache_swept(b->ix, m->folder[1].id, &swept));
    assert_int_equal(swept, m->folder[1].modseq);
    assert_true(index_commit(b->ix));
    assert_true(index_read(b->ix));
    assert_all(b, m);
    index_release(b->ix);
    free(m);
}

static void test_sweep(void **state)
{
    sweep_after_expunges(*state, true);
}

static void test_sweep_of_all(void **state)
{
    sweep_after_expunges(*state, false);
}

static void test_folder_dropped(void **state)
{
    struct bench *b = *state;
    struct model *m = calloc(1, sizeof *m);
    uint64_t swept;
    assert_non_null(m);
    make_folders(b, m);
    put_some(b, m, 600);
    assert_true(index_folder_drop(b->ix, m->folder[1].key));
    memset(m->n[1], 0, sizeof m->n[1]);
    assert_true(index_commit(b->ix));
    assert_true(index_read(b->ix));
    assert_true(index_cache_swept(b->ix, m->folder[1].id, &swept));
    assert_int_equal(swept, 0);
    assert_all(b, m);
    index_release(b->ix);
    free(m);
}

/* --- Damage. ---------------------------------------------------------------------------------
 */

static void put_raw(struct bench *b, const void *key, size_t key_size, size_t n)
{
    static unsigned char octets[INDEX_CACHE_MAX + 1];
    MDB_val k = { key_size, (void *)(uintptr_t)key };
    MDB_val v = { n, octets };
    assert_true(index_write(b->ix));
    assert_int_equal(mdb_put(b->ix->txn, b->ix->table[INDEX_CACHE], &k, &v, 0), 0);
    assert_true(index_commit(b->ix));
}

static void assert_damage(struct bench *b, const void *key, size_t key_size, size_t n)
{
    const void *value;
    size_t found;
    put_raw(b, key, key_size, n);
    assert_true(index_read(b->ix));
    assert_false(index_cache_get(b->ix, 5, 1, 2, &value, &found));
    unsigned generation = index_generation(b->ix);
    assert_int_not_equal(index_check(b->ix), generation);
    /* Twice within minutes it would be kept in memory, where nothing can be damaged. */
    bench_reopen(b);
}

static void test_damage(void **state)
{
    struct bench *b = *state;
    const unsigned char here[] = { 0, 0, 0, 5, 1, 0, 0, 0, 2 };
    const unsigned char longer[] = { 0, 0, 0, 5, 1, 0, 0, 0, 2, 0 };
    const unsigned char shorter[] = { 0, 0, 0, 5, 2 };
    const unsigned char kind[] = { 0, 0, 0, 5, INDEX_CACHE_KINDS, 0, 0, 0, 9 };
    const unsigned char uid[] = { 0, 0, 0, 5, 1, 0x80, 0, 0, 0 };
    assert_damage(b, here, sizeof here, 0);
    assert_damage(b, here, sizeof here, INDEX_CACHE_MAX + 1);
    assert_damage(b, longer, sizeof longer, 8);
    assert_damage(b, shorter, sizeof shorter, 8);
    assert_damage(b, kind, sizeof kind, 8);
    assert_damage(b, uid, sizeof uid, 8);
}

static void test_limits(void **state)
{
    struct bench *b = *state;
    const void *value;
    size_t n = 7;
    struct index_folder f;
    make_folder(&f, 1000);
    f.modseq = 5;
    assert_true(index_write(b->ix));
    assert_true(index_folder_put(b->ix, &f));
    assert_true(index_cache_put(b->ix, &f, INDEX_CACHE_KINDS - 1, UID_LIMIT, "x", 1));
    assert_true(index_commit(b->ix));
    assert_true(index_read(b->ix));
    assert_true(index_cache_get(b->ix, f.id, INDEX_CACHE_KINDS - 1, UID_LIMIT, &value, &n));
    assert_int_equal(n, 1);
    assert_false(index_cache_get(b->ix, f.id, INDEX_CACHE_KINDS, 1, &value, &n));
    assert_int_equal(n, 0);
    assert_false(index_cache_get(b->ix, f.id, 0, 0, &value, &n));
    assert_true(index_cache_room(b->ix));
    index_release(b->ix);
    index_go_private(b->ix);
    (void)index_check(b->ix);
    assert_true(index_is_private(b->ix));
    assert_false(index_cache_room(b->ix));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sweep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sweep_of_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
