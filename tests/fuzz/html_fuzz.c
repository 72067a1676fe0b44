/* The text that a reader of HTML sees: never two spaces in a row but where a reference made
 * one, nothing but what was there, and what holds neither '<' nor '&' is itself. */
#include "tests/fuzz/stage.h"

#include "message/html_text.h"

static bool stage(void *ctx, const uint8_t *data, size_t n, size_t step,
                  struct message_sink *to)
{
    (void)ctx;
    struct html_text *h = malloc(sizeof *h);
    CHECK(h != NULL);
    html_text_init(h, to);
    bool ok = stage_feed(&h->sink, data, n, step) && html_text_finish(h);
    free(h);
    return ok;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static void plain(const uint8_t *data, size_t size, struct buffer *out)
{
    fuzz_buffer(out);
    for (size_t i = 0; i < size; i++) {
        if (!is_space((char)data[i]))
            buffer_putc(out, (char)data[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer out;
    stage_check(stage, NULL, data, size, &out);
    CHECK(out.len <= size * 3 + 64);
    bool markup =
        size > 0 && (memchr(data, '<', size) != NULL || memchr(data, '&', size) != NULL);
    if (!markup) {
        struct buffer all;
        struct buffer kept;
        plain(data, size, &all);
        plain((const uint8_t *)out.data, out.len, &kept);
        CHECK(fuzz_same(&all, &kept));
        buffer_free(&all);
        buffer_free(&kept);
        for (size_t i = 1; i < out.len; i++)
            CHECK(out.data[i] != ' ' || out.data[i - 1] != ' ');
    }
    buffer_free(&out);
    return 0;
}
