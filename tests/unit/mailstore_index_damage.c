/*
 * Nonsense in the tables of the index, put there with LMDB itself: it is noticed, or does no
 * harm; nothing crashes, and everything comes to an end.
 */
#include "mailstore_tables.h"

/* --- Doing harm. -----------------------------------------------------------------------------
 */

#define DAMAGED 0x01000000U /* the folder */

static void raw_put(struct index *ix, enum index_table table, const void *key, size_t key_size,
                    const void *value, size_t size)
{
    union {
        const void *from;
        void *to;
    } k = { key }, v = { value };
    MDB_val kv = { key_size, k.to };
    MDB_val vv = { size, v.to };
    assert_int_equal(mdb_put(ix->txn, ix->table[table], &kv, &vv, 0), 0);
}

static void raw_put_block(struct index *ix, enum index_table table, uint32_t first,
                          const void *value, size_t size)
{
    unsigned char key[8];
    index_key_put32(key, DAMAGED);
    index_key_put32(key + 4, first);
    raw_put(ix, table, key, sizeof key, value, size);
}

static bool count_change(void *ctx, uint32_t uid, uint64_t modseq)
{
    (void)uid;
    (void)modseq;
    ++*(unsigned *)ctx;
    return true;
}

static bool sum_folder(void *ctx, const struct index_folder *f)
{
    uint64_t *sum = ctx;
    *sum += f->key.ino;
    return f->key.ino != 5; /* enough */
}

/* All that reads a folder. Whether all of it went well. */
static bool read_everything(struct index *ix)
{
    struct index_message m;
    char name[NAME_BUF];
    bool found = true;
    bool ok = true;
    unsigned n = 0;
    uint32_t uid;
    struct index_folder f;
    for (uid = 0; ok && found; uid = m.uid + 1) {
        ok = index_message_next(ix, DAMAGED, uid, &m, name, &found);
        assert_true(n++ < 100000);
        assert_true(!ok || !found || m.uid >= uid);
    }
    for (uid = 1; uid < 400; uid++)
        ok = index_message_get(ix, DAMAGED, uid, &m, name, &found) && ok;
    for (uid = 1; uid < 400; uid++) {
        snprintf(name, sizeof name, "%u.M1P1.host", uid);
        uint32_t got;
        ok = index_message_find(ix, DAMAGED, name, strlen(name), &got) && ok;
    }
    static uint32_t listed[1000];
    size_t count;
    ok = index_message_uids(ix, DAMAGED, 0, listed, 1000, &count, NULL) && ok;
    n = 0;
    ok = index_change_each(ix, DAMAGED, 0, count_change, &n) && ok;
    uint64_t sum = 0;
    ok = index_folder_get(ix, some_key(100), &f, &found) && ok;
    return index_folder_each(ix, sum_folder, &sum) && ok;
}

/* And all that writes. */
static bool write_everything(struct index *ix)
{
    struct index_message m;
    struct index_folder f;
    bool found;
    bool ok = true;
    uint32_t change = 9;
    for (uint32_t uid = 1; uid < 400; uid += 3) {
        ok = index_message_get(ix, DAMAGED, uid, &m, NULL, &found) && ok;
        memset(&m, 0, sizeof m);
        m.uid = uid;
        m.bits = INDEX_IN_NEW | INDEX_ON_DISK;
        ok = index_message_put(ix, DAMAGED, &m, "another,name") && ok;
        ok = index_message_remove(ix, DAMAGED, uid + 1) && ok;
    }
    make_folder(&f, 1000);
    ok = index_folder_put(ix, &f) && ok;
    if (!index_folder_get(ix, some_key(100), &f, &found))
        return false;
    if (found) {
        f.changes += 1000000;
        ok = index_change_add(ix, &f, f.modseq + 1, &change, 1) && ok;
    }
    return index_folder_drop(ix, some_key(100)) && ok;
}

