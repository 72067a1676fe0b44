/*
 * The tables of the index against a model that is plain arrays: what was put is there after a
 * commit, gone after an abort, and the same when the index is opened again. And nonsense in
 * the tables, which must be noticed, or do no harm.
 */
#define sys_clock real_clock
#include "mailstore/sys.c" /* NOLINT(bugprone-suspicious-include): sys_clock is ours here */
#undef sys_clock

#include "mailstore/index_change.h"
#include "mailstore/index_folder.h"
#include "mailstore/index_message.h"
#include "mailstore/index_private.h"

#include "mailstore/filename.h"
#include "mailstore/mailbox.h"
#include "mailstore/table.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* --- The clock. ------------------------------------------------------------------------------
 */

static int64_t clock_micros; /* 0: the real one */

int sys_clock(struct timespec *now)
{
    if (clock_micros == 0)
        return real_clock(now);
    now->tv_sec = clock_micros / 1000000;
    now->tv_nsec = clock_micros % 1000000 * 1000;
    return 0;
}

/* --- An index in a directory of its own. -----------------------------------------------------
 */

struct bench {
    char path[64];
    int root;
    struct index *ix;
};

#define MAP_SIZE ((uint64_t)1 << 30)

static void bench_open(struct bench *b)
{
    b->ix = index_open(b->root, NULL, MAP_SIZE);
    assert_non_null(b->ix);
    index_check(b->ix);
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    snprintf(b->path, sizeof b->path, "/tmp/imapd-tables.XXXXXX");
    assert_non_null(mkdtemp(b->path));
    b->root = open(b->path, O_RDONLY | O_DIRECTORY);
    assert_true(b->root >= 0);
    bench_open(b);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    char command[128];
    index_close(b->ix);
    close(b->root);
    snprintf(command, sizeof command, "rm -rf %s", b->path);
    /* The path is our own. NOLINTNEXTLINE(cert-env33-c,bugprone-command-processor) */
    assert_int_equal(system(command), 0);
    free(b);
    return 0;
}

/* The same directory, after everything was closed. */
static void bench_reopen(struct bench *b)
{
    index_close(b->ix);
    bench_open(b);
}

/* --- Chance. ---------------------------------------------------------------------------------
 */

static uint64_t seed = 88172645463325252U;

static uint32_t chance(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 20) % n);
}

/* --- The model. ------------------------------------------------------------------------------
 */

#define FOLDERS  4
#define UIDS     700
#define NAME_BUF (NAME_MAX + 1)

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

