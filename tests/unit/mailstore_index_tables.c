/*
 * Messages in the index against a model that is plain arrays: what was put is there after a
 * commit, gone after an abort, and the same when the index is opened again.
 */
#include "mailstore_tables.h"

/* --- The model. ------------------------------------------------------------------------------
 */

#define FOLDERS 4
#define UIDS    700

/* Neighbours, and ids whose order shows whether keys are compared as numbers. */
static const uint32_t folder_id[FOLDERS] = { 0x00ffffff, 0x01000000, 0x01000001, 0xfffffff0 };

struct known {
    bool used;
    bool whole; /* the name does not follow from base name, flags and place */
    struct index_message m;
    char name[NAME_BUF];
};

struct model {
    struct known known[FOLDERS][UIDS + 1];
};

static bool in_cur(const struct index_message *m)
{
    return (m->bits & INDEX_ON_DISK) != 0 && (m->bits & INDEX_IN_NEW) == 0;
}

/* As index_message.h says. */
static bool is_whole(const struct index_message *m, const char *name)
{
    char base[NAME_BUF];
    char made[NAME_MAX + 1];
    size_t n = strcspn(name, ":");
    if (n > BASE_NAME_MAX || n == 0)
        return true;
    if (!in_cur(m))
        return name[n] != '\0';
    memcpy(base, name, n);
    base[n] = '\0';
    return !maildir_name_with_flags(base, m->flags, m->letters, made) ||
           strcmp(made, name) != 0;
}

static void name_follows(struct known *k)
{
    char base[NAME_BUF];
    size_t n = strcspn(k->name, ":");
    if (k->whole)
        return;
    memcpy(base, k->name, n);
    base[n] = '\0';
    if (in_cur(&k->m))
        assert_true(maildir_name_with_flags(base, k->m.flags, k->m.letters, k->name));
    else
        snprintf(k->name, sizeof k->name, "%s", base);
}

/* A name of the kind, and where its file is. */
static void make_name(char *out, struct index_message *m, unsigned kind, uint32_t unique)
{
    char stem[64];
    snprintf(stem, sizeof stem, "17000%05u.M7P%u.host", unique, unique % 7);
    m->bits &= (uint8_t) ~(INDEX_IN_NEW | INDEX_ON_DISK);
    m->bits |= INDEX_ON_DISK;
    char base[128];
    char longest[NAME_BUF];
    snprintf(base, sizeof base, "%s,S=%u,W=%u", stem, unique * 3, unique * 4);
    switch (kind) {
    case 0:
        m->bits |= INDEX_IN_NEW;
        snprintf(out, NAME_BUF, "%s", base);
        break;
    case 1:
        m->bits |= INDEX_IN_NEW;
        snprintf(out, NAME_BUF, "%s:2,S", base);
        break;
    case 2: /* in cur/, with nothing */
        snprintf(out, NAME_BUF, "%s", base);
        break;
    case 3: /* letters that nobody knows */
        snprintf(out, NAME_BUF, "%s:2,FXZ", base);
        break;
    case 4: /* more behind a second comma */
        snprintf(out, NAME_BUF, "%s:2,FS,more", base);
        break;
    case 5: /* out of order, and twice */
        snprintf(out, NAME_BUF, "%s:2,SFF", base);
        break;
    case 6: /* as long as can be */
        memset(out, 'x', NAME_MAX);
        memcpy(out, stem, strlen(stem));
        out[strlen(stem)] = ',';
        memcpy(out + NAME_MAX - 4, ":2,S", 5);
        break;
    case 7: /* the longest base name */
        memset(longest, 'y', BASE_NAME_MAX);
        memcpy(longest, stem, strlen(stem));
        longest[strlen(stem)] = ',';
        longest[BASE_NAME_MAX] = '\0';
        assert_true(maildir_name_with_flags(longest, m->flags, m->letters, out));
        break;
    case 8: /* a line without a file */
        m->bits &= (uint8_t)~INDEX_ON_DISK;
        snprintf(out, NAME_BUF, "%s", base);
        break;
    case 9: /* colons */
        snprintf(out, NAME_BUF, "%s:x:2,S", stem);
        break;
    case 10:
        snprintf(out, NAME_BUF, "%s:1,S", stem);
        break;
    case 11: /* no unique part at all */
        snprintf(out, NAME_BUF, ",%u:2,", unique);
        break;
    case 12: /* too long for a base name, in new/ */
        m->bits |= INDEX_IN_NEW;
        memset(out, 'z', NAME_MAX);
        memcpy(out, stem, strlen(stem));
        out[strlen(stem)] = ',';
        out[NAME_MAX] = '\0';
        break;
    default: /* nearly all */
        assert_true(maildir_name_with_flags(base, m->flags, m->letters, out));
        break;
    }
}