static void fill(struct index *ix)
{
    struct index_folder f;
    static const uint32_t uid[] = { 1, 2, 3, 4 };
    assert_true(index_write(ix));
    set_next_id(ix, DAMAGED);
    make_folder(&f, 100);
    assert_true(index_folder_put(ix, &f));
    assert_int_equal(f.id, DAMAGED);
    put_many(ix, DAMAGED, 220);
    assert_true(index_change_add(ix, &f, 5, uid, 4));
    assert_true(index_change_add(ix, &f, 6, uid, 4));
    assert_true(index_folder_put(ix, &f));
    assert_true(index_commit(ix));
}

/* A case of damage: done in a write transaction to what fill() wrote. */
struct harm {
    void (*do_it)(struct index *ix);
};

static void harm_records_size(struct index *ix)
{
    unsigned char v[3000] = { 0 };
    raw_put_block(ix, INDEX_MESSAGES, 51, v, 39);
}

static void harm_records_empty(struct index *ix)
{
    raw_put_block(ix, INDEX_MESSAGES, 51, "", 0);
}

static void put_records(struct index *ix, uint32_t first, uint32_t from, unsigned n,
                        uint32_t step, uint8_t state)
{
    struct index_message m[INDEX_BLOCK + 1];
    memset(m, 0, sizeof m);
    for (unsigned i = 0; i < n; i++) {
        m[i].uid = from + i * step;
        m[i].state = state;
        m[i].bits = INDEX_ON_DISK;
    }
    raw_put_block(ix, INDEX_MESSAGES, first, m, n * sizeof m[0]);
}

static void harm_records_too_many(struct index *ix)
{
    put_records(ix, 51, 51, INDEX_BLOCK + 1, 1, RECORD_SHOWN);
}

static void harm_records_same_uid(struct index *ix)
{
    put_records(ix, 51, 51, INDEX_BLOCK, 0, RECORD_SHOWN);
}

static void harm_records_below_key(struct index *ix)
{
    put_records(ix, 51, 20, INDEX_BLOCK, 1, RECORD_SHOWN);
}

static void harm_records_overlap(struct index *ix)
{
    put_records(ix, 51, 51, INDEX_BLOCK, 3, RECORD_SHOWN);
}

static void harm_records_uid(struct index *ix)
{
    put_records(ix, 51, UINT32_MAX - INDEX_BLOCK, INDEX_BLOCK, 1, RECORD_SHOWN);
}

static void harm_records_state(struct index *ix)
{
    put_records(ix, 51, 51, INDEX_BLOCK, 1, 200);
}

static void harm_records_expunged(struct index *ix)
{
    put_records(ix, 51, 51, INDEX_BLOCK, 1, RECORD_EXPUNGED);
}

static void harm_records_key(struct index *ix)
{
    unsigned char key[5] = { 1, 0, 0, 0, 0 };
    raw_put(ix, INDEX_MESSAGES, key, sizeof key, "x", 1);
}

static void harm_records_long_key(struct index *ix)
{
    unsigned char key[300] = { 1, 0, 0, 0, 0, 0, 0, 60 };
    raw_put(ix, INDEX_MESSAGES, key, sizeof key, "x", 1);
}

static void harm_names_gone(struct index *ix)
{
    unsigned char key[8];
    MDB_val k = { sizeof key, key };
    index_key_put32(key, DAMAGED);
    index_key_put32(key + 4, 51);
    assert_int_equal(mdb_del(ix->txn, ix->table[INDEX_NAMES], &k, NULL), 0);
}

/* Fifty names of which one has this text; `by` is added to where the 10th ends. */
static void put_names(struct index *ix, const char *text, size_t n, int by, unsigned count,
                      size_t more)
{
    unsigned char v[2 + 100 + 50 * 300 + 10] = { 0 };
    uint16_t numbers[1 + INDEX_BLOCK];
    size_t end = 0;
    numbers[0] = (uint16_t)count;
    for (unsigned i = 0; i < INDEX_BLOCK; i++) {
        size_t len = i == 9 ? n : 5;
        memcpy(v + sizeof numbers + end, i == 9 ? text : "name,", len);
        end += len;
        numbers[i + 1] = (uint16_t)(end + (size_t)(i == 9 ? by : 0));
    }
    memcpy(v, numbers, sizeof numbers);
    raw_put_block(ix, INDEX_NAMES, 51, v, sizeof numbers + end + more);
}

