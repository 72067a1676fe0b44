/* Ranges of addresses, as settings name them: 192.0.2.0/24, 2001:db8::/32, 192.0.2.7. */
#ifndef CONFIG_NETWORK_H
#define CONFIG_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

struct network {
    unsigned char address[16]; /* in network order; zero behind the prefix */
    unsigned address_n;        /* 4 or 16 octets of it */
    unsigned bits;             /* of the prefix */
};

/* Makes a network of the n octets at text. NULL, or what is wrong with it, for a person. */
const char *network_parse(const char *text, size_t n, struct network *network_r);

/* Whether an address of so many octets (4, 16; 0: none) is in one of the networks. An IPv4
 * address is in none of IPv6. */
bool network_has(const struct network *networks, size_t count, const unsigned char *address,
                 size_t address_n);

#endif
