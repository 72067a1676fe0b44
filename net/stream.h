/*
 * The connection to the client: buffered octets over a descriptor to read and one to write
 * (the same socket, or the two ends of a pipe).
 *
 * What is written is sent when the buffer is full, when stream_flush is called, and before
 * waiting for input: so answers to pipelined commands share segments, and no answer waits
 * for a client that waits for it. After the first failure, output is thrown away and input
 * ends: `state` says why.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "parser/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/* One read(2). The gate hands over what it had read ahead in one frame of this size. */
#define STREAM_IN_SIZE 16384
/* One write(2): large enough that FETCH is not ruled by system calls, small enough for 5,000
 * idle connections. */
#define STREAM_OUT_SIZE 32768

enum stream_state {
    STREAM_OPEN,
    STREAM_EOF,     /* the client closed its end */
    STREAM_TIMEOUT, /* nothing came, or nothing could be sent, for too long */
    STREAM_LIMIT,   /* more came than may come */
    STREAM_FAILED   /* a system call failed: the client is gone */
};

struct transport;

struct stream {
    struct source source; /* what was read and not yet used; first, so that source and stream
                             are one address */
    int in_fd, out_fd;
    bool out_socket;
    struct transport *transport; /* NULL: the descriptors alone */
    bool wipes;                  /* the gate: passwords come this way, used input is wiped */
    enum stream_state state;
    unsigned timeout; /* seconds without an octet in or out until STREAM_TIMEOUT; 0: none */
    struct timespec deadline;       /* CLOCK_MONOTONIC; tv_sec 0: none */
    void (*before_wait)(void *ctx); /* or NULL */
    void *before_wait_ctx;
    void (*when_idle)(void *ctx);
    void *when_idle_ctx;
    uint64_t octets_in, octets_out;
    uint64_t in_max; /* reads end with STREAM_LIMIT once so many octets came; 0: never */
    size_t out_len;
    unsigned char in[STREAM_IN_SIZE];
    unsigned char out[STREAM_OUT_SIZE];
};

/* Makes a stream over two open descriptors, which stay the caller's. */
void stream_init(struct stream *s, int in_fd, int out_fd, unsigned timeout);

/* From now on through the transport, which reads and writes the same descriptors and stays the
 * caller's. What was read and not used is thrown away: nothing that came before
 * may be taken for what comes through it. */
void stream_through(struct stream *s, struct transport *transport);

/* Puts octets that another process had read ahead before all that is still to be read. At most
 * STREAM_IN_SIZE, and only before the first read; false otherwise. */
bool stream_preload(struct stream *s, const void *octets, size_t n);

/* Reads end with STREAM_TIMEOUT so many seconds from now, whatever comes; 0: never. */
void stream_set_deadline(struct stream *s, unsigned seconds);

/* call(ctx) just before each wait for the client: for input, or for room for output. For what
 * must not be held meanwhile. It must not use the stream. `call` NULL: nothing, as at first. */
void stream_before_wait(struct stream *s, void (*call)(void *ctx), void *ctx);

/* call(ctx) when a wait for the client has lasted STREAM_IDLE_MS, and goes on: for what should
 * be done when there is nothing else to do. As above. */
#define STREAM_IDLE_MS 100
void stream_when_idle(struct stream *s, void (*call)(void *ctx), void *ctx);

/* What stream_write does when the buffer is full, or the stream has ended. */
bool stream_write_beyond(struct stream *s, const void *octets, size_t n);

/* Sends; true if all was taken (which is not: has arrived). These two are inline because FETCH
 * calls them ten times a message with a few octets each, whose number is then a constant. */
static inline bool stream_write(struct stream *s, const void *octets, size_t n)
{
    if (s->state != STREAM_OPEN || n >= sizeof s->out || s->out_len > sizeof s->out - n)
        return stream_write_beyond(s, octets, n);
    memcpy(s->out + s->out_len, octets, n);
    s->out_len += n;
    return true;
}

static inline bool stream_puts(struct stream *s, const char *text)
{
    return stream_write(s, text, strlen(text));
}

/* Lends the room behind what waits to be sent, for whoever makes octets in place: *n_r octets,
 * at least STREAM_ROOM_MIN. NULL: the stream has ended. stream_take sends the first n of them.
 */
#define STREAM_ROOM_MIN 1024
char *stream_room(struct stream *s, size_t *n_r);
static inline void stream_take(struct stream *s, size_t n)
{
    s->out_len += n;
}

bool stream_put_uint(struct stream *s, uint64_t n); /* in decimal */
bool stream_printf(struct stream *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool stream_flush(struct stream *s);
/* Sends of what was written as much as goes at once: never waits, and calls nothing that is
 * called before a wait. For news in the midst of work. */
void stream_push(struct stream *s);

/* Waits until a descriptor of the connection's is ready for these events of poll(2). False: the
 * timeout or the deadline came first, or the wait failed; the stream has ended. */
bool stream_wait_for(struct stream *s, int fd, short events);

/* Ends the stream from our side: nothing more is read or sent. For when the protocol can't go
 * on, as in the middle of a literal that can't be completed. */
void stream_end(struct stream *s, enum stream_state state);

/* Before the process ends with input unread: on a TCP socket the kernel would then reset the
 * connection, and the last words could be lost on the way. Sends what is left, closes our
 * direction, and reads what comes for at most a second. */
void stream_part(struct stream *s);

/* Whether input is at hand, or comes within `milliseconds` (-1: within the stream's timeout),
 * or other_fd (-1: none) becomes readable: STREAM_WAIT_... bits; 0: neither, in that time. A
 * closed or failed connection counts as input. Flushes first. */
#define STREAM_WAIT_INPUT 1
#define STREAM_WAIT_OTHER 2
int stream_wait(struct stream *s, int other_fd, int milliseconds);

#endif