static void harm_names_slash(struct index *ix)
{
    put_names(ix, "../../etc/passwd", 16, 0, INDEX_BLOCK, 0);
}

static void harm_names_nul(struct index *ix)
{
    put_names(ix, "a\0b", 3, 0, INDEX_BLOCK, 0);
}

static void harm_names_dots(struct index *ix)
{
    struct index_message m[INDEX_BLOCK];
    memset(m, 0, sizeof m);
    for (unsigned i = 0; i < INDEX_BLOCK; i++) {
        m[i].uid = 51 + i;
        m[i].bits = INDEX_ON_DISK | INDEX_WHOLE;
    }
    raw_put_block(ix, INDEX_MESSAGES, 51, m, sizeof m);
    put_names(ix, "..", 2, 0, INDEX_BLOCK, 0);
}

static void harm_names_empty(struct index *ix)
{
    put_names(ix, "", 0, 0, INDEX_BLOCK, 0);
}

static void harm_names_long(struct index *ix)
{
    char text[300];
    memset(text, 'x', sizeof text);
    put_names(ix, text, sizeof text, 0, INDEX_BLOCK, 0);
}

/* Too long only with its flags. */
static void harm_names_long_base(struct index *ix)
{
    char text[NAME_MAX];
    memset(text, 'x', sizeof text);
    put_names(ix, text, sizeof text, 0, INDEX_BLOCK, 0);
}

static void harm_names_backwards(struct index *ix)
{
    put_names(ix, "name", 4, -20, INDEX_BLOCK, 0);
}

static void harm_names_beyond(struct index *ix)
{
    put_names(ix, "name", 4, 20000, INDEX_BLOCK, 0);
}

static void harm_names_count(struct index *ix)
{
    put_names(ix, "name", 4, 0, INDEX_BLOCK - 1, 0);
}

static void harm_names_trailing(struct index *ix)
{
    put_names(ix, "name", 4, 0, INDEX_BLOCK, 7);
}

static void harm_names_short(struct index *ix)
{
    raw_put_block(ix, INDEX_NAMES, 51, "\x32", 1);
}

/* Each unique part now says that it is of a message that is not there. */
static void harm_uniques(struct index *ix)
{
    MDB_cursor *c;
    MDB_val k;
    MDB_val v;
    unsigned char key[8];
    unsigned char uid[4];
    index_key_put32(uid, 3000);
    assert_int_equal(mdb_cursor_open(ix->txn, ix->table[INDEX_UNIQUES], &c), 0);
    assert_int_equal(mdb_cursor_get(c, &k, &v, MDB_FIRST), 0);
    for (int rc = 0; rc == 0; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT_NODUP)) {
        assert_int_equal(k.mv_size, sizeof key);
        memcpy(key, k.mv_data, sizeof key);
        MDB_val k2 = { sizeof key, key };
        MDB_val v2 = { sizeof uid, uid };
        (void)mdb_cursor_put(c, &k2, &v2, MDB_NODUPDATA);
    }
    mdb_cursor_close(c);
}

static void put_folder_with(struct index *ix, size_t offset, const void *octets, size_t n,
                            size_t size)
{
    unsigned char key[16];
    unsigned char v[sizeof(struct index_folder) + 8] = { 0 };
    struct index_folder f;
    make_folder(&f, 100);
    f.id = DAMAGED;
    memcpy(v, &f, sizeof f);
    memcpy(v + offset, octets, n);
    index_key_put64(key, f.key.ino);
    index_key_put64(key + 8, f.key.dev);
    raw_put(ix, INDEX_FOLDERS, key, sizeof key, v, size);
}

