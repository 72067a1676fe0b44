/*
 * Limits, and inputs at them. How the time of those made to take long grows is counted in
 * tests/fuzz/growth.c.
 */
#include "memory_input.h"
#include "message/part.h"
#include "message/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MANY 100000

static void structure_of(const struct buffer *text, struct buffer *out)
{
    struct memory_input m;
    struct message *msg;
    memory_input_init(&m, text->data, text->len);
    assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
    buffer_init(out, (size_t)1 << 30);
    assert_int_equal(message_structure(msg, true, out), MESSAGE_OK);
    assert_non_null(buffer_string(out));
    message_free(msg);
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

static void repeat(struct buffer *b, const char *s, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buffer_puts(b, s);
}

/* Up to the limit each part is one; over it the message is one opaque text. */
static void parts(void **state)
{
    (void)state;
    for (size_t n = MIME_PARTS_MAX - 1; n <= MIME_PARTS_MAX; n++) {
        struct buffer text;
        struct buffer out;
        buffer_init(&text, 1 << 24);
        buffer_puts(&text, "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n");
        size_t header = text.len;
        repeat(&text, "--b\n\nx\n", n);
        structure_of(&text, &out);
        if (n < MIME_PARTS_MAX) {
            assert_int_equal(count_of(out.data, "\"TEXT\" \"PLAIN\""), n);
        } else {
            char expected[200];
            snprintf(
                expected, sizeof expected,
                "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" %zu %zu NIL "
                "NIL NIL NIL)",
                text.len - header + 3 * n, 3 * n);
            assert_string_equal(out.data, expected);
        }
        buffer_free(&out);
        buffer_free(&text);
    }
}

/* What is nested deeper than the limit is opaque; all else is as it should be. */
static void depth(void **state)
{
    (void)state;
    struct buffer text;
    struct buffer out;
    buffer_init(&text, 1 << 24);
    repeat(&text, "Content-Type: message/rfc822\n\n", 1000);
    structure_of(&text, &out);
    assert_int_equal(count_of(out.data, "rfc822"), MIME_DEPTH_MAX);
    assert_int_equal(count_of(out.data, "\"TEXT\" \"PLAIN\""), 1);
    buffer_free(&out);

    buffer_clear(&text);
    buffer_puts(&text, "Content-Type: multipart/a; boundary=b0000\n\n");
    for (int i = 0; i < 1000; i++)
        buffer_printf(&text, "--b%04d\nContent-Type: multipart/a; boundary=b%04d\n\n", i,
                      i + 1);
    structure_of(&text, &out);
    assert_int_equal(count_of(out.data, " \"a\" "), MIME_DEPTH_MAX);
    buffer_free(&out);

    /* Every part that there is can be named. */
    struct memory_input m;
    struct message *msg;
    struct section s = { .depth = 0 };
    struct section_data data;
    memory_input_init(&m, text.data, text.len);
    assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
    do {
        s.part[s.depth++] = 1;
        assert_int_equal(message_section(msg, &s, &data), MESSAGE_OK);
        section_data_free(&data);
    } while (data.exists && s.depth < SECTION_DEPTH_MAX);
    assert_int_equal(s.depth - 1, MIME_DEPTH_MAX);
    message_free(msg);
    buffer_free(&text);
}

/* A header larger than what is held: it is served whole, and its first fields are found. */
static void large_header(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, (size_t)1 << 26);
    buffer_puts(&text, "Subject: first\n");
    while (text.len < HEADER_MAX + 100000)
        buffer_puts(&text, "X-Filler: 0123456789012345678901234567890123456789\n folded\n");
    buffer_puts(&text, "To: late@x\n\nbody\n");
    struct memory_input m;
    struct message *msg;
    struct section s = { .text = SECTION_HEADER };
    struct section_data data;
    struct buffer out;
    memory_input_init(&m, text.data, text.len);
    assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
    assert_int_equal(message_section(msg, &s, &data), MESSAGE_OK);
    assert_int_equal(data.raw_len, text.len - strlen("body\n"));
    section_data_free(&data);
    buffer_init(&out, 1 << 20);
    assert_int_equal(message_envelope(msg, &out), MESSAGE_OK);
    assert_string_equal(buffer_string(&out), "(NIL \"first\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    assert_true(msg->part[0].fields_len <= HEADER_MAX);
    assert_memory_equal(msg->part[0].fields + msg->part[0].fields_len - 8, " folded\n", 8);
    buffer_free(&out);
    message_free(msg);
    buffer_free(&text);
}

/* The fields of all parts together are bounded: what does not fit is opaque. */
static void many_large_headers(void **state)
{
    (void)state;
    struct buffer text;
    struct buffer out;
    buffer_init(&text, (size_t)1 << 26);
    buffer_puts(&text, "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < 12; i++) {
        buffer_puts(&text, "--b\nContent-Type: image/gif\nContent-Description: ");
        repeat(&text, "0123456789", 90000);
        buffer_puts(&text, "\n\nx\n");
    }
    structure_of(&text, &out);
    assert_int_equal(count_of(out.data, "\"image\" \"gif\""), FIELDS_MAX / 900100);
    assert_int_equal(count_of(out.data, "\"TEXT\" \"PLAIN\""), 12 - FIELDS_MAX / 900100);
    buffer_free(&out);
    buffer_free(&text);
}

/* Does everything with a text that takes long if anything in it costs the square. */
static void exercise(const struct buffer *text)
{
    static const char *const names[] = { "subject", "x" };
    struct memory_input m;
    struct message *msg;
    struct buffer out;
    struct search_text *wanted;
    struct section s = { .text = SECTION_HEADER_FIELDS_NOT, .field = names, .fields = 2 };
    struct section_data data;
    bool found;
    int64_t day;
    memory_input_init(&m, text->data, text->len);
    assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
    buffer_init(&out, (size_t)1 << 28);
    assert_int_equal(message_envelope(msg, &out), MESSAGE_OK);
    buffer_clear(&out);
    assert_int_equal(message_structure(msg, true, &out), MESSAGE_OK);
    assert_int_equal(message_section(msg, &s, &data), MESSAGE_OK);
    section_data_free(&data);
    assert_int_equal(search_text_new("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzy", 34, NULL, &wanted),
                     SEARCH_TEXT_OK);
    assert_int_equal(message_search_text(msg, wanted, &found), MESSAGE_OK);
    message_sent_day(msg, &day);
    search_text_free(wanted);
    buffer_free(&out);
    message_free(msg);
}

/* A long field that each of many parts would read again, if it were read for each. */
static void long_field_over_many_parts(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 1 << 24);
    buffer_puts(&text, "Content-Type: (");
    repeat(&text, "comment ", MANY);
    buffer_puts(&text, ") multipart/digest; boundary=b\n\n");
    repeat(&text, "--b\n\n", MIME_PARTS_MAX / 2 - 10);
    exercise(&text);
    buffer_free(&text);
}

