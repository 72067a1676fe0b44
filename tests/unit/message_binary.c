/* BINARY (RFC 3516): which octets a part is without its transfer encoding. */
#include "message/binary.h"

#include "memory_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
    struct memory_input m;
    struct message *msg;
    struct message_binary b;
};

static void open_octets(struct fixture *f, const char *text, size_t n)
{
    memory_input_init(&f->m, text, n);
    assert_int_equal(message_parse(&f->m.in, MESSAGE_WHOLE, &f->msg), MESSAGE_OK);
}

static void find(struct fixture *f, const char *spec)
{
    struct section s;
    memset(&s, 0, sizeof s);
    while (*spec != '\0') {
        char *end;
        s.part[s.depth++] = (uint32_t)strtoul(spec, &end, 10);
        spec = *end == '.' ? end + 1 : end;
    }
    message_binary_find(f->msg, &s, &f->b);
}

/* The range has these octets, and is a literal8 or not as they ask for. */
static void check_range(struct fixture *f, uint64_t first, uint64_t count, const char *expected,
                        size_t n)
{
    struct memory_sink to;
    memory_sink_init(&to);
    assert_int_equal(message_binary_measure(&f->m.in, &f->b, first, count), MESSAGE_OK);
    assert_int_equal(f->b.octets, n);
    assert_int_equal(f->b.nul, n > 0 && memchr(expected, '\0', n) != NULL);
    assert_int_equal(message_binary_send(&f->m.in, &f->b, &to.sink), MESSAGE_OK);
    assert_int_equal(to.out.len, n);
    if (n > 0)
        assert_memory_equal(to.out.data, expected, n);
    buffer_free(&to.out);
}

/* Whole, its size asked for before and after, and every range of it. */
static void check_octets(struct fixture *f, const char *spec, const char *expected, size_t n)
{
    uint64_t size = 0;
    find(f, spec);
    assert_int_equal(f->b.found, MESSAGE_BINARY_FOUND);
    assert_int_equal(message_binary_size(&f->m.in, &f->b, &size), MESSAGE_OK);
    assert_int_equal(size, n);
    find(f, spec);
    check_range(f, 0, UINT64_MAX, expected, n);
    assert_int_equal(message_binary_size(&f->m.in, &f->b, &size), MESSAGE_OK);
    assert_int_equal(size, n);
    for (size_t first = 0; first <= n + 1; first++) {
        size_t left = first < n ? n - first : 0;
        for (size_t count = 1; count <= left + 2; count++) {
            find(f, spec);
            check_range(f, first, count, expected + (first < n ? first : n),
                        count < left ? count : left);
        }
        check_range(f, first, UINT64_MAX, expected + (first < n ? first : n), left);
    }
    check_range(f, UINT64_MAX, 5, "", 0);
}

static void check(struct fixture *f, const char *spec, const char *expected)
{
    check_octets(f, spec, expected, strlen(expected));
}

static void one_part(const char *fields, const char *body, size_t n, const char *expected,
                     size_t expected_len)
{
    char text[4096];
    struct fixture f;
    int head = snprintf(text, sizeof text, "Subject: x\n%s\n", fields);
    memcpy(text + head, body, n);
    open_octets(&f, text, (size_t)head + n);
    check_octets(&f, "1", expected, expected_len);
    for (f.m.step = 1; f.m.step < 8; f.m.step++)
        check_octets(&f, "1", expected, expected_len);
    message_free(f.msg);
}

#define ONE(fields, body, expected)                                                            \
    one_part(fields, body, sizeof body - 1, expected, sizeof expected - 1)

