/* LF to CRLF, counted, converted and sent, against the plainest way to do it: random octets,
 * many lengths, every place in a vector, room that runs short, BODY[] without a parse. */
#include "message/octets.h"

#include "memory_input.h"
#include "message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static unsigned seed = 2463534242;

static unsigned next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* n octets on the heap, exactly, so that a sanitizer sees a step over their end. One in `rare`
 * is one that matters. */
static char *random_octets(size_t n, unsigned rare)
{
    static const char special[] = { '\n', '\r', '\0', '\n' };
    char *p = malloc(n > 0 ? n : 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = next_random() % rare == 0 ? special[next_random() % 4]
                                         : (char)(1 + next_random() % 255);
    return p;
}

static size_t plainly(char *out, const char *p, size_t n, char before, uint64_t *lines_r)
{
    size_t made = 0;
    *lines_r = 0;
    for (size_t i = 0; i < n; before = p[i++]) {
        *lines_r += p[i] == '\n';
        if (p[i] == '\n' && before != '\r')
            out[made++] = '\r';
        out[made++] = (char)(p[i] == '\0' ? 0x80 : p[i]);
    }
    return made;
}

static void check(const char *p, size_t n, char before, size_t room)
{
    char *plain = malloc(2 * n + 1);
    char *got = malloc(2 * n + 1);
    char *piece = malloc(room);
    assert_true(plain != NULL && got != NULL && piece != NULL);
    uint64_t lines;
    size_t made = plainly(plain, p, n, before, &lines);
    struct octet_mark mark = { 7, 7, 7 };
    unsigned char last = (unsigned char)before;
    octets_count(&mark, &last, p, n);
    assert_int_equal(mark.raw, 7 + n);
    assert_int_equal(mark.octets, 7 + made);
    assert_int_equal(mark.lines, 7 + lines);
    assert_int_equal(last, n > 0 ? (unsigned char)p[n - 1] : (unsigned char)before);
    last = (unsigned char)before;
    assert_int_equal(octets_convert(got, p, n, &last), made);
    assert_memory_equal(got, plain, made);
    size_t used;
    size_t out = 0;
    last = (unsigned char)before;
    for (size_t at = 0; at < n; at += used) {
        size_t some = octets_convert_some(piece, room, p + at, n - at, &last, &used);
        assert_in_range(used, 1, n - at);
        assert_in_range(some, used, room);
        assert_true(used == n - at || some > room - 24); /* the room is made use of */
        assert_int_equal(last, (unsigned char)p[at + used - 1]);
        assert_true(out + some <= made);
        assert_memory_equal(piece, plain + out, some);
        out += some;
    }
    assert_int_equal(out, made);
    free(plain);
    free(got);
    free(piece);
}

static void any_octets(void **state)
{
    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        size_t n = next_random() % 150;
        char *p = random_octets(n, 1 + next_random() % 40);
        check(p, n, "a\r\n"[next_random() % 3], OCTETS_ROOM_MIN + next_random() % 100);
        free(p);
    }
    /* More of a kind in a row than an octet can count. */
    static const char *const all[] = { "\n", "\r\n", "\r", "\0", "a\n" };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char p[9000];
        size_t len = i == 3 ? 1 : strlen(all[i]);
        for (size_t at = 0; at < sizeof p; at++)
            p[at] = all[i][at % len];
        for (size_t n = sizeof p - 40; n < sizeof p; n++)
            check(p, n, '\n', 4096);
    }
}

/* Room of the size that is asked for, taken into a buffer. */
struct rooms {
    struct message_room room;
    struct buffer out;
    size_t size;
    size_t refuse_at; /* lends no more once so many octets were taken; 0: always lends */
    char *lent;
};

static char *lend(struct message_room *room, size_t *n_r)
{
    struct rooms *r = (struct rooms *)room;
    free(r->lent);
    r->lent = NULL;
    if (r->refuse_at > 0 && r->out.len >= r->refuse_at)
        return NULL;
    *n_r = r->size;
    r->lent = malloc(r->size);
    assert_non_null(r->lent);
    return r->lent;
}

static void take(struct message_room *room, size_t n)
{
    struct rooms *r = (struct rooms *)room;
    assert_true(n <= r->size);
    assert_true(buffer_append(&r->out, r->lent, n));
}

static void rooms_init(struct rooms *r, size_t size)
{
    *r = (struct rooms){ .room = { lend, take }, .size = size };
    buffer_init(&r->out, (size_t)1 << 24);
}

