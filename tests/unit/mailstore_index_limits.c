/* The index without space, rights, descriptors, memory: in memory then, and back when it can.
 */
#include "mailstore_place.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define NOBODY 65534

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_map_full),   TEST(test_map_resized), TEST(test_length), TEST(test_owner),
        TEST(test_not_for_us), TEST(test_full_disk),   TEST(test_limits), TEST(test_go_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
