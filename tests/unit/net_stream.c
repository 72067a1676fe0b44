/* The stream: what is written arrives, in order, before waiting for input; ends and timeouts.
 */
#include "net/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

struct fixture {
    int client;
    struct stream *stream;
    size_t heard;
};

static int open_pair(void **state)
{
    int fd[2];
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
        return -1;
    f->client = fd[0];
    f->stream = calloc(1, sizeof *f->stream);
    if (f->stream == NULL)
        return -1;
    stream_init(f->stream, fd[1], fd[1], 0);
    *state = f;
    return 0;
}

static int close_pair(void **state)
{
    struct fixture *f = *state;
    close(f->stream->in_fd);
    if (f->client >= 0)
        close(f->client);
    free(f->stream);
    free(f);
    return 0;
}

static void says(struct fixture *f, const char *text)
{
    assert_int_equal(write(f->client, text, strlen(text)), strlen(text));
}

static void hears(struct fixture *f, const char *text)
{
    char got[256] = "";
    ssize_t n = recv(f->client, got, sizeof got - 1, MSG_DONTWAIT);
    assert_int_equal(n, strlen(text));
    assert_string_equal(got, text);
}

/* What is made in place comes between what is written before and after it. */
static void test_room(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    size_t room;
    assert_true(stream_puts(s, "* "));
    char *p = stream_room(s, &room);
    assert_in_range(room, STREAM_ROOM_MIN, sizeof s->out);
    memcpy(p, "made", 4);
    stream_take(s, 4);
    assert_true(stream_puts(s, " here") && stream_flush(s));
    hears(f, "* made here");
    /* Never less than was promised, however full it is, and in order. */
    size_t total = 0;
    for (unsigned round = 0; round < 1000; round++) {
        p = stream_room(s, &room);
        assert_in_range(room, STREAM_ROOM_MIN, sizeof s->out);
        size_t n = round * 131 % (room + 1) % 5000;
        for (size_t i = 0; i < n; i++)
            p[i] = (char)((total + i) * 3);
        stream_take(s, n);
        char got[16384];
        ssize_t heard;
        while ((heard = recv(f->client, got, sizeof got, MSG_DONTWAIT)) > 0)
            for (ssize_t i = 0; i < heard; i++)
                assert_int_equal(got[i], (char)(f->heard++ * 3));
        total += n;
    }
    stream_end(s, STREAM_FAILED);
    assert_null(stream_room(s, &room));
}

static void test_answers_before_waiting(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    says(f, "ab");
    assert_true(stream_puts(s, "hello "));
    assert_true(stream_printf(s, "%d", 7));
    char none[8];
    assert_int_equal(recv(f->client, none, sizeof none, MSG_DONTWAIT), -1);
    assert_true(s->source.fill(&s->source));
    hears(f, "hello 7");
    assert_int_equal(s->source.end - s->source.pos, 2);
    assert_int_equal(s->octets_in, 2);
    assert_int_equal(s->octets_out, 7);
}

static void test_preload(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    char too_much[STREAM_IN_SIZE + 1] = "";
    assert_false(stream_preload(s, too_much, sizeof too_much));
    assert_true(stream_preload(s, "xyz", 3));
    assert_false(stream_preload(s, "more", 4));
    assert_memory_equal(s->source.pos, "xyz", 3);
    assert_int_equal(stream_wait(s, -1, 0), STREAM_WAIT_INPUT);
}

static void test_end(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    close(f->client);
    f->client = -1;
    assert_int_equal(stream_wait(s, -1, 0), STREAM_WAIT_INPUT);
    assert_false(s->source.fill(&s->source));
    assert_int_equal(s->state, STREAM_EOF);
    assert_false(stream_puts(s, "into the void"));
    assert_false(s->source.fill(&s->source));
}

static void test_deadline(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    stream_set_deadline(s, 1);
    assert_false(s->source.fill(&s->source));
    assert_int_equal(s->state, STREAM_TIMEOUT);
}

/* A client that does not read can't hold a session for ever. */
static void test_slow_reader(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    static char block[100000];
    s->timeout = 1;
    for (int i = 0; i < 100 && stream_write(s, block, sizeof block); i++)
        ;
    assert_int_equal(s->state, STREAM_TIMEOUT);
}

/* What was read when the limit was reached can be used; no more is read. */
static void test_limit(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    s->in_max = 5;
    assert_int_equal(write(f->client, "abc", 3), 3);
    assert_true(s->source.fill(&s->source));
    s->source.pos = s->source.end;
    assert_int_equal(write(f->client, "defg", 4), 4);
    assert_true(s->source.fill(&s->source));
    assert_memory_equal(s->source.pos, "defg", 4);
    s->source.pos = s->source.end;
    assert_int_equal(write(f->client, "h", 1), 1);
    assert_false(s->source.fill(&s->source));
    assert_int_equal(s->state, STREAM_LIMIT);
}