static void rooms_free(struct rooms *r)
{
    free(r->lent);
    buffer_free(&r->out);
}

/* An input that has its octets in memory of its own. */
static ssize_t memory_peek(struct message_input *in, const char **octets_r, size_t n,
                           uint64_t off)
{
    static char held[70000];
    *octets_r = held;
    return memory_pread(in, held, n < sizeof held ? n : sizeof held, off);
}

static void send_range(struct memory_input *m, const struct section_data *data,
                       const char *plain, uint64_t first, uint64_t count, size_t room)
{
    struct rooms to;
    rooms_init(&to, room);
    assert_int_equal(message_send_into(&m->in, data, first, count, &to.room), MESSAGE_OK);
    assert_int_equal(to.out.len, count);
    if (count > 0)
        assert_memory_equal(to.out.data, plain + first, count);
    struct memory_sink sink;
    memory_sink_init(&sink);
    assert_int_equal(message_send(&m->in, data, first, count, &sink.sink), MESSAGE_OK);
    assert_int_equal(sink.out.len, count);
    if (count > 0)
        assert_memory_equal(sink.out.data, plain + first, count);
    buffer_free(&sink.out);
    rooms_free(&to);
}

/* Any range of any message, in any room, from either kind of input. */
static void whole(const char *p, size_t n, size_t ranges)
{
    char *plain = malloc(2 * n + 1);
    assert_non_null(plain);
    uint64_t lines;
    size_t made = plainly(plain, p, n, '\0', &lines);
    struct memory_input m;
    memory_input_init(&m, p, n);
    m.in.peek = next_random() % 2 == 0 ? memory_peek : NULL;
    m.step = next_random() % 3 == 0 ? 1 + next_random() % 5000 : 0;
    struct section_data data;
    uint64_t measured;
    assert_int_equal(message_measure(&m.in, &measured), MESSAGE_OK);
    assert_int_equal(measured, made);
    assert_int_equal(message_whole(&m.in, &data), MESSAGE_OK);
    assert_true(data.exists);
    assert_false(data.use_made);
    assert_int_equal(data.raw, 0);
    assert_int_equal(data.raw_len, n);
    assert_int_equal(data.octets, made);
    send_range(&m, &data, plain, 0, made, MESSAGE_ROOM_MIN + next_random() % 40000);
    for (; ranges > 0; ranges--) {
        uint64_t first = next_random() % (made + 1);
        uint64_t count = next_random() % (made - first + 1);
        send_range(&m, &data, plain, first, count, MESSAGE_ROOM_MIN + next_random() % 400);
    }
    section_data_free(&data);
    free(plain);
}

static void whole_messages(void **state)
{
    (void)state;
    for (size_t round = 0; round < 3000; round++) {
        size_t n = next_random() % 400;
        char *p = random_octets(n, 1 + next_random() % 40);
        whole(p, n, 5);
        free(p);
    }
    static const size_t around[] = { 32768, 65536, 131072 };
    for (size_t round = 0; round < 60; round++) {
        size_t n = around[round % 3] - 30 + next_random() % 60;
        char *p = random_octets(n, 1 + next_random() % 200);
        whole(p, n, 3);
        free(p);
    }
}

/* What fails, and what has shrunk since it was counted. */
static void errors(void **state)
{
    (void)state;
    struct memory_input m;
    struct section_data data;
    struct rooms to;
    rooms_init(&to, 64);
    memory_input_init(&m, "Subject: x\n\nline\nline\n", 22);
    assert_int_equal(message_whole(&m.in, &data), MESSAGE_OK);
    m.len = 15;
    assert_int_equal(message_send_into(&m.in, &data, 0, data.octets, &to.room),
                     MESSAGE_CHANGED);
    assert_string_equal(buffer_string(&to.out), "Subject: x\r\n\r\nlin");
    to.refuse_at = 1;
    assert_int_equal(message_send_into(&m.in, &data, 0, data.octets, &to.room), MESSAGE_SINK);
    to.refuse_at = 0;
    m.fail_after = m.calls;
    assert_int_equal(message_send_into(&m.in, &data, 0, data.octets, &to.room), MESSAGE_IO);
    assert_int_equal(message_whole(&m.in, &data), MESSAGE_IO);
    assert_false(data.exists);
    uint64_t octets;
    assert_int_equal(message_measure(&m.in, &octets), MESSAGE_IO);
    rooms_free(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_octets),
        cmocka_unit_test(whole_messages),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
