/* Encoded-words: what has none is itself; words written by RFC 2047 say what was put into them,
 * however they are cut. */
#include "tests/fuzz/stage.h"

#include "message/encoded_word.h"

static void decode(const void *value, size_t n, struct buffer *out)
{
    struct memory_sink sink;
    bool stopped;
    memory_sink_init(&sink);
    CHECK(encoded_word_decode(value, n, &sink.sink, &stopped));
    CHECK(!stopped);
    *out = sink.out;
    if (out->len > 1) {
        struct memory_sink full;
        memory_sink_init(&full);
        full.refuse_at = out->len - 1;
        CHECK(!encoded_word_decode(value, n, &full.sink, &stopped) && stopped);
        buffer_free(&full.out);
    }
}

static bool has_word(const uint8_t *data, size_t size)
{
    return size > 1 && memmem(data, size, "=?", 2) != NULL;
}

/* The octets as UTF-8 in words, of which one may end in the middle of a character. */
static void encode(const uint8_t *data, size_t size, struct buffer *out)
{
    size_t left = 0;
    for (size_t i = 0; i < size; i++) {
        if (left == 0) {
            buffer_puts(out, i > 0 ? "?=\t =?utf-8*en?q?" : "=?UTF-8?Q?");
            left = 1 + data[i] % 17;
        }
        bool plain = (data[i] >= 'a' && data[i] <= 'z') || data[i] == ' ';
        if (plain)
            buffer_putc(out, data[i] == ' ' ? '_' : (char)data[i]);
        else
            buffer_printf(out, "=%02x", data[i]);
        left--;
    }
    if (size > 0)
        buffer_puts(out, "?=");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer out;
    struct buffer words;
    decode(data, size, &out);
    if (!has_word(data, size))
        CHECK(out.len == size && (size == 0 || memcmp(out.data, data, size) == 0));
    CHECK(out.len <= size * 8 + 64);
    buffer_free(&out);
    fuzz_buffer(&words);
    encode(data, size, &words);
    CHECK(!words.failed);
    decode(words.data, words.len, &out);
    CHECK(out.len == size && (size == 0 || memcmp(out.data, data, size) == 0));
    buffer_free(&out);
    buffer_free(&words);
    return 0;
}