static void make_message(struct index_message *m, uint32_t uid)
{
    static const uint8_t states[] = { RECORD_LINE, RECORD_FOUND, RECORD_SHOWN, RECORD_GONE };
    memset(m, 0, sizeof *m);
    m->uid = uid;
    m->modseq = 1 + chance(1000000);
    m->size = chance(4) == 0 ? SIZE_UNKNOWN : chance(100000);
    m->date = chance(4) == 0 ? INDEX_DATE_UNKNOWN : -1 + (int64_t)chance(100000);
    m->flags = (uint8_t)chance(32);
    m->letters = chance(2) == 0 ? 0 : chance(1U << 27);
    m->state = states[chance(4)];
    m->bits = (uint8_t)(chance(2) * INDEX_LISTED | chance(2) * INDEX_RECENT |
                        chance(2) * INDEX_HIDDEN);
}

/* The record as given back, but for what is index_message.c's own. */
static void assert_message(const struct index_message *got, const struct known *k)
{
    struct index_message want = k->m;
    struct index_message m = *got;
    m.bits &= (uint8_t)~INDEX_WHOLE;
    want.bits &= (uint8_t)~INDEX_WHOLE;
    assert_memory_equal(&m, &want, sizeof m);
}

/* --- Doing the same to both. -----------------------------------------------------------------
 */

static void do_put(struct index *ix, struct model *model, unsigned folder, uint32_t uid)
{
    struct known *k = &model->known[folder][uid];
    struct index_message m;
    make_message(&m, uid);
    if (k->used && chance(2) == 0) { /* flags alone */
        uint8_t place = INDEX_IN_NEW | INDEX_ON_DISK;
        if (chance(4) > 0)
            m.bits = (uint8_t)((m.bits & ~place) | (k->m.bits & place));
        else
            m.bits |= (uint8_t)(chance(2) * INDEX_IN_NEW | chance(2) * INDEX_ON_DISK);
        m.bits |= (uint8_t)(chance(2) * INDEX_WHOLE); /* not for the caller to say */
        k->m = m;
        name_follows(k);
        assert_true(index_message_put(ix, folder_id[folder], &m, NULL));
        return;
    }
    uint32_t unique = chance(3) == 0 ? chance(40) : uid;
    make_name(k->name, &m, chance(26), unique);
    k->used = true;
    k->m = m;
    k->whole = is_whole(&m, k->name);
    assert_true(index_message_put(ix, folder_id[folder], &m, k->name));
}

static void do_remove(struct index *ix, struct model *model, unsigned folder, uint32_t uid)
{
    model->known[folder][uid].used = false;
    assert_true(index_message_remove(ix, folder_id[folder], uid));
}

static void check_get(struct index *ix, const struct model *model, unsigned folder,
                      uint32_t uid)
{
    const struct known *k = &model->known[folder][uid];
    struct index_message m;
    char name[NAME_BUF];
    bool found;
    bool named = chance(2) == 0;
    assert_true(index_message_get(ix, folder_id[folder], uid, &m, named ? name : NULL, &found));
    assert_int_equal(found, k->used);
    if (!found)
        return;
    assert_message(&m, k);
    if (named)
        assert_string_equal(name, k->name);
}

