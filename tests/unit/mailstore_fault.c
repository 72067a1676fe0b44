/*
 * Every system call of the store made to fail, one after the other: the operation says so or
 * succeeds all the same; what was acknowledged is there, nothing half-done is, and the next
 * operation works.
 *
 * The store's system calls are all in mailstore/sys.c, which is compiled into this file under
 * other names; the functions here stand before them.
 */
#define sys_openat     real_openat
#define sys_write      real_write
#define sys_pread      real_pread
#define sys_read       real_read
#define sys_fstat      real_fstat
#define sys_fstatat    real_fstatat
#define sys_fsync      real_fsync
#define sys_fdatasync  real_fdatasync
#define sys_ftruncate  real_ftruncate
#define sys_futimens   real_futimens
#define sys_linkat     real_linkat
#define sys_renameat   real_renameat
#define sys_rename_new real_rename_new
#define sys_unlinkat   real_unlinkat
#define sys_mkdirat    real_mkdirat
#define sys_opendirfd  real_opendirfd
#define sys_readdir    real_readdir
#include "mailstore/sys.c" /* NOLINT(bugprone-suspicious-include): as said above */
#undef sys_openat
#undef sys_write
#undef sys_pread
#undef sys_read
#undef sys_fstat
#undef sys_fstatat
#undef sys_fsync
#undef sys_fdatasync
#undef sys_ftruncate
#undef sys_futimens
#undef sys_linkat
#undef sys_renameat
#undef sys_rename_new
#undef sys_unlinkat
#undef sys_mkdirat
#undef sys_opendirfd
#undef sys_readdir

#include "mailstore_mail.h"

#include "mailstore/append.h"

/* --- Failing.
 * ---------------------------------------------------------------------------------- */

static struct {
    long left;        /* calls until one fails; negative: none does */
    int err;          /* with this errno */
    bool fired;       /* it has failed */
    bool stays;       /* and so does each one after it, of those that write (a full disk) */
    const char *only; /* calls of this name alone; NULL: all */
    char what[32];    /* which it was */
} fault;

static bool fails(const char *what, bool writes)
{
    if (fault.only != NULL && strcmp(fault.only, what) != 0)
        return false;
    if (fault.fired) {
        errno = fault.err;
        return fault.stays && writes;
    }
    if (fault.left < 0 || (fault.stays && !writes) || fault.left-- > 0)
        return false;
    snprintf(fault.what, sizeof fault.what, "%s", what);
    fault.fired = true;
    errno = fault.err;
    return true;
}

int sys_openat(int dir, const char *path, int flags, mode_t mode);
ssize_t sys_write(int fd, const void *buf, size_t n);
ssize_t sys_pread(int fd, void *buf, size_t n, off_t off);
ssize_t sys_read(int fd, void *buf, size_t n);
int sys_fstat(int fd, struct stat *st);
int sys_fstatat(int dir, const char *path, struct stat *st, int flags);
int sys_fsync(int fd);
int sys_fdatasync(int fd);
int sys_ftruncate(int fd, off_t len);
int sys_futimens(int fd, const struct timespec ts[2]);
int sys_linkat(int olddir, const char *old, int newdir, const char *new);
int sys_renameat(int olddir, const char *old, int newdir, const char *new);
int sys_rename_new(int olddir, const char *old, int newdir, const char *new);
int sys_unlinkat(int dir, const char *path, int flags);
int sys_mkdirat(int dir, const char *path, mode_t mode);
DIR *sys_opendirfd(int fd);
struct dirent *sys_readdir(DIR *d);

int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
    return fails("openat", (flags & O_CREAT) != 0) ? -1 : real_openat(dir, path, flags, mode);
}

/* A disk that fills up takes a part first. */
ssize_t sys_write(int fd, const void *buf, size_t n)
{
    if (!fails("write", true))
        return real_write(fd, buf, n);
    int err = errno;
    if (fault.stays && n > 1)
        (void)real_write(fd, buf, n / 2);
    errno = err;
    return -1;
}

ssize_t sys_pread(int fd, void *buf, size_t n, off_t off)
{
    return fails("pread", false) ? -1 : real_pread(fd, buf, n, off);
}

