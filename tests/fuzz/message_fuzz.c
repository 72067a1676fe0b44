/*
 * Fuzzing message/: any octets are a message, and whatever they are, what comes out must be
 * right in itself:
 *
 *   - ENVELOPE, BODY and BODYSTRUCTURE follow their grammar (RFC 3501 section 9);
 *   - the same octets given in small pieces have the same structure;
 *   - header and text make up the message, whose size is what measuring says;
 *   - each section lies inside the input, and what is sent of it, whole or in pieces, is what
 *     the plainest conversion makes of those octets;
 *   - a part without its transfer encoding has the size that it is said to have, and the same
 *     octets whole or in pieces; BINARY[] has NULs as they are and is the message otherwise;
 *   - what is found in the body is found in the message.
 *
 * The first octet chooses the size of the pieces. A broken promise aborts.
 */
#include "message/binary.h"
#include "message/message.h"
#include "message/search.h"
#include "tests/unit/memory_input.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) check((condition), #condition, __LINE__)

/* Sections looked at in one input, so that one of many parts does not take all the time. */
#define SECTIONS_MAX 60

static void check(bool holds, const char *what, int line)
{
    if (holds)
        return;
    fprintf(stderr, "line %d: does not hold: %s\n", line, what);
    abort();
}

/* ---- grammar ---- */

struct reader {
    const char *p;
    const char *end;
};

static bool next_is(const struct reader *r, char c)
{
    return r->p < r->end && *r->p == c;
}

static void expect(struct reader *r, char c)
{
    CHECK(next_is(r, c));
    r->p++;
}

static bool take(struct reader *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return false;
    r->p += n;
    return true;
}

static uint64_t read_number(struct reader *r)
{
    uint64_t value = 0;
    const char *begin = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        value = value * 10 + (uint64_t)(*r->p++ - '0');
    CHECK(r->p > begin);
    return value;
}

static void read_literal(struct reader *r)
{
    expect(r, '{');
    uint64_t n = read_number(r);
    CHECK(take(r, "}\r\n"));
    CHECK(n <= (uint64_t)(r->end - r->p));
    CHECK(n == 0 || memchr(r->p, '\0', n) == NULL);
    r->p += n;
}

static void read_string(struct reader *r)
{
    if (next_is(r, '{')) {
        read_literal(r);
        return;
    }
    expect(r, '"');
    while (!next_is(r, '"')) {
        CHECK(r->p < r->end);
        unsigned char c = (unsigned char)*r->p++;
        CHECK(c != 0 && c < 0x80 && c != '\r' && c != '\n');
        if (c == '\\') {
            CHECK(next_is(r, '"') || next_is(r, '\\'));
            r->p++;
        }
    }
    r->p++;
}

static bool read_nstring(struct reader *r)
{
    if (take(r, "NIL"))
        return false;
    read_string(r);
    return true;
}

static void read_addresses(struct reader *r)
{
    int groups = 0;
    if (take(r, "NIL"))
        return;
    expect(r, '(');
    do {
        expect(r, '(');
        read_nstring(r);
        expect(r, ' ');
        read_nstring(r);
        expect(r, ' ');
        bool mailbox = read_nstring(r);
        expect(r, ' ');
        bool host = read_nstring(r);
        expect(r, ')');
        CHECK(mailbox || !host);
        if (!host)
            groups += mailbox ? 1 : -1;
        CHECK(groups == 0 || groups == 1);
    } while (next_is(r, '('));
    CHECK(groups == 0);
    expect(r, ')');
}

static void read_envelope(struct reader *r)
{
    expect(r, '(');
    read_nstring(r);
    expect(r, ' ');
    read_nstring(r);
    for (int i = 0; i < 6; i++) {
        expect(r, ' ');
        read_addresses(r);
    }
    expect(r, ' ');
    read_nstring(r);
    expect(r, ' ');
    read_nstring(r);
    expect(r, ')');
}

