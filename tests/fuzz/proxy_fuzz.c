/*
 * The PROXY header: the input is what a connection begins with, read as proxy_look asks for it.
 * It never asks for nothing, for more than there can be, or for what is behind a header; the
 * same octets are always the same; and the part that belongs to the header is one by itself.
 */
#include "tests/fuzz/fuzz.h"

#include "net/proxy.h"

static long look(const uint8_t *data, size_t n, struct proxy_header *h)
{
    unsigned char *copy = malloc(n + 1); /* of its size: a read beyond it is seen */
    CHECK(copy != NULL);
    if (n > 0)
        memcpy(copy, data, n);
    long more = proxy_look(copy, n, h);
    free(copy);
    CHECK(more >= PROXY_WRONG && more <= PROXY_HEADER_MAX);
    CHECK(more <= 0 || n + (size_t)more <= PROXY_HEADER_MAX);
    return more;
}

static void check_whole(const uint8_t *data, size_t n, const struct proxy_header *h)
{
    struct proxy_header again;
    CHECK(n >= 15 && (n <= 107 || data[0] == '\r'));
    CHECK(h->address_n == 0 || h->address_n == 4 || h->address_n == 16);
    CHECK(look(data, n, &again) == PROXY_WHOLE);
    CHECK(again.address_n == h->address_n);
    CHECK(memcmp(again.address, h->address, h->address_n) == 0);
    for (size_t i = 0; i < n; i++) {
        long more = look(data, i, &again);
        CHECK(more > 0 && i + (size_t)more <= n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header h;
    size_t have = 0;
    for (;;) {
        long more = look(data, have, &h);
        if (more == PROXY_WHOLE)
            check_whole(data, have, &h);
        if (more <= 0 || (size_t)more > size - have)
            return 0;
        have += (size_t)more;
    }
}
