/* Sections (RFC 3501 section 6.4.5): which octets they are, and sending ranges of them. */
#include "memory_input.h"
#include "message/message.h"

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
};

static void open_octets(struct fixture *f, const char *text, size_t n)
{
    memory_input_init(&f->m, text, n);
    assert_int_equal(message_parse(&f->m.in, MESSAGE_WHOLE, &f->msg), MESSAGE_OK);
}

static void open_text(struct fixture *f, const char *text)
{
    open_octets(f, text, strlen(text));
}

static void close_text(struct fixture *f)
{
    message_free(f->msg);
}

/* Reads "1.2.HEADER" as the parser of commands would. */
static void read_spec(struct section *s, const char *spec)
{
    memset(s, 0, sizeof *s);
    while (*spec >= '0' && *spec <= '9') {
        char *end;
        s->part[s->depth++] = (uint32_t)strtoul(spec, &end, 10);
        spec = *end == '.' ? end + 1 : end;
    }
    if (strcmp(spec, "HEADER") == 0)
        s->text = SECTION_HEADER;
    else if (strcmp(spec, "TEXT") == 0)
        s->text = SECTION_TEXT;
    else if (strcmp(spec, "MIME") == 0)
        s->text = SECTION_MIME;
    else
        assert_string_equal(spec, "");
}

/* The section is there and sends this; NULL: it is not there. */
static void check(struct fixture *f, const char *spec, const char *expected)
{
    struct section s;
    struct section_data data;
    read_spec(&s, spec);
    assert_int_equal(message_section(f->msg, &s, &data), MESSAGE_OK);
    if (data.exists != (expected != NULL))
        fail_msg("BODY[%s]: exists is %d", spec, data.exists);
    if (expected != NULL) {
        struct memory_sink to;
        memory_sink_init(&to);
        assert_int_equal(message_send(&f->m.in, &data, 0, data.octets, &to.sink), MESSAGE_OK);
        assert_int_equal(to.out.len, data.octets);
        assert_string_equal(buffer_string(&to.out), expected);
        buffer_free(&to.out);
    }
    section_data_free(&data);
}

/* The message that RFC 3501 section 6.4.5 describes, with its part specifiers. */
static const char rfc_example[] = "Subject: outer\n"
                                  "Content-Type: multipart/mixed; boundary=A\n"
                                  "\n"
                                  "--A\n"
                                  "Content-Type: text/plain\n\n"
                                  "one\n"
                                  "--A\n"
                                  "Content-Type: application/octet-stream\n\n"
                                  "two\n"
                                  "--A\n"
                                  "Content-Type: message/rfc822\n\n"
                                  "Subject: three\n"
                                  "Content-Type: multipart/mixed; boundary=B\n\n"
                                  "--B\n\n"
                                  "three.one\n"
                                  "--B\n"
                                  "Content-Type: application/octet-stream\n\n"
                                  "three.two\n"
                                  "--B--\n"
                                  "--A\n"
                                  "Content-Type: multipart/mixed; boundary=C\n\n"
                                  "--C\n"
                                  "Content-Type: image/gif\n\n"
                                  "four.one\n"
                                  "--C\n"
                                  "Content-Type: message/rfc822\n\n"
                                  "Subject: four.two\n"
                                  "Content-Type: multipart/mixed; boundary=D\n\n"
                                  "--D\n\n"
                                  "four.two.one\n"
                                  "--D\n"
                                  "Content-Type: multipart/alternative; boundary=E\n\n"
                                  "--E\n\n"
                                  "four.two.two.one\n"
                                  "--E\n"
                                  "Content-Type: text/richtext\n\n"
                                  "four.two.two.two\n"
                                  "--E--\n"
                                  "--D--\n"
                                  "--C--\n"
                                  "--A--\n";

static void rfc3501_numbers(void **state)
{
    (void)state;
    struct fixture f;
    open_text(&f, rfc_example);
    check(&f, "HEADER", "Subject: outer\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n");
    check(&f, "1", "one");
    check(&f, "1.MIME", "Content-Type: text/plain\r\n\r\n");
    check(&f, "2", "two");
    check(&f, "3.HEADER",
          "Subject: three\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n");
    check(&f, "3.MIME", "Content-Type: message/rfc822\r\n\r\n");
    check(&f, "3.TEXT",
          "--B\r\n\r\nthree.one\r\n--B\r\nContent-Type: application/octet-stream\r\n\r\n"
          "three.two\r\n--B--");
    check(&f, "3.1", "three.one");
    check(&f, "3.1.MIME", "\r\n");
    check(&f, "3.2", "three.two");
    check(&f, "4.1", "four.one");
    check(&f, "4.1.MIME", "Content-Type: image/gif\r\n\r\n");
    check(&f, "4.MIME", "Content-Type: multipart/mixed; boundary=C\r\n\r\n");
    check(&f, "4.2.HEADER",
          "Subject: four.two\r\nContent-Type: multipart/mixed; boundary=D\r\n\r\n");
    check(&f, "4.2.1", "four.two.one");
    check(&f, "4.2.2",
          "--E\r\n\r\nfour.two.two.one\r\n--E\r\nContent-Type: text/richtext\r\n\r\n"
          "four.two.two.two\r\n--E--");
    check(&f, "4.2.2.1", "four.two.two.one");
    check(&f, "4.2.2.2", "four.two.two.two");
    check(&f, "4.2.2.2.MIME", "Content-Type: text/richtext\r\n\r\n");
    close_text(&f);
}

