/*
 * Who is at the other end of a descriptor, as the kernel tells it.
 */
#ifndef NET_PEER_H
#define NET_PEER_H

#include <stdbool.h>
#include <stddef.h>

enum peer_kind {
    PEER_LOCAL,     /* no address: a pipe, a terminal, a file, a Unix socket */
    PEER_LOOPBACK,  /* an address of this machine that never leaves it */
    PEER_REMOTE,    /* any other address */
    PEER_LISTENING, /* not a connection: a socket that waits for one */
    PEER_GONE       /* a connection that is over */
};

/* An IPv6 address in text, 45 octets at most (RFC 4291 section 2.2, with an IPv4 tail). */
#define PEER_TEXT_SIZE 46

struct peer {
    enum peer_kind kind;
    bool by_name; /* a socket that somebody reached by its name or address (unlike one end of a
                     socketpair, which only its maker can hand to us) */
    unsigned char address[16]; /* in network order; IPv4 in IPv6 is IPv4 */
    size_t address_n;          /* 4 or 16; 0: there is none */
    char text[PEER_TEXT_SIZE]; /* the address; "local" without one */
};

/* Looks at fd. Never fails: what is no socket is local. */
void peer_of(int fd, struct peer *peer_r);

/* Makes the peer whoever has this address of n octets (4 or 16): a proxy has told it. */
void peer_told(struct peer *peer, const unsigned char *address, size_t n);

/* For a TCP connection: no waiting to fill a segment (what is written is a whole answer
 * already), and keepalive, which is how a dead client is found. Nothing happens to others. */
void peer_tune(int fd);

#endif
