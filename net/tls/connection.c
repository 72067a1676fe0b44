/* One connection: handshake, octets in and out, and the end. Nothing here waits. */
#include "net/tls/tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Octets that one write takes: four full records, which WIRE_ROOM holds with what TLS adds and
 * a message of its own, so that a write is taken whole or not at all. */
#define WRITE_MAX ((size_t)4 * SSL3_RT_MAX_PLAIN_LENGTH)

static void remember(struct connection *c, const char *what)
{
    if (c->why[0] == '\0')
        snprintf(c->why, sizeof c->why, "%s", what);
}

/* Why OpenSSL gave up, in its words. */
static void remember_error(struct connection *c)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    if (c->wire.barren)
        remember(c, "too much that is no data");
    else if (reason != NULL)
        remember(c, reason);
}

static bool later(struct connection *c, short waits)
{
    c->transport.waits = waits;
    errno = EAGAIN;
    return false;
}

/* After a call of OpenSSL's that did not succeed. True: it is worth another call at once.
 * False: errno is set; 0 is the end that the client announced. */
static bool again(struct connection *c, int result)
{
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        if (!c->wire.dry)
            return true; /* a message of TLS's own came, and was dealt with */
        if (!wire_flush(&c->wire) && errno != EAGAIN)
            return false;
        return later(c, c->wire.begin == c->wire.end ? POLLIN : POLLIN | POLLOUT);
    case SSL_ERROR_WANT_WRITE:
        return later(c, POLLOUT);
    case SSL_ERROR_ZERO_RETURN:
        errno = 0;
        return false;
    default:
        c->over = true;
        remember_error(c);
        errno = EPROTO;
        return false;
    }
}

/* OpenSSL itself would write on after a failed read. */
static bool usable(const struct connection *c)
{
    if (c->over)
        errno = EPROTO;
    return !c->over;
}

static ssize_t receive(struct transport *t, void *to, size_t n)
{
    struct connection *c = (struct connection *)t;
    while (usable(c)) {
        ERR_clear_error();
        int got = SSL_read(c->ssl, to, n > INT_MAX ? INT_MAX : (int)n);
        if (got > 0) {
            c->wire.since_data = 0;
            return got;
        }
        if (!again(c, got))
            return errno == 0 ? 0 : -1;
    }
    return -1;
}

static bool flush(struct transport *t)
{
    struct connection *c = (struct connection *)t;
    return wire_flush(&c->wire) || (errno == EAGAIN && later(c, POLLOUT));
}

/* With the wire empty there is room for all that OpenSSL makes of WRITE_MAX octets: so it never
 * stops in the middle of them. */
static ssize_t take(struct transport *t, const void *from, size_t n)
{
    struct connection *c = (struct connection *)t;
    if (usable(c) && !flush(t))
        return -1;
    while (usable(c)) {
        ERR_clear_error();
        int done = SSL_write(c->ssl, from, (int)(n < WRITE_MAX ? n : WRITE_MAX));
        if (done > 0)
            return done;
        if (!again(c, done)) {
            if (errno == 0)
                errno = EPIPE;
            return -1;
        }
    }
    return -1;
}

static bool pending(const struct transport *t)
{
    return SSL_has_pending(((const struct connection *)t)->ssl) == 1;
}

static void finish(struct transport *t)
{
    struct connection *c = (struct connection *)t;
    if (c->up && !c->over) {
        ERR_clear_error();
        (void)SSL_shutdown(c->ssl); /* once: the answer is not waited for */
    }
    (void)wire_flush(&c->wire);
}

struct transport *connection_accept(struct tls_keys *keys, int socket)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->transport = (struct transport){
        .read = receive, .write = take, .flush = flush, .pending = pending, .finish = finish
    };
    c->wire.socket = socket;
    c->ssl = SSL_new(keys->context);
    BIO *bio = c->ssl == NULL ? NULL : wire_bio(keys->wire, &c->wire);
    if (bio == NULL) {
        SSL_free(c->ssl);
        free(c);
        return NULL;
    }
    SSL_set_bio(c->ssl, bio, bio);
    SSL_set_accept_state(c->ssl);
    return &c->transport;
}

void connection_close(struct transport *t)
{
    struct connection *c = (struct connection *)t;
    SSL_free(c->ssl);
    free(c);
}

enum tls_step connection_handshake(struct transport *t)
{
    struct connection *c = (struct connection *)t;
    for (;;) {
        ERR_clear_error();
        int done = SSL_do_handshake(c->ssl);
        if (done == 1)
            break;
        if (!again(c, done)) {
            if (errno == EAGAIN)
                return TLS_WAITS;
            (void)wire_flush(&c->wire); /* the alert that says why */
            return TLS_FAILED;
        }
    }
    c->up = true;
    c->wire.since_data = 0;
    return TLS_DONE;
}

const char *connection_why(const struct transport *t)
{
    return ((const struct connection *)t)->why;
}
