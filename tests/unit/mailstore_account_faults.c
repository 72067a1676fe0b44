/*
 * Every system call of CREATE, DELETE, RENAME, SUBSCRIBE and of the UIDVALIDITY counter is made
 * to fail, one after the other. Whatever fails: the operation says so and nothing has happened,
 * or it has happened whole.
 */
#define sys_openat       real_openat
#define sys_open_beneath real_open_beneath
#define sys_write        real_write
#define sys_fstat        real_fstat
#define sys_fsync        real_fsync
#define sys_fchmod       real_fchmod
#define sys_linkat       real_linkat
#define sys_renameat     real_renameat
#define sys_rename_new   real_rename_new
#define sys_unlinkat     real_unlinkat
#define sys_mkdirat      real_mkdirat
#define sys_opendirfd    real_opendirfd
#define sys_monotonic    real_monotonic
#define sys_pause        real_pause
#include "mailstore/sys.c"
#undef sys_openat
#undef sys_open_beneath
#undef sys_write
#undef sys_fstat
#undef sys_fsync
#undef sys_fchmod
#undef sys_linkat
#undef sys_renameat
#undef sys_rename_new
#undef sys_unlinkat
#undef sys_mkdirat
#undef sys_opendirfd
#undef sys_monotonic
#undef sys_pause

#include "mailstore_root.h"

int sys_openat(int dir, const char *path, int flags, mode_t mode);
int sys_open_beneath(int dir, const char *path, int flags);
ssize_t sys_write(int fd, const void *buf, size_t n);
int sys_fstat(int fd, struct stat *st);
int sys_fsync(int fd);
int sys_fchmod(int fd, mode_t mode);
int sys_linkat(int olddir, const char *old, int newdir, const char *new);
int sys_renameat(int olddir, const char *old, int newdir, const char *new);
int sys_rename_new(int olddir, const char *old, int newdir, const char *new);
int sys_unlinkat(int dir, const char *path, int flags);
int sys_mkdirat(int dir, const char *path, mode_t mode);
DIR *sys_opendirfd(int fd);
int sys_monotonic(struct timespec *now);
void sys_pause(unsigned milliseconds);

static long calls_left = -1; /* until the one that fails; below 0: none does */
static int failure;          /* its errno */

static bool fails(void)
{
    if (calls_left < 0 || calls_left-- > 0)
        return false;
    errno = failure;
    return true;
}

int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
    return fails() ? -1 : real_openat(dir, path, flags, mode);
}

int sys_open_beneath(int dir, const char *path, int flags)
{
    return fails() ? -1 : real_open_beneath(dir, path, flags);
}

ssize_t sys_write(int fd, const void *buf, size_t n)
{
    return fails() ? -1 : real_write(fd, buf, n);
}

int sys_fstat(int fd, struct stat *st)
{
    return fails() ? -1 : real_fstat(fd, st);
}

/* Not done: it would only take time here. */
int sys_fsync(int fd)
{
    (void)fd;
    return fails() ? -1 : 0;
}

int sys_fchmod(int fd, mode_t mode)
{
    return fails() ? -1 : real_fchmod(fd, mode);
}

int sys_linkat(int olddir, const char *old, int newdir, const char *new)
{
    return fails() ? -1 : real_linkat(olddir, old, newdir, new);
}

int sys_renameat(int olddir, const char *old, int newdir, const char *new)
{
    return fails() ? -1 : real_renameat(olddir, old, newdir, new);
}

int sys_rename_new(int olddir, const char *old, int newdir, const char *new)
{
    return fails() ? -1 : real_rename_new(olddir, old, newdir, new);
}

int sys_unlinkat(int dir, const char *path, int flags)
{
    return fails() ? -1 : real_unlinkat(dir, path, flags);
}

int sys_mkdirat(int dir, const char *path, mode_t mode)
{
    return fails() ? -1 : real_mkdirat(dir, path, mode);
}

DIR *sys_opendirfd(int fd)
{
    return fails() ? NULL : real_opendirfd(fd);
}