/* Many names against many fields. */
static void many_names(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 1 << 24);
    for (int i = 0; i < MANY; i++)
        buffer_printf(&text, "X-%d: y\n", i);
    buffer_puts(&text, "\n");
    const char **names = calloc(MANY, sizeof *names);
    char(*space)[12] = calloc(MANY, sizeof *space);
    assert_true(names != NULL && space != NULL);
    for (int i = 0; i < MANY; i++) {
        snprintf(space[i], sizeof space[i], "x-%d", i * 2);
        names[i] = space[i];
    }
    struct memory_input m;
    struct message *msg;
    struct section s = { .text = SECTION_HEADER_FIELDS, .field = names, .fields = MANY };
    struct section_data data;
    memory_input_init(&m, text.data, text.len);
    assert_int_equal(message_parse(&m.in, MESSAGE_HEADER, &msg), MESSAGE_OK);
    assert_int_equal(message_section(msg, &s, &data), MESSAGE_OK);
    assert_int_equal(count_of(buffer_string(&data.made), ": y"), MANY / 2);
    section_data_free(&data);
    message_free(msg);
    free(space);
    free(names);
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(depth),
        cmocka_unit_test(large_header),
        cmocka_unit_test(many_large_headers),
        cmocka_unit_test(long_field_over_many_parts),
        cmocka_unit_test(many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
