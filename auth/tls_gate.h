/*
 * A gate's TLS, step by step: keys as root, the handshake locked in, and after the login the
 * carrying of octets between the client and the session.
 */
#ifndef AUTH_TLS_GATE_H
#define AUTH_TLS_GATE_H

#include "config/settings.h"
#include "net/stream.h"
#include "net/tls.h"

#include <stdbool.h>

struct tls_gate {
    const struct tls_module *module;
    struct tls_keys *keys;
    struct transport *transport;
    struct tls_facts facts;
};

/* Whether TLS can run over descriptor 0: a stream socket, and the one that `out` is, too. */
bool tls_gate_possible(int out);

/* Loads the module, and reads what the settings name: as root, before the gate is locked in.
 * False, with g->module NULL: logged. False else: *why (of `size` octets) says what is wrong
 * with which file; not logged. */
bool tls_gate_load(struct tls_gate *g, const struct settings *s, char *why, size_t size);

/* The handshake, over descriptor 0, until the stream's deadline; then the stream goes through
 * it. False: the connection can't go on; logged, unless the client just went away. peer: for
 * the log. */
bool tls_gate_begin(struct tls_gate *g, struct stream *io, const char *peer);

/* After the hand-over: carries octets until client and session are done with each other.
 * `session`: the socket to the session, which is closed. */
void tls_gate_relay(struct tls_gate *g, int session, const struct settings *s,
                    const char *peer);

/* Tells the client that nothing follows, and frees all. */
void tls_gate_end(struct tls_gate *g);

#endif