/* A thousand times as fast: a lock that could not be removed is soon old. */
int sys_monotonic(struct timespec *now)
{
    int r = real_monotonic(now);
    now->tv_sec = now->tv_sec * 1000 + now->tv_nsec / 1000000;
    now->tv_nsec = 0;
    return r;
}

void sys_pause(unsigned milliseconds)
{
    (void)milliseconds;
    real_pause(1);
}

/* Folders, mail and subscriptions as one text. */
static void describe(const struct root *r, char *out, size_t size)
{
    struct folder_list list;
    out[0] = '\0';
    assert_int_equal(folder_list(r->store, &list), STORE_OK);
    for (size_t i = 0; i < list.count; i++) {
        size_t n = strlen(out);
        int fd = -1;
        bool open = folder_open_dir(r->store, list.folder[i].name, &fd) == STORE_OK;
        bool mail = open && faccessat(fd, "cur/1:2,", F_OK, 0) == 0;
        bool whole = open && faccessat(fd, "tmp", F_OK, 0) == 0 &&
                     faccessat(fd, "new", F_OK, 0) == 0 && faccessat(fd, "cur", F_OK, 0) == 0;
        snprintf(out + n, size - n, "%s%s%s%s ", list.folder[i].selectable ? "" : "-",
                 list.folder[i].name, mail ? "=mail" : "",
                 list.folder[i].selectable && !whole ? "=broken" : "");
        if (open)
            close(fd);
    }
    folder_list_free(&list);
    assert_int_equal(subscriptions_read(r->store, &list), STORE_OK);
    for (size_t i = 0; i < list.count; i++) {
        size_t n = strlen(out);
        snprintf(out + n, size - n, "|%s", list.folder[i].name);
    }
    folder_list_free(&list);
}

static void prepare(struct root *r, enum store_layout layout)
{
    root_open(r, layout);
    assert_int_equal(folder_create(r->store, "a/b/c"), STORE_OK);
    assert_int_equal(folder_create(r->store, "leaf"), STORE_OK);
    bool fs = layout == LAYOUT_FS;
    root_write(r, fs ? "a/cur/1:2," : ".a/cur/1:2,", "x");
    root_write(r, fs ? "a/b/cur/1:2," : ".a.b/cur/1:2,", "x");
    root_write(r, fs ? "leaf/cur/1:2," : ".leaf/cur/1:2,", "x");
    assert_int_equal(subscriptions_change(r->store, "s", true), STORE_OK);
}

struct operation {
    enum store_error (*run)(struct store *store);
    const char *after;
    bool may_help; /* a failed one may have done a part, which the next does not mind */
};

static enum store_error do_create(struct store *store)
{
    return folder_create(store, "x/y/z");
}

static enum store_error do_delete(struct store *store)
{
    return folder_delete(store, "a");
}

static enum store_error do_delete_leaf(struct store *store)
{
    return folder_delete(store, "leaf");
}

static enum store_error do_rename(struct store *store)
{
    return folder_rename(store, "a", "n/m");
}

static enum store_error do_subscribe(struct store *store)
{
    return subscriptions_change(store, "t", true);
}

static enum store_error do_unsubscribe(struct store *store)
{
    return subscriptions_change(store, "s", false);
}

#define BEFORE "INBOX a=mail a/b=mail a/b/c leaf=mail |s"

/* Lets the call number n fail. Returns whether there was one. */
static bool step(enum store_layout layout, const struct operation *op, long n, int err)
{
    struct root r;
    char got[1024];
    prepare(&r, layout);
    failure = err;
    calls_left = n;
    enum store_error e = op->run(r.store);
    bool failed = calls_left < 0;
    calls_left = -1;
    describe(&r, got, sizeof got);
    if (e == STORE_OK && strcmp(got, op->after) != 0)
        fail_msg("call %ld: OK, but there is: %s", n, got);
    if (e != STORE_OK && !op->may_help && strcmp(got, BEFORE) != 0)
        fail_msg("call %ld: error %d, but there is: %s", n, e, got);
    if (e != STORE_OK && e != store_error_from_errno(err) && e != STORE_IO)
        fail_msg("call %ld: error %d", n, e);
    if (!failed)
        assert_int_equal(e, STORE_OK);
    /* Whatever it was, nothing is in the way of doing it now. */
    if (e != STORE_OK) {
        e = op->run(r.store);
        if (e != STORE_OK &&
            !(op->may_help && (e == STORE_NONEXISTENT || e == STORE_HASCHILDREN)))
            fail_msg("after call %ld: error %d", n, e);
        describe(&r, got, sizeof got);
        assert_string_equal(got, op->after);
    }
    root_close(&r);
    return failed;
}

