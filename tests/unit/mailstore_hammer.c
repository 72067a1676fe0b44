/*
 * Many processes on one folder: appending, copying, flagging, expunging, delivering, looking;
 * and at the end a count. Nothing is lost, nothing doubled, no UID given twice.
 *
 * Each message carries its maker's number in its text, so that every UID can be traced: a
 * process that watches writes down which UID it saw with which text.
 */
#include "mailstore_mail.h"

#include "mailstore/append.h"

#include <sys/mman.h>

#define WRITERS  6
#define ROUNDS   40
#define UIDS_MAX 20000

/* Shared by all processes. */
struct shared {
    unsigned added;          /* messages that were acknowledged, or delivered */
    unsigned removed;        /* by EXPUNGE */
    unsigned stop;           /* the watchers may go */
    unsigned text[UIDS_MAX]; /* by UID: the number in the text that was seen first */
    unsigned wrong;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "process %d: %s: %s\n", (int)getpid(), what, strerror(errno));
    _exit(1);
}

static unsigned text_number(struct mailbox *mb, uint32_t uid)
{
    struct message_input *in = NULL;
    char buf[200];
    enum store_error e = mailbox_message_open(mb, uid, &in);
    if (e == STORE_EXPUNGED || e == STORE_UNAVAILABLE)
        return 0;
    must(e == STORE_OK, "open");
    ssize_t n = in->pread(in, buf, sizeof buf - 1, 0);
    mailbox_message_close(in);
    must(n > 0, "read");
    buf[n] = '\0';
    return (unsigned)strtoul(buf + strlen("X: "), NULL, 10);
}

