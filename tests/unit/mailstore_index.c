/* The index as an environment: that it keeps what was committed, survives other processes, and
 * that whatever becomes of its files ends in an index that works. */
#include "mailstore/index.h"

#include "mailstore/index_folder.h"
#include "mailstore/index_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB           ((uint64_t)1 << 20)
#define SIZE_MAX_HERE (64 * MIB)
#define NOBODY        65534

/* --- A place for it, and records of our own. -------------------------------------------------
 */

struct place {
    char path[64];
    int root;
};

static int place_make(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    snprintf(p->path, sizeof p->path, "/tmp/mailstore_index.XXXXXX");
    if (mkdtemp(p->path) == NULL)
        return -1;
    p->root = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = p;
    return p->root < 0 ? -1 : 0;
}

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *fmt, ...)
{
    char command[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    if (system(command) != 0) /* NOLINT(concurrency-mt-unsafe,cert-env33-c) */
        fail_msg("%s", command);
}

static int place_remove(void **state)
{
    struct place *p = *state;
    close(p->root);
    run("rm -rf %s", p->path);
    free(p);
    return 0;
}

static struct index *open_index(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    assert_non_null(ix);
    return ix;
}

static bool put(struct index *ix, uint32_t n, const void *text, size_t size)
{
    unsigned char key[sizeof n];
    MDB_val k = { sizeof key, key };
    MDB_val v = { size, (void *)text };
    index_key_put32(key, n);
    return index_ok(ix, mdb_put(ix->txn, ix->table[INDEX_NAMES], &k, &v, 0));
}

/* In a transaction of its own. */
static bool keep(struct index *ix, uint32_t n, const char *text)
{
    if (!index_write(ix))
        return false;
    if (put(ix, n, text, strlen(text) + 1))
        return index_commit(ix);
    index_abort(ix);
    return false;
}

static bool has(struct index *ix, uint32_t n, const char *text)
{
    unsigned char key[sizeof n];
    MDB_val k = { sizeof key, key };
    MDB_val v;
    index_key_put32(key, n);
    return mdb_get(ix->txn, ix->table[INDEX_NAMES], &k, &v) == MDB_SUCCESS &&
           v.mv_size == strlen(text) + 1 && memcmp(v.mv_data, text, v.mv_size) == 0;
}

/* In a snapshot of its own. */
static bool holds(struct index *ix, uint32_t n, const char *text)
{
    if (!index_read(ix))
        return false;
    bool ok = has(ix, n, text);
    index_release(ix);
    return ok;
}

/* Reads all there is, as far as it goes; false: the index has failed. */
static bool read_all(struct index *ix)
{
    if (!index_read(ix))
        return false;
    bool ok = true;
    for (int i = 0; ok && i < INDEX_TABLES; i++) {
        MDB_cursor *c;
        MDB_val k;
        MDB_val v;
        ok = index_ok(ix, mdb_cursor_open(ix->txn, ix->table[i], &c));
        unsigned long sum = 0;
        int rc = MDB_SUCCESS;
        for (int n = 0; ok && rc == MDB_SUCCESS && n < 100000; n++) {
            rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
            for (size_t at = 0; rc == MDB_SUCCESS && at < v.mv_size; at += 512)
                sum += ((unsigned char *)v.mv_data)[at];
        }
        if (ok)
            mdb_cursor_close(c);
        ok = ok && index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc) &&
             sum < (unsigned long)-1;
    }
    index_release(ix);
    return ok;
}

#define BULK 400

static void fill(struct index *ix)
{
    char text[3000];
    memset(text, 'x', sizeof text);
    assert_true(index_write(ix));
    for (uint32_t i = 1; i <= BULK; i++)
        assert_true(put(ix, i * 1000, text, sizeof text - i));
    assert_true(put(ix, 1, "bulk", 5));
    assert_true(index_commit(ix));
}

static void file_of(const struct place *p, const char *name, char out[128])
{
    snprintf(out, 128, "%s/imapd-index/db/%s", p->path, name);
}