/* What is not there is not there: no neighbour's octets. */
static void no_such_part(void **state)
{
    (void)state;
    struct fixture f;
    open_text(&f, rfc_example);
    static const char *const specs[] = { "0",          "5",        "1.1",         "1.HEADER",
                                         "1.TEXT",     "2.1",      "3.3",         "3.1.1",
                                         "4.3",        "4.HEADER", "4.TEXT",      "4.1.1",
                                         "4.2.3",      "4.2.2.3",  "4.2.2.1.1",   "3.0",
                                         "4294967295", "MIME",     "4.2.2.HEADER" };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        check(&f, specs[i], NULL);
    close_text(&f);
}

/* A message that is no multipart has one part, its body, whose MIME header is the message's. */
static void single_part(void **state)
{
    (void)state;
    struct fixture f;
    open_text(&f, "Subject: x\n\nbody\n");
    check(&f, "", "Subject: x\r\n\r\nbody\r\n");
    check(&f, "1", "body\r\n");
    check(&f, "1.MIME", "Subject: x\r\n\r\n");
    check(&f, "TEXT", "body\r\n");
    check(&f, "1.1", NULL);
    check(&f, "1.HEADER", NULL);
    check(&f, "2", NULL);
    close_text(&f);
    /* One that is a message/rfc822, and one within that. */
    open_text(&f, "Content-Type: message/rfc822\n\nSubject: in\n\nbody\n");
    check(&f, "1", "Subject: in\r\n\r\nbody\r\n");
    check(&f, "1.HEADER", "Subject: in\r\n\r\n");
    check(&f, "1.TEXT", "body\r\n");
    check(&f, "1.1", "body\r\n");
    check(&f, "1.1.MIME", "Subject: in\r\n\r\n");
    check(&f, "1.2", NULL);
    check(&f, "1.1.1", NULL);
    close_text(&f);
}

/* The line end before a delimiter is the delimiter's (RFC 2046 section 5.1.1), of a header that
 * has no empty line too. The empty line of a header stays with it, and the message in a part
 * has not one octet more than the part. */
static void header_before_delimiter(void **state)
{
    (void)state;
    struct fixture f;
    open_text(&f, "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                  "--b\r\nContent-Type: a/b\r\n--b\r\nContent-Type: c/d\r\n\r\n--b\n--b\n\n"
                  "--b--\n");
    check(&f, "1.MIME", "Content-Type: a/b");
    check(&f, "1", "");
    check(&f, "2.MIME", "Content-Type: c/d\r\n\r\n");
    check(&f, "2", "");
    check(&f, "3.MIME", "");
    check(&f, "3", "");
    check(&f, "4.MIME", "\r\n");
    check(&f, "4", "");
    check(&f, "5", NULL);
    close_text(&f);
    /* An outer delimiter after a header in an inner multipart. */
    open_text(&f, "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
                  "Content-Type: multipart/mixed; boundary=c\n\n--c\nX: y\n\n--b\n"
                  "Content-Type: multipart/mixed; boundary=c\n\n--c\nX: y\n--b--\n");
    check(&f, "1", "--c\r\nX: y\r\n\r\n");
    check(&f, "1.1.MIME", "X: y\r\n\r\n");
    check(&f, "2", "--c\r\nX: y");
    check(&f, "2.1.MIME", "X: y");
    close_text(&f);
    static const struct {
        const char *message, *part, *header;
    } cases[] = {
        { "Subject: in\nFrom: a\n", "Subject: in\r\nFrom: a", "Subject: in\r\nFrom: a" },
        { "Subject: in\n\n", "Subject: in\r\n\r\n", "Subject: in\r\n\r\n" },
        { "Subject: in\r\n\n", "Subject: in\r\n\r\n", "Subject: in\r\n\r\n" },
        { "Subject: in\r\n\r\n", "Subject: in\r\n\r\n", "Subject: in\r\n\r\n" },
        { "Subject: in\n\n\n", "Subject: in\r\n\r\n", "Subject: in\r\n\r\n" },
        { "\n", "\r\n", "\r\n" },
        { "", "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
                 "Content-Type: message/rfc822\n\n%s--b--\n",
                 cases[i].message);
        open_text(&f, text);
        check(&f, "1.MIME", "Content-Type: message/rfc822\r\n\r\n");
        check(&f, "1", cases[i].part);
        check(&f, "1.HEADER", cases[i].header);
        check(&f, "1.1.MIME", cases[i].header);
        check(&f, "1.TEXT", "");
        check(&f, "1.1", "");
        close_text(&f);
    }
}

