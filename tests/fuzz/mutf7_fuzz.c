/* Modified UTF-7: what is decoded strictly has no other encoding, and all UTF-8 comes back. */
#include "tests/fuzz/stage.h"

#include "mailstore/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer utf8;
    struct buffer back;
    fuzz_buffer(&utf8);
    fuzz_buffer(&back);
    const char *in = (const char *)data;
    if (mutf7_to_utf8(in, size, &utf8)) {
        struct buffer loosely;
        CHECK(is_utf8(utf8.data, utf8.len));
        CHECK(utf8_to_mutf7(utf8.data, utf8.len, &back));
        CHECK(back.len == size && (size == 0 || memcmp(back.data, in, size) == 0));
        fuzz_buffer(&loosely);
        CHECK(mutf7_decode_loosely(in, size, &loosely) && fuzz_same(&utf8, &loosely));
        buffer_free(&loosely);
    } else {
        CHECK(utf8.len == 0);
    }
    buffer_clear(&utf8);
    buffer_clear(&back);
    if (utf8_to_mutf7(in, size, &back)) {
        CHECK(is_utf8(in, size));
        for (size_t i = 0; i < back.len; i++)
            CHECK((unsigned char)back.data[i] < 0x80);
        /* Control characters are no folder's, but encoded all the same. */
        if (mutf7_to_utf8(back.data, back.len, &utf8))
            CHECK(utf8.len == size && (size == 0 || memcmp(utf8.data, in, size) == 0));
    }
    buffer_clear(&utf8);
    (void)mutf7_decode_loosely(in, size, &utf8);
    CHECK(is_utf8(utf8.data, utf8.len));
    buffer_free(&utf8);
    buffer_free(&back);
    return 0;
}
