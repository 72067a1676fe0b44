/*
 * The UIDs of messages that are there, as index_message_uids gives them: what the records say,
 * through all changes; a value for no more UIDs than needed; nonsense is noticed.
 */
#include "mailstore_tables.h"

#include "mailstore/index_block.h"
#include "mailstore/uidlist.h"

#define R      INDEX_UID_RECENT
#define RECENT (INDEX_RECENT | INDEX_LISTED)

/* --- Putting and asking. ---------------------------------------------------------------------
 */

/* In a write transaction. */
static void put_as(struct index *ix, uint32_t folder, uint32_t uid, uint8_t state, uint8_t bits)
{
    struct index_message m;
    char name[NAME_BUF];
    memset(&m, 0, sizeof m);
    m.uid = uid;
    m.state = state;
    m.bits = bits;
    snprintf(name, sizeof name, "%u.M1P1.host", uid);
    assert_true(index_message_put(ix, folder, &m, name));
}

static void commit_as(struct index *ix, uint32_t folder, uint32_t uid, uint8_t state,
                      uint8_t bits)
{
    assert_true(index_write(ix));
    put_as(ix, folder, uid, state, bits);
    assert_true(index_commit(ix));
}

#define UIDS_MAX 8192

struct uids {
    uint32_t uid[UIDS_MAX];
    size_t n;
    bool recent;
};

static struct uids got;

static bool ask(struct index *ix, uint32_t folder, uint32_t from, size_t max)
{
    assert_true(index_read(ix));
    got.n = 12345;
    bool ok = index_message_uids(ix, folder, from, got.uid, max, &got.n, &got.recent);
    index_release(ix);
    return ok;
}

static void expect_from(struct index *ix, uint32_t folder, uint32_t from, const uint32_t *uid,
                        size_t n)
{
    assert_true(ask(ix, folder, from, UIDS_MAX));
    assert_int_equal(got.n, n);
    assert_memory_equal(got.uid, uid, n * sizeof *uid);
    bool recent = false;
    for (size_t i = 0; i < n; i++)
        recent = recent || (uid[i] & INDEX_UID_RECENT) != 0;
    assert_int_equal(got.recent, recent);
}

#define EXPECT(ix, folder, ...)                                                                \
    do {                                                                                       \
        static const uint32_t want[] = { __VA_ARGS__ };                                        \
        expect_from((ix), (folder), 0, want, sizeof want / sizeof want[0]);                    \
    } while (0)

static void expect_none(struct index *ix, uint32_t folder)
{
    expect_from(ix, folder, 0, NULL, 0);
}

static size_t values(struct index *ix)
{
    MDB_stat stat;
    assert_true(index_read(ix));
    assert_int_equal(mdb_stat(ix->txn, ix->table[INDEX_SHOWN], &stat), 0);
    index_release(ix);
    return stat.ms_entries;
}

/* --- What a record does. ---------------------------------------------------------------------
 */

static void test_states(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    expect_none(ix, 1);
    assert_true(index_write(ix));
    put_as(ix, 1, 1, RECORD_LINE, INDEX_LISTED);
    put_as(ix, 1, 2, RECORD_FOUND, INDEX_LISTED);
    put_as(ix, 1, 3, RECORD_SHOWN, INDEX_LISTED);
    put_as(ix, 1, 4, RECORD_GONE, INDEX_LISTED);
    put_as(ix, 1, 5, RECORD_FOUND, RECENT);
    put_as(ix, 1, 6, RECORD_SHOWN, RECENT);
    put_as(ix, 1, 7, RECORD_GONE, RECENT);
    assert_true(index_commit(ix));
    EXPECT(ix, 1, 3, 6 | R);
    commit_as(ix, 1, 2, RECORD_SHOWN, INDEX_LISTED);
    EXPECT(ix, 1, 2, 3, 6 | R);
    commit_as(ix, 1, 3, RECORD_GONE, INDEX_LISTED);
    EXPECT(ix, 1, 2, 6 | R);
    commit_as(ix, 1, 5, RECORD_SHOWN, RECENT);
    EXPECT(ix, 1, 2, 5 | R, 6 | R);
    commit_as(ix, 1, 6, RECORD_GONE, RECENT);
    EXPECT(ix, 1, 2, 5 | R);
    /* Its bit of before is not there any more. */
    commit_as(ix, 1, 6, RECORD_SHOWN, INDEX_LISTED);
    EXPECT(ix, 1, 2, 5 | R, 6);
}

