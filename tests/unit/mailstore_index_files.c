/* The index when others remove, replace, copy or damage its files: what comes of it works. */
#include "mailstore_place.h"

/* --- What others do to the files. ------------------------------------------------------------
 */

/* Each command, with the index open, and with it closed. */
static void test_removed(void **state)
{
    const struct place *p = *state;
    static const char *const commands[] = {
        "rm -rf imapd-index",
        "rm -rf imapd-index/db",
        "rm imapd-index/db/data.mdb",
        "mv imapd-index away",
        "mv imapd-index/db imapd-index/away",
        "rm -rf imapd-index; mkdir imapd-index",
        "rm -rf imapd-index/db; mkdir imapd-index/db",
        "rm -rf imapd-index/db; ln -s .. imapd-index/db",
        "rm -rf imapd-index/db; touch imapd-index/db",
        "rm imapd-index/db/data.mdb; mkdir imapd-index/db/data.mdb",
        "rm imapd-index/db/data.mdb; mkfifo imapd-index/db/data.mdb",
        "rm imapd-index/db/data.mdb; ln -s nowhere imapd-index/db/data.mdb",
        "rm imapd-index/db/data.mdb; touch imapd-index/db/data.mdb",
        "cp imapd-index/db/data.mdb x; rm imapd-index/db/data.mdb; mv x "
        "imapd-index/db/data.mdb",
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        run("rm -rf %s/imapd-index %s/away", p->path, p->path);
        struct index *ix = open_index(p);
        assert_true(keep(ix, 1, "one"));
        index_close(ix);
        run("cd %s && { %s; }", p->path, commands[i]);
        assert_opens_anew(p);

        run("rm -rf %s/imapd-index %s/away", p->path, p->path);
        ix = open_index(p);
        assert_true(keep(ix, 1, "one"));
        unsigned generation = index_check(ix);
        run("cd %s && { %s; }", p->path, commands[i]);
        assert_true(holds(ix, 1, "one")); /* what is open is open */
        assert_int_not_equal(index_check(ix), generation);
        assert_begun_anew(ix);
        index_close(ix);
    }
}

/* lock.mdb without its data.mdb would be a second set of locks. */
static void test_lock_file(void **state)
{
    const struct place *p = *state;
    static const char *const commands[] = {
        "rm imapd-index/db/lock.mdb",
        "rm imapd-index/db/lock.mdb; touch imapd-index/db/lock.mdb",
        "cp imapd-index/db/lock.mdb x; mv x imapd-index/db/lock.mdb",
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        run("rm -rf %s/imapd-index", p->path);
        struct child c = begin(opens_and_writes, p);
        hear(&c);
        run("cd %s && { %s; }", p->path, commands[i]);
        assert_opens_anew(p);
        tell(&c);
        assert_ends_well(&c);
        struct index *ix = open_index(p);
        assert_true(holds(ix, 1, "anew"));
        index_close(ix);
    }
}

static void test_leftovers(void **state)
{
    const struct place *p = *state;
    struct stat st;
    struct index *ix = open_index(p);
    index_close(ix);
    run("cd %s/imapd-index && mkdir db.1.2.3 && touch db.1.2.3/data.mdb db.4 && "
        "rm db/data.mdb && mkdir db/sub",
        p->path);
    assert_opens_anew(p);
    assert_int_equal(fstatat(p->root, "imapd-index/db.1.2.3", &st, 0), -1);
    assert_int_equal(fstatat(p->root, "imapd-index/db.4", &st, 0), -1);
}

