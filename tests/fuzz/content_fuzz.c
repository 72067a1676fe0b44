/* Content-Type and Content-Disposition with their parameters, those of RFC 2231 too: what is
 * told points into the field, comes to an end, and what is found is what was passed by. */
#include "tests/fuzz/fuzz.h"

#include "message/content.h"

#include <strings.h>

static void check_inside(const char *p, size_t n, const char *value, size_t size)
{
    CHECK(p >= value && n <= size && p + n <= value + size);
}

static void walk(struct lexer params, bool join, const char *value, size_t size)
{
    struct buffer text;
    struct content_pieces pieces;
    const char *name;
    size_t name_len;
    size_t count = 0;
    size_t all = 0;
    fuzz_buffer(&text);
    content_pieces_find(&pieces, params, &text);
    CHECK(pieces.n <= CONTENT_PIECES_MAX);
    while (join ? content_param_next_joined(&params, &pieces, &name, &name_len, &text)
                : content_param_next(&params, &name, &name_len, &text)) {
        check_inside(name, name_len, value, size);
        CHECK(name_len > 0);
        all += name_len + text.len;
        /* What is joined may become percent-encoded. */
        CHECK(++count <= size && all <= 3 * size + count);
    }
    CHECK(!text.failed);
    buffer_free(&text);
}

/* A parameter that is there under its plain name is found. */
static void find(const struct content_type *ct)
{
    struct lexer params = ct->params;
    struct buffer text;
    struct buffer found;
    const char *name;
    size_t name_len;
    fuzz_buffer(&text);
    fuzz_buffer(&found);
    bool known = content_param_find(ct->params, "boundary", &found);
    while (content_param_next(&params, &name, &name_len, &text)) {
        if (name_len != 8 || strncasecmp(name, "boundary", 8) != 0)
            continue;
        CHECK(known && fuzz_same(&text, &found));
        break;
    }
    (void)content_param_find(ct->params, "name", &found);
    CHECK(!text.failed && !found.failed);
    buffer_free(&text);
    buffer_free(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *value = fuzz_string(data, size);
    struct content_type ct;
    if (content_type_parse(value, size, &ct)) {
        check_inside(ct.type, ct.type_len, value, size);
        check_inside(ct.subtype, ct.subtype_len, value, size);
        CHECK(ct.type_len > 0 && ct.subtype_len > 0);
        walk(ct.params, false, value, size);
        walk(ct.params, true, value, size);
        find(&ct);
    }
    if (content_disposition_parse(value, size, &ct)) {
        check_inside(ct.type, ct.type_len, value, size);
        CHECK(ct.subtype == NULL);
        walk(ct.params, true, value, size);
        find(&ct);
    }
    free(value);
    return 0;
}