static void encodings(void **state)
{
    (void)state;
    ONE("", "a\nb\r\n", "a\r\nb\r\n");
    ONE("", "a\r\nb\r\n", "a\r\nb\r\n");
    ONE("Content-Transfer-Encoding: 8bit\n", "\xc3\xa9\n\0\n", "\xc3\xa9\r\n\0\r\n");
    ONE("Content-Transfer-Encoding: 7BIT (as is)\n", "a\n", "a\r\n");
    ONE("Content-Transfer-Encoding:\n", "=41\n", "=41\r\n");
    ONE("Content-Transfer-Encoding: BASE64\n", "YQBi\nCg==\n", "a\0b\n");
    ONE("Content-Transfer-Encoding: base64\n", "", "");
    ONE("Content-Transfer-Encoding: (x) Quoted-Printable\n", "a =\nb=00=0A \nc",
        "a b\0\n\r\nc");
    /* Text has lines even when it is binary (RFC 3516 section 6); what is no text has none. */
    ONE("Content-Transfer-Encoding: binary\n", "a\n\0b\r\n", "a\r\n\0b\r\n");
    ONE("Content-Type: text/x-y\nContent-Transfer-Encoding: binary\n", "a\nb", "a\r\nb");
    ONE("Content-Type: image/png\nContent-Transfer-Encoding: binary\n",
        "\x89PNG\n\x1a\r\n\0\0\0\rIHDR\n", "\x89PNG\r\n\x1a\r\n\0\0\0\rIHDR\r\n");
    /* 8bit has lines whatever the type (RFC 2045 section 2.8). */
    ONE("Content-Type: image/svg+xml\nContent-Transfer-Encoding: 8bit\n", "<svg>\n",
        "<svg>\r\n");
}

/* Where the message ends its lines with CRLF, an LF is an LF, but in text. */
static void stored_as_it_came(void **state)
{
    (void)state;
    struct fixture f;
    static const char image[] = "Content-Type: image/png\r\n"
                                "Content-Transfer-Encoding: binary\r\n\r\n"
                                "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n";
    open_octets(&f, image, sizeof image - 1);
    check_octets(&f, "1", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n", 17);
    message_free(f.msg);
    static const char text[] = "Content-Type: text/csv\r\n"
                               "Content-Transfer-Encoding: binary\r\n\r\n"
                               "a\r\nb\n";
    open_octets(&f, text, sizeof text - 1);
    check(&f, "1", "a\r\nb\r\n");
    message_free(f.msg);
}

static const char nested[] = "Subject: outer\n"
                             "Content-Type: multipart/mixed; boundary=A\n"
                             "Content-Transfer-Encoding: base64\n\n"
                             "--A\n"
                             "Content-Transfer-Encoding: base64\n\n"
                             "b25l\n"
                             "--A\n"
                             "Content-Type: application/octet-stream\n"
                             "Content-Transfer-Encoding: x-uuencode\n\n"
                             "begin 644 x\n"
                             "--A\n"
                             "Content-Type: message/rfc822\n\n"
                             "Subject: three\n"
                             "Content-Type: multipart/mixed; boundary=B\n\n"
                             "--B\n"
                             "Content-Transfer-Encoding: quoted-printable\n\n"
                             "=\n"
                             "=74hree=2Eone=\n"
                             "--B\n\n"
                             "three.two\0\n"
                             "--B--\n"
                             "--A\n"
                             "Content-Type: message/rfc822\n"
                             "Content-Transfer-Encoding: base64\n\n"
                             "U3ViamVjdDogZm91cgoKYm9keQo=\n"
                             "--A--\n";

static void parts(void **state)
{
    (void)state;
    struct fixture f;
    open_octets(&f, nested, sizeof nested - 1);
    check(&f, "1", "one");
    check(&f, "3.1", "three.one");
    check_octets(&f, "3.2", "three.two\0", 10);
    static const char three[] = "Subject: three\r\n"
                                "Content-Type: multipart/mixed; boundary=B\r\n\r\n"
                                "--B\r\n"
                                "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                                "=\r\n"
                                "=74hree=2Eone=\r\n"
                                "--B\r\n\r\n"
                                "three.two\0\r\n"
                                "--B--";
    check_octets(&f, "3", three, sizeof three - 1);
    /* Not allowed (RFC 2046 section 5.2.1), but sent. */
    check(&f, "4", "Subject: four\n\nbody\n");
    static const char *const absent[] = { "5", "1.1", "3.3", "3.1.1", "1.1.1" };
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        uint64_t size = 1;
        find(&f, absent[i]);
        assert_int_equal(f.b.found, MESSAGE_BINARY_NIL);
        assert_int_equal(message_binary_measure(&f.m.in, &f.b, 0, UINT64_MAX), MESSAGE_OK);
        assert_int_equal(f.b.octets, 0);
        assert_int_equal(message_binary_size(&f.m.in, &f.b, &size), MESSAGE_OK);
        assert_int_equal(size, 0);
    }
    find(&f, "2");
    assert_int_equal(f.b.found, MESSAGE_BINARY_UNKNOWN);
    assert_int_equal(message_binary_measure(&f.m.in, &f.b, 0, UINT64_MAX), MESSAGE_OK);
    assert_int_equal(f.b.octets, 0);
    message_free(f.msg);
}