static void check_next(struct index *ix, const struct model *model, unsigned folder,
                       uint32_t uid)
{
    struct index_message m;
    char name[NAME_BUF];
    bool found;
    uint32_t want = uid;
    while (want <= UIDS && !model->known[folder][want].used)
        want++;
    assert_true(index_message_next(ix, folder_id[folder], uid, &m, name, &found));
    assert_int_equal(found, want <= UIDS);
    if (!found)
        return;
    assert_message(&m, &model->known[folder][want]);
    assert_string_equal(name, model->known[folder][want].name);
}

static void check_find(struct index *ix, const struct model *model, unsigned folder,
                       const char *unique, size_t n)
{
    uint32_t want = UIDS;
    uint32_t uid;
    for (; want > 0; want--) {
        const struct known *k = &model->known[folder][want];
        if (k->used && strcspn(k->name, ",:") == n && memcmp(k->name, unique, n) == 0)
            break;
    }
    assert_true(index_message_find(ix, folder_id[folder], unique, n, &uid));
    assert_int_equal(uid, want);
}

static void check_find_of(struct index *ix, const struct model *model, unsigned folder,
                          uint32_t uid)
{
    const char *name = model->known[folder][uid].name;
    check_find(ix, model, folder, name, strcspn(name, ",:"));
}

/* Walks through all. */
static void check_folder(struct index *ix, const struct model *model, unsigned folder)
{
    struct index_message m;
    char name[NAME_BUF];
    bool found = true;
    uint32_t from = 0;
    for (uint32_t uid = 1; uid <= UIDS; uid++) {
        if (!model->known[folder][uid].used)
            continue;
        assert_true(index_message_next(ix, folder_id[folder], from, &m, name, &found));
        assert_true(found);
        assert_message(&m, &model->known[folder][uid]);
        assert_string_equal(name, model->known[folder][uid].name);
        from = m.uid + 1;
    }
    assert_true(index_message_next(ix, folder_id[folder], from, &m, name, &found));
    assert_false(found);
}

static void check_uids(struct index *ix, const struct model *model, unsigned folder,
                       uint32_t from, size_t max)
{
    uint32_t uids[UIDS + 1];
    size_t count;
    size_t n = 0;
    assert_true(index_message_uids(ix, folder_id[folder], from, uids, max, &count, NULL));
    for (uint32_t uid = from; uid <= UIDS && n < max; uid++) {
        const struct known *k = &model->known[folder][uid];
        if (!k->used || k->m.state != RECORD_SHOWN)
            continue;
        bool recent = (k->m.bits & INDEX_RECENT) != 0;
        assert_true(n < count);
        assert_int_equal(uids[n++], uid | (recent ? INDEX_UID_RECENT : 0));
    }
    assert_int_equal(count, n);
}

static void check_all(struct index *ix, const struct model *model)
{
    for (unsigned folder = 0; folder < FOLDERS; folder++) {
        check_folder(ix, model, folder);
        check_uids(ix, model, folder, 0, UIDS + 1);
        for (unsigned i = 0; i < 20; i++) {
            check_uids(ix, model, folder, chance(UIDS), 1 + chance(40));
            check_get(ix, model, folder, 1 + chance(UIDS));
            check_next(ix, model, folder, chance(UIDS + 20));
            check_find_of(ix, model, folder, 1 + chance(UIDS));
        }
    }
}

static void do_something(struct index *ix, struct model *model)
{
    unsigned folder = chance(FOLDERS);
    uint32_t uid = 1 + chance(UIDS);
    uint32_t what = chance(100);
    if (what < 45) {
        do_put(ix, model, folder, uid);
    } else if (what < 55) { /* a run, upwards or downwards */
        bool down = chance(2) == 0;
        for (uint32_t i = chance(120); i > 0 && uid > 0 && uid <= UIDS; i--) {
            do_put(ix, model, folder, uid);
            uid = down ? uid - 1 : uid + 1;
        }
    } else if (what < 65) {
        do_remove(ix, model, folder, uid);
    } else if (what < 70) {
        for (uint32_t i = chance(200); i > 0 && uid <= UIDS; i--)
            do_remove(ix, model, folder, uid++);
    } else if (what < 80) {
        check_get(ix, model, folder, uid);
    } else if (what < 88) {
        check_next(ix, model, folder, uid);
    } else if (what < 96) {
        check_find_of(ix, model, folder, uid);
    } else if (what < 99) {
        check_folder(ix, model, folder);
    } else if (chance(8) == 0) {
        assert_true(index_message_clear(ix, folder_id[folder]));
        for (uid = 1; uid <= UIDS; uid++)
            model->known[folder][uid].used = false;
    }
}