/* By index_message_put without a name too, as sessions claim what is recent. */
static void test_recent(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    struct index_message m;
    bool found;
    assert_true(index_write(ix));
    for (uint32_t uid = 1; uid <= 3; uid++)
        put_as(ix, 1, uid, RECORD_SHOWN, INDEX_LISTED);
    assert_true(index_commit(ix));
    EXPECT(ix, 1, 1, 2, 3);
    for (int i = 0; i < 2; i++) {
        assert_true(index_write(ix));
        assert_true(index_message_get(ix, 1, 2, &m, NULL, &found));
        m.bits ^= INDEX_RECENT;
        assert_true(index_message_put(ix, 1, &m, NULL));
        assert_true(index_commit(ix));
        if (i == 0)
            EXPECT(ix, 1, 1, 2 | R, 3);
    }
    EXPECT(ix, 1, 1, 2, 3);
    /* What says nothing of it. */
    assert_true(index_write(ix));
    assert_true(index_message_get(ix, 1, 3, &m, NULL, &found));
    m.flags = FLAG_SEEN | FLAG_DELETED;
    m.bits |= INDEX_HIDDEN;
    m.modseq++;
    assert_true(index_message_put(ix, 1, &m, NULL));
    assert_true(index_message_put(ix, 1, &m, "other.M1P1.host:2,ST"));
    assert_true(index_commit(ix));
    EXPECT(ix, 1, 1, 2, 3);
}

static void test_remove(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    assert_true(index_write(ix));
    for (uint32_t uid = 1; uid <= 4; uid++)
        put_as(ix, 1, uid, uid == 4 ? RECORD_GONE : RECORD_SHOWN, RECENT);
    assert_true(index_commit(ix));
    assert_true(index_write(ix));
    assert_true(index_message_remove(ix, 1, 2));
    assert_true(index_message_remove(ix, 1, 4));
    assert_true(index_message_remove(ix, 1, 5)); /* no such message */
    assert_true(index_commit(ix));
    EXPECT(ix, 1, 1 | R, 3 | R);
    assert_true(index_write(ix));
    put_as(ix, 1, 2, RECORD_SHOWN, INDEX_LISTED);
    assert_true(index_message_remove(ix, 1, 1));
    put_as(ix, 1, 9, RECORD_SHOWN, INDEX_LISTED);
    assert_true(index_message_remove(ix, 1, 9));
    assert_true(index_commit(ix));
    EXPECT(ix, 1, 2, 3 | R);
}

/* --- Where values begin and end. -------------------------------------------------------------
 */

static const uint32_t edge[] = { 1,
                                 62,
                                 63,
                                 64,
                                 65,
                                 127,
                                 128,
                                 1022,
                                 1023,
                                 1024,
                                 1025,
                                 2047,
                                 2048,
                                 2049,
                                 900000,
                                 900001,
                                 UID_LIMIT - 1024,
                                 UID_LIMIT - 1023,
                                 UID_LIMIT - 1,
                                 UID_LIMIT };
#define EDGES (sizeof edge / sizeof edge[0])

static void put_edges(struct index *ix, uint32_t folder)
{
    assert_true(index_write(ix));
    for (size_t i = 0; i < EDGES; i++)
        put_as(ix, folder, edge[i], RECORD_SHOWN, INDEX_LISTED);
    assert_true(index_commit(ix));
}

static void test_edges(void **state)
{
    struct bench *b = *state;
    put_edges(b->ix, 1);
    assert_int_equal(values(b->ix), 6);
    for (int i = 0; i < 2; i++) {
        expect_from(b->ix, 1, 0, edge, EDGES);
        for (size_t k = 0; k < EDGES; k++) {
            expect_from(b->ix, 1, edge[k], edge + k, EDGES - k);
            size_t next = k + 1 < EDGES && edge[k + 1] == edge[k] + 1 ? k + 1 : k;
            if (next == k)
                expect_from(b->ix, 1, edge[k] + 1, edge + k + 1, EDGES - k - 1);
        }
        expect_from(b->ix, 1, UINT32_MAX, NULL, 0);
        bench_reopen(b);
    }
}

