/* The frame that names a proxy's client: from a gate that behaves, and from others. */
#include "auth/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct frame_client heard;

/* Whether the parent hears a client when the n octets are sent, and the gate then ends. */
static bool hears(const void *octets, size_t n)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    if (n > 0)
        assert_true(frame_send(fd[1], octets, n));
    close(fd[1]);
    bool ok = client_hear(fd[0], 5, "192.0.2.1", &heard);
    close(fd[0]);
    return ok;
}

static struct frame_client a_client(size_t n)
{
    struct frame_client f;
    memset(&f, 0, sizeof f);
    f.head = (struct frame_head){ FRAME_MAGIC, FRAME_CLIENT };
    f.address_n = (uint32_t)n;
    memset(f.address, 7, n);
    return f;
}

static void test_told(void **state)
{
    (void)state;
    static const unsigned char address[16] = {
        192, 0, 2, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    };
    static const size_t sizes[] = { 0, 4, 16 };
    for (size_t i = 0; i < 3; i++) {
        int fd[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
        assert_true(client_tell(fd[1], address, sizes[i]));
        assert_true(client_hear(fd[0], 5, "192.0.2.1", &heard));
        assert_int_equal(heard.address_n, sizes[i]);
        assert_memory_equal(heard.address, address, sizes[i]);
        assert_false(client_tell(fd[1], address, 17));
        close(fd[0]);
        assert_false(client_tell(fd[1], address, 4));
        close(fd[1]);
    }
}

static void test_not_told(void **state)
{
    (void)state;
    static const struct frame_try try = { .head = { FRAME_MAGIC, FRAME_TRY } };
    static const char zeros[sizeof(struct frame_client)];
    static char big[sizeof(union frame_from_gate)];
    assert_false(hears("", 0)); /* it has ended */
    assert_false(hears("x", 1));
    assert_false(hears(zeros, sizeof zeros));
    assert_false(hears(big, sizeof big));
    assert_false(hears(&try, sizeof try));
    struct frame_client f = a_client(4);
    assert_true(hears(&f, sizeof f));
    assert_false(hears(&f, sizeof f - 1));
    for (uint32_t n = 0; n < 40; n++) {
        f = a_client(n > 16 ? 0 : n);
        f.address_n = n;
        assert_true(hears(&f, sizeof f) == (n == 0 || n == 4 || n == 16));
    }
    f = a_client(16);
    f.address_n = 4; /* octets that are not the address's */
    assert_false(hears(&f, sizeof f));
    f = a_client(4);
    f.head.kind = FRAME_VERDICT;
    assert_false(hears(&f, sizeof f));
    f.head = (struct frame_head){ FRAME_MAGIC + 1, FRAME_CLIENT };
    assert_false(hears(&f, sizeof f));
}

/* A gate that says nothing keeps the parent for no longer than it was told. */
static void test_silent(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    assert_false(client_hear(fd[0], 1, "192.0.2.1", &heard));
    close(fd[0]);
    close(fd[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_not_told),
        cmocka_unit_test(test_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