static void append_some(struct root *r, struct shared *s, unsigned number, unsigned count)
{
    struct append *a = NULL;
    uint32_t validity = 0;
    uint32_t uid[8];
    struct flag_change flags = { FLAGS_REPLACE, number % 3 == 0 ? FLAG_SEEN : 0, NULL, 0 };
    must(append_open(r->store, "INBOX", &a) == STORE_OK, "append_open");
    for (unsigned i = 0; i < count; i++) {
        char text[100];
        int n = snprintf(text, sizeof text, "X: %u\r\n\r\nbody\r\n", number + i);
        must(append_message(a, &flags, 1000000) == STORE_OK, "append_message");
        must(append_write(a, text, (size_t)n) == STORE_OK, "append_write");
    }
    must(append_commit(a, &validity, uid) == STORE_OK, "append_commit");
    for (unsigned i = 0; i < count; i++) {
        must(i == 0 || uid[i] == uid[i - 1] + 1, "consecutive UIDs");
        must(uid[i] < UIDS_MAX, "room");
        unsigned none = 0;
        if (!__atomic_compare_exchange_n(&s->text[uid[i]], &none, number + i, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
            none != number + i)
            __atomic_add_fetch(&s->wrong, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_add_fetch(&s->added, count, __ATOMIC_SEQ_CST);
}

static void deliver(struct root *r, struct shared *s, unsigned number)
{
    char name[64];
    char tmp[80];
    char new[80];
    char text[100];
    snprintf(name, sizeof name, "%u.D%uP%d.host", 1000000 + number, number, (int)getpid());
    snprintf(tmp, sizeof tmp, "tmp/%s", name);
    snprintf(new, sizeof new, "new/%s", name);
    snprintf(text, sizeof text, "X: %u\n\nbody\n", number);
    int fd = openat(store_root_fd(r->store), tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
    must(fd >= 0 && write(fd, text, strlen(text)) > 0, "deliver");
    close(fd);
    int root = store_root_fd(r->store);
    must(renameat(root, tmp, root, new) == 0, "deliver");
    __atomic_add_fetch(&s->added, 1, __ATOMIC_SEQ_CST);
}

struct seen {
    uint32_t uid[8]; /* some that are there */
    size_t count;
    size_t all;
};

struct changed {
    struct mailbox *mb;
    uint32_t last;
};

/* What a look has brought: ascending, and what is gone is not there. */
static void see_change(void *ctx, const struct message_info *info)
{
    struct changed *c = ctx;
    struct message_info now;
    must(info->uid > c->last, "ascending UIDs of changes");
    c->last = info->uid;
    if (info->expunged)
        must(mailbox_is_gone(c->mb, info->uid), "an expunged message is gone");
    else
        must(mailbox_get(c->mb, info->uid, &now) && now.modseq >= info->modseq,
             "a change is what is there, or an older state of it");
}

static void see_all(struct mailbox *mb, struct seen *seen)
{
    struct message_info info;
    *seen = (struct seen){ { 0 }, 0, 0 };
    for (uint32_t uid = 0; mailbox_next(mb, uid, &info); uid = info.uid + 1) {
        must(info.uid >= uid && !info.expunged, "ascending UIDs");
        seen->all++;
        if (seen->all % 7 == (size_t)getpid() % 7 && seen->count < 8)
            seen->uid[seen->count++] = info.uid;
    }
}

/* Looks, and holds what it sees against what was ever seen under that UID. */
static void look(struct root *r, struct mailbox *mb, struct shared *s, struct seen *seen,
                 bool alone)
{
    struct mailbox_counts counts;
    struct changed changed = { mb, 0 };
    uint64_t since = mailbox_modseq(mb);
    enum store_error e = mailbox_refresh(mb);
    must(e == STORE_OK, store_error_text(e));
    must(mailbox_modseq(mb) >= since, "mod-sequences ascend");
    mailbox_changes(mb, since, see_change, &changed);
    see_all(mb, seen);
    mailbox_counts(mb, &counts);
    /* Others are at work between the look and the walk: only at rest the two are equal. */
    must(alone == false || counts.messages == seen->all, "the count is that of the messages");
    for (size_t i = 0; i < seen->count; i++) {
        unsigned number = text_number(mb, seen->uid[i]);
        unsigned none = 0;
        if (number == 0)
            continue;
        if (!__atomic_compare_exchange_n(&s->text[seen->uid[i]], &none, number, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
            none != number)
            __atomic_add_fetch(&s->wrong, 1, __ATOMIC_SEQ_CST);
    }
    store_release(r->store);
}

static void one_round(struct root *r, struct shared *s, struct mailbox *mb, unsigned number)
{
    struct seen seen;
    uint32_t validity = 0;
    uint32_t uid[8];
    struct flag_change change = { number % 2 ? FLAGS_ADD : FLAGS_REMOVE, FLAG_FLAGGED, NULL,
                                  0 };
    struct flag_change delete = { FLAGS_ADD, FLAG_DELETED, NULL, 0 };
    append_some(r, s, number * 10, 1 + number % 3);
    deliver(r, s, number * 10 + 5);
    look(r, mb, s, &seen, false);
    enum store_error e = mailbox_store(mb, seen.uid, seen.count, &change, NULL);
    must(e == STORE_OK || e == STORE_UNAVAILABLE, "store");
    if (number % 3 == 0 && seen.count > 1) {
        e = mailbox_copy(mb, seen.uid, 2, "INBOX", &validity, uid);
        if (e == STORE_OK)
            __atomic_add_fetch(&s->added, 2, __ATOMIC_SEQ_CST);
        must(e == STORE_OK || e == STORE_EXPUNGED || e == STORE_UNAVAILABLE,
             store_error_text(e));
    }
    if (number % 4 == 0 && seen.count > 0) {
        size_t removed = 0;
        e = mailbox_store(mb, seen.uid, 1, &delete, NULL);
        must(e == STORE_OK || e == STORE_UNAVAILABLE, "store deleted");
        e = mailbox_expunge(mb, seen.uid, seen.count, &removed);
        must(e == STORE_OK || e == STORE_UNAVAILABLE, "expunge");
        __atomic_add_fetch(&s->removed, (unsigned)removed, __ATOMIC_SEQ_CST);
    }
}

static void worker(const char *path, struct shared *s, unsigned which)
{
    struct root r;
    struct mailbox *mb = NULL;
    must(store_open(path, LAYOUT_MAILDIRPP, &r.store) == STORE_OK, "store_open");
    enum store_error e = mailbox_open(r.store, "INBOX", which % 3 != 2, &mb);
    must(e == STORE_OK, store_error_text(e));
    for (unsigned i = 1; i <= ROUNDS; i++)
        one_round(&r, s, mb, which * 1000 + i);
    mailbox_close(mb);
    store_close(r.store);
    _exit(0);
}

static void expect_end(struct root *r, struct shared *s)
{
    struct seen seen;
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_settle();
    look(r, mb, s, &seen, true);
    assert_int_equal(seen.all, s->added - s->removed);
    assert_int_equal(mail_count(r, "cur"), s->added - s->removed);
    assert_int_equal(mail_count(r, "new"), 0);
    assert_int_equal(mail_count(r, "tmp"), 0);
    assert_int_equal(s->wrong, 0);
    assert_false(root_has(r, "dovecot-uidlist.lock"));
    mailbox_close(mb);
}

static void test_hammer(void **state)
{
    struct root *r = *state;
    pid_t pid[WRITERS];
    struct shared *s =
        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s != MAP_FAILED);
    for (unsigned i = 0; i < WRITERS; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0)
            worker(r->path, s, i + 1);
    }
    unsigned failed = 0;
    for (unsigned i = 0; i < WRITERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    assert_int_equal(failed, 0);
    expect_end(r, s);
    munmap(s, sizeof *s);
}

#define RENAMED 300

/* What mutt does, but faster: flags of all messages, again and again. */
static void rename_for_long(const char *path)
{
    char dir[200];
    bool flagged = false;
    snprintf(dir, sizeof dir, "%s/cur", path);
    must(chdir(dir) == 0, "chdir");
    struct timespec began;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do {
        for (int i = 0; i < RENAMED; i++) {
            char a[40];
            char b[40];
            snprintf(a, sizeof a, "%d.x:2,%s", i + 1, flagged ? "F" : "");
            snprintf(b, sizeof b, "%d.x:2,%s", i + 1, flagged ? "" : "F");
            must(rename(a, b) == 0, "rename");
        }
        flagged = !flagged;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - began.tv_sec < 2 || !flagged);
    _exit(0);
}

/* How many messages there are, and of these flagged ones. */
static size_t count_all(struct root *r, struct mailbox *mb, size_t *flagged_r)
{
    struct message_info info;
    size_t n = 0;
    *flagged_r = 0;
    for (uint32_t uid = 0; mailbox_next(mb, uid, &info); uid = info.uid + 1) {
        *flagged_r += (info.flags & FLAG_FLAGGED) != 0;
        n++;
    }
    store_release(r->store);
    return n;
}

static void no_expunge(void *ctx, const struct message_info *info)
{
    (void)ctx;
    assert_false(info->expunged);
}

/* Files that are renamed while we read are never taken for expunged, and what the flags are in
 * the end is seen. */
static void test_renamed_while_read(void **state)
{
    struct root *r = *state;
    for (int i = 0; i < RENAMED; i++) {
        char name[40];
        snprintf(name, sizeof name, "cur/%d.x:2,", i + 1);
        root_write(r, name, "X: 1\n");
    }
    struct mailbox *mb = mail_open(r, "INBOX", true);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        rename_for_long(r->path);
    int status = 0;
    size_t looks = 0;
    size_t flagged = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        uint64_t since = mailbox_modseq(mb);
        mail_refresh(mb);
        mailbox_changes(mb, since, no_expunge, NULL);
        assert_int_equal(count_all(r, mb, &flagged), RENAMED);
        if (looks++ % 5 == 0) {
            struct mailbox *other = mail_open(r, "INBOX", false);
            assert_int_equal(mailbox_uidnext(other), RENAMED + 1);
            assert_int_equal(count_all(r, other, &flagged), RENAMED);
            mailbox_close(other);
        }
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(looks > 3);
    mail_refresh(mb);
    assert_int_equal(count_all(r, mb, &flagged), RENAMED);
    assert_int_equal(flagged, RENAMED);
    mailbox_close(mb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hammer, mail_setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_renamed_while_read, mail_setup, mail_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