#define FOLDER_SIZE sizeof(struct index_folder)

static void harm_folder_short(struct index *ix)
{
    put_folder_with(ix, 0, "", 0, FOLDER_SIZE - 1);
}

static void harm_folder_long(struct index *ix)
{
    put_folder_with(ix, 0, "", 0, FOLDER_SIZE + 8);
}

static void harm_folder_bool(struct index *ix)
{
    size_t list = offsetof(struct index_folder, list);
    put_folder_with(ix, list + offsetof(struct uidlist, present), "\x5a", 1, FOLDER_SIZE);
}

static void harm_folder_rewrite(struct index *ix)
{
    size_t list = offsetof(struct index_folder, list);
    put_folder_with(ix, list + offsetof(struct uidlist, rewrite), "\x02", 1, FOLDER_SIZE);
}

static void harm_folder_fields(struct index *ix)
{
    char fields[UIDLIST_HEADER_MAX];
    memset(fields, 'x', sizeof fields);
    size_t list = offsetof(struct index_folder, list);
    put_folder_with(ix, list + offsetof(struct uidlist, fields), fields, sizeof fields,
                    FOLDER_SIZE);
}

static void harm_folder_id(struct index *ix)
{
    put_folder_with(ix, offsetof(struct index_folder, id), "\0\0\0\0", 4, FOLDER_SIZE);
}

static void harm_folder_uidvalidity(struct index *ix)
{
    put_folder_with(ix, offsetof(struct index_folder, uidvalidity), "\0\0\0\0", 4, FOLDER_SIZE);
}

static void harm_folder_modseq(struct index *ix)
{
    uint64_t modseq = UINT64_MAX;
    put_folder_with(ix, offsetof(struct index_folder, modseq), &modseq, sizeof modseq,
                    FOLDER_SIZE);
}

static void harm_folder_ino(struct index *ix)
{
    uint64_t ino = 101;
    put_folder_with(ix, offsetof(struct index_folder, key), &ino, sizeof ino, FOLDER_SIZE);
}

static void harm_folder_key(struct index *ix)
{
    raw_put(ix, INDEX_FOLDERS, "\0\0\0\0\0\0\0\5\0", 9, "x", 1);
}

static void put_change(struct index *ix, const void *value, size_t size)
{
    unsigned char key[16];
    index_key_put32(key, DAMAGED);
    index_key_put64(key + 4, 5);
    index_key_put32(key + 12, 0);
    raw_put(ix, INDEX_CHANGES, key, sizeof key, value, size);
}

static void harm_change_size(struct index *ix)
{
    put_change(ix, "xyz", 3);
}

static void harm_change_empty(struct index *ix)
{
    put_change(ix, "", 0);
}

static void harm_change_long(struct index *ix)
{
    unsigned char v[401 * 4];
    memset(v, 1, sizeof v);
    put_change(ix, v, sizeof v);
}

static void harm_change_uid(struct index *ix)
{
    uint32_t uid = INDEX_EXPUNGED;
    put_change(ix, &uid, sizeof uid);
}

static void harm_change_key(struct index *ix)
{
    unsigned char key[15] = { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 };
    raw_put(ix, INDEX_CHANGES, key, sizeof key, "xxxx", 4);
}

static const struct harm harms[] = {
    { harm_records_size },       { harm_records_empty },     { harm_records_too_many },
    { harm_records_same_uid },   { harm_records_below_key }, { harm_records_overlap },
    { harm_records_uid },        { harm_records_state },     { harm_records_expunged },
    { harm_records_key },        { harm_records_long_key },  { harm_names_gone },
    { harm_names_slash },        { harm_names_nul },         { harm_names_dots },
    { harm_names_empty },        { harm_names_long },        { harm_names_long_base },
    { harm_names_backwards },    { harm_names_beyond },      { harm_names_count },
    { harm_names_trailing },     { harm_names_short },       { harm_uniques },
    { harm_folder_short },       { harm_folder_long },       { harm_folder_bool },
    { harm_folder_rewrite },     { harm_folder_fields },     { harm_folder_id },
    { harm_folder_uidvalidity }, { harm_folder_modseq },     { harm_folder_ino },
    { harm_folder_key },         { harm_change_size },       { harm_change_empty },
    { harm_change_long },        { harm_change_uid },        { harm_change_key },
};

