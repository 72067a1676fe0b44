/*
 * Between OpenSSL and the socket.
 *
 * OpenSSL hands out a record at a time, 16 KiB at most, and would send each with a call of its
 * own. Here they are gathered until somebody flushes.
 */
#include "net/tls/tls.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Octets that may come without one for us among them. A handshake with a chain of certificates
 * (100 KiB is what OpenSSL takes of it) fits; what goes on beyond that, renegotiating, changing
 * keys or warning, is there to keep us busy. */
#define BARREN_MAX ((size_t)160 * 1024)

bool wire_flush(struct wire *wire)
{
    while (wire->begin < wire->end) {
        ssize_t done = send(wire->socket, wire->out + wire->begin, wire->end - wire->begin,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done >= 0)
            wire->begin += (size_t)done;
        else if (errno != EINTR)
            return false;
    }
    wire->begin = wire->end = 0;
    return true;
}

/* What was sent in part leaves room at the front. */
static size_t room_in(struct wire *wire, size_t wanted)
{
    if (sizeof wire->out - wire->end < wanted && wire->begin > 0) {
        memmove(wire->out, wire->out + wire->begin, wire->end - wire->begin);
        wire->end -= wire->begin;
        wire->begin = 0;
    }
    return sizeof wire->out - wire->end;
}

static int put(BIO *bio, const char *from, size_t n, size_t *done_r)
{
    struct wire *wire = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t room = room_in(wire, n);
    if (room < n && !wire_flush(wire) && errno != EAGAIN)
        return 0;
    room = room_in(wire, n);
    if (room == 0 && n > 0) {
        BIO_set_retry_write(bio);
        return 0;
    }
    *done_r = n < room ? n : room;
    memcpy(wire->out + wire->end, from, *done_r);
    wire->end += *done_r;
    return 1;
}

static int get(BIO *bio, char *to, size_t n, size_t *done_r)
{
    struct wire *wire = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (wire->since_data > BARREN_MAX) {
        wire->barren = true;
        return 0;
    }
    ssize_t done;
    do
        done = recv(wire->socket, to, n, MSG_DONTWAIT);
    while (done < 0 && errno == EINTR);
    wire->dry = done < 0 && errno == EAGAIN;
    if (wire->dry)
        BIO_set_retry_read(bio);
    if (done <= 0) {
        if (done == 0)
            BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
        return 0;
    }
    wire->since_data += (size_t)done;
    *done_r = (size_t)done;
    return 1;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        BIO_clear_retry_flags(bio);
        if (wire_flush(BIO_get_data(bio)))
            return 1;
        if (errno == EAGAIN)
            BIO_set_retry_write(bio);
        return 0;
    case BIO_CTRL_EOF:
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default:
        return 0;
    }
}

BIO_METHOD *wire_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    if (method != NULL && BIO_meth_set_write_ex(method, put) &&
        BIO_meth_set_read_ex(method, get) && BIO_meth_set_ctrl(method, control))
        return method;
    BIO_meth_free(method);
    return NULL;
}

BIO *wire_bio(const BIO_METHOD *method, struct wire *wire)
{
    BIO *bio = BIO_new(method);
    if (bio == NULL)
        return NULL;
    BIO_set_data(bio, wire);
    BIO_set_init(bio, 1);
    return bio;
}