static void check(enum store_layout layout, const struct operation *op)
{
    static const int errs[] = { EIO, ENOSPC, EMFILE, EACCES };
    for (size_t i = 0; i < sizeof errs / sizeof *errs; i++) {
        long n = 0;
        while (step(layout, op, n, errs[i]))
            n++;
        assert_true(n > 5);
    }
}

static void test_create(void **state)
{
    (void)state;
    const struct operation op = { .run = do_create,
                                  .after =
                                      "INBOX a=mail a/b=mail a/b/c leaf=mail x x/y x/y/z |s" };
    check(LAYOUT_MAILDIRPP, &op);
    check(LAYOUT_FS, &op);
}

static void test_delete(void **state)
{
    (void)state;
    struct operation op = { .run = do_delete, .after = "INBOX -a a/b=mail a/b/c leaf=mail |s" };
    op.may_help = true;
    check(LAYOUT_MAILDIRPP, &op);
    op.run = do_delete_leaf;
    op.after = "INBOX a=mail a/b=mail a/b/c |s";
    check(LAYOUT_MAILDIRPP, &op);
    check(LAYOUT_FS, &op);
}

static void test_rename(void **state)
{
    (void)state;
    const struct operation op = { .run = do_rename,
                                  .after = "INBOX leaf=mail n n/m=mail n/m/b=mail n/m/b/c |s" };
    check(LAYOUT_MAILDIRPP, &op);
    check(LAYOUT_FS, &op);
}

static void test_subscribe(void **state)
{
    (void)state;
    struct operation op = { .run = do_subscribe,
                            .after = "INBOX a=mail a/b=mail a/b/c leaf=mail |s|t" };
    op.may_help = true; /* the last fsync */
    check(LAYOUT_MAILDIRPP, &op);
    op.run = do_unsubscribe;
    op.after = "INBOX a=mail a/b=mail a/b/c leaf=mail ";
    check(LAYOUT_FS, &op);
}

/* Lets the call number n fail, then takes a value: it must be above `last`. Returns whether
 * there was such a call. */
static bool step_uidvalidity(const struct root *r, long n, int err, uint32_t *last)
{
    uint32_t value = 0;
    failure = err;
    calls_left = n;
    enum store_error e = uidvalidity_next(r->store, &value);
    bool failed = calls_left < 0;
    calls_left = -1;
    if (e == STORE_OK)
        assert_true(value > *last);
    uint32_t next = 0;
    assert_int_equal(uidvalidity_next(r->store, &next), STORE_OK);
    assert_true(next > *last && next > value);
    *last = next;
    return failed;
}

/* Whatever fails, no value is given twice. */
static void test_uidvalidity(void **state)
{
    (void)state;
    static const int errs[] = { EIO, ENOSPC, EMFILE };
    for (size_t i = 0; i < sizeof errs / sizeof *errs; i++) {
        struct root r;
        uint32_t last = 0;
        root_open(&r, LAYOUT_MAILDIRPP);
        for (long n = 0; step_uidvalidity(&r, n, errs[i], &last); n++)
            ;
        root_close(&r);
        bool failed = true; /* and with a new account each time */
        for (long n = 0; failed; n++) {
            last = 0;
            root_open(&r, LAYOUT_MAILDIRPP);
            failed = step_uidvalidity(&r, n, errs[i], &last);
            root_close(&r);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),      cmocka_unit_test(test_delete),
        cmocka_unit_test(test_rename),      cmocka_unit_test(test_subscribe),
        cmocka_unit_test(test_uidvalidity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