static void test_messages_model(void **state)
{
    struct bench *b = *state;
    struct model *model = calloc(1, sizeof *model);
    struct model *before = calloc(1, sizeof *before);
    assert_non_null(model);
    assert_non_null(before);
    for (unsigned round = 0; round < 300; round++) {
        memcpy(before, model, sizeof *model);
        assert_true(index_write(b->ix));
        for (uint32_t i = chance(60); i > 0; i--)
            do_something(b->ix, model);
        if (chance(5) == 0) {
            index_abort(b->ix);
            memcpy(model, before, sizeof *model);
        } else {
            assert_true(index_commit(b->ix));
        }
        if (chance(20) == 0)
            bench_reopen(b);
        assert_true(index_read(b->ix));
        check_all(b->ix, model);
        index_release(b->ix);
    }
    free(model);
    free(before);
}

/* --- Messages, told one by one. --------------------------------------------------------------
 */

/* A flag changes: the name follows where the base name is kept, and stays where it is whole. */
static void test_names_follow(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    struct index_message m;
    char name[NAME_BUF];
    bool found;
    assert_true(index_write(ix));
    put_simple(ix, 1, 7);
    put_simple(ix, 1, 8);
    assert_true(index_message_get(ix, 1, 8, &m, NULL, &found));
    assert_true(index_message_put(ix, 1, &m, "8.M1P1.host,S=8:2,QS"));
    for (uint32_t uid = 7; uid <= 8; uid++) {
        assert_true(index_message_get(ix, 1, uid, &m, NULL, &found));
        m.flags = FLAG_SEEN | FLAG_FLAGGED;
        m.letters = 1 | LETTER_P;
        assert_true(index_message_put(ix, 1, &m, NULL));
    }
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    assert_true(index_message_get(ix, 1, 7, &m, name, &found));
    assert_string_equal(name, "7.M1P1.host,S=7:2,FPSa");
    assert_true(index_message_get(ix, 1, 8, &m, name, &found));
    assert_string_equal(name, "8.M1P1.host,S=8:2,QS");
    assert_int_equal(m.flags, FLAG_SEEN | FLAG_FLAGGED);
}

static void test_names_that_cannot_be(void **state)
{
    static const char *const bad[] = { "", "a/b", ".", "..", "/" };
    struct bench *b = *state;
    struct index_message m;
    char longest[NAME_MAX + 2];
    memset(&m, 0, sizeof m);
    m.uid = 1;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i <= sizeof bad / sizeof bad[0]; i++) {
        bool last = i == sizeof bad / sizeof bad[0];
        assert_true(index_write(b->ix));
        assert_false(index_message_put(b->ix, 1, &m, last ? longest : bad[i]));
        index_abort(b->ix);
        index_check(b->ix);
    }
    assert_true(index_write(b->ix));
    assert_false(index_message_put(b->ix, 1, &m, NULL));
    index_abort(b->ix);
    index_check(b->ix);
    m.uid = 0;
    assert_true(index_write(b->ix));
    assert_false(index_message_put(b->ix, 1, &m, "name"));
    index_abort(b->ix);
}

/* Records in the order of UIDs fill their blocks, and so does each LMDB page. */
static void test_blocks_fill(void **state)
{
    struct index *ix = ((struct bench *)*state)->ix;
    MDB_stat stat;
    assert_true(index_write(ix));
    put_many(ix, 3, 20 * INDEX_BLOCK);
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    assert_int_equal(mdb_stat(ix->txn, ix->table[INDEX_MESSAGES], &stat), 0);
    assert_int_equal(stat.ms_entries, 20);
    assert_int_equal(stat.ms_overflow_pages, 0);
    assert_int_equal(stat.ms_leaf_pages, 10);
    index_release(ix);
    assert_true(index_write(ix));
    for (uint32_t uid = 1; uid <= 20 * INDEX_BLOCK; uid++)
        assert_true(index_message_remove(ix, 3, uid));
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    for (unsigned i = INDEX_MESSAGES; i < INDEX_TABLES; i++) {
        assert_int_equal(mdb_stat(ix->txn, ix->table[i], &stat), 0);
        assert_int_equal(stat.ms_entries, 0);
    }
}