ssize_t sys_read(int fd, void *buf, size_t n)
{
    return fails("read", false) ? -1 : real_read(fd, buf, n);
}

int sys_fstat(int fd, struct stat *st)
{
    return fails("fstat", false) ? -1 : real_fstat(fd, st);
}

int sys_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    return fails("fstatat", false) ? -1 : real_fstatat(dir, path, st, flags);
}

int sys_fsync(int fd)
{
    return fails("fsync", false) ? -1 : real_fsync(fd);
}

int sys_fdatasync(int fd)
{
    return fails("fdatasync", false) ? -1 : real_fdatasync(fd);
}

int sys_ftruncate(int fd, off_t len)
{
    return fails("ftruncate", false) ? -1 : real_ftruncate(fd, len);
}

int sys_futimens(int fd, const struct timespec ts[2])
{
    return fails("futimens", false) ? -1 : real_futimens(fd, ts);
}

int sys_linkat(int olddir, const char *old, int newdir, const char *new)
{
    return fails("linkat", true) ? -1 : real_linkat(olddir, old, newdir, new);
}

int sys_renameat(int olddir, const char *old, int newdir, const char *new)
{
    return fails("renameat", true) ? -1 : real_renameat(olddir, old, newdir, new);
}

int sys_rename_new(int olddir, const char *old, int newdir, const char *new)
{
    return fails("rename_new", true) ? -1 : real_rename_new(olddir, old, newdir, new);
}

int sys_unlinkat(int dir, const char *path, int flags)
{
    return fails("unlinkat", false) ? -1 : real_unlinkat(dir, path, flags);
}

int sys_mkdirat(int dir, const char *path, mode_t mode)
{
    return fails("mkdirat", true) ? -1 : real_mkdirat(dir, path, mode);
}

DIR *sys_opendirfd(int fd)
{
    return fails("opendirfd", false) ? NULL : real_opendirfd(fd);
}

struct dirent *sys_readdir(DIR *d)
{
    return fails("readdir", false) ? NULL : real_readdir(d);
}

/* --- Operations.
 * --------------------------------------------------------------------------------- */

/* A folder with three messages: UIDs 1 to 3, UIDVALIDITY 77. */
static void fill(const struct root *r)
{
    root_write(r, "dovecot-uidlist",
               "3 V77 N9 G0123456789abcdef0123456789abcdef\n1 :1.a\n2 :2.b\n3 :3.c\n");
    root_write(r, "cur/1.a:2,", "X: 1\n");
    root_write(r, "cur/2.b:2,T", "X: 2\n");
    root_write(r, "cur/3.c:2,S", "X: 3\n");
    root_write(r, "dovecot-keywords", "1 Known\n");
    assert_int_equal(folder_create(r->store, "Box"), STORE_OK);
}

struct result {
    enum store_error e;
    uint32_t uid[2];
    size_t n; /* how many messages were added */
};

typedef void (*operation)(const struct root *r, struct mailbox *mb, struct result *result);

static void op_append(const struct root *r, struct mailbox *mb, struct result *result)
{
    (void)mb;
    struct append *a = NULL;
    uint32_t validity = 0;
    static const char *const word[] = { "Fresh" };
    struct flag_change f = { FLAGS_REPLACE, FLAG_SEEN, word, 1 };
    struct flag_change none = { FLAGS_REPLACE, 0, NULL, 0 };
    result->e = append_open(r->store, "INBOX", &a);
    if (result->e != STORE_OK)
        return;
    result->e = append_message(a, &f, 1000);
    if (result->e == STORE_OK)
        result->e = append_write(a, "X: 4\r\n", 6);
    if (result->e == STORE_OK)
        result->e = append_message(a, &none, 1000);
    if (result->e == STORE_OK)
        result->e = append_write(a, "X: 5\r\n", 6);
    if (result->e != STORE_OK) {
        append_cancel(a);
        return;
    }
    result->e = append_commit(a, &validity, result->uid);
    result->n = 2;
}

