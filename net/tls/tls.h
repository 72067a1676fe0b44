/* The TLS module's own: what its files share. */
#ifndef NET_TLS_TLS_H
#define NET_TLS_TLS_H

#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

/* Certificates by SNI, at most: each is read and parsed for every connection. */
#define TLS_SNI_MAX 64

struct identity {
    X509 *certificate;
    STACK_OF(X509) * chain; /* what leads from it towards the root */
    EVP_PKEY *key;
};

/* [0] is tls_cert's. One context for all: it costs more than any certificate. */
struct tls_keys {
    BIO_METHOD *wire;
    SSL_CTX *context;
    struct identity identity[1 + TLS_SNI_MAX];
    size_t identities;
    unsigned char *ocsp; /* or NULL */
    long ocsp_n;
};

struct tls_keys *keys_load(const struct tls_files *files, char *text, size_t size);
void keys_unload(struct tls_keys *keys);

/* Reads a chain of certificates and a key (NULL: from the same file), which the caller owns.
 * False: `what` is wrong with *file_r; the reason is in OpenSSL's error queue, if it knows. */
bool identity_read(const char *certificate, const char *key, struct identity *identity_r,
                   const char **file_r, const char **what_r);
void identity_free(struct identity *identity);
/* Makes a connection show this one alone. False: OpenSSL won't (a key that is too short). */
bool identity_show(SSL *ssl, const struct identity *identity);

/* What makes the context's connections ours: protocols, ciphers, ALPN, certificates of clients.
 * False: *what_r is a setting that is of no use; the reason is in OpenSSL's error queue. */
bool policy_apply(SSL_CTX *context, const struct tls_files *files, const char **what_r);
/* Shows the certificate of the name that the client asks for. */
void policy_choose_by_name(struct tls_keys *keys);

/* The socket under a connection: what TLS sends is gathered, so that several records go in one
 * call; what comes without any octet for us in it is counted. */
#define WIRE_RECORD (SSL3_RT_MAX_PLAIN_LENGTH + 256)
#define WIRE_ROOM   ((size_t)5 * WIRE_RECORD)
struct wire {
    int socket;
    bool dry;    /* nothing more was to be had when last asked */
    bool barren; /* BARREN_MAX is reached */
    size_t since_data;
    size_t begin, end; /* of what is to be sent, in out */
    unsigned char out[WIRE_ROOM];
};

BIO_METHOD *wire_method(void); /* NULL: no memory. BIO_meth_free is the caller's */
BIO *wire_bio(const BIO_METHOD *method, struct wire *wire);
/* Sends what was gathered. False: errno is EAGAIN, or it is over. */
bool wire_flush(struct wire *wire);

struct connection {
    struct transport transport; /* first: one address */
    SSL *ssl;
    bool up;   /* the handshake is done */
    bool over; /* OpenSSL says that nothing more is possible */
    char why[128];
    struct wire wire;
};

struct transport *connection_accept(struct tls_keys *keys, int socket);
void connection_close(struct transport *t);
enum tls_step connection_handshake(struct transport *t);
const char *connection_why(const struct transport *t);
void connection_facts(struct transport *t, struct tls_facts *facts_r);

#endif