/* Fewer than there are, and going on behind the last. */
static void test_max(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    put_edges(ix, 1);
    put_edges(ix, 2);
    for (size_t max = 1; max <= EDGES + 1; max++) {
        size_t n = 0;
        uint32_t from = 0;
        do {
            assert_true(ask(ix, 1, from, max));
            assert_true(got.n <= max && n + got.n <= EDGES);
            assert_memory_equal(got.uid, edge + n, got.n * sizeof edge[0]);
            n += got.n;
            from = n > 0 ? edge[n - 1] + 1 : 0;
        } while (got.n == max);
        assert_int_equal(n, EDGES);
    }
    assert_true(ask(ix, 1, 0, 0));
    assert_int_equal(got.n, 0);
}

/* A value is there as long as it has a bit, and where UIDs come in order pages are full. */
static void test_values(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    MDB_stat stat;
    enum { MANY = 56 };
    assert_true(index_write(ix));
    for (uint32_t i = 0; i < MANY; i++)
        for (uint32_t uid = 1; uid <= 3; uid++)
            put_as(ix, 1, i * 1024 + uid, RECORD_SHOWN, INDEX_LISTED);
    put_as(ix, 1, MANY * 1024, RECORD_GONE, INDEX_LISTED);
    assert_true(index_commit(ix));
    assert_int_equal(values(ix), MANY);
    assert_true(index_read(ix));
    assert_int_equal(mdb_stat(ix->txn, ix->table[INDEX_SHOWN], &stat), 0);
    assert_int_equal(stat.ms_leaf_pages, MANY / 14);
    index_release(ix);
    /* From the end, so that the value in hand is another one each time. */
    assert_true(index_write(ix));
    for (uint32_t uid = 1; uid <= 3; uid++)
        for (uint32_t i = MANY - 1; i > 0; i--)
            assert_true(index_message_remove(ix, 1, i * 1024 + uid));
    assert_true(index_commit(ix));
    assert_int_equal(values(ix), 1);
    EXPECT(ix, 1, 1, 2, 3);
    /* Gone and come again within one transaction, in the value in hand and out of it. */
    assert_true(index_write(ix));
    for (uint32_t i = 0; i < 4; i++) {
        put_as(ix, 1, 5000, i % 2 == 0 ? RECORD_SHOWN : RECORD_GONE, INDEX_LISTED);
        if (i == 1)
            put_as(ix, 1, 7000, RECORD_SHOWN, INDEX_LISTED);
    }
    put_as(ix, 1, 7000, RECORD_GONE, INDEX_LISTED);
    assert_true(index_commit(ix));
    assert_int_equal(values(ix), 1);
    EXPECT(ix, 1, 1, 2, 3);
}

/* --- Transactions, and other folders. --------------------------------------------------------
 */

static void test_abort(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    commit_as(ix, 1, 7, RECORD_SHOWN, INDEX_LISTED);
    assert_true(index_write(ix));
    put_as(ix, 1, 8, RECORD_SHOWN, INDEX_LISTED);    /* in hand */
    put_as(ix, 1, 2000, RECORD_SHOWN, INDEX_LISTED); /* the one before is written */
    put_as(ix, 1, 9, RECORD_SHOWN, INDEX_LISTED);
    index_abort(ix);
    EXPECT(ix, 1, 7);
    /* Nor is it in the next one. */
    commit_as(ix, 1, 10, RECORD_SHOWN, INDEX_LISTED);
    EXPECT(ix, 1, 7, 10);
    assert_int_equal(values(ix), 1);
}

