/*
 * What carries a connection's octets where that is more than a descriptor: TLS.
 *
 * A transport never blocks. Where it can't go on it says so (EAGAIN), and `waits` is what the
 * connection's descriptor must be ready for until it is worth being called again: POLLIN or
 * POLLOUT, and not always the one that the call suggests, because a record must be whole before
 * it can be read, and TLS sends and receives on its own account.
 */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include <stdbool.h>
#include <sys/types.h>

struct transport {
    /* Reads 1 to n octets. 0: the other side sends no more. -1: errno is EAGAIN, or it is over.
     */
    ssize_t (*read)(struct transport *t, void *to, size_t n);

    /* Takes 1 to n octets, to be sent at the latest by flush. -1 as above. What was not taken
     * must be offered again, at the same place of the stream. */
    ssize_t (*write)(struct transport *t, const void *from, size_t n);

    /* Sends what was taken. False: errno is EAGAIN, or it is over. */
    bool (*flush)(struct transport *t);

    /* Whether a read would give octets that have left the descriptor already, so that waiting
     * for it would be wrong. */
    bool (*pending)(const struct transport *t);

    /* Sends what was taken, as far as that goes at once, and says that nothing follows. */
    void (*finish)(struct transport *t);

    short waits; /* after EAGAIN: for poll(2) */
};

#endif
