/* The fields of a header, found in order and within it; unfolded, they hold no line end that
 * folding made; and the envelope made of them is well within bounds. */
#include "tests/fuzz/fuzz.h"

#include "message/envelope.h"
#include "message/header.h"

static void check_field(const struct field *f, const char *begin, const char *end)
{
    CHECK(f->raw >= begin && f->raw + f->raw_len <= end && f->raw_len > 0);
    CHECK(f->name == f->raw && f->name_len > 0 && f->name_len < f->raw_len);
    for (size_t i = 0; i < f->name_len; i++)
        CHECK(f->name[i] > ' ' && f->name[i] < 0x7f && f->name[i] != ':');
    CHECK(f->value > f->name && f->value[-1] == ':');
    CHECK(f->value + f->value_len <= f->raw + f->raw_len);
}

static void check_unfolded(const struct field *f)
{
    struct buffer plain;
    struct buffer spaced;
    fuzz_buffer(&plain);
    fuzz_buffer(&spaced);
    CHECK(field_unfold(f, &plain) && field_unfold_to_spaces(f, &spaced));
    CHECK(plain.len <= f->value_len && spaced.len <= f->value_len);
    CHECK(plain.len == 0 || memchr(plain.data, '\n', plain.len) == NULL);
    CHECK(spaced.len == 0 || memchr(spaced.data, '\n', spaced.len) == NULL);
    if (plain.len > 0)
        CHECK(plain.data[0] != ' ' && plain.data[plain.len - 1] != ' ');
    buffer_free(&plain);
    buffer_free(&spaced);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *header = fuzz_string(data, size);
    const char *end = header + size;
    const char *last = header;
    struct field f;
    size_t pos = 0;
    while (header_next(header, size, &pos, &f)) {
        check_field(&f, last, end);
        check_unfolded(&f);
        last = f.raw + f.raw_len;
        CHECK(pos == (size_t)(last - header));
        (void)envelope_field(&f);
    }
    CHECK(pos >= size);
    struct buffer envelope;
    fuzz_buffer(&envelope);
    CHECK(envelope_write(header, size, &envelope));
    CHECK(envelope.len >= 2 && envelope.data[0] == '(' &&
          envelope.data[envelope.len - 1] == ')');
    /* An octet can end a group, "(NIL NIL NIL NIL)", or begin one, and Sender and Reply-To may
     * each be From's. */
    CHECK(envelope.len <= size * 3 * 18 + 200);
    buffer_free(&envelope);
    free(header);
    return 0;
}