static void op_copy(const struct root *r, struct mailbox *mb, struct result *result)
{
    (void)r;
    static const uint32_t uid[] = { 1, 3 };
    uint32_t validity = 0;
    result->e = mailbox_copy(mb, uid, 2, "INBOX", &validity, result->uid);
    result->n = 2;
}

static void op_store(const struct root *r, struct mailbox *mb, struct result *result)
{
    (void)r;
    static const uint32_t uid[] = { 1, 2, 3 };
    static const char *const word[] = { "Fresh" };
    struct flag_change change = { FLAGS_ADD, FLAG_FLAGGED, word, 1 };
    result->e = mailbox_store(mb, uid, 3, &change, NULL);
}

static void op_expunge(const struct root *r, struct mailbox *mb, struct result *result)
{
    (void)r;
    size_t removed = 0;
    result->e = mailbox_expunge(mb, NULL, EXPUNGE_ALL, &removed);
    struct message_info info;
    if (result->e == STORE_OK) {
        assert_true(mailbox_get(mb, 2, &info));
        assert_int_equal(info.expunged, removed == 1);
    }
}

static void op_refresh(const struct root *r, struct mailbox *mb, struct result *result)
{
    int fd = openat(store_root_fd(r->store), "new/9.n", O_WRONLY | O_CREAT | O_EXCL, 0600);
    close(fd);
    result->e = mailbox_refresh(mb);
}

static void op_open(const struct root *r, struct mailbox *mb, struct result *result)
{
    (void)mb;
    struct mailbox *other = NULL;
    /* Damaged too, so that it must be mended. */
    int fd = openat(store_root_fd(r->store), "dovecot-uidlist", O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "4", 1), 1);
    close(fd);
    fd = openat(store_root_fd(r->store), "new/9.n", O_WRONLY | O_CREAT | O_EXCL, 0600);
    close(fd);
    result->e = mailbox_open(r->store, "INBOX", true, &other);
    if (result->e == STORE_OK)
        mailbox_close(other);
}

/* --- What must hold.
 * ------------------------------------------------------------------------------- */

static void expect_old_mail(struct mailbox *mb, operation op)
{
    struct message_info info;
    assert_int_equal(mailbox_uidvalidity(mb), 77);
    assert_true(mailbox_get(mb, 1, &info) && !info.expunged);
    assert_true(mailbox_get(mb, 3, &info) && !info.expunged);
    assert_true((info.flags & FLAG_SEEN) != 0);
    if (op != op_expunge)
        assert_true(mailbox_get(mb, 2, &info) && !info.expunged);
}

/* As a client would find it afterwards. */
static void expect_after(const struct root *r, struct mailbox *mb, operation op,
                         const struct result *result)
{
    expect_old_mail(mb, op);
    size_t want = 3 + (result->e == STORE_OK ? result->n : 0);
    if (op == op_refresh || op == op_open)
        want++;
    if (op == op_expunge && result->e == STORE_OK)
        want--;
    if (op == op_expunge && result->e != STORE_OK)
        assert_true(mail_messages(mb) == 2 || mail_messages(mb) == 3);
    else
        assert_int_equal(mail_messages(mb), want);
    struct message_info info;
    for (size_t i = 0; result->e == STORE_OK && i < result->n; i++)
        assert_true(mailbox_get(mb, result->uid[i], &info) && !info.expunged);
    if (op == op_store && result->e == STORE_OK) {
        assert_true(mailbox_get(mb, 2, &info));
        assert_int_equal(info.flags, FLAG_FLAGGED | FLAG_DELETED);
    }
    (void)r;
}