/* --- GUIDs. ----------------------------------------------------------------------------------
 */

static struct index_message shown(uint32_t uid)
{
    return (struct index_message){ .modseq = uid,
                                   .size = SIZE_UNKNOWN,
                                   .date = INDEX_DATE_UNKNOWN,
                                   .uid = uid,
                                   .state = RECORD_SHOWN,
                                   .bits = INDEX_LISTED | INDEX_ON_DISK };
}

static void assert_guid(struct index *ix, uint32_t uid, const char *want)
{
    struct index_message m;
    char guid[GUID_MAX + 1];
    bool found;
    assert_true(index_message_get(ix, 3, uid, &m, NULL, &found));
    assert_true(found);
    assert_int_equal((m.bits & INDEX_GUID) != 0, want != NULL);
    if (want == NULL)
        return;
    assert_true(index_message_guid(ix, 3, uid, guid));
    assert_string_equal(guid, want);
}

/* It belongs to the message, whatever is written of that, and goes with it. */
static void test_guids(void **state)
{
    const struct bench *b = *state;
    struct index *ix = b->ix;
    struct index_message m;
    char longest[GUID_MAX + 1];
    char name[NAME_BUF];
    memset(longest, 'g', GUID_MAX);
    longest[GUID_MAX] = '\0';
    assert_true(index_write(ix));
    for (uint32_t uid = 1; uid <= 3 * INDEX_BLOCK; uid++) {
        m = shown(uid);
        m.bits |= INDEX_GUID; /* not for the caller to say */
        snprintf(name, sizeof name, "%u.M1P1.host:2,", uid);
        assert_true(index_message_put(ix, 3, &m, name));
    }
    assert_true(index_message_set_guid(ix, 3, 7, "1.M1P1.host,S=1"));
    assert_true(index_message_set_guid(ix, 3, 60, longest));
    assert_true(index_message_set_guid(ix, 3, 1000, "of no message"));
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    assert_guid(ix, 6, NULL);
    assert_guid(ix, 7, "1.M1P1.host,S=1");
    assert_guid(ix, 60, longest);
    index_release(ix);
    assert_true(index_write(ix));
    m = shown(7);
    m.flags = FLAG_SEEN;
    assert_true(index_message_put(ix, 3, &m, NULL));
    m = shown(60);
    assert_true(index_message_put(ix, 3, &m, "60.M1P1.host,S=1:2,"));
    assert_guid(ix, 7, "1.M1P1.host,S=1");
    assert_true(index_message_remove(ix, 3, 7));
    m = shown(7);
    assert_true(index_message_put(ix, 3, &m, "7.M2P2.host:2,"));
    assert_guid(ix, 7, NULL);
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    assert_guid(ix, 7, NULL);
    assert_guid(ix, 60, longest);
}

static void test_guid_that_is_lost(void **state)
{
    const struct bench *b = *state;
    struct index *ix = b->ix;
    struct index_message m = shown(1);
    char guid[GUID_MAX + 1];
    bool damaged = false;
    assert_true(index_write(ix));
    assert_true(index_message_put(ix, 3, &m, "1.M1P1.host:2,"));
    assert_true(index_message_set_guid(ix, 3, 1, "guid"));
    assert_int_equal(mdb_drop(ix->txn, ix->table[INDEX_GUIDS], 0), 0);
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    assert_false(index_message_guid(ix, 3, 1, guid));
    assert_non_null(index_failure(ix, &damaged));
    assert_true(damaged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_messages_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_follow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocks_fill, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guids, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guid_that_is_lost, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
