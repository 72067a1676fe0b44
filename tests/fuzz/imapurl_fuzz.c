/* IMAP URLs: what is taken, written down with every octet of its names encoded, means the same.
 */
#include "tests/fuzz/fuzz.h"

#include "parser/imap_url.h"

#include <inttypes.h>

static void put_encoded(struct buffer *out, const char *octets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buffer_printf(out, "%%%02X", (unsigned char)octets[i]);
}

static void put_section(struct buffer *out, const struct section *s)
{
    static const char *const word[] = { [SECTION_ALL] = "",
                                        [SECTION_HEADER] = "HEADER",
                                        [SECTION_HEADER_FIELDS] = "HEADER.FIELDS",
                                        [SECTION_HEADER_FIELDS_NOT] = "HEADER.FIELDS.NOT",
                                        [SECTION_TEXT] = "TEXT",
                                        [SECTION_MIME] = "MIME" };
    if (s->depth == 0 && s->text == SECTION_ALL)
        return;
    buffer_puts(out, "/;SECTION=");
    for (size_t i = 0; i < s->depth; i++)
        buffer_printf(out, "%s%" PRIu32, i > 0 ? "." : "", s->part[i]);
    buffer_printf(out, "%s%s", s->depth > 0 && s->text != SECTION_ALL ? "." : "",
                  word[s->text]);
    for (size_t i = 0; i < s->fields; i++) {
        buffer_puts(out, i == 0 ? "%20(" : "%20");
        buffer_printf(out, "%%7B%zu+%%7D%%0D%%0A", strlen(s->field[i]));
        put_encoded(out, s->field[i], strlen(s->field[i]));
    }
    buffer_puts(out, s->fields > 0 ? ")" : "");
}

static void put_url(struct buffer *out, const struct imap_url *url)
{
    CHECK(url->uid != 0 && url->count != 0);
    CHECK(url->mailbox.octets == NULL || url->mailbox.n > 0);
    CHECK(url->section.depth <= SECTION_DEPTH_MAX);
    if (url->mailbox.octets != NULL) {
        CHECK(strlen(url->mailbox.octets) == url->mailbox.n);
        buffer_putc(out, '/');
        put_encoded(out, url->mailbox.octets, url->mailbox.n);
        if (url->uidvalidity != 0)
            buffer_printf(out, ";UIDVALIDITY=%" PRIu32, url->uidvalidity);
        buffer_putc(out, '/');
    }
    buffer_printf(out, ";UID=%" PRIu32, url->uid);
    put_section(out, &url->section);
    buffer_printf(out, "/;PARTIAL=%" PRIu32, url->first);
    if (url->count != UINT64_MAX)
        buffer_printf(out, ".%" PRIu64, url->count);
}

static bool parse(const char *octets, size_t n, struct buffer *out)
{
    const struct text text = { octets, n };
    struct imap_url url;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 28);
    bool ok = imap_url_parse(&text, &arena, &url);
    if (ok)
        put_url(out, &url);
    arena_free(&arena);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer first;
    struct buffer second;
    fuzz_buffer(&first);
    fuzz_buffer(&second);
    char *copy = malloc(size + 1); /* a text has a NUL behind it */
    CHECK(copy != NULL);
    memcpy(copy, data, size);
    copy[size] = '\0';
    if (parse(copy, size, &first)) {
        CHECK(buffer_string(&first) != NULL);
        CHECK(parse(first.data, first.len, &second) && fuzz_same(&first, &second));
    }
    free(copy);
    buffer_free(&first);
    buffer_free(&second);
    return 0;
}
