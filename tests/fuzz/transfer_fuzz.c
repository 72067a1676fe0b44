/* Transfer encodings undone: any octets, in any pieces; and what was encoded, decoded, is what
 * it was. The input is encoded data for all of them, and plain data for the round trips. */
#include "tests/fuzz/stage.h"

#include "message/transfer.h"

static bool stage(void *ctx, const uint8_t *data, size_t n, size_t step,
                  struct message_sink *to)
{
    const enum transfer_encoding *encoding = ctx;
    struct transfer *t = malloc(sizeof *t);
    CHECK(t != NULL);
    transfer_init(t, *encoding, to);
    bool ok = stage_feed(&t->sink, data, n, step) && transfer_finish(t);
    free(t);
    return ok;
}

/* RFC 2045 section 6.8, in lines of 76. */
static void encode_base64(struct buffer *out, const uint8_t *p, size_t n)
{
    static const char digit[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = (uint32_t)p[i] << 16;
        if (n - i > 1)
            bits |= (uint32_t)p[i + 1] << 8;
        if (n - i > 2)
            bits |= p[i + 2];
        buffer_putc(out, digit[bits >> 18]);
        buffer_putc(out, digit[bits >> 12 & 63]);
        buffer_putc(out, n - i > 1 ? digit[bits >> 6 & 63] : '=');
        buffer_putc(out, n - i > 2 ? digit[bits & 63] : '=');
        if (i % 57 == 54)
            buffer_puts(out, "\r\n");
    }
}

/* Section 6.7: all octets escaped but letters and digits, with soft line breaks. */
static void encode_quoted_printable(struct buffer *out, const uint8_t *p, size_t n)
{
    size_t column = 0;
    for (size_t i = 0; i < n; i++) {
        bool plain = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') ||
                     (p[i] == ' ' && i % 2 == 0 && i + 1 < n && p[i + 1] == 'x');
        if (plain)
            buffer_putc(out, (char)p[i]);
        else
            buffer_printf(out, "=%02X", p[i]);
        column += plain ? 1 : 3;
        if (column > 70 && p[i] != ' ') {
            buffer_puts(out, i % 2 == 0 ? "=\r\n" : "= \t\n");
            column = 0;
        }
    }
}

static void check_back(enum transfer_encoding encoding, const struct buffer *encoded,
                       const uint8_t *data, size_t n)
{
    struct buffer out;
    CHECK(!encoded->failed);
    stage_check(stage, &encoding, (const uint8_t *)encoded->data, encoded->len, &out);
    CHECK(out.len == n && (n == 0 || memcmp(out.data, data, n) == 0));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum transfer_encoding all[] = { TRANSFER_NONE, TRANSFER_BASE64,
                                                  TRANSFER_QUOTED_PRINTABLE, TRANSFER_UNKNOWN };
    struct buffer encoded;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct buffer out;
        enum transfer_encoding encoding = all[i];
        stage_check(stage, &encoding, data, size, &out);
        CHECK(out.len <= size);
        if (encoding == TRANSFER_NONE || encoding == TRANSFER_UNKNOWN)
            CHECK(out.len == size && (size == 0 || memcmp(out.data, data, size) == 0));
        buffer_free(&out);
    }
    fuzz_buffer(&encoded);
    encode_base64(&encoded, data, size);
    check_back(TRANSFER_BASE64, &encoded, data, size);
    buffer_clear(&encoded);
    encode_quoted_printable(&encoded, data, size);
    check_back(TRANSFER_QUOTED_PRINTABLE, &encoded, data, size);
    buffer_free(&encoded);
    return 0;
}