static void test_copied(void **state)
{
    const struct place *p = *state;
    struct index *ix = open_index(p);
    assert_true(keep(ix, 1, "one"));
    index_close(ix);
    run("cd %s && mkdir copy && cp -a imapd-index copy", p->path);
    int copy = openat(p->root, "copy", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct place there = { .root = copy };
    assert_opens_anew(&there);
    close(copy);
    ix = open_index(p);
    assert_true(holds(ix, 1, "one"));
    index_close(ix);
}

/* fewer: of one that has not all of our tables. */
static void write_self(const struct place *p, uint32_t format, uint32_t folder_size, bool fewer)
{
    unsigned char key[sizeof(uint64_t)] = { 0 };
    MDB_val k = { sizeof key, key };
    MDB_val v;
    struct index_self self;
    struct index *ix = open_index(p);
    assert_true(index_write(ix));
    assert_int_equal(mdb_get(ix->txn, ix->table[INDEX_FOLDERS], &k, &v), 0);
    assert_int_equal(v.mv_size, sizeof self);
    memcpy(&self, v.mv_data, sizeof self);
    self.format = format;
    self.folder_size = folder_size;
    v = (MDB_val){ sizeof self, &self };
    assert_int_equal(mdb_put(ix->txn, ix->table[INDEX_FOLDERS], &k, &v, 0), 0);
    assert_true(put(ix, 1, "one", 4));
    if (fewer)
        assert_int_equal(mdb_drop(ix->txn, ix->table[INDEX_SHOWN], 1), 0);
    assert_true(index_commit(ix));
    index_close(ix);
}

static void test_format(void **state)
{
    const struct place *p = *state;
    write_self(p, INDEX_FORMAT - 1, sizeof(struct index_folder), false);
    assert_opens_anew(p);
    write_self(p, INDEX_FORMAT, sizeof(struct index_folder) + 8, false);
    assert_opens_anew(p);
    write_self(p, INDEX_FORMAT, sizeof(struct index_folder), true);
    assert_opens_anew(p);
    write_self(p, INDEX_FORMAT - 1, sizeof(struct index_folder), true);
    enum index_condition condition;
    const char *why = NULL;
    assert_null(index_inspect(p->root, NULL, SIZE_MAX_HERE, &condition, &why));
    assert_int_equal(condition, INDEX_IS_SPENT);
    assert_string_equal(why, "was made by an older imapd");
    assert_opens_anew(p);
    /* One of a newer server, whose sessions go on using it: not ours to throw away. */
    write_self(p, INDEX_FORMAT + 1, sizeof(struct index_folder), false);
    struct index *ix = open_index(p);
    assert_true(index_is_private(ix));
    assert_true(keep(ix, 1, "mine"));
    index_close(ix);
}

/* --- Damage. ---------------------------------------------------------------------------------
 */

static void test_truncated(void **state)
{
    const struct place *p = *state;
    static const long sizes[] = { 0, 1, 152, 4096, 8191, 8192, 12288, 100000, 800000 };
    char path[128];
    file_of(p, "data.mdb", path);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct index *ix = open_index(p);
        fill(ix);
        index_close(ix);
        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_opens_anew(p);
    }
}

/* Under a reader: it goes on with rubbish, and learns that it is. */
static void test_truncated_open(void **state)
{
    const struct place *p = *state;
    static const long sizes[] = { 0, 8192, 100000, 800000 };
    char path[128];
    file_of(p, "data.mdb", path);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct index *ix = open_index(p);
        fill(ix);
        unsigned generation = index_check(ix);
        assert_true(index_read(ix));
        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_false(read_all(ix));
        index_release(ix);
        assert_false(index_read(ix));
        assert_false(index_write(ix));
        assert_int_not_equal(index_check(ix), generation);
        assert_begun_anew(ix);
        index_close(ix);
    }
}

static void test_truncated_lock(void **state)
{
    const struct place *p = *state;
    char path[128];
    file_of(p, "lock.mdb", path);
    struct index *ix = open_index(p);
    fill(ix);
    assert_int_equal(truncate(path, 0), 0);
    (void)index_read(ix);
    index_release(ix);
    (void)index_check(ix);
    (void)index_check(ix);
    assert_begun_anew(ix);
    index_close(ix);
}

/* What a session does, on what may be damage: it may die, but only once. */
static int uses(const struct place *p)
{
    static const int fatal[] = { SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        signal(fatal[i], SIG_DFL); /* the test's own */
    alarm(20);
    /* What the process says when it dies is of no interest. */
    if (freopen("/dev/null", "w", stderr) == NULL)
        return 1;
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL)
        return 1;
    for (int i = 0; i < 3; i++) {
        (void)index_check(ix);
        (void)read_all(ix);
        (void)index_check(ix);
        (void)keep(ix, 5, "five");
    }
    (void)index_check(ix);
    int ok = keep(ix, 6, "six") && holds(ix, 6, "six") && !index_is_private(ix);
    index_close(ix);
    return ok ? 0 : 2;
}

