#include "config/network.h"

#include "config/value.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* An address, '/', three digits, and the NUL. */
#define TEXT_SIZE (INET6_ADDRSTRLEN + 4)

/* Which bits of the octet i are in the prefix. */
static unsigned char mask(const struct network *net, unsigned i)
{
    unsigned bits = net->bits > i * 8 ? net->bits - i * 8 : 0;
    return bits >= 8 ? 0xff : (unsigned char)(0xff00u >> bits);
}

const char *network_parse(const char *text, size_t n, struct network *network_r)
{
    char copy[TEXT_SIZE];
    memset(network_r, 0, sizeof *network_r);
    if (n >= sizeof copy)
        return "is no address";
    memcpy(copy, text, n);
    copy[n] = '\0';
    char *slash = strchr(copy, '/');
    if (slash != NULL)
        *slash = '\0';
    if (inet_pton(AF_INET, copy, network_r->address) == 1)
        network_r->address_n = 4;
    else if (inet_pton(AF_INET6, copy, network_r->address) == 1)
        network_r->address_n = 16;
    else
        return "is no address";
    uint64_t bits = (uint64_t)network_r->address_n * 8;
    if (slash != NULL && value_number(slash + 1, 0, bits, &bits) != VALUE_OK)
        return "has a prefix that is no number of bits";
    network_r->bits = (unsigned)bits;
    for (unsigned i = 0; i < network_r->address_n; i++) {
        if ((network_r->address[i] & ~mask(network_r, i)) != 0)
            return "has bits behind its prefix";
    }
    return NULL;
}

static bool is_in(const struct network *net, const unsigned char *address)
{
    for (unsigned i = 0; i < net->address_n; i++) {
        if ((address[i] & mask(net, i)) != net->address[i])
            return false;
    }
    return true;
}

bool network_has(const struct network *networks, size_t count, const unsigned char *address,
                 size_t address_n)
{
    for (size_t i = 0; i < count; i++) {
        if (networks[i].address_n == address_n && is_in(&networks[i], address))
            return true;
    }
    return false;
}
