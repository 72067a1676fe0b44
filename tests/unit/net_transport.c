/*
 * The stream through a transport: one that turns each octet's case, sends only when told to,
 * and can't go on every other time that it is called.
 */
#include "net/stream.h"
#include "net/transport.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Sends and receives over `fd`. */
struct turning {
    struct transport transport; /* first: one address */
    int fd;
    unsigned calls, finished;
    size_t in_n, out_n;
    unsigned char in[8], out[8192];
};

struct fixture {
    int client;
    struct turning turning;
    struct stream stream;
};

static bool refuses(struct turning *t)
{
    if (++t->calls % 2 == 0)
        return false;
    errno = EAGAIN;
    t->transport.waits = POLLOUT; /* there is always room: comes back at once */
    return true;
}

static ssize_t turn_read(struct transport *transport, void *to, size_t n)
{
    struct turning *t = (struct turning *)transport;
    if (refuses(t))
        return -1;
    if (t->in_n == 0) {
        ssize_t got = recv(t->fd, t->in, sizeof t->in, MSG_DONTWAIT);
        t->transport.waits = POLLIN;
        if (got <= 0)
            return got;
        t->in_n = (size_t)got;
    }
    *(unsigned char *)to = t->in[0] ^ 0x20;
    memmove(t->in, t->in + 1, --t->in_n);
    return n > 0 ? 1 : 0;
}

static void turn_send(struct turning *t)
{
    assert_int_equal(send(t->fd, t->out, t->out_n, MSG_DONTWAIT), t->out_n);
    t->out_n = 0;
}

static ssize_t turn_write(struct transport *transport, const void *from, size_t n)
{
    struct turning *t = (struct turning *)transport;
    if (refuses(t))
        return -1;
    if (t->out_n == sizeof t->out)
        turn_send(t);
    size_t room = sizeof t->out - t->out_n;
    n = n > room ? room : n;
    n = n > 1000 ? 1000 : n;
    for (size_t i = 0; i < n; i++)
        t->out[t->out_n++] = ((const unsigned char *)from)[i] ^ 0x20;
    return (ssize_t)n;
}

static bool turn_flush(struct transport *transport)
{
    struct turning *t = (struct turning *)transport;
    if (refuses(t))
        return false;
    turn_send(t);
    return true;
}

static bool turn_pending(const struct transport *transport)
{
    return ((const struct turning *)transport)->in_n > 0;
}

static void turn_finish(struct transport *transport)
{
    ((struct turning *)transport)->finished++;
}

static int open_pair(void **state)
{
    int fd[2];
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
        return -1;
    f->client = fd[0];
    f->turning = (struct turning){ .transport = { turn_read, turn_write, turn_flush,
                                                  turn_pending, turn_finish, 0 },
                                   .fd = fd[1] };
    stream_init(&f->stream, fd[1], fd[1], 20);
    *state = f;
    return 0;
}

static int close_pair(void **state)
{
    struct fixture *f = *state;
    close(f->turning.fd);
    close(f->client);
    free(f);
    return 0;
}

static void says(struct fixture *f, const char *text)
{
    assert_int_equal(write(f->client, text, strlen(text)), strlen(text));
}

static void reads(struct fixture *f, const char *text)
{
    struct source *src = &f->stream.source;
    for (; *text != '\0'; text++) {
        assert_true(src->pos != src->end || src->fill(src));
        assert_int_equal(*src->pos++, *text);
    }
}

static void hears(struct fixture *f, const char *text)
{
    char got[256] = "";
    ssize_t n = recv(f->client, got, sizeof got - 1, MSG_DONTWAIT);
    assert_int_equal(n, strlen(text));
    assert_string_equal(got, text);
}

static void test_both_ways(void **state)
{
    struct fixture *f = *state;
    stream_through(&f->stream, &f->turning.transport);
    assert_true(stream_puts(&f->stream, "first"));
    says(f, "ABCdefGHIjklMNO");
    reads(f, "abcDEFghiJKLmno"); /* sends first */
    hears(f, "FIRST");
    assert_int_equal(f->stream.octets_in, 15);
    assert_int_equal(f->stream.octets_out, 5);
    shutdown(f->client, SHUT_WR);
    assert_false(f->stream.source.fill(&f->stream.source));
    assert_int_equal(f->stream.state, STREAM_EOF);
}

/* More than either buffer holds, and none of it lost, doubled or out of order. */
static void test_much(void **state)
{
    struct fixture *f = *state;
    enum { LINES = 12000, LINE = 8 };
    static char got[(LINES + 1) * LINE];
    char line[LINE + 1];
    size_t have = 0;
    stream_through(&f->stream, &f->turning.transport);
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "a%07u", i);
        assert_true(stream_write(&f->stream, line, LINE));
        ssize_t n = recv(f->client, got + have, sizeof got - have, MSG_DONTWAIT);
        have += n > 0 ? (size_t)n : 0;
    }
    assert_true(stream_flush(&f->stream));
    for (ssize_t n; (n = recv(f->client, got + have, sizeof got - have, MSG_DONTWAIT)) > 0;)
        have += (size_t)n;
    assert_int_equal(have, LINES * LINE);
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "a%07u", i);
        for (size_t k = 0; k < LINE; k++)
            assert_int_equal(got[i * LINE + k], line[k] ^ 0x20);
    }
}

/* What came before the transport is not taken for what came through it. */
static void test_forgets(void **state)
{
    struct fixture *f = *state;
    says(f, "a1 STARTTLS\r\na2 LOGIN");
    reads(f, "a1 STARTTLS\r\n");
    stream_through(&f->stream, &f->turning.transport);
    says(f, "X");
    reads(f, "x");
}

/* What the transport has already is input at hand, though nothing waits in the descriptor. */
static void test_wait(void **state)
{
    struct fixture *f = *state;
    stream_through(&f->stream, &f->turning.transport);
    assert_int_equal(stream_wait(&f->stream, -1, 0), 0);
    says(f, "AB");
    reads(f, "a");
    assert_int_equal(stream_wait(&f->stream, -1, 0), STREAM_WAIT_INPUT);
    reads(f, "b");
    assert_int_equal(stream_wait(&f->stream, -1, 0), 0);
}

static void test_part(void **state)
{
    struct fixture *f = *state;
    stream_through(&f->stream, &f->turning.transport);
    assert_true(stream_puts(&f->stream, "bye"));
    shutdown(f->client, SHUT_WR);
    stream_part(&f->stream);
    hears(f, "BYE");
    assert_int_equal(f->turning.finished, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_both_ways, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_much, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_forgets, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_wait, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_part, open_pair, close_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
