/*
 * Who the client behind a proxy is, from the gate to the parent.
 *
 * The gate reads the PROXY header (net/proxy.h), because root reads no octet of the network's;
 * the parent hears an address in octets. It asks only where the kernel says that a proxy is at
 * the other end, once, before anything else: what a gate that was taken over later would like
 * to be called is not heard.
 */
#ifndef AUTH_CLIENT_H
#define AUTH_CLIENT_H

#include "auth/frame.h"

/* The gate: tells n octets of address (4, 16; 0: as the kernel has it). False: the parent is
 * gone. */
bool client_tell(int channel, const unsigned char *address, size_t n);

/* The parent: hears it, within so many seconds. False: the gate has ended without (it tells the
 * log why), or sent something else, which is logged. `peer`: the proxy, for the log. */
bool client_hear(int channel, unsigned seconds, const char *peer, struct frame_client *frame_r);

#endif