static void check_all(struct index *ix, const struct model *model)
{
    for (unsigned folder = 0; folder < FOLDERS; folder++) {
        check_folder(ix, model, folder);
        for (unsigned i = 0; i < 20; i++) {
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

static void put_simple(struct index *ix, uint32_t folder, uint32_t uid)
{
    struct index_message m;
    char name[NAME_BUF];
    memset(&m, 0, sizeof m);
    m.uid = uid;
    m.state = RECORD_SHOWN;
    m.bits = INDEX_ON_DISK | INDEX_LISTED;
    m.flags = FLAG_SEEN;
    m.size = SIZE_UNKNOWN;
    m.date = INDEX_DATE_UNKNOWN;
    snprintf(name, sizeof name, "%u.M1P1.host,S=%u:2,S", uid, uid);
    assert_true(index_message_put(ix, folder, &m, name));
}

static void put_many(struct index *ix, uint32_t folder, uint32_t n)
{
    for (uint32_t uid = 1; uid <= n; uid++)
        put_simple(ix, folder, uid);
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
    for (unsigned i = INDEX_MESSAGES; i <= INDEX_UNIQUES; i++) {
        assert_int_equal(mdb_stat(ix->txn, ix->table[i], &stat), 0);
        assert_int_equal(stat.ms_entries, 0);
    }
}

/* --- Folders. --------------------------------------------------------------------------------
 */

static void make_folder(struct index_folder *f, uint64_t ino)
{
    memset(f, 0, sizeof *f);
    f->cur_ino = ino;
    f->uidvalidity = 1700000000;
    f->shown = 3;
    f->list.present = true;
    snprintf(f->list.fields, sizeof f->list.fields, " G0123456789abcdef");
}

/* The next new folder gets this id. */
static void set_next_id(struct index *ix, uint32_t id)
{
    unsigned char key[8] = { 0 };
    struct index_self self;
    MDB_val k = { sizeof key, key };
    MDB_val v;
    assert_int_equal(mdb_get(ix->txn, ix->table[INDEX_FOLDERS], &k, &v), 0);
    assert_int_equal(v.mv_size, sizeof self);
    memcpy(&self, v.mv_data, sizeof self);
    self.next_folder = id;
    v = (MDB_val){ sizeof self, &self };
    assert_int_equal(mdb_put(ix->txn, ix->table[INDEX_FOLDERS], &k, &v, 0), 0);
}

static bool sum_folder(void *ctx, const struct index_folder *f)
{
    uint64_t *sum = ctx;
    *sum += f->cur_ino;
    return f->cur_ino != 5; /* enough */
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
        assert_true(index_folder_get(ix, f[i].cur_ino, &got, &found));
        assert_true(found);
        assert_memory_equal(&got, &f[i], sizeof got);
    }
    assert_true(index_folder_get(ix, 8, &got, &found));
    assert_false(found);
    assert_true(index_folder_get(ix, 0, &got, &found));
    assert_false(found);
    uint64_t sum = 0;
    assert_true(index_folder_each(ix, sum_folder, &sum));
    assert_true(sum == f[0].cur_ino + f[1].cur_ino + f[2].cur_ino);
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
    assert_true(index_folder_drop(b->ix, 7));
    assert_true(index_folder_drop(b->ix, 7)); /* nothing */
    assert_true(index_commit(b->ix));
    bench_reopen(b);
    make_folder(&f, 7);
    assert_true(index_write(b->ix));
    assert_true(index_folder_put(b->ix, &f));
    assert_true(index_commit(b->ix));
    assert_true(f.id > id);
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
    assert_true(index_folder_drop(ix, 101));
    assert_true(index_folder_drop(ix, 103));
    assert_true(index_commit(ix));
    assert_true(index_read(ix));
    for (unsigned i = 0; i < 4; i++) {
        bool gone = i == 1 || i == 3;
        uint32_t there;
        assert_true(index_folder_get(ix, 100 + i, &got, &found));
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

/* --- Damage. ---------------------------------------------------------------------------------
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
    n = 0;
    ok = index_change_each(ix, DAMAGED, 0, count_change, &n) && ok;
    uint64_t sum = 0;
    ok = index_folder_get(ix, 100, &f, &found) && ok;
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
    if (!index_folder_get(ix, 100, &f, &found))
        return false;
    if (found) {
        f.changes += 1000000;
        ok = index_change_add(ix, &f, f.modseq + 1, &change, 1) && ok;
    }
    return index_folder_drop(ix, 100) && ok;
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
    uint32_t uid = 3000;
    assert_int_equal(mdb_cursor_open(ix->txn, ix->table[INDEX_UNIQUES], &c), 0);
    assert_int_equal(mdb_cursor_get(c, &k, &v, MDB_FIRST), 0);
    for (int rc = 0; rc == 0; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT_NODUP)) {
        assert_int_equal(k.mv_size, sizeof key);
        memcpy(key, k.mv_data, sizeof key);
        MDB_val k2 = { sizeof key, key };
        MDB_val v2 = { sizeof uid, &uid };
        (void)mdb_cursor_put(c, &k2, &v2, MDB_NODUPDATA);
    }
    mdb_cursor_close(c);
}

static void put_folder_with(struct index *ix, size_t offset, const void *octets, size_t n,
                            size_t size)
{
    unsigned char key[8];
    unsigned char v[sizeof(struct index_folder) + 8] = { 0 };
    struct index_folder f;
    make_folder(&f, 100);
    f.id = DAMAGED;
    memcpy(v, &f, sizeof f);
    memcpy(v + offset, octets, n);
    index_key_put64(key, 100);
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
    put_folder_with(ix, offsetof(struct index_folder, cur_ino), &ino, sizeof ino, FOLDER_SIZE);
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
        cmocka_unit_test_setup_teardown(test_messages_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_follow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocks_fill, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids_are_not_reused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drop_leaves_others, setup, teardown),
        cmocka_unit_test(test_modseq),
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_too_many_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_written_to, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_random, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