static void read_params(struct reader *r)
{
    if (take(r, "NIL"))
        return;
    expect(r, '(');
    for (;;) {
        read_string(r);
        expect(r, ' ');
        read_string(r);
        if (!next_is(r, ' '))
            break;
        r->p++;
    }
    expect(r, ')');
}

static void read_extension(struct reader *r)
{
    expect(r, ' ');
    if (!take(r, "NIL")) {
        expect(r, '(');
        read_string(r);
        expect(r, ' ');
        read_params(r);
        expect(r, ')');
    }
    expect(r, ' ');
    if (next_is(r, '(')) {
        r->p++;
        read_string(r);
        while (take(r, " "))
            read_string(r);
        expect(r, ')');
    } else {
        read_nstring(r);
    }
    expect(r, ' ');
    read_nstring(r);
}

static bool same(const char *from, const char *to, const char *word)
{
    return (size_t)(to - from) == strlen(word) && strncasecmp(from, word, strlen(word)) == 0;
}

static void read_body(struct reader *r, bool extended);

static void read_single(struct reader *r, bool extended)
{
    const char *type = r->p;
    read_string(r);
    const char *type_end = r->p;
    expect(r, ' ');
    const char *subtype = r->p;
    read_string(r);
    const char *subtype_end = r->p;
    CHECK(!same(type, type_end, "\"multipart\""));
    bool message =
        same(type, type_end, "\"message\"") && same(subtype, subtype_end, "\"rfc822\"");
    expect(r, ' ');
    read_params(r);
    expect(r, ' ');
    read_nstring(r);
    expect(r, ' ');
    read_nstring(r);
    expect(r, ' ');
    read_string(r);
    expect(r, ' ');
    uint64_t octets = read_number(r);
    if (message) {
        expect(r, ' ');
        read_envelope(r);
        expect(r, ' ');
        read_body(r, extended);
    }
    if (message || same(type, type_end, "\"text\"")) {
        expect(r, ' ');
        CHECK(read_number(r) <= octets);
    }
    if (extended) {
        expect(r, ' ');
        read_nstring(r);
        read_extension(r);
    }
}

/* Parts nest no deeper than MIME_DEPTH_MAX, so neither does this. */
static void read_body(struct reader *r, bool extended)
{
    expect(r, '(');
    if (next_is(r, '(')) {
        while (next_is(r, '('))
            read_body(r, extended);
        expect(r, ' ');
        read_string(r);
        if (extended) {
            expect(r, ' ');
            read_params(r);
            read_extension(r);
        }
    } else {
        read_single(r, extended);
    }
    expect(r, ')');
}

static void check_grammar(const struct buffer *b, bool envelope, bool extended)
{
    struct reader r = { b->data, b->data + b->len };
    if (envelope)
        read_envelope(&r);
    else
        read_body(&r, extended);
    CHECK(r.p == r.end);
}

/* ---- sections ---- */

/* What is sent for octets of the input, made in the plainest way. */
static void convert_plainly(struct buffer *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
            buffer_putc(out, '\r');
        buffer_putc(out, (char)(p[i] == '\0' ? 0x80 : p[i]));
    }
}

static void send_range(struct memory_input *m, const struct section_data *data, uint64_t first,
                       uint64_t count, struct memory_sink *to)
{
    CHECK(message_send(&m->in, data, first, count, &to->sink) == MESSAGE_OK);
}

static void check_section(struct memory_input *m, const struct section_data *data)
{
    struct memory_sink whole;
    struct memory_sink pieces;
    memory_sink_init(&whole);
    memory_sink_init(&pieces);
    send_range(m, data, 0, data->octets, &whole);
    CHECK(whole.out.len == data->octets);
    if (!data->use_made) {
        struct buffer plain;
        buffer_init(&plain, SIZE_MAX / 2);
        CHECK(data->raw <= m->len && data->raw_len <= m->len - data->raw);
        convert_plainly(&plain, m->data + data->raw, data->raw_len);
        CHECK(plain.len == data->octets);
        CHECK(plain.len == 0 || memcmp(plain.data, whole.out.data, plain.len) == 0);
        buffer_free(&plain);
    }
    uint64_t step = data->octets / 7 + 1;
    for (uint64_t at = 0; at < data->octets; at += step) {
        uint64_t left = data->octets - at;
        send_range(m, data, at, left < step ? left : step, &pieces);
    }
    CHECK(pieces.out.len == whole.out.len);
    CHECK(whole.out.len == 0 || memcmp(pieces.out.data, whole.out.data, whole.out.len) == 0);
    buffer_free(&whole.out);
    buffer_free(&pieces.out);
}

