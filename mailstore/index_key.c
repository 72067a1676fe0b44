/* Keys of the index: numbers whose octets sort as the numbers do. */
#include "mailstore/index_private.h"

static void put(unsigned char *key, uint64_t n, int octets)
{
    for (int i = octets; i-- > 0; n >>= 8)
        key[i] = (unsigned char)n;
}

static uint64_t get(const unsigned char *key, int octets)
{
    uint64_t n = 0;
    for (int i = 0; i < octets; i++)
        n = n << 8 | key[i];
    return n;
}

void index_key_put32(unsigned char *key, uint32_t n)
{
    put(key, n, 4);
}

void index_key_put64(unsigned char *key, uint64_t n)
{
    put(key, n, 8);
}

uint32_t index_key_get32(const unsigned char *key)
{
    return (uint32_t)get(key, 4);
}

uint64_t index_key_get64(const unsigned char *key)
{
    return get(key, 8);
}