/* One run with the nth call failing. False: there was no nth call. */
static bool run_once(operation op, long n, int err, bool stays)
{
    struct root *r = NULL;
    void *state = NULL;
    struct result result = { STORE_OK, { 0, 0 }, 0 };
    mail_setup(&state);
    r = state;
    fill(r);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    fault.left = n;
    fault.err = err;
    fault.stays = stays;
    fault.fired = false;
    op(r, mb, &result);
    bool fired = fault.fired;
    fault.left = -1;
    fault.fired = false;
    fault.stays = false;
    /* A lock whose removal failed would be waited for; that is the lock's own test. */
    (void)unlinkat(store_root_fd(r->store), "dovecot-uidlist.lock", 0);
    (void)unlinkat(store_root_fd(r->store), "dovecot-uidvalidity.lock", 0);
    if (!fired)
        assert_int_equal(result.e, STORE_OK);
    mail_settle();
    assert_int_equal(mailbox_refresh(mb), STORE_OK);
    expect_after(r, mb, op, &result);
    mailbox_close(mb);
    mb = mail_open(r, "INBOX", true);
    expect_after(r, mb, op, &result);
    mailbox_close(mb);
    if (result.n > 0 && strcmp(fault.what, "unlinkat") != 0)
        assert_string_equal(mail_find(r, "tmp", ""), "");
    assert_false(root_has(r, "dovecot-uidlist.tmp") && strcmp(fault.what, "unlinkat") != 0);
    mail_teardown(&state);
    return fired;
}

static void run_all(operation op, const char *name, int err, bool stays)
{
    long n = 0;
    fault.only = err == EMFILE ? "openat" : NULL;
    while (run_once(op, n, err, stays)) {
        n++;
        assert_true(n < 2000);
    }
    print_message("%s, %s%s: %ld calls\n", name, strerror(err), stays ? " from then on" : "",
                  n);
    fault.only = NULL;
}

static void test_each(operation op, const char *name)
{
    run_all(op, name, EIO, false);
    run_all(op, name, ENOSPC, true);
    run_all(op, name, EMFILE, false);
}

static void test_append(void **state)
{
    (void)state;
    test_each(op_append, "append");
}

static void test_copy(void **state)
{
    (void)state;
    test_each(op_copy, "copy");
}

static void test_store(void **state)
{
    (void)state;
    test_each(op_store, "store");
}

static void test_expunge(void **state)
{
    (void)state;
    test_each(op_expunge, "expunge");
}

static void test_refresh(void **state)
{
    (void)state;
    test_each(op_refresh, "refresh");
}

static void test_open(void **state)
{
    (void)state;
    test_each(op_open, "open");
}

static void start_failing(const char *only, int err)
{
    fault.only = only;
    fault.left = 0;
    fault.err = err;
    fault.stays = true;
    fault.fired = false;
}

static void stop_failing(void)
{
    fault.only = NULL;
    fault.left = -1;
    fault.stays = false;
    fault.fired = false;
}

/* No uidlist, and none can be made: the mail is readable, under UIDs of this session, which
 * become true as soon as the list can be written. */
static void test_read_only(void **state)
{
    (void)state;
    void *root = NULL;
    mail_setup(&root);
    struct root *r = root;
    mail_deliver(r, "1.a");
    mail_deliver(r, "2.b");
    start_failing(NULL, EROFS);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1* 2*");
    assert_true(mailbox_uidvalidity(mb) > 0);
    uint32_t validity = mailbox_uidvalidity(mb);
    uint32_t uid[] = { 1, 2 };
    struct flag_change change = { FLAGS_ADD, FLAG_SEEN, NULL, 0 };
    assert_int_equal(mailbox_store(mb, uid, 1, &change, NULL), STORE_NOPERM);
    mail_deliver(r, "3.c");
    mail_refresh(mb);
    mail_expect(mb, "1* 2* 3*");
    assert_int_equal(mailbox_uidnext(mb), 4);
    stop_failing();
    mail_refresh(mb);
    mail_expect(mb, "1* 2* 3*");
    assert_true(root_has(r, "cur/1.a:2,"));
    mailbox_close(mb);
    mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1 2 3");
    assert_int_equal(mailbox_uidvalidity(mb), validity);
    /* The list is lost while it can't be written: no UID is given under its UIDVALIDITY. */
    start_failing(NULL, ENOSPC);
    mail_rename(r, "dovecot-uidlist", "kept");
    mail_deliver(r, "3.x");
    mail_refresh(mb);
    mail_expect(mb, "1 2 3");
    stop_failing();
    mail_rename(r, "new/3.x", "tmp/3.x");
    mail_rename(r, "kept", "dovecot-uidlist");
    mail_refresh(mb);
    mail_expect(mb, "1 2 3");
    /* With a list: the old mail is there, new mail is not numbered until it can be. */
    start_failing(NULL, EROFS);
    mail_deliver(r, "4.d");
    mail_refresh(mb);
    mail_expect(mb, "1 2 3");
    stop_failing();
    mail_refresh(mb);
    mail_expect(mb, "1 2 3 4*");
    mailbox_close(mb);
    mail_teardown(&root);
}