static bool try_section(struct memory_input *m, const struct message *msg, struct section *s,
                        enum section_text text, uint64_t *octets_r)
{
    static const char *const names[] = { "subject", "From", "content-type", "X" };
    struct section_data data;
    s->text = text;
    s->field = names;
    s->fields = sizeof names / sizeof *names;
    CHECK(message_section(msg, s, &data) == MESSAGE_OK);
    bool exists = data.exists;
    *octets_r = data.octets;
    if (exists)
        check_section(m, &data);
    section_data_free(&data);
    return exists;
}

static void send_binary(struct memory_input *m, struct message_binary *b, uint64_t first,
                        uint64_t count, struct memory_sink *to)
{
    size_t before = to->out.len;
    CHECK(message_binary_measure(&m->in, b, first, count) == MESSAGE_OK);
    CHECK(message_binary_send(&m->in, b, &to->sink) == MESSAGE_OK);
    size_t n = to->out.len - before;
    CHECK(n == b->octets && n <= count);
    CHECK(b->nul == (n > 0 && memchr(to->out.data + before, '\0', n) != NULL));
}

static void check_whole_binary(const struct memory_input *m, struct buffer *binary)
{
    struct buffer plain;
    buffer_init(&plain, SIZE_MAX / 2);
    convert_plainly(&plain, m->data, m->len);
    for (size_t i = 0; i < binary->len; i++)
        if (binary->data[i] == '\0')
            binary->data[i] = (char)0x80;
    CHECK(binary->len == plain.len);
    CHECK(plain.len == 0 || memcmp(binary->data, plain.data, plain.len) == 0);
    buffer_free(&plain);
}

static void check_binary(struct memory_input *m, const struct message *msg,
                         const struct section *s, bool exists)
{
    struct message_binary b;
    struct memory_sink whole;
    struct memory_sink pieces;
    uint64_t size = 0;
    message_binary_find(msg, s, &b);
    CHECK((b.found != MESSAGE_BINARY_NIL) == exists);
    CHECK(message_binary_size(&m->in, &b, &size) == MESSAGE_OK);
    CHECK(size == 0 || b.found == MESSAGE_BINARY_FOUND);
    memory_sink_init(&whole);
    memory_sink_init(&pieces);
    send_binary(m, &b, 0, UINT64_MAX, &whole);
    CHECK(whole.out.len == size);
    for (uint64_t at = 0; at <= size; at += size / 5 + 1)
        send_binary(m, &b, at, size / 5 + 1, &pieces);
    CHECK(pieces.out.len == size);
    CHECK(size == 0 || memcmp(pieces.out.data, whole.out.data, size) == 0);
    if (s->depth == 0)
        check_whole_binary(m, &whole.out);
    buffer_free(&whole.out);
    buffer_free(&pieces.out);
}

static void check_fields(struct memory_input *m, const struct message *msg, struct section *s,
                         bool exists)
{
    uint64_t with;
    uint64_t without;
    CHECK(try_section(m, msg, s, SECTION_HEADER_FIELDS, &with) == exists);
    CHECK(try_section(m, msg, s, SECTION_HEADER_FIELDS_NOT, &without) == exists);
}