/* What `boot` says: 'w'hole, another one's first character, 0: no file. */
static char boot_says(const struct place *p)
{
    char path[128];
    char c = 0;
    file_of(p, "boot", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (read(fd, &c, 1) != 1)
        c = 0;
    close(fd);
    return c;
}

static void write_boot(const struct place *p, const char *text)
{
    char path[128];
    char all[INDEX_BOOT_SIZE];
    memset(all, ' ', sizeof all);
    memcpy(all, text, strlen(text));
    all[sizeof all - 1] = '\n';
    file_of(p, "boot", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, all, sizeof all), sizeof all);
    close(fd);
}

/* An index that works, shared, and knows nothing of what was there before. */
static void assert_begun_anew(struct index *ix)
{
    assert_false(index_is_private(ix));
    assert_false(holds(ix, 1, "one"));
    assert_false(holds(ix, 1, "bulk"));
    assert_true(keep(ix, 1, "anew"));
    assert_true(holds(ix, 1, "anew"));
}

static void assert_opens_anew(const struct place *p)
{
    struct index *ix = open_index(p);
    assert_begun_anew(ix);
    index_close(ix);
}

/* --- Other processes. ------------------------------------------------------------------------
 */

struct child {
    pid_t pid;
    int tell; /* an octet lets it go on */
    int hear; /* an octet says that it has come so far */
};

/* In the child: */
static int to_parent = -1;
static int from_parent = -1;

static void come_so_far(void)
{
    char c = '.';
    if (write(to_parent, &c, 1) != 1)
        _exit(90);
}

static void wait_for_parent(void)
{
    char c;
    if (read(from_parent, &c, 1) != 1)
        _exit(91);
}

static struct child begin(int (*work)(const struct place *), const struct place *p)
{
    int down[2];
    int up[2];
    assert_int_equal(pipe2(down, O_CLOEXEC), 0);
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(down[1]);
        close(up[0]);
        from_parent = down[0];
        to_parent = up[1];
        _exit(work(p));
    }
    close(down[0]);
    close(up[1]);
    return (struct child){ pid, down[1], up[0] };
}

static void hear(const struct child *c)
{
    char octet;
    assert_int_equal(read(c->hear, &octet, 1), 1);
}

static void tell(const struct child *c)
{
    char octet = '.';
    assert_int_equal(write(c->tell, &octet, 1), 1);
}

static int end(struct child *c)
{
    int status = -1;
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    close(c->tell);
    close(c->hear);
    return status;
}

static void assert_ends_well(struct child *c)
{
    int status = end(c);
    if (status != 0)
        fail_msg("a child ended with %x", (unsigned)status);
}

/* Runs it to its end. */
static int run_child(int (*work)(const struct place *), const struct place *p)
{
    struct child c = begin(work, p);
    return end(&c);
}

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

static int opens_and_writes(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || !keep(ix, 1, "one"))
        return 1;
    come_so_far();
    wait_for_parent();
    index_close(ix);
    return 0;
}

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

static void write_self(const struct place *p, uint32_t format, uint32_t folder_size)
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
    assert_true(index_commit(ix));
    index_close(ix);
}

static void test_format(void **state)
{
    const struct place *p = *state;
    write_self(p, INDEX_FORMAT - 1, sizeof(struct index_folder));
    assert_opens_anew(p);
    write_self(p, INDEX_FORMAT, sizeof(struct index_folder) + 8);
    assert_opens_anew(p);
    /* One of a newer server, whose sessions go on using it: not ours to throw away. */
    write_self(p, INDEX_FORMAT + 1, sizeof(struct index_folder));
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
    signal(SIGALRM, SIG_DFL);
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
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    signal(SIGSEGV, SIG_DFL); /* of a sanitizer */
    index_close(ix);
    ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || !index_read(ix))
        return 1;
    (void)raise(SIGSEGV);
    return 2;
}