/* The whole message, and a multipart, as BODY has them, whatever encoding they claim; but for
 * NUL. */
static void whole(void **state)
{
    (void)state;
    struct fixture f;
    struct buffer expected;
    buffer_init(&expected, 1 << 16);
    for (size_t i = 0; i < sizeof nested - 1; i++) {
        if (nested[i] == '\n')
            buffer_putc(&expected, '\r');
        buffer_putc(&expected, nested[i]);
    }
    open_octets(&f, nested, sizeof nested - 1);
    find(&f, "");
    check_range(&f, 0, UINT64_MAX, expected.data, expected.len);
    check_range(&f, 0, 100, expected.data, 100);
    uint64_t size;
    assert_int_equal(message_binary_size(&f.m.in, &f.b, &size), MESSAGE_OK);
    assert_int_equal(size, expected.len);
    buffer_free(&expected);
    message_free(f.msg);

    static const char multipart[] = "Content-Type: multipart/mixed; boundary=A\n\n"
                                    "--A\n"
                                    "Content-Type: multipart/mixed; boundary=B\n"
                                    "Content-Transfer-Encoding: x-odd\n\n"
                                    "--B\n\nYQ==\n--B--\n"
                                    "--A--\n";
    open_octets(&f, multipart, sizeof multipart - 1);
    check(&f, "1", "--B\r\n\r\nYQ==\r\n--B--");
    message_free(f.msg);
}

/* A part that is sent as it lies in the input is read no further, and no earlier, than it is
 * asked for. */
static void reads_what_it_must(void **state)
{
    (void)state;
    enum { BODY = 1 << 20 };
    struct fixture f;
    char *text = malloc(BODY + 100);
    assert_non_null(text);
    size_t head = (size_t)snprintf(text, 100,
                                   "Content-Type: a/b\r\n"
                                   "Content-Transfer-Encoding: binary\r\n\r\n");
    memset(text + head, 'x', BODY);
    open_octets(&f, text, head + BODY);
    uint64_t size;
    find(&f, "1");
    f.m.calls = f.m.furthest = 0;
    assert_int_equal(message_binary_size(&f.m.in, &f.b, &size), MESSAGE_OK);
    assert_int_equal(size, BODY);
    assert_int_equal(f.m.calls, 0);
    check_range(&f, 1000, 10, "xxxxxxxxxx", 10);
    assert_true(f.m.furthest < head + 65536);
    f.m.calls = 0;
    check_range(&f, BODY - 3, 10, "xxx", 3);
    assert_int_equal(f.m.calls, 2);
    check_range(&f, BODY, 10, "", 0);
    check_range(&f, (uint64_t)BODY + 1, 10, "", 0);
    message_free(f.msg);
    free(text);
}

