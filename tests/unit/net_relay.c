/*
 * The relay, between a client behind a transport that is a socket and no more, and a session:
 * both directions, both kinds of end, and sides that do not take what is sent.
 */
#include "net/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct plain {
    struct transport transport; /* first: one address */
    int fd;
    size_t begin, end;
    char out[100000];
};

static bool later(struct plain *p, short waits)
{
    p->transport.waits = waits;
    return false;
}

static bool plain_flush(struct transport *t)
{
    struct plain *p = (struct plain *)t;
    while (p->begin < p->end) {
        ssize_t n =
            send(p->fd, p->out + p->begin, p->end - p->begin, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            return later(p, POLLOUT);
        p->begin += (size_t)n;
    }
    p->begin = p->end = 0;
    return true;
}

static ssize_t plain_write(struct transport *t, const void *from, size_t n)
{
    struct plain *p = (struct plain *)t;
    if (!plain_flush(t))
        return -1;
    n = n < sizeof p->out ? n : sizeof p->out;
    memcpy(p->out, from, n);
    p->end = n;
    return (ssize_t)n;
}

static ssize_t plain_read(struct transport *t, void *to, size_t n)
{
    struct plain *p = (struct plain *)t;
    p->transport.waits = POLLIN;
    return recv(p->fd, to, n, MSG_DONTWAIT);
}

static bool plain_pending(const struct transport *t)
{
    (void)t;
    return false;
}

static void plain_finish(struct transport *t)
{
    (void)plain_flush(t);
}

/* Runs the relay in a child; its exit status is how it ended. */
struct fixture {
    int client, session;
    pid_t relay;
};

static int begin_with(void **state, unsigned patience)
{
    int client[2];
    int session[2];
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, client) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, session) < 0)
        return -1;
    f->relay = fork();
    if (f->relay == 0) {
        static struct plain p = { .transport = { plain_read, plain_write, plain_flush,
                                                 plain_pending, plain_finish, 0 } };
        close(client[0]);
        close(session[0]);
        alarm(60);
        p.fd = client[1];
        _exit((int)relay(&p.transport, client[1], session[1], patience));
    }
    close(client[1]);
    close(session[1]);
    f->client = client[0];
    f->session = session[0];
    *state = f;
    return f->relay < 0 ? -1 : 0;
}

static int begin(void **state)
{
    return begin_with(state, 0);
}

static int begin_impatient(void **state)
{
    return begin_with(state, 1);
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int end(void **state)
{
    struct fixture *f = *state;
    shut(&f->client);
    shut(&f->session);
    if (f->relay > 0) {
        kill(f->relay, SIGKILL);
        waitpid(f->relay, NULL, 0);
    }
    free(f);
    return 0;
}

static void ended(struct fixture *f, enum relay_end how)
{
    int status = 0;
    assert_int_equal(waitpid(f->relay, &status, 0), f->relay);
    f->relay = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), how);
}

static void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void hear(int fd, const char *text)
{
    char got[256];
    size_t n = strlen(text);
    assert_int_equal(recv(fd, got, n, MSG_WAITALL), n);
    assert_memory_equal(got, text, n);
}

static void hear_end(int fd)
{
    char c;
    assert_int_equal(read(fd, &c, 1), 0);
}

static void test_talk(void **state)
{
    struct fixture *f = *state;
    say(f->client, "a1 NOOP\r\n");
    hear(f->session, "a1 NOOP\r\n");
    say(f->session, "a1 OK\r\n");
    hear(f->client, "a1 OK\r\n");
    say(f->session, "* BYE\r\n");
    shut(&f->session);
    hear(f->client, "* BYE\r\n");
    hear_end(f->client);
    shut(&f->client);
    ended(f, RELAY_SESSION);
}

/* 8 MiB each way at the same time, by two children, read here slowly and in order. */
#define MUCH ((size_t)8 << 20)

static pid_t write_much(int fd, unsigned seed)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    uint32_t x = seed;
    unsigned char block[4096];
    for (size_t n = 0; n < MUCH; n += sizeof block) {
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = (unsigned char)((x = x * 1664525 + 1013904223) >> 24);
        for (size_t at = 0; at < sizeof block;) {
            ssize_t done = write(fd, block + at, sizeof block - at);
            if (done < 0)
                _exit(1);
            at += (size_t)done;
        }
    }
    _exit(0);
}

/* The next piece, if there is one. */
static void read_some(int fd, uint32_t *x, size_t *total)
{
    unsigned char got[5000];
    ssize_t n = recv(fd, got, sizeof got, MSG_DONTWAIT);
    for (ssize_t i = 0; i < n; i++) {
        *x = *x * 1664525 + 1013904223;
        assert_int_equal(got[i], *x >> 24);
    }
    *total += n > 0 ? (size_t)n : 0;
}

