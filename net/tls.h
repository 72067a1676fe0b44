/*
 * TLS (OpenSSL's) as the gate sees it: a module of functions that is loaded where a connection
 * asks for TLS, and nowhere else. Linked, libssl and libcrypto would cost every process of
 * every connection more than all the rest of its start (doc/security.md has the figure).
 *
 * net/tls/ is the module, and sees OpenSSL's headers; this one is seen by both sides.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/transport.h"

#include <stddef.h>

/* The module's file, and the name of the struct tls_module in it. */
#define TLS_MODULE_FILE   "imapd-tls.so"
#define TLS_MODULE_SYMBOL "imapd_tls_module"

/* What the settings name. Paths are absolute, "" is none. */
struct tls_files {
    const char *certificate; /* PEM: the server's, then those that lead to the root */
    const char *key;         /* PEM; "": in the same file */
    const char *sni;         /* more of both: CERTIFICATE or CERTIFICATE:KEY, between blanks */
    const char *client_ca;   /* PEM: whose certificates of clients are believed */
    const char *ocsp;        /* DER: the response that is stapled to `certificate` */
    const char *ticket_key;  /* 80 octets; "": no session tickets */
    const char *ciphers;     /* of TLS 1.2, as in ciphers(1); "": ours */
};

/* Octets of a client certificate's name, without the NUL. */
#define TLS_NAME_MAX 255
/* RFC 9266 section 4.2: octets of tls-exporter. */
#define TLS_EXPORTER 32
/* RFC 5929 section 4.1: the octets of the longest hash. */
#define TLS_END_POINT_MAX 64

/* What is known of a connection after its handshake. */
struct tls_facts {
    char protocol[16]; /* "TLSv1.3" */
    char cipher[64];
    /* Who the client's certificate says it is (the only commonName of its subject, UTF-8), when
     * it was verified against client_ca. "": no certificate, or no such name. */
    char client[TLS_NAME_MAX + 1];
    size_t exporter_n; /* 0: this connection has none (TLS 1.2 without RFC 7627) */
    unsigned char exporter[TLS_EXPORTER];
    size_t end_point_n; /* 0: RFC 5929 defines none for this certificate */
    unsigned char end_point[TLS_END_POINT_MAX];
};

enum tls_step {
    TLS_DONE,
    TLS_WAITS, /* for what `waits` of the transport says */
    TLS_FAILED
};

struct tls_keys;

struct tls_module {
    /* The first two: a module of another build is not to be used. */
    size_t size;         /* of this struct */
    const char *version; /* IMAPD_VERSION */

    /* Reads all files, as root. The caller owns the keys. NULL: `why` (of `size` octets) is a
     * line for the log. */
    struct tls_keys *(*load)(const struct tls_files *files, char *why, size_t size);
    void (*unload)(struct tls_keys *keys);

    /* A connection over a socket, which stays the caller's. NULL: no memory. The keys are to
     * outlive it. `close` frees it and says nothing to the client. */
    struct transport *(*accept)(struct tls_keys *keys, int socket);
    void (*close)(struct transport *t);

    /* To be called until it is TLS_DONE: the transport is of use only then. */
    enum tls_step (*handshake)(struct transport *t);
    void (*facts)(struct transport *t, struct tls_facts *facts_r);

    /* Why it failed, here or in a later call: a few words for the log, static or the
     * connection's. "": it did not, or the client is just gone. */
    const char *(*why)(const struct transport *t);
};

#endif
