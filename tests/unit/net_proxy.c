/*
 * The PROXY header, by proxy-protocol.txt (2020/03/05): each is looked at whole, octet by
 * octet, and with octets behind it, which must not be read.
 */
#include "net/proxy.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define V2 "\r\n\r\n\0\r\nQUIT\n"

struct octets {
    const char *at;
    size_t n;
};
#define OCTETS(text)                                                                           \
    {                                                                                          \
        (text), sizeof(text) - 1,                                                              \
    }

/* Reads `all` as asked for. Returns proxy_look's last word; *used_r: so much was read. */
static long look(const struct octets *all, struct proxy_header *h, size_t *used_r)
{
    size_t have = 0;
    for (;;) {
        unsigned char *copy = malloc(have + 1); /* of its size, for the sanitizer */
        assert_non_null(copy);
        memcpy(copy, all->at, have);
        long more = proxy_look(copy, have, h);
        free(copy);
        *used_r = have;
        if (more <= 0)
            return more;
        if ((size_t)more > all->n - have)
            return more;
        have += (size_t)more;
    }
}

static void is_client(const struct octets *header, const char *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    char longer[PROXY_HEADER_MAX + 64];
    struct proxy_header h;
    size_t used = 0;
    memcpy(longer, header->at, header->n);
    memcpy(longer + header->n, "\x16\x03\x01 and what follows\r\n", 23);
    struct octets with = { longer, header->n + 23 };
    if (look(&with, &h, &used) != PROXY_WHOLE)
        fail_msg("not taken: %s", header->at);
    assert_int_equal(used, header->n); /* and nothing beyond */
    if (address == NULL) {
        assert_int_equal(h.address_n, 0);
    } else {
        assert_non_null(
            inet_ntop(h.address_n == 4 ? AF_INET : AF_INET6, h.address, text, sizeof text));
        assert_string_equal(text, address);
    }
    /* Whatever is short of it is not yet it, and not wrong. */
    for (size_t n = 0; n < header->n; n++) {
        long more = proxy_look((const unsigned char *)header->at, n, &h);
        assert_true(more > 0 && (size_t)more <= header->n - n);
    }
}