static int dies_outside(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    index_close(ix);
    signal(SIGSEGV, SIG_DFL);
    ix = index_open(p->root, NULL, SIZE_MAX_HERE);
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

/* --- What is not to be had. ------------------------------------------------------------------
 */

static void test_map_full(void **state)
{
    const struct place *p = *state;
    struct index *ix = index_open(p->root, NULL, 256 << 10);
    char text[3000];
    memset(text, 'x', sizeof text);
    for (int round = 0; round < 2; round++) {
        assert_non_null(ix);
        unsigned generation = index_check(ix);
        assert_false(index_is_private(ix));
        uint32_t n = 0;
        bool ok = true;
        while (ok && ++n < 1000)
            ok = index_write(ix) && put(ix, n * 10, text, sizeof text) && index_commit(ix);
        assert_true(n > 20 && n < 1000);
        assert_false(index_read(ix));
        assert_int_not_equal(index_check(ix), generation);
        assert_true(keep(ix, 1, "small"));
    }
    /* What does not fit, does not fit: the second time in memory, where there is room. */
    assert_true(index_is_private(ix));
    for (uint32_t n = 1; n < 1000; n++)
        assert_true(index_write(ix) && put(ix, n * 10, text, sizeof text) && index_commit(ix));
    ix->shared_at = 0;
    (void)index_check(ix);
    assert_begun_anew(ix);
    index_close(ix);
}

/* Another process with a larger map has written behind the end of ours. */
static int writes_much(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL)
        return 1;
    char text[3000];
    memset(text, 'x', sizeof text);
    if (!index_write(ix))
        return 2;
    for (uint32_t i = 1; i <= BULK; i++)
        if (!put(ix, i * 1000, text, sizeof text))
            return 3;
    if (!put(ix, 1, "bulk", 5) || !index_commit(ix))
        return 4;
    index_close(ix);
    return 0;
}

static void test_map_resized(void **state)
{
    const struct place *p = *state;
    struct index *ix = index_open(p->root, NULL, 256 << 10);
    assert_true(keep(ix, 2, "two"));
    struct child c = begin(writes_much, p);
    assert_ends_well(&c);
    unsigned generation = index_check(ix);
    assert_true(holds(ix, 1, "bulk"));
    assert_true(read_all(ix));
    assert_true(keep(ix, 3, "three"));
    assert_int_equal(index_check(ix), generation);
    index_close(ix);
    ix = index_open(p->root, NULL, 256 << 10);
    c = begin(writes_much, p);
    assert_ends_well(&c);
    assert_true(keep(ix, 4, "four"));
    assert_true(holds(ix, 4, "four"));
    index_close(ix);
}

/* The file is as long as its meta page says, also where its last pages were not written. */
static void test_length(void **state)
{
    const struct place *p = *state;
    char path[128];
    char text[20000];
    struct stat st;
    MDB_envinfo info;
    struct index *ix = open_index(p);
    unsigned char key[4];
    MDB_val k = { sizeof key, key };
    memset(text, 'x', sizeof text);
    assert_true(index_write(ix));
    for (uint32_t i = 1; i <= 20; i++)
        assert_true(put(ix, i, text, sizeof text));
    for (uint32_t i = 20; i >= 2; i--) {
        index_key_put32(key, i);
        assert_int_equal(mdb_del(ix->txn, ix->table[INDEX_NAMES], &k, NULL), 0);
    }
    assert_true(index_commit(ix));
    assert_int_equal(mdb_env_info(ix->env, &info), 0);
    file_of(p, "data.mdb", path);
    assert_int_equal(stat(path, &st), 0);
    assert_true((uint64_t)st.st_size >= (info.me_last_pgno + 1) * 4096);
    assert_true(keep(ix, 1, "one"));
    index_close(ix);
    ix = open_index(p);
    assert_true(holds(ix, 1, "one"));
    index_close(ix);
}