static void test_clear(void **state)
{
    static const uint32_t id[] = { 1, 2, 3, 0x00ffffff, 0x01000000, 0xfffffffe, 0xffffffff };
    enum { IDS = sizeof id / sizeof id[0] };
    struct index *ix = ((struct bench *)*state)->ix;
    for (size_t i = 0; i < IDS; i++)
        put_edges(ix, id[i]);
    for (size_t k = 0; k < IDS; k++) {
        assert_true(index_write(ix));
        put_as(ix, id[k], 5, RECORD_SHOWN, INDEX_LISTED);
        assert_true(index_message_clear(ix, id[k]));
        assert_true(index_commit(ix));
        for (size_t i = 0; i < IDS; i++)
            expect_from(ix, id[i], 0, edge, i == k ? 0 : EDGES);
        /* And with another folder's in hand. */
        size_t other = (k + 1) % IDS;
        assert_true(index_write(ix));
        put_as(ix, id[k], 6, RECORD_SHOWN, INDEX_LISTED);
        put_as(ix, id[other], 1, RECORD_GONE, INDEX_LISTED);
        assert_true(index_message_clear(ix, id[k]));
        put_as(ix, id[k], 8, RECORD_SHOWN, INDEX_LISTED);
        assert_true(index_commit(ix));
        EXPECT(ix, id[k], 8);
        expect_from(ix, id[other], 0, edge + 1, EDGES - 1);
        assert_true(index_write(ix));
        assert_true(index_message_clear(ix, id[k]));
        assert_true(index_commit(ix));
        put_edges(ix, id[k]);
        put_edges(ix, id[other]);
    }
}

/* Not what a write transaction asks for. */
static void test_not_while_writing(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    uint32_t uid;
    size_t n = 7;
    assert_true(index_write(ix));
    put_as(ix, 1, 1, RECORD_SHOWN, INDEX_LISTED);
    assert_false(index_message_uids(ix, 1, 0, &uid, 1, &n, NULL));
    assert_int_equal(n, 0);
    assert_true(index_commit(ix));
    EXPECT(ix, 1, 1);
}

/* --- Anything, against a model. --------------------------------------------------------------
 */

#define MODEL_FOLDERS 2
#define MODEL_UIDS    2100 /* in two values and the beginning of a third, wherever it starts */
#define NOT_KNOWN     0

struct model {
    uint32_t known[MODEL_FOLDERS][MODEL_UIDS]; /* what index_message_uids gives; 0: nothing */
};

static const uint32_t model_from[MODEL_FOLDERS] = { 1, 4000000 };

static void check_model(struct index *ix, const struct model *model, unsigned folder,
                        uint32_t skip, size_t max)
{
    static uint32_t want[MODEL_UIDS];
    size_t n = 0;
    for (uint32_t i = skip; i < MODEL_UIDS && n < max; i++)
        if (model->known[folder][i] != NOT_KNOWN)
            want[n++] = model->known[folder][i];
    assert_true(ask(ix, folder + 1, model_from[folder] + skip, max));
    assert_int_equal(got.n, n);
    assert_memory_equal(got.uid, want, n * sizeof want[0]);
}

static void change_model(struct index *ix, struct model *model)
{
    static const uint8_t states[] = { RECORD_LINE, RECORD_FOUND, RECORD_SHOWN,
                                      RECORD_GONE, RECORD_SHOWN, RECORD_SHOWN };
    unsigned folder = chance(MODEL_FOLDERS);
    uint32_t at = chance(MODEL_UIDS);
    bool remove = chance(3) == 0;
    uint32_t step = chance(4) == 0 ? 3 : 1;
    for (uint32_t n = 1 + chance(chance(20) == 0 ? 1500 : 20); n > 0 && at < MODEL_UIDS; n--) {
        uint32_t uid = model_from[folder] + at;
        uint8_t s = states[chance(6)];
        uint8_t bits = chance(4) == 0 ? RECENT : INDEX_LISTED;
        if (remove)
            assert_true(index_message_remove(ix, folder + 1, uid));
        else
            put_as(ix, folder + 1, uid, s, bits);
        model->known[folder][at] = remove || s != RECORD_SHOWN ? NOT_KNOWN
                                   : bits == RECENT            ? uid | R
                                                               : uid;
        at += step;
    }
}

static void test_model(void **state)
{
    struct bench *b = *state;
    static struct model model;
    static struct model before;
    for (unsigned round = 0; round < 400; round++) {
        before = model;
        assert_true(index_write(b->ix));
        for (uint32_t i = chance(8); i > 0; i--)
            change_model(b->ix, &model);
        if (chance(40) == 0) {
            unsigned folder = chance(MODEL_FOLDERS);
            assert_true(index_message_clear(b->ix, folder + 1));
            memset(model.known[folder], 0, sizeof model.known[folder]);
        }
        if (chance(5) == 0) {
            index_abort(b->ix);
            model = before;
        } else {
            assert_true(index_commit(b->ix));
        }
        for (unsigned folder = 0; folder < MODEL_FOLDERS; folder++) {
            check_model(b->ix, &model, folder, 0, UIDS_MAX);
            check_model(b->ix, &model, folder, chance(MODEL_UIDS), 1 + chance(200));
        }
    }
}

