/* An index in a temporary directory, records of our own in it, and other processes, for the
 * tests of mailstore/index*.c. */
#ifndef TESTS_MAILSTORE_PLACE_H
#define TESTS_MAILSTORE_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "mailstore/index.h"
#include "mailstore/index_folder.h"
#include "mailstore/index_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB           ((uint64_t)1 << 20)
#define SIZE_MAX_HERE (64 * MIB)

/* --- A place for it, and records of our own. -------------------------------------------------
 */

struct place {
    char path[64];
    int root;
};

static inline int place_make(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    snprintf(p->path, sizeof p->path, "/tmp/mailstore_index.XXXXXX");
    if (mkdtemp(p->path) == NULL)
        return -1;
    p->root = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = p;
    return p->root < 0 ? -1 : 0;
}

static inline void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void run(const char *fmt, ...)
{
    char command[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    if (system(command) != 0) /* NOLINT(concurrency-mt-unsafe,cert-env33-c) */
        fail_msg("%s", command);
}

static inline int place_remove(void **state)
{
    struct place *p = *state;
    close(p->root);
    run("rm -rf %s", p->path);
    free(p);
    return 0;
}

static inline struct index *open_index(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    assert_non_null(ix);
    return ix;
}

static inline bool put(struct index *ix, uint32_t n, const void *text, size_t size)
{
    unsigned char key[sizeof n];
    MDB_val k = { sizeof key, key };
    MDB_val v = { size, (void *)text };
    index_key_put32(key, n);
    return index_ok(ix, mdb_put(ix->txn, ix->table[INDEX_NAMES], &k, &v, 0));
}

/* In a transaction of its own. */
static inline bool keep(struct index *ix, uint32_t n, const char *text)
{
    if (!index_write(ix))
        return false;
    if (put(ix, n, text, strlen(text) + 1))
        return index_commit(ix);
    index_abort(ix);
    return false;
}

static inline bool has(struct index *ix, uint32_t n, const char *text)
{
    unsigned char key[sizeof n];
    MDB_val k = { sizeof key, key };
    MDB_val v;
    index_key_put32(key, n);
    return mdb_get(ix->txn, ix->table[INDEX_NAMES], &k, &v) == MDB_SUCCESS &&
           v.mv_size == strlen(text) + 1 && memcmp(v.mv_data, text, v.mv_size) == 0;
}

/* In a snapshot of its own. */
static inline bool holds(struct index *ix, uint32_t n, const char *text)
{
    if (!index_read(ix))
        return false;
    bool ok = has(ix, n, text);
    index_release(ix);
    return ok;
}

/* Reads all there is, as far as it goes; false: the index has failed. */
static inline bool read_table(struct index *ix, enum index_table table)
{
    MDB_cursor *c;
    MDB_val k;
    MDB_val v;
    unsigned long sum = 0;
    int rc = mdb_cursor_open(ix->txn, ix->table[table], &c);
    if (rc != MDB_SUCCESS)
        return index_ok(ix, rc);
    for (int n = 0; rc == MDB_SUCCESS && n < 100000; n++) {
        rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
        for (size_t at = 0; rc == MDB_SUCCESS && at < v.mv_size; at += 512)
            sum += ((unsigned char *)v.mv_data)[at];
    }
    mdb_cursor_close(c);
    return index_ok(ix, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc) && sum < (unsigned long)-1;
}

static inline bool read_all(struct index *ix)
{
    if (!index_read(ix))
        return false;
    bool ok = true;
    for (int i = 0; ok && i < INDEX_TABLES; i++)
        ok = read_table(ix, (enum index_table)i);
    index_release(ix);
    return ok;
}

#define BULK 400

static inline void fill(struct index *ix)
{
    char text[3000];
    memset(text, 'x', sizeof text);
    assert_true(index_write(ix));
    for (uint32_t i = 1; i <= BULK; i++)
        assert_true(put(ix, i * 1000, text, sizeof text - i));
    assert_true(put(ix, 1, "bulk", 5));
    assert_true(index_commit(ix));
}

static inline void file_of(const struct place *p, const char *name, char out[128])
{
    snprintf(out, 128, "%s/imapd-index/db/%s", p->path, name);
}

/* What `boot` says: 'w'hole, another one's first character, 0: no file. */
static inline char boot_says(const struct place *p)
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

static inline void write_boot(const struct place *p, const char *text)
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
static inline void assert_begun_anew(struct index *ix)
{
    assert_false(index_is_private(ix));
    assert_false(holds(ix, 1, "one"));
    assert_false(holds(ix, 1, "bulk"));
    assert_true(keep(ix, 1, "anew"));
    assert_true(holds(ix, 1, "anew"));
}

static inline void assert_opens_anew(const struct place *p)
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

static inline void come_so_far(void)
{
    char c = '.';
    if (write(to_parent, &c, 1) != 1)
        _exit(90);
}

static inline void wait_for_parent(void)
{
    char c;
    if (read(from_parent, &c, 1) != 1)
        _exit(91);
}

static inline struct child begin(int (*work)(const struct place *), const struct place *p)
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

static inline void hear(const struct child *c)
{
    char octet;
    assert_int_equal(read(c->hear, &octet, 1), 1);
}

static inline void tell(const struct child *c)
{
    char octet = '.';
    assert_int_equal(write(c->tell, &octet, 1), 1);
}

static inline int end(struct child *c)
{
    int status = -1;
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    close(c->tell);
    close(c->hear);
    return status;
}

static inline void assert_ends_well(struct child *c)
{
    int status = end(c);
    if (status != 0)
        fail_msg("a child ended with %x", (unsigned)status);
}

/* Runs it to its end. */
static inline int run_child(int (*work)(const struct place *), const struct place *p)
{
    struct child c = begin(work, p);
    return end(&c);
}

/* A child that has written record 1, "one", waits to be told, and leaves. */
static inline int opens_and_writes(const struct place *p)
{
    struct index *ix = index_open(p->root, NULL, SIZE_MAX_HERE);
    if (ix == NULL || !keep(ix, 1, "one"))
        return 1;
    come_so_far();
    wait_for_parent();
    index_close(ix);
    return 0;
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, place_make, place_remove)

#endif