static int as_nobody(const struct place *p)
{
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 1;
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || !keep(ix, 1, "one") || !holds(ix, 1, "one"))
        return 2;
    (void)index_check(ix);
    int code = index_is_private(ix) ? 10 : 20;
    index_close(ix);
    return code;
}

static void test_owner(void **state)
{
    const struct place *p = *state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(p->path, NOBODY, NOBODY), 0);
    assert_int_equal(WEXITSTATUS(run_child(as_nobody, p)), 20);
    run("chown -R 0:0 %s/imapd-index/db", p->path);
    assert_int_equal(WEXITSTATUS(run_child(as_nobody, p)), 20);
    run("chown 0:0 %s/imapd-index/db/data.mdb", p->path);
    assert_int_equal(WEXITSTATUS(run_child(as_nobody, p)), 20);
    run("chown -R 0:0 %s/imapd-index", p->path);
    assert_int_equal(WEXITSTATUS(run_child(as_nobody, p)), 10);
    run("rm -rf %s/imapd-index; chown 0:0 %s; chmod 755 %s", p->path, p->path, p->path);
    assert_int_equal(WEXITSTATUS(run_child(as_nobody, p)), 10);
}

static void test_not_for_us(void **state)
{
    const struct place *p = *state;
    static const char *const commands[] = {
        "mkdir real && ln -s real imapd-index",
        "touch imapd-index",
        "mkdir imapd-index && chmod 0777 imapd-index",
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        run("cd %s && rm -rf imapd-index real && %s", p->path, commands[i]);
        struct index *ix = open_index(p);
        assert_true(index_is_private(ix));
        assert_true(keep(ix, 1, "one"));
        assert_true(holds(ix, 1, "one"));
        assert_true(index_check(ix) == index_check(ix));
        run("rm -rf %s/imapd-index", p->path);
        ix->shared_at = 0;
        (void)index_check(ix);
        assert_begun_anew(ix);
        index_close(ix);
    }
}

/* A file system of 2 MiB of our own. */
static int mount_small(const struct place *p)
{
    return unshare(CLONE_NEWNS) == 0 &&
                   mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                   mount("tmpfs", p->path, "tmpfs", 0, "size=2m") == 0
               ? 0
               : 77;
}

static bool fill_disk(int root, const char *name)
{
    static const char zeros[4096];
    int fd = openat(root, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == ENOSPC;
    while (write(fd, zeros, sizeof zeros) > 0)
        ;
    close(fd);
    return true;
}

static int on_full_disk(const struct place *p)
{
    if (mount_small(p) != 0)
        return 77;
    int root = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!fill_disk(root, "filler"))
        return 1;
    struct index *ix = index_open(root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || !index_is_private(ix) || !keep(ix, 1, "private"))
        return 2;
    unlinkat(root, "filler", 0);
    ix->shared_at = 0;
    (void)index_check(ix);
    if (index_is_private(ix) || !keep(ix, 1, "one"))
        return 3;
    index_close(ix);

    /* Full while it is open: what was committed stays. */
    ix = index_open(root, NULL, SIZE_MAX_HERE);
    if (!fill_disk(root, "filler"))
        return 4;
    char text[3000] = "x";
    bool ok = true;
    for (uint32_t i = 2; ok && i < 2000; i++)
        ok = index_write(ix) && put(ix, i, text, sizeof text) && index_commit(ix);
    if (ok)
        return 5;
    (void)index_check(ix);
    if (!index_is_private(ix) || !keep(ix, 1, "private"))
        return 6;
    struct index *other = ix;
    index_close(other);
    ix = index_open(root, NULL, SIZE_MAX_HERE);
    if (index_is_private(ix) || !holds(ix, 1, "one") || keep(ix, 3000, text))
        return 7;
    (void)index_check(ix);
    unlinkat(root, "filler", 0);
    ix->shared_at = 0;
    (void)index_check(ix);
    if (index_is_private(ix) || !holds(ix, 1, "one") || !keep(ix, 2, "two"))
        return 8;
    index_close(ix);
    return 0;
}

