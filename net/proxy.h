/*
 * The header that a proxy puts before a client's octets, to say who the client is: the PROXY
 * protocol, versions 1 and 2 (proxy-protocol.txt of HAProxy, 2020/03/05).
 *
 * It is worth as much as its sender's word, and anybody can send one: whether it is asked for
 * at all depends on the address that the kernel knows (proxy_from), and then it must be there,
 * whole, before anything else (section 5 of that text: a receiver must not guess).
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stddef.h>

/* Octets of a header. Version 1 has 107 at most; version 2 could name 65,551, but all that
 * proxies add (names, certificates' subjects, ids) is a few hundred. */
#define PROXY_HEADER_MAX 4096

/* Seconds until it must be whole: one lost segment is sent again after three (section 3). */
#define PROXY_SECONDS 5

struct proxy_header {
    size_t address_n; /* 4 or 16; 0: none is told (LOCAL, UNKNOWN, UNSPEC, a Unix socket), and
                         the client is whoever the kernel says: the proxy itself, looking
                         whether we are there, or a client without an address */
    unsigned char address[16]; /* of the client, in network order */
};

/* Looks at the first n octets of a connection (n <= PROXY_HEADER_MAX). Returns how many more
 * have to be read at the least: none of them can be beyond the header's end, so that what
 * follows it (TLS) stays where it is. 0: it is whole, and in *header_r. -1: this is no header.
 */
#define PROXY_WHOLE 0
#define PROXY_WRONG (-1)
long proxy_look(const unsigned char *octets, size_t n, struct proxy_header *header_r);

enum proxy_got {
    PROXY_GOT,
    PROXY_GONE,     /* the connection ended before the first octet */
    PROXY_CUT,      /* and in the midst of it */
    PROXY_LATE,     /* it was not whole in time */
    PROXY_NO_HEADER /* something else came */
};

/* Reads the header from a stream socket, and nothing beyond it, within so many seconds. */
enum proxy_got proxy_read(int fd, unsigned seconds, struct proxy_header *header_r);

#endif
