#include "net/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
};

/* A quarter of an hour of silence before the first probe: a phone's radio is not woken more
 * often than its own IDLE does, and with five probes, a minute apart, the dead are found before
 * idle_timeout would. */
#define KEEPALIVE_IDLE     900
#define KEEPALIVE_INTERVAL 60
#define KEEPALIVE_PROBES   5

static void local(struct peer *peer)
{
    peer->kind = PEER_LOCAL;
    strcpy(peer->text, "local");
}

static void ipv4(struct peer *peer, const struct in_addr *in)
{
    peer->address_n = sizeof in->s_addr;
    memcpy(peer->address, &in->s_addr, sizeof in->s_addr);
    peer->kind = ntohl(in->s_addr) >> 24 == 127 ? PEER_LOOPBACK : PEER_REMOTE;
    if (inet_ntop(AF_INET, in, peer->text, sizeof peer->text) == NULL)
        strcpy(peer->text, "unknown");
}

static void ipv6(struct peer *peer, const struct in6_addr *in6)
{
    if (IN6_IS_ADDR_V4MAPPED(in6)) {
        struct in_addr in;
        memcpy(&in, in6->s6_addr + 12, sizeof in);
        ipv4(peer, &in);
        return;
    }
    peer->address_n = sizeof in6->s6_addr;
    memcpy(peer->address, in6->s6_addr, sizeof in6->s6_addr);
    peer->kind = IN6_IS_ADDR_LOOPBACK(in6) ? PEER_LOOPBACK : PEER_REMOTE;
    if (inet_ntop(AF_INET6, in6, peer->text, sizeof peer->text) == NULL)
        strcpy(peer->text, "unknown");
}

/* Whether a Unix socket has a name: one that listened has, and gives it to what it accepts. */
static bool has_name(int fd)
{
    union address own;
    socklen_t n = sizeof own;
    return getsockname(fd, &own.any, &n) == 0 && n > sizeof own.un.sun_family;
}

void peer_of(int fd, struct peer *peer_r)
{
    memset(peer_r, 0, sizeof *peer_r);
    local(peer_r);
    int listening = 0;
    socklen_t n = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) < 0)
        return; /* no socket */
    peer_r->by_name = true;
    if (listening != 0) {
        peer_r->kind = PEER_LISTENING;
        return;
    }
    union address peer;
    n = sizeof peer;
    if (getpeername(fd, &peer.any, &n) < 0) {
        peer_r->kind = PEER_GONE;
        return;
    }
    switch (peer.any.sa_family) {
    case AF_INET:
        ipv4(peer_r, &peer.in.sin_addr);
        break;
    case AF_INET6:
        ipv6(peer_r, &peer.in6.sin6_addr);
        break;
    case AF_UNIX:
        peer_r->by_name = has_name(fd);
        break;
    default: /* not ours to call local: some families reach other machines */
        peer_r->kind = PEER_REMOTE;
        strcpy(peer_r->text, "unknown");
    }
}

void peer_told(struct peer *peer, const unsigned char *address, size_t n)
{
    struct in_addr in;
    struct in6_addr in6;
    if (n == sizeof in) {
        memcpy(&in, address, sizeof in);
        ipv4(peer, &in);
    } else if (n == sizeof in6) {
        memcpy(&in6, address, sizeof in6);
        ipv6(peer, &in6);
    }
}

void peer_tune(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = { { IPPROTO_TCP, TCP_NODELAY, 1 },
                    { SOL_SOCKET, SO_KEEPALIVE, 1 },
                    { IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE },
                    { IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL },
                    { IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES } };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        (void)setsockopt(
            fd, options[i].level, options[i].name, &options[i].value,
            sizeof options[i].value); /* refused where it is no TCP: as it should */
}