static void test_full_disk(void **state)
{
    const struct place *p = *state;
    if (geteuid() != 0)
        skip();
    int status = run_child(on_full_disk, p);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    if (status != 0)
        fail_msg("%x", (unsigned)status);
}

static int without_descriptors(const struct place *p)
{
    for (int room = 1; room < 8; room++) {
        int next = dup(0);
        close(next);
        struct rlimit few = { (rlim_t)(next + room), 1024 };
        struct rlimit many = { 1024, 1024 };
        if (setrlimit(RLIMIT_NOFILE, &few) != 0)
            return 1;
        struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
        if (ix == NULL)
            return 2;
        (void)index_check(ix);
        if (index_read(ix))
            index_release(ix);
        setrlimit(RLIMIT_NOFILE, &many);
        ix->shared_at = 0;
        (void)index_check(ix);
        if (index_is_private(ix) || !keep(ix, (uint32_t)room, "one"))
            return 3;
        index_close(ix);
        if (dup(0) != next)
            return 4; /* a descriptor was left open */
        close(next);
    }
    return 0;
}

static int without_memory(const struct place *p)
{
    struct rlimit little = { 512 * MIB, 512 * MIB };
    if (setrlimit(RLIMIT_AS, &little) != 0)
        return 1;
    struct index *ix = index_open(p->root, NULL, INDEX_SIZE_DEFAULT);
    if (ix == NULL || index_is_private(ix) || !keep(ix, 100, "one"))
        return 2;
    index_go_private(ix);
    (void)index_check(ix);
    if (!index_is_private(ix) || !keep(ix, 100, "one"))
        return 3;
    index_close(ix);
    return 0;
}

static void test_limits(void **state)
{
    const struct place *p = *state;
    struct child c = begin(without_descriptors, p);
    assert_ends_well(&c);
#ifndef __SANITIZE_ADDRESS__
    c = begin(without_memory, p);
    assert_ends_well(&c);
#else
    (void)without_memory; /* the sanitizer's own memory is above any limit */
#endif
}

static void test_go_private(void **state)
{
    const struct place *p = *state;
    struct index *ix = open_index(p);
    assert_true(keep(ix, 1, "one"));
    unsigned generation = index_check(ix);
    index_go_private(ix);
    assert_false(index_read(ix));
    assert_false(index_write(ix));
    unsigned other = index_check(ix);
    assert_int_not_equal(other, generation);
    assert_true(index_is_private(ix));
    assert_false(holds(ix, 1, "one"));
    assert_true(keep(ix, 1, "private"));
    assert_int_equal(index_check(ix), other);
    index_go_private(ix); /* it is */
    assert_true(holds(ix, 1, "private"));
    ix->shared_at = 0;
    assert_int_not_equal(index_check(ix), other);
    assert_true(holds(ix, 1, "one"));
    index_close(ix);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, place_make, place_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_keeps),          TEST(test_transactions),   TEST(test_elsewhere),
        TEST(test_two_processes),  TEST(test_snapshot),       TEST(test_killed_writer),
        TEST(test_stopped_writer), TEST(test_stopped_opener), TEST(test_many),
        TEST(test_dead_readers),   TEST(test_boot),           TEST(test_killed_is_no_crash),
        TEST(test_other_boot),     TEST(test_removed),        TEST(test_lock_file),
        TEST(test_leftovers),      TEST(test_copied),         TEST(test_format),
        TEST(test_truncated),      TEST(test_truncated_open), TEST(test_truncated_lock),
        TEST(test_random_all),     TEST(test_random_some),    TEST(test_random_open),
        TEST(test_fatal_signal),   TEST(test_map_full),       TEST(test_map_resized),
        TEST(test_length),         TEST(test_owner),          TEST(test_not_for_us),
        TEST(test_full_disk),      TEST(test_limits),         TEST(test_go_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