/* "The blank line is included in all header fetches, except in the case of a message which has
 * no body and no blank line." */
static void without_body_or_header(void **state)
{
    (void)state;
    struct fixture f;
    open_text(&f, "");
    check(&f, "", "");
    check(&f, "HEADER", "");
    check(&f, "TEXT", "");
    check(&f, "1", "");
    close_text(&f);
    open_text(&f, "Subject: x");
    check(&f, "HEADER", "Subject: x");
    check(&f, "TEXT", "");
    close_text(&f);
    open_text(&f, "\nbody");
    check(&f, "HEADER", "\r\n");
    check(&f, "TEXT", "body");
    close_text(&f);
    /* An empty multipart's one part. */
    open_text(&f, "Content-Type: multipart/mixed; boundary=b\n\nnothing\n");
    check(&f, "1", "");
    check(&f, "1.MIME", "");
    check(&f, "2", NULL);
    close_text(&f);
}

static void check_fields(struct fixture *f, const char *spec, bool not,
                         const char *const *names, size_t n, const char *expected)
{
    struct section s;
    struct section_data data;
    read_spec(&s, spec);
    s.text = not ? SECTION_HEADER_FIELDS_NOT : SECTION_HEADER_FIELDS;
    s.field = names;
    s.fields = n;
    assert_int_equal(message_section(f->msg, &s, &data), MESSAGE_OK);
    assert_true(data.exists && data.use_made);
    assert_int_equal(data.octets, strlen(expected));
    struct memory_sink to;
    memory_sink_init(&to);
    assert_int_equal(message_send(&f->m.in, &data, 0, data.octets, &to.sink), MESSAGE_OK);
    assert_string_equal(buffer_string(&to.out), expected);
    buffer_free(&to.out);
    section_data_free(&data);
}

static void header_fields(void **state)
{
    (void)state;
    static const char *const names[] = { "to", "SUBJECT", "To", "subj", "x" };
    struct fixture f;
    open_text(&f, "To: a\nFrom: b\r\nsubject: c\n d\nTo: e\n\nbody\n");
    check_fields(&f, "", false, names, 5, "To: a\r\nsubject: c\r\n d\r\nTo: e\r\n\r\n");
    check_fields(&f, "", true, names, 5, "From: b\r\n\r\n");
    check_fields(&f, "", false, names, 0, "\r\n");
    check_fields(&f, "", false, names + 4, 1, "\r\n");
    close_text(&f);
    /* No blank line, none in the answer. */
    open_text(&f, "To: a\nFrom: b");
    check_fields(&f, "", false, names, 5, "To: a\r\n");
    check_fields(&f, "", true, names, 5, "From: b");
    close_text(&f);
    /* Of a message in the message: all its fields, not only those kept. */
    open_text(&f, "Content-Type: message/rfc822\n\nX: 1\nReceived: y\nSubject: in\n\nbody\n");
    check_fields(&f, "1", false, names, 5, "X: 1\r\nSubject: in\r\n\r\n");
    check_fields(&f, "1", true, names, 5, "Received: y\r\n\r\n");
    close_text(&f);
}

/* With the header alone, the header's sections are the same and the body is not read. */
static void header_alone(void **state)
{
    (void)state;
    static const char *const names[] = { "subject" };
    struct buffer text;
    buffer_init(&text, 1 << 24);
    buffer_puts(&text, "To: a\nSubject: b\n\n");
    for (int i = 0; i < 100000; i++)
        buffer_puts(&text, "body\n");
    struct fixture f;
    memory_input_init(&f.m, text.data, text.len);
    assert_int_equal(message_parse(&f.m.in, MESSAGE_HEADER, &f.msg), MESSAGE_OK);
    assert_true(f.m.furthest <= 8192);
    check(&f, "HEADER", "To: a\r\nSubject: b\r\n\r\n");
    check_fields(&f, "", false, names, 1, "Subject: b\r\n\r\n");
    close_text(&f);
    buffer_free(&text);
}