/* Looks at every text of the section, and at the parts in it, breadth last. */
static void check_parts(struct memory_input *m, const struct message *msg, struct section *s,
                        int *left)
{
    uint64_t all;
    uint64_t header = 0;
    uint64_t text = 0;
    uint64_t octets;
    if (--*left < 0 || !try_section(m, msg, s, SECTION_ALL, &all))
        return;
    check_binary(m, msg, s, true);
    CHECK(try_section(m, msg, s, SECTION_MIME, &octets) == (s->depth > 0));
    bool is_message = try_section(m, msg, s, SECTION_HEADER, &header);
    CHECK(try_section(m, msg, s, SECTION_TEXT, &text) == is_message);
    CHECK(is_message || s->depth > 0);
    CHECK(!is_message || header + text == all || header + text == all + 2);
    check_fields(m, msg, s, is_message);
    if (s->depth == SECTION_DEPTH_MAX)
        return;
    s->depth++;
    for (uint32_t n = 0; n < 1000; n++) {
        s->part[s->depth - 1] = n;
        bool exists = try_section(m, msg, s, SECTION_ALL, &octets);
        CHECK(n > 0 || !exists);
        if (!exists)
            check_binary(m, msg, s, false);
        if (exists)
            check_parts(m, msg, s, left);
        if ((n > 0 && !exists) || *left < 0)
            break;
    }
    s->depth--;
}

/* ---- all of it ---- */

static void check_search(const struct message *msg)
{
    static const char *const words[] = { "a", "subject: ", "the \xd0\xaf", "--", "" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct search_text *text;
        bool in_body;
        bool in_text;
        bool in_header;
        CHECK(search_text_new(words[i], strlen(words[i]), NULL, &text) == SEARCH_TEXT_OK);
        CHECK(message_search_body(msg, text, &in_body) == MESSAGE_OK);
        CHECK(message_search_text(msg, text, &in_text) == MESSAGE_OK);
        CHECK(message_search_header(msg, "Subject", text, &in_header) == MESSAGE_OK);
        CHECK(in_text || !in_body);
        CHECK(in_text || !in_header);
        search_text_free(text);
    }
}

static void describe(struct memory_input *m, struct message **msg_r, struct buffer *out)
{
    buffer_init(out, SIZE_MAX / 2);
    CHECK(message_parse(&m->in, MESSAGE_WHOLE, msg_r) == MESSAGE_OK);
    CHECK(message_structure(*msg_r, true, out) == MESSAGE_OK);
}

static void check_small_pieces(const struct memory_input *whole, const struct buffer *structure,
                               size_t step)
{
    struct memory_input m;
    struct message *msg;
    struct buffer again;
    memory_input_init(&m, whole->data, whole->len);
    m.step = step;
    describe(&m, &msg, &again);
    CHECK(again.len == structure->len && memcmp(again.data, structure->data, again.len) == 0);
    buffer_free(&again);
    message_free(msg);
}

static void check_header(struct memory_input *m)
{
    struct message *msg;
    struct buffer out;
    int64_t day;
    buffer_init(&out, SIZE_MAX / 2);
    CHECK(message_parse(&m->in, MESSAGE_HEADER, &msg) == MESSAGE_OK);
    CHECK(message_envelope(msg, &out) == MESSAGE_OK);
    check_grammar(&out, true, false);
    message_sent_day(msg, &day);
    buffer_free(&out);
    message_free(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t step = size > 0 ? 1 + data[0] % 64 : 1;
    if (size > 0) {
        data++;
        size--;
    }
    struct memory_input m;
    struct message *msg;
    struct buffer structure;
    memory_input_init(&m, (const char *)data, size);
    check_header(&m);
    describe(&m, &msg, &structure);
    check_grammar(&structure, false, true);
    check_small_pieces(&m, &structure, step);
    buffer_clear(&structure);
    CHECK(message_structure(msg, false, &structure) == MESSAGE_OK);
    check_grammar(&structure, false, false);
    buffer_free(&structure);

    struct section s = { .depth = 0 };
    uint64_t octets;
    uint64_t measured;
    CHECK(message_measure(&m.in, &measured) == MESSAGE_OK);
    CHECK(try_section(&m, msg, &s, SECTION_ALL, &octets) && octets == measured);
    int left = SECTIONS_MAX;
    check_parts(&m, msg, &s, &left);
    check_search(msg);
    message_free(msg);
    return 0;
}
