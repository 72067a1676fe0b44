/* Transfer encodings undone: any octets, in any pieces; and what was encoded, decoded, is what
 * it was. The input is encoded data for all of them, and plain data for the round trips. */
#include "tests/fuzz/stage.h"

#include "message/transfer.h"

struct way {
    enum transfer_encoding encoding;
    bool crlf;
};

static bool stage(void *ctx, const uint8_t *data, size_t n, size_t step,
                  struct message_sink *to)
{
    const struct way *way = ctx;
    struct transfer *t = malloc(sizeof *t);
    CHECK(t != NULL);
    transfer_init(t, way->encoding, way->crlf, to);
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
    struct way way = { encoding, true }; /* no line end of what is encoded stands for content */
    struct buffer out;
    CHECK(!encoded->failed);
    stage_check(stage, &way, (const uint8_t *)encoded->data, encoded->len, &out);
    CHECK(out.len == n && (n == 0 || memcmp(out.data, data, n) == 0));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer encoded;
    for (enum transfer_encoding e = TRANSFER_NONE; e <= TRANSFER_UNKNOWN; e++) {
        struct buffer out;
        struct buffer lines;
        struct way way = { e, false };
        stage_check(stage, &way, data, size, &out);
        CHECK(out.len <= size);
        if (e == TRANSFER_NONE || e == TRANSFER_BINARY || e == TRANSFER_UNKNOWN)
            CHECK(out.len == size && (size == 0 || memcmp(out.data, data, size) == 0));
        way.crlf = true;
        stage_check(stage, &way, data, size, &lines);
        if (e == TRANSFER_NONE || e == TRANSFER_QUOTED_PRINTABLE)
            CHECK(lines.len >= out.len && lines.len <= out.len + size);
        else
            CHECK(fuzz_same(&out, &lines));
        buffer_free(&out);
        buffer_free(&lines);
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
