/* Text as SEARCH compares it: UTF-8, without CR, and folded again the same where it is made of
 * whole characters. */
#include "tests/fuzz/stage.h"

#include "message/fold.h"

static bool stage(void *ctx, const uint8_t *data, size_t n, size_t step,
                  struct message_sink *to)
{
    (void)ctx;
    struct fold *f = malloc(sizeof *f);
    CHECK(f != NULL);
    fold_init(f, to);
    bool ok = stage_feed(&f->sink, data, n, step) && fold_finish(f);
    free(f);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer once;
    stage_check(stage, NULL, data, size, &once);
    CHECK(is_utf8(once.data, once.len));
    CHECK(once.len == 0 || memchr(once.data, '\r', once.len) == NULL);
    /* U+FDFA alone is 18 characters of 2 octets. */
    CHECK(once.len <= size * 12 + 64);
    buffer_free(&once);
    return 0;
}