static void test_no_links(void **state)
{
    (void)state;
    void *root = NULL;
    mail_setup(&root);
    struct root *r = root;
    fill(r);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    static const int refusal[] = { EXDEV, EPERM, EMLINK, ENOTSUP };
    const struct timespec ts[2] = { { 1000, 0 }, { 1234567890, 0 } };
    assert_int_equal(utimensat(store_root_fd(r->store), "cur/3.c:2,S", ts, 0), 0);
    for (size_t i = 0; i < 4; i++) {
        uint32_t uid[] = { 3, 1 };
        uint32_t new_uid[2] = { 0 };
        uint32_t validity = 0;
        start_failing("linkat", refusal[i]);
        assert_int_equal(mailbox_copy(mb, uid, 2, "Box", &validity, new_uid), STORE_OK);
        stop_failing();
        struct mailbox *box = mail_open(r, "Box", false);
        struct message_info info;
        time_t date = 0;
        uint64_t octets = 0;
        assert_true(mailbox_get(box, new_uid[0], &info));
        assert_int_equal(info.flags, FLAG_SEEN);
        assert_int_equal(mailbox_internaldate(box, new_uid[0], &date), STORE_OK);
        assert_int_equal(date, 1234567890);
        assert_int_equal(mailbox_size(box, new_uid[1], &octets), STORE_OK);
        assert_int_equal(octets, 6);
        mailbox_close(box);
    }
    mailbox_close(mb);
    mail_teardown(&root);
}

/* A message that can't be read is a message; the others are served. */
static void test_unreadable(void **state)
{
    (void)state;
    void *root = NULL;
    mail_setup(&root);
    struct root *r = root;
    fill(r);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    struct message_input *in = NULL;
    start_failing("openat", EACCES);
    fault.stays = false;
    assert_int_equal(mailbox_message_open(mb, 1, &in), STORE_NOPERM);
    assert_int_equal(mailbox_message_open(mb, 3, &in), STORE_OK);
    mailbox_message_close(in);
    stop_failing();
    assert_int_equal(mail_messages(mb), 3);
    mailbox_close(mb);
    mail_teardown(&root);
}

/* A directory that can't be read is no expunge. */
static void test_directory_unreadable(void **state)
{
    (void)state;
    static const int err[] = { EACCES, EIO, ESTALE, EMFILE };
    static const char *const call[] = { "opendirfd", "readdir" };
    void *root = NULL;
    mail_setup(&root);
    struct root *r = root;
    fill(r);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    for (size_t i = 0; i < 8; i++) {
        mail_rename(r, i % 2 ? "cur/1.a:2,F" : "cur/1.a:2,",
                    i % 2 ? "cur/1.a:2," : "cur/1.a:2,F");
        mail_settle();
        start_failing(call[i % 2], err[i / 2]);
        fault.stays = false;
        assert_int_not_equal(mailbox_refresh(mb), STORE_OK);
        stop_failing();
        assert_int_equal(mail_messages(mb), 3);
        mail_refresh(mb);
        struct message_info info;
        assert_true(mailbox_get(mb, 1, &info));
        assert_int_equal(info.flags, i % 2 ? 0 : FLAG_FLAGGED);
    }
    mailbox_close(mb);
    mail_teardown(&root);
}

int main(void)
{
    fault.left = -1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),     cmocka_unit_test(test_copy),
        cmocka_unit_test(test_store),      cmocka_unit_test(test_expunge),
        cmocka_unit_test(test_refresh),    cmocka_unit_test(test_open),
        cmocka_unit_test(test_read_only),  cmocka_unit_test(test_no_links),
        cmocka_unit_test(test_unreadable), cmocka_unit_test(test_directory_unreadable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
