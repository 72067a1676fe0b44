/* Who is at the other end: every kind of descriptor that a server may be started on. */
#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void expect(int fd, enum peer_kind kind, bool by_name, const char *text)
{
    struct peer peer;
    peer_of(fd, &peer);
    assert_int_equal(peer.kind, kind);
    assert_int_equal(peer.by_name, by_name);
    if (text != NULL)
        assert_string_equal(peer.text, text);
}

static void test_no_socket(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    expect(fd[0], PEER_LOCAL, false, "local");
    expect(fd[1], PEER_LOCAL, false, "local");
    close(fd[0]);
    close(fd[1]);
    expect(fd[0], PEER_LOCAL, false, "local"); /* not even open */
}

static void test_socketpair(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    expect(fd[0], PEER_LOCAL, false, "local");
    /* A client that has said all and gone (Tunnel) is still to be served. */
    close(fd[1]);
    expect(fd[0], PEER_LOCAL, false, "local");
    close(fd[0]);
}

/* A connection over a listening socket of this address; the accepted end. */
static int accepted(const struct sockaddr *address, socklen_t n, int *client_r)
{
    struct sockaddr_storage bound;
    socklen_t bound_n = sizeof bound;
    int listener = socket(address->sa_family, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, address, n) < 0) {
        if (listener >= 0)
            close(listener);
        return -1; /* no IPv6 here */
    }
    assert_int_equal(listen(listener, 1), 0);
    expect(listener, PEER_LISTENING, true, NULL);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&bound, &bound_n), 0);
    *client_r = socket(address->sa_family, SOCK_STREAM, 0);
    assert_int_equal(connect(*client_r, (struct sockaddr *)&bound, bound_n), 0);
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    close(listener);
    return fd;
}

static void test_unix(void **state)
{
    (void)state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/net_peer.%d", (int)getpid());
    int client = -1;
    int fd = accepted((struct sockaddr *)&address, sizeof address, &client);
    unlink(address.sun_path);
    expect(fd, PEER_LOCAL, true, "local");
    close(fd);
    close(client);
    /* A name that is in no directory is one all the same. */
    memset(address.sun_path, 0, sizeof address.sun_path);
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "net_peer.%d", (int)getpid());
    fd = accepted((struct sockaddr *)&address, sizeof address, &client);
    expect(fd, PEER_LOCAL, true, "local");
    close(fd);
    close(client);
}

static void test_ipv4(void **state)
{
    (void)state;
    struct sockaddr_in address = { .sin_family = AF_INET };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = -1;
    int fd = accepted((struct sockaddr *)&address, sizeof address, &client);
    expect(fd, PEER_LOOPBACK, true, "127.0.0.1");
    peer_tune(fd);
    int value = 0;
    socklen_t n = sizeof value;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &n), 0);
    assert_int_equal(value, 1);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &n), 0);
    assert_int_not_equal(value, 0);
    /* Reset by the client before we looked. */
    struct linger now = { 1, 0 };
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(client);
    usleep(10000);
    expect(fd, PEER_GONE, true, NULL);
    close(fd);
}

static void test_ipv6(void **state)
{
    (void)state;
    struct sockaddr_in6 address = { .sin6_family = AF_INET6,
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int client = -1;
    int fd = accepted((struct sockaddr *)&address, sizeof address, &client);
    if (fd < 0)
        skip();
    expect(fd, PEER_LOOPBACK, true, "::1");
    close(fd);
    close(client);
}

/* systemd and xinetd listen on "::" and get IPv4 clients there, too. */
static void test_mapped(void **state)
{
    (void)state;
    struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
    int listener = socket(AF_INET6, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&any, sizeof any) < 0)
        skip();
    assert_int_equal(listen(listener, 1), 0);
    socklen_t n = sizeof any;
    assert_int_equal(getsockname(listener, (struct sockaddr *)&any, &n), 0);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = any.sin6_port };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, (struct sockaddr *)&to, sizeof to) < 0)
        skip();
    int fd = accept(listener, NULL, NULL);
    expect(fd, PEER_LOOPBACK, true, "127.0.0.1");
    close(fd);
    close(client);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_socket), cmocka_unit_test(test_socketpair),
        cmocka_unit_test(test_unix),      cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_ipv6),      cmocka_unit_test(test_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