/* --- Nonsense in the table. ------------------------------------------------------------------
 */

struct harm {
    uint32_t key_size; /* of a key that begins with that of the value */
    uint32_t chunk;
    uint32_t size;
    uint32_t shown; /* octets that are set, from `from` on */
    uint32_t recent;
    uint32_t from;
    uint32_t octet;
};

static const struct harm harm[] = {
    { 8, 1, 0, 256, 0, 0, 0xff },       /* nothing */
    { 8, 1, 255, 128, 0, 0, 0xff },     /* too short */
    { 8, 1, 257, 128, 0, 0, 0xff },     /* too long */
    { 8, 1, 128, 128, 0, 0, 0xff },     /* no recent ones */
    { 8, 1, 256, 0, 0, 0, 0 },          /* no bit */
    { 8, 1, 256, 0, 1, 127, 1 },        /* recent, and not shown */
    { 8, 1, 256, 128, 128, 0, 0 },      /* no bit, said otherwise */
    { 8, 0, 256, 128, 0, 0, 0xff },     /* UID 0 */
    { 8, 0x200000, 256, 128, 0, 0, 3 }, /* above the highest UID */
    { 8, UINT32_MAX, 256, 128, 0, 0, 3 },
    { 9, 1, 256, 128, 0, 0, 3 },
    { 7, 0x10000, 256, 128, 0, 0, 3 },
    { 5, 0x1000000, 256, 128, 0, 0, 3 },
    { 300, 1, 256, 128, 0, 0, 3 },
};

#define HARMED 7 /* the folder */

static void do_harm(struct index *ix, const struct harm *h)
{
    unsigned char key[300] = { 0 };
    unsigned char value[300] = { 0 };
    MDB_val k = { h->key_size, key };
    MDB_val v = { h->size, value };
    index_key_put32(key, HARMED);
    index_key_put32(key + 4, h->chunk);
    memset(value + h->from, (int)h->octet, h->shown);
    memset(value + 128 + h->from, (int)h->octet, h->recent);
    assert_int_equal(mdb_put(ix->txn, ix->table[INDEX_SHOWN], &k, &v, 0), 0);
}

static void fill(struct index *ix)
{
    assert_true(index_write(ix));
    for (uint32_t uid = 1000; uid <= 3000; uid += 40)
        put_as(ix, HARMED, uid, RECORD_SHOWN, INDEX_LISTED);
    assert_true(index_commit(ix));
}

static void begin_anew(struct bench *b)
{
    char command[128];
    index_close(b->ix);
    snprintf(command, sizeof command, "rm -rf %s/%s", b->path, INDEX_NAME);
    /* The path is our own. NOLINTNEXTLINE(cert-env33-c,bugprone-command-processor) */
    assert_int_equal(system(command), 0);
    bench_open(b);
}

static void test_harm_read(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof harm / sizeof harm[0]; i++) {
        fill(b->ix);
        assert_true(ask(b->ix, HARMED, 0, UIDS_MAX));
        assert_true(index_write(b->ix));
        do_harm(b->ix, &harm[i]);
        assert_true(index_commit(b->ix));
        if (ask(b->ix, HARMED, 0, UIDS_MAX))
            fail_msg("harm %zu was not noticed", i);
        assert_int_equal(got.n, 0);
        bool damaged = false;
        assert_non_null(index_failure(b->ix, &damaged));
        assert_true(damaged);
        begin_anew(b);
    }
}

/* A value is changed only when it can be one. */
static void test_harm_written_to(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof harm / sizeof harm[0]; i++) {
        struct index_message m = { .uid = 5, .state = RECORD_SHOWN };
        fill(b->ix);
        assert_true(index_write(b->ix));
        do_harm(b->ix, &harm[i]);
        if (harm[i].chunk != 0)
            m.uid = 1500;
        bool ok = index_message_put(b->ix, HARMED, &m, "a.name");
        bool read = harm[i].key_size == 8 && harm[i].chunk <= 1;
        assert_int_equal(ok, !read);
        index_abort(b->ix);
        begin_anew(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_states, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_max, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_while_writing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_harm_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_harm_written_to, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