static void test_much(void **state)
{
    struct fixture *f = *state;
    uint32_t x[2] = { 1, 2 };
    size_t total[2] = { 0, 0 };
    pid_t writer[2] = { write_much(f->session, 1), write_much(f->client, 2) };
    while (total[0] < MUCH || total[1] < MUCH) {
        struct pollfd fds[2] = { { .fd = f->client, .events = POLLIN },
                                 { .fd = f->session, .events = POLLIN } };
        assert_true(poll(fds, 2, 60000) > 0);
        read_some(f->client, &x[0], &total[0]);
        read_some(f->session, &x[1], &total[1]);
    }
    for (int i = 0; i < 2; i++) {
        int status = 1;
        waitpid(writer[i], &status, 0);
        assert_int_equal(status, 0);
    }
}

/* One side takes nothing: the other direction goes on. */
static void test_one_way_full(void **state)
{
    struct fixture *f = *state;
    static char block[65536];
    fcntl(f->session, F_SETFL, O_NONBLOCK);
    struct pollfd room = { .fd = f->session, .events = POLLOUT };
    while (poll(&room, 1, 200) > 0) { /* until relay and kernel hold all they can */
        while (write(f->session, block, sizeof block) > 0)
            continue;
    }
    say(f->client, "a1 LOGOUT\r\n");
    fcntl(f->session, F_SETFL, 0);
    hear(f->session, "a1 LOGOUT\r\n");
    fcntl(f->client, F_SETFL, O_NONBLOCK);
    struct pollfd space = { .fd = f->client, .events = POLLOUT };
    while (poll(&space, 1, 200) > 0) {
        while (write(f->client, block, sizeof block) > 0)
            continue;
    }
    shut(&f->client);
    ended(f, RELAY_CLIENT);
}

/* The client says no more, but listens: RFC 8446 section 6.1. */
static void test_half_close(void **state)
{
    struct fixture *f = *state;
    say(f->client, "a1 FETCH\r\n");
    shutdown(f->client, SHUT_WR);
    hear(f->session, "a1 FETCH\r\n");
    hear_end(f->session);
    say(f->session, "* 1 FETCH\r\n");
    hear(f->client, "* 1 FETCH\r\n");
    say(f->session, "a1 OK\r\n");
    shut(&f->session);
    hear(f->client, "a1 OK\r\n");
    hear_end(f->client);
    ended(f, RELAY_SESSION);
}

/* What the session had said when it ended arrives, also when it left input unread. */
static void test_last_words(void **state)
{
    struct fixture *f = *state;
    static char block[200000];
    say(f->client, "a1 LOGOUT\r\na2 NOOP\r\n");
    hear(f->session, "a1 LOGOUT\r\n");
    memset(block, 'x', sizeof block);
    pid_t writer = fork();
    if (writer == 0)
        _exit(write(f->session, block, sizeof block) == (ssize_t)sizeof block ? 0 : 1);
    shut(&f->session);
    static char got[sizeof block];
    assert_int_equal(recv(f->client, got, sizeof got, MSG_WAITALL), sizeof got);
    assert_memory_equal(got, block, sizeof got);
    hear_end(f->client);
    waitpid(writer, NULL, 0);
    shut(&f->client);
    ended(f, RELAY_SESSION);
}

static void test_client_gone(void **state)
{
    struct fixture *f = *state;
    shut(&f->client);
    hear_end(f->session);
    say(f->session, "too late\r\n");
    ended(f, RELAY_CLIENT);
}

/* A client that takes nothing is left when its time is up. */
static void test_stalled(void **state)
{
    struct fixture *f = *state;
    static char block[1 << 20];
    pid_t writer = fork();
    if (writer == 0) {
        signal(SIGPIPE, SIG_IGN);
        (void)!write(f->session, block, sizeof block);
        _exit(0);
    }
    ended(f, RELAY_STALLED);
    waitpid(writer, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_talk, begin, end),
        cmocka_unit_test_setup_teardown(test_much, begin, end),
        cmocka_unit_test_setup_teardown(test_one_way_full, begin, end),
        cmocka_unit_test_setup_teardown(test_half_close, begin, end),
        cmocka_unit_test_setup_teardown(test_last_words, begin, end),
        cmocka_unit_test_setup_teardown(test_client_gone, begin, end),
        cmocka_unit_test_setup_teardown(test_stalled, begin_impatient, end),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