static void test_large_write(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    enum { SIZE = 3000000 };
    pid_t reader = fork();
    assert_true(reader >= 0);
    if (reader == 0) {
        size_t have = 0;
        char buf[5000];
        while (have < SIZE + 3) {
            ssize_t n = read(f->client, buf, sizeof buf);
            for (ssize_t i = 0; i < n; i++, have++)
                if (buf[i] != (have < 3 ? "abc"[have] : 'q'))
                    _exit(1);
            if (n <= 0)
                _exit(2);
        }
        _exit(0);
    }
    char *large = malloc(SIZE);
    assert_non_null(large);
    memset(large, 'q', SIZE);
    assert_true(stream_puts(s, "abc"));
    assert_true(stream_write(s, large, SIZE));
    assert_true(stream_flush(s));
    free(large);
    int status;
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(s->octets_out, SIZE + 3);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_wait_for_other(void **state)
{
    struct fixture *f = *state;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(stream_wait(f->stream, fd[0], 10), 0);
    assert_int_equal(write(fd[1], "x", 1), 1);
    assert_int_equal(stream_wait(f->stream, fd[0], 1000), STREAM_WAIT_OTHER);
    says(f, "x");
    assert_int_equal(stream_wait(f->stream, fd[0], 1000),
                     STREAM_WAIT_OTHER | STREAM_WAIT_INPUT);
    close(fd[0]);
    close(fd[1]);
}

static void test_numbers(void **state)
{
    struct fixture *f = *state;
    static const uint64_t n[] = { 0, 7, 10, 99, 100, 101, 4294967295U, UINT64_MAX };
    for (size_t i = 0; i < sizeof n / sizeof n[0]; i++) {
        char text[32];
        snprintf(text, sizeof text, "%llu", (unsigned long long)n[i]);
        assert_true(stream_put_uint(f->stream, n[i]));
        assert_true(stream_flush(f->stream));
        hears(f, text);
    }
}

/* Small writes over the edge of the buffer arrive whole and in order. */
static void test_edge(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    static char got[STREAM_OUT_SIZE * 2];
    size_t have = 0;
    for (int i = 0; i < STREAM_OUT_SIZE / 8 + 5; i++) {
        assert_true(stream_puts(s, "n "));
        assert_true(stream_put_uint(s, 100000 + (unsigned)i));
    }
    assert_true(stream_flush(s));
    while (have < STREAM_OUT_SIZE + 40) {
        ssize_t n = recv(f->client, got + have, sizeof got - have, 0);
        assert_true(n > 0);
        have += (size_t)n;
    }
    for (int i = 0; i < STREAM_OUT_SIZE / 8 + 5; i++) {
        char text[16];
        snprintf(text, sizeof text, "n %d", 100000 + i);
        assert_memory_equal(got + (ptrdiff_t)i * 8, text, 8);
    }
}

static void note(void *ctx)
{
    ++*(unsigned *)ctx;
}

/* What is held is let go before each wait for input and for room, and only then. */
static void test_before_wait(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    static char block[100000];
    unsigned waits = 0;
    stream_before_wait(s, note, &waits);
    assert_true(stream_puts(s, "answer"));
    assert_true(stream_flush(s));
    assert_int_equal(waits, 0);
    says(f, "x");
    assert_true(s->source.fill(&s->source));
    assert_int_equal(waits, 1);
    s->source.pos = s->source.end;
    assert_int_equal(stream_wait(s, -1, 0), 0);
    assert_int_equal(waits, 2);
    s->timeout = 1;
    for (int i = 0; i < 100 && stream_write(s, block, sizeof block); i++)
        ;
    assert_int_equal(s->state, STREAM_TIMEOUT);
    assert_int_equal(waits, 3);
}

static void test_before_wait_pipe(void **state)
{
    struct fixture *f = *state;
    unsigned waits = 0;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    stream_init(f->stream, f->stream->in_fd, fd[1], 0);
    stream_before_wait(f->stream, note, &waits);
    assert_true(stream_puts(f->stream, "answer"));
    assert_true(stream_flush(f->stream));
    assert_int_equal(waits, 1); /* a write to a pipe may wait */
    stream_before_wait(f->stream, NULL, NULL);
    assert_true(stream_puts(f->stream, "answer"));
    assert_true(stream_flush(f->stream));
    assert_int_equal(waits, 1);
    close(fd[0]);
    close(fd[1]);
}

static void test_wiped(void **state)
{
    struct fixture *f = *state;
    struct stream *s = f->stream;
    s->wipes = true;
    says(f, "a1 LOGIN joe secret\r\n");
    assert_true(s->source.fill(&s->source));
    s->source.pos = s->source.end;
    says(f, "x");
    assert_true(s->source.fill(&s->source));
    assert_null(memmem(s->in, sizeof s->in, "secret", 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_room, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_answers_before_waiting, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_preload, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_end, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_deadline, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_slow_reader, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_limit, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_large_write, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_wait_for_other, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_numbers, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_edge, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_before_wait, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_before_wait_pipe, open_pair, close_pair),
        cmocka_unit_test_setup_teardown(test_wiped, open_pair, close_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
