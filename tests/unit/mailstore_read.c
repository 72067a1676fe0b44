/* The octets of a message's file: by offset, copied or not, whatever its size is next to what
 * is held of a file; several messages open at once. */
#include "mailstore_mail.h"

#include "message/message.h"

#include <fcntl.h>

static unsigned seed = 2463534242;

static unsigned next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static char octet_at(size_t i)
{
    return (char)(i * 7 + i / 251);
}

/* Delivers a message of n octets; returns its name. */
static const char *deliver(const struct root *r, size_t n)
{
    static char path[64];
    char *text = malloc(n + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = octet_at(i);
    snprintf(path, sizeof path, "cur/%u.M%zu.x:2,", 1000000000 + next_random() % 1000, n);
    int fd = openat(store_root_fd(r->store), path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
    free(text);
    return path;
}

static void check(const char *p, ssize_t got, size_t size, size_t n, size_t off)
{
    if (off >= size || n == 0) {
        assert_int_equal(got, 0);
        return;
    }
    assert_in_range(got, 1, n < size - off ? n : size - off);
    for (size_t i = 0; i < (size_t)got; i++)
        assert_int_equal(p[i], octet_at(off + i));
}

static void read_at(struct message_input *in, size_t size, size_t n, size_t off)
{
    if (next_random() % 2 == 0) {
        char *buf = malloc(n + 1);
        assert_non_null(buf);
        check(buf, in->pread(in, buf, n, off), size, n, off);
        free(buf);
    } else {
        const char *p = NULL;
        ssize_t got = in->peek(in, &p, n, off);
        check(p, got, size, n, off);
    }
}

static void test_any_offset(void **state)
{
    const struct root *r = *state;
    static const size_t sizes[] = { 0, 1, 8191, 65535, 65536, 65537, 200000 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i];
        deliver(r, size);
        struct mailbox *mb = mail_open(r, "INBOX", true);
        struct message_info info;
        assert_true(mailbox_next(mb, 1, &info));
        struct message_input *in;
        struct message_input *other;
        assert_int_equal(mailbox_message_open(mb, info.uid, &in), STORE_OK);
        assert_int_equal(mailbox_message_open(mb, info.uid, &other), STORE_OK);
        for (size_t round = 0; round < 300; round++) {
            size_t n = next_random() % (round % 3 == 0 ? 70000 : 300);
            size_t off = next_random() % (size + 5);
            read_at(round % 7 == 0 ? other : in, size, n, off);
        }
        mailbox_message_close(in);
        mailbox_message_close(other);
        /* What is held is not the next message's. */
        assert_int_equal(mailbox_message_open(mb, info.uid, &in), STORE_OK);
        uint64_t octets;
        assert_int_equal(message_measure(in, &octets), STORE_OK);
        assert_true(octets >= size);
        mailbox_message_close(in);
        mailbox_close(mb);
        char path[300];
        snprintf(path, sizeof path, "cur/%s", mail_find(r, "cur", "1"));
        mail_remove(r, path);
    }
}

/* Cut after it was opened: what is left is read, and then it ends. */
static void test_shrinks(void **state)
{
    const struct root *r = *state;
    static const size_t sizes[] = { 5000, 100000 };
    for (size_t i = 0; i < 2; i++) {
        const char *path = deliver(r, sizes[i]);
        struct mailbox *mb = mail_open(r, "INBOX", true);
        struct message_info info;
        struct message_input *in;
        char buf[16];
        const char *p;
        assert_true(mailbox_next(mb, 1, &info));
        assert_int_equal(mailbox_message_open(mb, info.uid, &in), STORE_OK);
        int fd = openat(store_root_fd(r->store), path, O_WRONLY);
        assert_int_equal(ftruncate(fd, 4000), 0);
        close(fd);
        assert_int_equal(in->peek(in, &p, 4090, 0), 4000);
        assert_int_equal(in->pread(in, buf, 16, 3992), 8);
        assert_int_equal(in->pread(in, buf, 16, 4500), 0);
        assert_int_equal(in->peek(in, &p, 16, 4500), 0);
        mailbox_message_close(in);
        mailbox_close(mb);
        mail_remove(r, path);
    }
}

/* ---- going through many ---- */

enum { MANY = 100 };

static size_t descriptors(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

/* Message i has 1000 + i octets; some are in no memory. */
static void make_cold(const struct root *r, bool some)
{
    for (size_t i = 1; i <= MANY; i++) {
        char path[64];
        snprintf(path, sizeof path, "cur/%zu.x:2,", 1000000000 + i);
        int fd = openat(store_root_fd(r->store), path, O_RDONLY);
        assert_true(fd >= 0);
        fsync(fd);
        if (!some || i % 7 < 3)
            posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
}

static void make_many(const struct root *r)
{
    char text[2000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = octet_at(i);
    for (size_t i = 1; i <= MANY; i++) {
        char path[64];
        snprintf(path, sizeof path, "cur/%zu.x:2,", 1000000000 + i);
        int fd = openat(store_root_fd(r->store), path, O_WRONLY | O_CREAT, 0600);
        assert_int_equal(write(fd, text, 1000 + i), 1000 + i);
        close(fd);
    }
}

static void read_whole(struct mailbox *mb, uint32_t uid)
{
    struct message_input *in;
    const char *p = NULL;
    assert_int_equal(mailbox_message_open(mb, uid, &in), STORE_OK);
    assert_int_equal(in->peek(in, &p, 2000, 0), 1000 + uid);
    check(p, 1000 + uid, 1000 + uid, 2000, 0);
    mailbox_message_close(in);
}

/* Those that are announced are those that are read, or some of them, or others; whether the
 * disk must be waited for or not, whatever became of them, no descriptor is left. */
static void test_ahead(void **state)
{
    const struct root *r = *state;
    make_many(r);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    uint32_t uid[MANY];
    for (uint32_t i = 0; i < MANY; i++)
        uid[i] = i + 1;
    read_whole(mb, 1);
    size_t before = descriptors();
    size_t most = 0;
    for (unsigned round = 0; round < 12; round++) {
        make_cold(r, round % 2 == 0);
        for (size_t i = 0; i < MANY; i++) {
            mailbox_message_ahead(mb, uid + i, MANY - i);
            size_t open = descriptors();
            most = open > most ? open : most;
            if (round % 3 == 0 || (round % 3 == 1 && next_random() % 4 != 0))
                read_whole(mb, uid[i]);
            else if (next_random() % 4 == 0)
                read_whole(mb, uid[next_random() % MANY]);
        }
        mailbox_message_ahead(mb, NULL, 0);
        assert_int_equal(descriptors(), before);
    }
    assert_in_range(most, before, before + 32);
    print_message("up to %zu files were open ahead\n", most - before);
    /* Renamed and removed while they are open: they are there, or gone, as without. */
    make_cold(r, false);
    for (size_t i = 0; i < MANY; i++) {
        mailbox_message_ahead(mb, uid + i, MANY - i);
        if (i == 50) {
            mail_rename(r, "cur/1000000053.x:2,", "cur/1000000053.x:2,S");
            mail_remove(r, "cur/1000000055.x:2,");
            mail_refresh(mb);
        }
        struct message_input *in;
        if (uid[i] == 55)
            assert_int_equal(mailbox_message_open(mb, uid[i], &in), STORE_EXPUNGED);
        else
            read_whole(mb, uid[i]);
    }
    mailbox_close(mb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_offset, mail_setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_shrinks, mail_setup, mail_teardown),
        cmocka_unit_test_setup_teardown(test_ahead, mail_setup, mail_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