/* Each range of a text with every kind of line end is what it is of the whole. */
static void ranges(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\n\na\nbc\r\nd\re\n\n\r\n\rf",
        "\r\n\r\nall\r\nCRLF\r\n",
        "X: y\n\n\n\n\n",
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        struct fixture f;
        struct section s;
        struct section_data data;
        struct memory_sink whole;
        open_text(&f, texts[t]);
        read_spec(&s, "");
        memory_sink_init(&whole);
        assert_int_equal(message_section(f.msg, &s, &data), MESSAGE_OK);
        assert_int_equal(message_send(&f.m.in, &data, 0, data.octets, &whole.sink), MESSAGE_OK);
        for (uint64_t first = 0; first <= data.octets; first++) {
            for (uint64_t n = 0; first + n <= data.octets; n++) {
                struct memory_sink part;
                memory_sink_init(&part);
                f.m.step = (size_t)(first + n) % 3;
                assert_int_equal(message_send(&f.m.in, &data, first, n, &part.sink),
                                 MESSAGE_OK);
                assert_int_equal(part.out.len, n);
                if (n > 0)
                    assert_memory_equal(part.out.data, whole.out.data + first, n);
                buffer_free(&part.out);
            }
        }
        buffer_free(&whole.out);
        section_data_free(&data);
        close_text(&f);
    }
}

/* NUL is sent as 0x80, one octet for one; a bare CR and 8-bit octets as they are. */
static void special_octets(void **state)
{
    (void)state;
    static const char text[] = "A: \0\n\n\0x\0\r\xff\n";
    struct fixture f;
    open_octets(&f, text, sizeof text - 1);
    check(&f, "", "A: \x80\r\n\r\n\x80x\x80\r\xff\r\n");
    close_text(&f);
}

/* Large texts, over many reads, against the plainest conversion. */
static void large(void **state)
{
    (void)state;
    struct buffer text;
    struct buffer plain;
    buffer_init(&text, 1 << 24);
    buffer_init(&plain, 1 << 24);
    buffer_puts(&text, "\n");
    buffer_puts(&plain, "\r\n");
    unsigned seed = 1;
    while (text.len < 300000) {
        seed = seed * 1103515245 + 12345;
        static const char octets[] = "ab\n\n\r\0cdefghijkl";
        char c = octets[seed >> 16 & 15];
        char before = text.data[text.len - 1];
        buffer_putc(&text, c);
        if (c == '\n' && before != '\r')
            buffer_putc(&plain, '\r');
        buffer_putc(&plain, (char)(c == '\0' ? 0x80 : c));
    }
    struct fixture f;
    struct section s;
    struct section_data data;
    uint64_t measured;
    open_octets(&f, text.data, text.len);
    read_spec(&s, "");
    assert_int_equal(message_section(f.msg, &s, &data), MESSAGE_OK);
    assert_int_equal(data.octets, plain.len);
    assert_int_equal(message_measure(&f.m.in, &measured), MESSAGE_OK);
    assert_int_equal(measured, plain.len);
    for (uint64_t first = 0; first < data.octets; first += 9973) {
        uint64_t n = data.octets - first < 70001 ? data.octets - first : 70001;
        struct memory_sink to;
        memory_sink_init(&to);
        assert_int_equal(message_send(&f.m.in, &data, first, n, &to.sink), MESSAGE_OK);
        assert_int_equal(to.out.len, n);
        assert_memory_equal(to.out.data, plain.data + first, n);
        buffer_free(&to.out);
    }
    close_text(&f);
    buffer_free(&text);
    buffer_free(&plain);
}

/* The file was cut after it was parsed; the sink wants no more; the input fails. */
static void send_errors(void **state)
{
    (void)state;
    struct fixture f;
    struct section s;
    struct section_data data;
    struct memory_sink to;
    open_text(&f, "Subject: x\n\nline\nline\n");
    read_spec(&s, "");
    assert_int_equal(message_section(f.msg, &s, &data), MESSAGE_OK);
    memory_sink_init(&to);
    to.refuse_at = 5;
    assert_int_equal(message_send(&f.m.in, &data, 0, data.octets, &to.sink), MESSAGE_SINK);
    to.refuse_at = 0;
    f.m.len = 15;
    assert_int_equal(message_send(&f.m.in, &data, 0, data.octets, &to.sink), MESSAGE_CHANGED);
    assert_string_equal(buffer_string(&to.out), "Subject: x\r\n\r\nlin");
    f.m.fail_after = f.m.calls;
    assert_int_equal(message_send(&f.m.in, &data, 0, data.octets, &to.sink), MESSAGE_IO);
    buffer_free(&to.out);
    section_data_free(&data);
    close_text(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3501_numbers),
        cmocka_unit_test(no_such_part),
        cmocka_unit_test(header_before_delimiter),
        cmocka_unit_test(single_part),
        cmocka_unit_test(without_body_or_header),
        cmocka_unit_test(header_fields),
        cmocka_unit_test(header_alone),
        cmocka_unit_test(ranges),
        cmocka_unit_test(special_octets),
        cmocka_unit_test(large),
        cmocka_unit_test(send_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