static void test_version_1(void **state)
{
    (void)state;
    static const struct {
        struct octets header;
        const char *address;
    } cases[] = {
        { OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 56324 143\r\n"), "192.0.2.7" },
        { OCTETS("PROXY TCP4 1.1.1.1 2.2.2.2 0 0\r\n"), "1.1.1.1" },
        { OCTETS("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
          "255.255.255.255" },
        { OCTETS("PROXY TCP6 2001:db8::7 2001:db8::1 56324 993\r\n"), "2001:db8::7" },
        { OCTETS("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
        { OCTETS("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 1\r\n"), "::ffff:192.0.2.7" },
        { OCTETS("PROXY UNKNOWN\r\n"), NULL },
        { OCTETS("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), NULL },
        { OCTETS("PROXY UNKNOWN anything, \xff, at all\r\n"), NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_client(&cases[i].header, cases[i].address);
}

#define TCP4 "\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x00\x8f"
#define TCP6                                                                                   \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"     \
    "\xdc\x04\x03\xe1"

static void test_version_2(void **state)
{
    (void)state;
    static const struct {
        struct octets header;
        const char *address;
    } cases[] = {
        { OCTETS(V2 "\x21\x11\x00\x0c" TCP4), "192.0.2.7" },
        { OCTETS(V2 "\x21\x21\x00\x24" TCP6), "2001:db8::7" },
        /* Additions: a name, nothing at all, an unknown type. */
        { OCTETS(V2 "\x21\x11\x00\x1a" TCP4 "\x02\x00\x04host\x04\x00\x00\xee\x00\x01x"),
          "192.0.2.7" },
        { OCTETS(V2 "\x20\x00\x00\x00"), NULL },
        { OCTETS(V2 "\x20\x11\x00\x0c" TCP4), NULL }, /* LOCAL: passed over */
        { OCTETS(V2 "\x20\xff\x00\x03xyz"), NULL },
        { OCTETS(V2 "\x21\x00\x00\x00"), NULL }, /* UNSPEC */
        { OCTETS(V2 "\x21\x00\x00\x04what"), NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_client(&cases[i].header, cases[i].address);

    unsigned char local[16 + 216 + 3] = V2;
    local[12] = 0x21;
    local[13] = 0x31; /* a Unix socket's */
    local[15] = 216 + 3;
    struct octets header = { (const char *)local, sizeof local };
    is_client(&header, NULL);
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct octets cases[] = {
        OCTETS("a1 CAPABILITY\r\na2 LOGIN ann secret\r\n"),
        OCTETS("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client"),
        OCTETS("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        OCTETS("proxy TCP4 192.0.2.7 198.51.100.1 56324 143\r\n"),
        OCTETS("PROXY  TCP4 192.0.2.7 198.51.100.1 56324 143\r\n"),
        OCTETS("PROXY TCP5 192.0.2.7 198.51.100.1 56324 143\r\n"),
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 56324 143\n"),
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 56324 143\r\r\n"),
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 56324 143 \r\n"),
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 56324 143 1\r\n"),
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n"),
        OCTETS("PROXY TCP4 192.0.2.7  198.51.100.1 56324 143\r\n"),
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 65536 143\r\n"),
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 056 143\r\n"),
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 -1 143\r\n"),
        OCTETS("PROXY TCP4 192.0.2.7 198.51.100.1 123456789012 143\r\n"),
        OCTETS("PROXY TCP4 192.0.2 198.51.100.1 56324 143\r\n"),
        OCTETS("PROXY TCP4 192.0.2.07 198.51.100.1 56324 143\r\n"),
        OCTETS("PROXY TCP4 2001:db8::7 2001:db8::1 56324 143\r\n"),
        OCTETS("PROXY TCP6 192.0.2.7 198.51.100.1 56324 143\r\n"),
        OCTETS("PROXY TCP4 192.0.2.7\0 198.51.100.1 56324 143\r\n"),
        OCTETS("PROXY UNKNOWN\0\r\n"),
        OCTETS("PROXY UNKNOWNED\r\n"),
        OCTETS("PROXY \r\n and so on"),
        OCTETS("PROXY TCP4 \r\n and so on"),
        OCTETS("PROXY TCP4 %s%n%s%n%s %n%n%n%n 1 1\r\n"),
        OCTETS("PROXY UNKNOWN 8901234567890123456789012345678901234567890123456789012345678901"
               "23456789012345678901234567890123456789012345678901234567890\r\n"),
        OCTETS(V2 "\x11\x11\x00\x0c" TCP4), /* version 1 in version 2's form */
        OCTETS(V2 "\x31\x11\x00\x0c" TCP4),
        OCTETS(V2 "\x22\x11\x00\x0c" TCP4),     /* no such command */
        OCTETS(V2 "\x21\x12\x00\x0c" TCP4),     /* datagrams */
        OCTETS(V2 "\x21\x41\x00\x0c" TCP4),     /* no such family */
        OCTETS(V2 "\x21\x11\x00\x0b" TCP4),     /* too short for its addresses */
        OCTETS(V2 "\x21\x21\x00\x0c" TCP4),     /* IPv4's for IPv6 */
        OCTETS(V2 "\x21\x31\x00\x0c" TCP4),     /* and for a Unix socket */
        OCTETS(V2 "\x21\x11\x00\x0d" TCP4 "x"), /* additions that are cut off */
        OCTETS(V2 "\x21\x11\x00\x0f" TCP4 "\x01\x00\x01"),
        OCTETS(V2 "\x21\x11\x00\x10" TCP4 "\x01\xff\xffx"),
        OCTETS(V2 "\x21\x11\x0f\xf1" TCP4), /* one octet more than are taken */
        OCTETS(V2 "\x21\x11\xff\xff" TCP4),
        OCTETS(V2 "\x20\x00\xff\xff"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct proxy_header h;
        size_t used = 0;
        if (look(&cases[i], &h, &used) != PROXY_WRONG)
            fail_msg("taken, number %zu: %s", i, cases[i].at);
        assert_true(used <= 107);
    }
}

/* The longest of each version. */
static void test_longest(void **state)
{
    (void)state;
    char v1[108] = "PROXY UNKNOWN ";
    memset(v1 + 14, 'x', sizeof v1 - 14);
    memcpy(v1 + 105, "\r\n", 2);
    struct octets header = { v1, 107 };
    is_client(&header, NULL);
    memcpy(v1 + 105, "x\r\n", 3);
    header.n = 108;
    struct proxy_header h;
    size_t used = 0;
    assert_int_equal(look(&header, &h, &used), PROXY_WRONG);

    unsigned char v2[PROXY_HEADER_MAX] = V2 "\x21\x11\x0f\xf0" TCP4;
    size_t left = sizeof v2 - 28 - 3; /* of one addition */
    v2[28] = 0xee;
    v2[29] = (unsigned char)(left >> 8);
    v2[30] = (unsigned char)left;
    header = (struct octets){ (const char *)v2, sizeof v2 };
    is_client(&header, "192.0.2.7");
}

/* --- Over a socket.
 * ----------------------------------------------------------------------------
 */

/* A client that sends the pieces, a moment between each two, and waits for the end. */
static enum proxy_got read_from(const struct octets *piece, size_t pieces, bool stays,
                                char *rest, struct proxy_header *h)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fd[0]);
        for (size_t i = 0; i < pieces; i++) {
            (void)!write(fd[1], piece[i].at, piece[i].n);
            usleep(10000);
        }
        while (stays && read(fd[1], rest, 1) > 0)
            ;
        _exit(0);
    }
    close(fd[1]);
    enum proxy_got got = proxy_read(fd[0], 1, h);
    ssize_t n = rest == NULL || got != PROXY_GOT ? 0 : read(fd[0], rest, 64);
    if (rest != NULL)
        rest[n < 0 ? 0 : n] = '\0';
    close(fd[0]);
    return got;
}

static void test_read(void **state)
{
    (void)state;
    static const struct octets whole[] = { OCTETS(
        "PROXY TCP4 192.0.2.7 1.1.1.1 1 1\r\na1 NOOP") };
    static const struct octets pieces[] = { OCTETS("PRO"), OCTETS("XY TCP4 192.0.2.7 1.1."),
                                            OCTETS("1.1 1 1\r"), OCTETS("\na1 NOOP") };
    static const struct octets two[] = { OCTETS("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00"),
                                         OCTETS("\x0c" TCP4 "a1 NOOP") };
    static const struct octets cut[] = { OCTETS("PROXY TCP4 192.0.2.7") };
    static const struct octets other[] = { OCTETS("a1 NOOP\r\n") };
    struct proxy_header h;
    char rest[65];
    assert_int_equal(read_from(whole, 1, false, rest, &h), PROXY_GOT);
    assert_string_equal(rest, "a1 NOOP");
    assert_int_equal(read_from(pieces, 4, true, rest, &h), PROXY_GOT);
    assert_string_equal(rest, "a1 NOOP");
    assert_memory_equal(h.address, "\xc0\x00\x02\x07", 4);
    assert_int_equal(read_from(two, 2, true, rest, &h), PROXY_GOT);
    assert_string_equal(rest, "a1 NOOP");
    assert_int_equal(read_from(cut, 1, false, rest, &h), PROXY_CUT);
    assert_int_equal(read_from(cut, 0, false, rest, &h), PROXY_GONE);
    assert_int_equal(read_from(other, 1, true, rest, &h), PROXY_NO_HEADER);
}

/* However slowly it drips, it is over in time. */
static void test_late(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        static const char header[] =
            "PROXY UNKNOWN ............................................";
        signal(SIGPIPE, SIG_IGN);
        close(fd[0]);
        for (size_t i = 0; i < sizeof header - 1 && write(fd[1], header + i, 1) == 1; i++)
            usleep(100000);
        _exit(0);
    }
    close(fd[1]);
    struct proxy_header h;
    time_t began = time(NULL);
    assert_int_equal(proxy_read(fd[0], 1, &h), PROXY_LATE);
    assert_true(time(NULL) - began < 4);
    close(fd[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_1), cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_wrong),     cmocka_unit_test(test_longest),
        cmocka_unit_test(test_read),      cmocka_unit_test(test_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