static void assert_recovers(const struct place *p, unsigned seed)
{
    int status = run_child(uses, p);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        fail_msg("seed %u: without end", seed);
    status = run_child(uses, p);
    if (status != 0)
        fail_msg("seed %u: dies again, %x", seed, (unsigned)status);
}

static uint32_t next_random(uint32_t *r)
{
    *r = *r * 1664525U + 1013904223U;
    return *r >> 8;
}

static void scribble(const char *path, long from, long to, uint32_t *r)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    char page[4096];
    while (from < to) {
        for (size_t i = 0; i < sizeof page; i++)
            page[i] = (char)next_random(r);
        size_t n = to - from < (long)sizeof page ? (size_t)(to - from) : sizeof page;
        assert_int_equal(pwrite(fd, page, n, from), (ssize_t)n);
        from += (long)n;
    }
    close(fd);
}

static long prepare_damage(const struct place *p, char path[128])
{
    struct stat st;
    run("rm -rf %s/imapd-index", p->path);
    struct index *ix = open_index(p);
    fill(ix);
    assert_true(keep(ix, 1, "bulk"));
    index_close(ix);
    file_of(p, "data.mdb", path);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void test_random_all(void **state)
{
    const struct place *p = *state;
    char path[128];
    uint32_t r = 1;
    long size = prepare_damage(p, path);
    scribble(path, 0, size, &r);
    assert_opens_anew(p);
    size = prepare_damage(p, path);
    scribble(path, 8192, size, &r);
    assert_recovers(p, 1);
    (void)prepare_damage(p, path);
    scribble(path, 0, 4096, &r);
    assert_opens_anew(p);
    (void)prepare_damage(p, path);
    scribble(path, 4096, 8192, &r);
    assert_opens_anew(p);
}

/* A page, or some octets here and there, the two meta pages among them. */
static void test_random_some(void **state)
{
    const struct place *p = *state;
    char path[128];
    for (unsigned seed = 1; seed <= 60; seed++) {
        uint32_t r = seed;
        long size = prepare_damage(p, path);
        if (seed % 3 == 0) {
            long at = (long)(next_random(&r) % (size / 4096)) * 4096;
            scribble(path, at, at + 4096, &r);
        } else if (seed % 3 == 1) {
            for (int i = 0; i < 200; i++) {
                long at = (long)(next_random(&r) % size);
                scribble(path, at, at + 1, &r);
            }
        } else {
            long at = (long)(next_random(&r) % 8192);
            scribble(path, at, at + 8, &r);
        }
        assert_recovers(p, seed);
    }
}

static void test_random_open(void **state)
{
    const struct place *p = *state;
    char path[128];
    for (unsigned seed = 1; seed <= 5; seed++) {
        uint32_t r = seed;
        long size = prepare_damage(p, path);
        struct child c = begin(opens_and_writes, p);
        hear(&c);
        scribble(path, 0, size, &r);
        tell(&c);
        (void)end(&c);
        assert_recovers(p, seed);
    }
}

/* A death while LMDB is at work takes the file with it; any other does not. */
static int dies_in_snapshot(const struct place *p)
{
    signal(SIGSEGV, SIG_DFL); /* the test's own */
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || !index_read(ix))
        return 1;
    (void)raise(SIGSEGV);
    return 2;
}

static int dies_outside(const struct place *p)
{
    signal(SIGSEGV, SIG_DFL);
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || !index_read(ix))
        return 1;
    index_release(ix);
    (void)raise(SIGSEGV);
    return 2;
}

static void test_fatal_signal(void **state)
{
    const struct place *p = *state;
    struct index *ix = open_index(p);
    assert_true(keep(ix, 1, "one"));
    index_close(ix);
    assert_int_equal(WTERMSIG(run_child(dies_outside, p)), SIGSEGV);
    ix = open_index(p);
    assert_true(holds(ix, 1, "one"));
    index_close(ix);
    assert_int_equal(WTERMSIG(run_child(dies_in_snapshot, p)), SIGSEGV);
    assert_opens_anew(p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_removed),        TEST(test_lock_file),      TEST(test_leftovers),
        TEST(test_copied),         TEST(test_format),         TEST(test_truncated),
        TEST(test_truncated_open), TEST(test_truncated_lock), TEST(test_random_all),
        TEST(test_random_some),    TEST(test_random_open),    TEST(test_fatal_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