static void trouble(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t size;
    static const char text[] = "Content-Transfer-Encoding: base64\n\nYWJjZGVm\nZ2hp\n";
    open_octets(&f, text, sizeof text - 1);
    find(&f, "1");
    f.m.fail_after = 1;
    f.m.calls = 1;
    assert_int_equal(message_binary_size(&f.m.in, &f.b, &size), MESSAGE_IO);
    f.m.fail_after = 0;
    f.m.len -= 8;
    assert_int_equal(message_binary_measure(&f.m.in, &f.b, 0, UINT64_MAX), MESSAGE_CHANGED);
    f.m.len += 8;
    assert_int_equal(message_binary_measure(&f.m.in, &f.b, 0, UINT64_MAX), MESSAGE_OK);
    assert_int_equal(f.b.octets, 9);
    struct memory_sink to;
    memory_sink_init(&to);
    to.refuse_at = 4;
    assert_int_equal(message_binary_send(&f.m.in, &f.b, &to.sink), MESSAGE_SINK);
    to.refuse_at = 0;
    buffer_clear(&to.out);
    f.m.len -= 8;
    assert_int_equal(message_binary_send(&f.m.in, &f.b, &to.sink), MESSAGE_CHANGED);
    /* As long as before, but less comes out of it. */
    static const char other[] = "Content-Transfer-Encoding: base64\n\nYWJjZGVm\n----\n";
    assert_int_equal(sizeof other, sizeof text);
    f.m.data = other;
    f.m.len += 8;
    assert_int_equal(message_binary_send(&f.m.in, &f.b, &to.sink), MESSAGE_CHANGED);
    buffer_free(&to.out);
    message_free(f.msg);
}

/* An input of any length that takes no memory: `line` again and again behind `head`. */
struct endless {
    struct message_input in;
    const char *head, *line;
    uint64_t len, furthest;
};

static ssize_t endless_pread(struct message_input *in, void *buf, size_t n, uint64_t off)
{
    struct endless *e = (struct endless *)in;
    size_t head = strlen(e->head), line = strlen(e->line);
    char *p = buf;
    if (off >= e->len)
        return 0;
    if (n > e->len - off)
        n = (size_t)(e->len - off);
    for (size_t i = 0; i < n; i++, off++)
        p[i] = off < head ? e->head[off] : e->line[(off - head) % line];
    if (off > e->furthest)
        e->furthest = off;
    return (ssize_t)n;
}

struct counting_sink {
    struct message_sink sink;
    uint64_t octets;
    size_t longest;
};

static bool counting_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct counting_sink *c = (struct counting_sink *)sink;
    (void)octets;
    c->octets += n;
    c->longest = n > c->longest ? n : c->longest;
    return true;
}

/* A large part comes in pieces; a range of it is read up to its end and no further. */
static void large(void **state)
{
    (void)state;
    static const uint64_t lines = 200000;
    struct endless e = { .in = { endless_pread },
                         .head = "Content-Transfer-Encoding: base64\n\n",
                         .line =
                             "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2"
                             "d3h5ejAx\n" };
    e.len = strlen(e.head) + lines * strlen(e.line);
    struct message *msg;
    struct message_binary b;
    struct section one = { .part = { 1 }, .depth = 1 };
    struct counting_sink to = { .sink = { counting_write } };
    uint64_t size;
    assert_int_equal(message_parse(&e.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
    message_binary_find(msg, &one, &b);
    assert_int_equal(message_binary_size(&e.in, &b, &size), MESSAGE_OK);
    assert_int_equal(size, lines * 54);
    assert_int_equal(message_binary_measure(&e.in, &b, 0, UINT64_MAX), MESSAGE_OK);
    assert_int_equal(message_binary_send(&e.in, &b, &to.sink), MESSAGE_OK);
    assert_int_equal(to.octets, size);
    assert_true(to.longest <= 65536);
    e.furthest = 0;
    assert_int_equal(message_binary_measure(&e.in, &b, 54 * 1000, 54), MESSAGE_OK);
    assert_int_equal(b.octets, 54);
    assert_true(e.furthest < 1000 * 73 + 3 * 65536);
    message_free(msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodings),
        cmocka_unit_test(stored_as_it_came),
        cmocka_unit_test(parts),
        cmocka_unit_test(whole),
        cmocka_unit_test(reads_what_it_must),
        cmocka_unit_test(trouble),
        cmocka_unit_test(large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