/* What the index is worth now is for index_check to find out: a new one begins. */
static void begin_anew(struct bench *b)
{
    char command[128];
    index_close(b->ix);
    snprintf(command, sizeof command, "rm -rf %s/%s", b->path, INDEX_NAME);
    /* The path is our own. NOLINTNEXTLINE(cert-env33-c,bugprone-command-processor) */
    assert_int_equal(system(command), 0);
    bench_open(b);
}

static void test_damage(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof harms / sizeof harms[0]; i++) {
        fill(b->ix);
        assert_true(index_write(b->ix));
        harms[i].do_it(b->ix);
        assert_true(index_commit(b->ix));
        assert_true(index_read(b->ix));
        if (read_everything(b->ix))
            fail_msg("damage %zu was not noticed", i);
        index_release(b->ix);
        begin_anew(b);
    }
    fill(b->ix);
    assert_true(index_read(b->ix)); /* the test itself is sound */
    assert_true(read_everything(b->ix));
}

/* Writing on top of it does no harm, whether it is noticed or not. */
static void test_damage_written_to(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof harms / sizeof harms[0]; i++) {
        fill(b->ix);
        assert_true(index_write(b->ix));
        harms[i].do_it(b->ix);
        if (write_everything(b->ix))
            (void)index_commit(b->ix);
        else
            index_abort(b->ix);
        begin_anew(b);
    }
}

/* Random octets in random values: nothing ends the process, everything comes to an end. */
static void test_damage_random(void **state)
{
    struct bench *b = *state;
    unsigned noticed = 0;
    for (unsigned round = 0; round < 300; round++) {
        fill(b->ix);
        assert_true(index_write(b->ix));
        for (uint32_t n = 1 + chance(4); n > 0; n--) {
            static const uint8_t some[] = { 0, 1, 0x2f, 0x7f, 0x80, 0xff };
            enum index_table table = (enum index_table)chance(INDEX_TABLES);
            MDB_cursor *c;
            MDB_val k;
            MDB_val v;
            if (table == INDEX_UNIQUES)
                continue;
            assert_int_equal(mdb_cursor_open(b->ix->txn, b->ix->table[table], &c), 0);
            int rc = mdb_cursor_get(c, &k, &v, MDB_FIRST);
            for (uint32_t skip = chance(6); rc == 0 && skip > 0; skip--)
                rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
            if (rc == 0 && v.mv_size > 0) {
                unsigned char key[16];
                unsigned char value[6000];
                size_t size = v.mv_size < sizeof value ? v.mv_size : sizeof value;
                size_t key_size = k.mv_size < sizeof key ? k.mv_size : sizeof key;
                memcpy(key, k.mv_data, key_size);
                memcpy(value, v.mv_data, size);
                for (uint32_t i = 1 + chance(3); i > 0; i--)
                    value[chance((uint32_t)size)] = some[chance(6)];
                if (chance(10) == 0)
                    size = chance((uint32_t)size + 1);
                raw_put(b->ix, table, key, key_size, value, size);
            }
            mdb_cursor_close(c);
        }
        assert_true(index_commit(b->ix));
        if (index_read(b->ix) && !read_everything(b->ix))
            noticed++;
        index_release(b->ix);
        index_check(b->ix);
        if (index_write(b->ix)) {
            if (write_everything(b->ix))
                (void)index_commit(b->ix);
            else
                index_abort(b->ix);
        }
        begin_anew(b);
    }
    assert_true(noticed > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_written_to, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_random, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
