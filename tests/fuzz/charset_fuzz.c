/* Charsets to UTF-8: the first line names one, the rest is text in it. What comes out is UTF-8
 * where the charset is known and not UTF-8 itself. */
#include "tests/fuzz/stage.h"

#include "message/charset.h"

struct named {
    const uint8_t *name;
    size_t n;
};

static bool stage(void *ctx, const uint8_t *data, size_t n, size_t step,
                  struct message_sink *to)
{
    const struct named *named = ctx;
    struct charset *c = malloc(sizeof *c);
    CHECK(c != NULL);
    (void)charset_open(c, (const char *)named->name, named->n, to);
    bool ok = stage_feed(&c->sink, data, n, step) && charset_finish(c);
    /* iconv(3) takes a shift of UTF-7 for done or for begun, depending on what it was given. */
    stage_damaged = stage_damaged || c->damaged;
    charset_close(c);
    free(c);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct named named;
    struct buffer out;
    enum charset_way way;
    const char *iconv_name;
    fuzz_cut(&data, &size, '\n', &named.name, &named.n);
    bool known = charset_find((const char *)named.name, named.n, &way, &iconv_name);
    stage_check(stage, &named, data, size, &out);
    if (!known || way == CHARSET_UTF8)
        CHECK(out.len == size && (size == 0 || memcmp(out.data, data, size) == 0));
    else
        CHECK(is_utf8(out.data, out.len));
    CHECK(out.len <= size * 12 + 64);
    buffer_free(&out);
    return 0;
}
