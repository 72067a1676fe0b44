/*
 * After a login over TLS: octets between the client and its session, which is another process
 * at the other end of a Unix socket and knows nothing of TLS.
 */
#ifndef NET_RELAY_H
#define NET_RELAY_H

#include "net/transport.h"

enum relay_end {
    RELAY_SESSION, /* the session has ended, and the client has all of it */
    RELAY_CLIENT,  /* the client is gone, or broke the protocol */
    RELAY_STALLED, /* the client took nothing for `patience`, or not the session's last words */
    RELAY_FAILED   /* no memory, or a system call failed */
};

/* Carries octets both ways until both are done. `t` runs over the socket `client`. `session` is
 * closed here. Either side may send to its end while the other still talks (half-close): an end
 * of the client's is passed on; the session's own end is the connection's. Never blocks on one
 * side while the other can go on; what one does not take, the other is not asked for. patience:
 * seconds in which a client that owes us room must take something; 0: for ever. */
enum relay_end relay(struct transport *t, int client, int session, unsigned patience);

#endif
