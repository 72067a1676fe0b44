#include "net/stream.h"
#include "net/transport.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fill(struct source *src);
static bool go_ahead(struct source *src);

void stream_init(struct stream *s, int in_fd, int out_fd, unsigned timeout)
{
    struct stat st;
    s->in_fd = in_fd;
    s->out_fd = out_fd;
    s->out_socket = fstat(out_fd, &st) == 0 && S_ISSOCK(st.st_mode);
    s->transport = NULL;
    s->state = STREAM_OPEN;
    s->timeout = timeout;
    s->deadline = (struct timespec){ 0 };
    s->before_wait = NULL;
    s->before_wait_ctx = NULL;
    s->when_idle = NULL;
    s->when_idle_ctx = NULL;
    s->octets_in = s->octets_out = 0;
    s->in_max = 0;
    s->wipes = false;
    s->out_len = 0;
    s->source =
        (struct source){ .pos = s->in, .end = s->in, .fill = fill, .go_ahead = go_ahead };
}

void stream_through(struct stream *s, struct transport *transport)
{
    explicit_bzero(s->in, sizeof s->in);
    s->source.pos = s->source.end = s->in;
    s->transport = transport;
}

bool stream_preload(struct stream *s, const void *octets, size_t n)
{
    if (n > sizeof s->in || s->source.pos != s->source.end)
        return false;
    memcpy(s->in, octets, n);
    s->source.pos = s->in;
    s->source.end = s->in + n;
    s->octets_in += n;
    return true;
}

void stream_set_deadline(struct stream *s, unsigned seconds)
{
    s->deadline = (struct timespec){ 0 };
    if (seconds == 0 || clock_gettime(CLOCK_MONOTONIC, &s->deadline) < 0)
        return;
    s->deadline.tv_sec += seconds;
}

void stream_before_wait(struct stream *s, void (*call)(void *ctx), void *ctx)
{
    s->before_wait = call;
    s->before_wait_ctx = ctx;
}

void stream_when_idle(struct stream *s, void (*call)(void *ctx), void *ctx)
{
    s->when_idle = call;
    s->when_idle_ctx = ctx;
}

/* The first failure counts; what follows from it does not replace it. */
static bool fail(struct stream *s, enum stream_state state)
{
    if (s->state == STREAM_OPEN)
        s->state = state;
    return false;
}

void stream_end(struct stream *s, enum stream_state state)
{
    fail(s, state);
}

/* Milliseconds from now until t, at least 0. */
static long long until(const struct timespec *t)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return 0;
    long long ms =
        (long long)(t->tv_sec - now.tv_sec) * 1000 + (t->tv_nsec - now.tv_nsec) / 1000000;
    return ms < 0 ? 0 : ms;
}

/* poll(2) over one or two descriptors until `milliseconds` have passed, over all interruptions.
 * Returns as poll does. */
static int poll_for(struct pollfd *fds, nfds_t n, long long milliseconds)
{
    struct timespec end = { 0 };
    if (milliseconds >= 0) {
        if (clock_gettime(CLOCK_MONOTONIC, &end) < 0)
            return -1;
        end.tv_sec += (time_t)(milliseconds / 1000);
        end.tv_nsec += (long)(milliseconds % 1000) * 1000000;
        if (end.tv_nsec >= 1000000000) {
            end.tv_sec++;
            end.tv_nsec -= 1000000000;
        }
    }
    for (;;) {
        int ready = poll(fds, n, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
        if (ready >= 0 || errno != EINTR)
            return ready;
        if (milliseconds >= 0)
            milliseconds = until(&end);
    }
}

/* All waiting is here, but for writes to pipes, which come right behind. */
static int wait_for(struct stream *s, struct pollfd *fds, nfds_t n, long long milliseconds)
{
    if (s->before_wait != NULL)
        s->before_wait(s->before_wait_ctx);
    if (s->when_idle == NULL || (milliseconds >= 0 && milliseconds <= STREAM_IDLE_MS))
        return poll_for(fds, n, milliseconds);
    int ready = poll_for(fds, n, STREAM_IDLE_MS);
    if (ready != 0)
        return ready;
    s->when_idle(s->when_idle_ctx);
    return poll_for(fds, n, milliseconds < 0 ? -1 : milliseconds - STREAM_IDLE_MS);
}

/* How long a wait may last: the timeout, cut by the deadline; -1: for ever. */
static long long patience(const struct stream *s)
{
    long long ms = s->timeout == 0 ? -1 : (long long)s->timeout * 1000;
    if (s->deadline.tv_sec != 0) {
        long long left = until(&s->deadline);
        if (ms < 0 || left < ms)
            ms = left;
    }
    return ms;
}

bool stream_wait_for(struct stream *s, int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };
    int ready = wait_for(s, &p, 1, patience(s));
    return ready > 0 || fail(s, ready == 0 ? STREAM_TIMEOUT : STREAM_FAILED);
}

static bool wait_for_room(struct stream *s)
{
    return stream_wait_for(s, s->out_fd, POLLOUT);
}

/* After a transport said no: waits, if it is only that it can't yet. */
static bool wait_for_transport(struct stream *s)
{
    short waits = s->transport->waits;
    int fd = (waits & POLLOUT) != 0 ? s->out_fd : s->in_fd; /* one socket, or two pipes */
    return errno == EAGAIN ? stream_wait_for(s, fd, waits) : fail(s, STREAM_FAILED);
}

/* Sends n octets through the transport; `more` as below. */
static bool send_through(struct stream *s, const unsigned char *p, size_t n, bool more)
{
    struct transport *t = s->transport;
    while (n > 0 && s->state == STREAM_OPEN) {
        ssize_t done = t->write(t, p, n);
        if (done >= 0) {
            p += done;
            n -= (size_t)done;
            s->octets_out += (uint64_t)done;
        } else if (!wait_for_transport(s)) {
            return false;
        }
    }
    while (!more && s->state == STREAM_OPEN && !t->flush(t)) {
        if (!wait_for_transport(s))
            return false;
    }
    return s->state == STREAM_OPEN;
}

/* Sends n octets. A socket is never blocked on inside the call, so that the timeout holds: it
 * is waited for when it has no room. A pipe's other end is a program of this machine's, and its
 * descriptor may be shared with others, so it is left blocking, and waited for first. `more`:
 * more follows soon, so that TCP need not send what fills no segment. */
static bool send_all(struct stream *s, const unsigned char *p, size_t n, bool more)
{
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
    if (s->transport != NULL)
        return send_through(s, p, n, more);
    while (n > 0 && s->state == STREAM_OPEN) {
        if (!s->out_socket && !wait_for_room(s))
            return false;
        ssize_t done = s->out_socket ? send(s->out_fd, p, n, flags) : write(s->out_fd, p, n);
        if (done >= 0) {
            p += done;
            n -= (size_t)done;
            s->octets_out += (uint64_t)done;
        } else if (errno == EAGAIN) {
            if (!wait_for_room(s))
                return false;
        } else if (errno != EINTR) {
            return fail(s, STREAM_FAILED);
        }
    }
    return s->state == STREAM_OPEN;
}

static bool send_buffer(struct stream *s, bool more)
{
    size_t n = s->out_len;
    s->out_len = 0;
    if (n == 0 && s->transport == NULL)
        return s->state == STREAM_OPEN;
    return send_all(s, s->out, n, more);
}

bool stream_flush(struct stream *s)
{
    return send_buffer(s, false);
}

/* How much was taken; 0 also where it can't be said now: the next flush finds out. */
static size_t send_some(const struct stream *s)
{
    struct pollfd fd = { .fd = s->out_fd, .events = POLLOUT };
    size_t n = s->out_len;
    ssize_t done = 0;
    if (s->transport != NULL)
        done = s->transport->write(s->transport, s->out, n);
    else if (s->out_socket)
        done = send(s->out_fd, s->out, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (poll(&fd, 1, 0) == 1 &&
             (fd.revents & POLLOUT) != 0) /* room for so much at least */
        done = write(s->out_fd, s->out, n < PIPE_BUF ? n : PIPE_BUF);
    return done > 0 ? (size_t)done : 0;
}

void stream_push(struct stream *s)
{
    size_t done;
    while (s->state == STREAM_OPEN && s->out_len > 0 && (done = send_some(s)) > 0) {
        memmove(s->out, s->out + done, s->out_len - done);
        s->out_len -= done;
        s->octets_out += done;
    }
    if (s->state == STREAM_OPEN && s->transport != NULL)
        (void)s->transport->flush(s->transport);
}

bool stream_write_beyond(struct stream *s, const void *octets, size_t n)
{
    if (s->state != STREAM_OPEN || !send_buffer(s, true))
        return false;
    if (n >= sizeof s->out)
        return send_all(s, octets, n, false);
    memcpy(s->out, octets, n);
    s->out_len = n;
    return true;
}

char *stream_room(struct stream *s, size_t *n_r)
{
    bool short_of = sizeof s->out - s->out_len < STREAM_ROOM_MIN;
    if (s->state != STREAM_OPEN || (short_of && !send_buffer(s, true)))
        return NULL;
    *n_r = sizeof s->out - s->out_len;
    return (char *)s->out + s->out_len;
}

/* Two digits a division. */
bool stream_put_uint(struct stream *s, uint64_t n)
{
    static const char pair[] = "00010203040506070809101112131415161718192021222324"
                               "25262728293031323334353637383940414243444546474849"
                               "50515253545556575859606162636465666768697071727374"
                               "75767778798081828384858687888990919293949596979899";
    char digits[20]; /* of 2^64 - 1 */
    size_t at = sizeof digits;
    for (; n >= 10; n /= 100) {
        at -= 2;
        memcpy(digits + at, pair + n % 100 * 2, 2);
    }
    if (n > 0 || at == sizeof digits)
        digits[--at] = (char)('0' + n);
    return stream_write(s, digits + at, sizeof digits - at);
}

bool stream_printf(struct stream *s, const char *fmt, ...)
{
    char line[1024];
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    bool ok;
    if (n < 0) {
        ok = fail(s, STREAM_FAILED);
    } else if ((size_t)n < sizeof line) {
        ok = stream_write(s, line, (size_t)n);
    } else {
        char *longer = NULL;
        n = vasprintf(&longer, fmt, again);
        ok = n >= 0 ? stream_write(s, longer, (size_t)n) : fail(s, STREAM_FAILED);
        free(longer);
    }
    va_end(again);
    return ok;
}

static bool wait_for_input(struct stream *s)
{
    return s->transport != NULL ? wait_for_transport(s) : stream_wait_for(s, s->in_fd, POLLIN);
}

static bool fill(struct source *src)
{
    struct stream *s = (struct stream *)src;
    if (s->wipes) /* before the wait, which may be long */
        explicit_bzero(s->in, sizeof s->in);
    if (!stream_flush(s) || s->state != STREAM_OPEN)
        return false;
    if (s->in_max != 0 && s->octets_in >= s->in_max)
        return fail(s, STREAM_LIMIT);
    /* A descriptor may block, and is waited for first; a transport may have what left it. */
    if (s->transport == NULL && !wait_for_input(s))
        return false;
    for (;;) {
        ssize_t n = s->transport == NULL
                        ? read(s->in_fd, s->in, sizeof s->in)
                        : s->transport->read(s->transport, s->in, sizeof s->in);
        if (n > 0) {
            src->pos = s->in;
            src->end = s->in + n;
            s->octets_in += (uint64_t)n;
            return true;
        }
        if (n == 0)
            return fail(s, STREAM_EOF);
        if (errno != EINTR && errno != EAGAIN)
            return fail(s, STREAM_FAILED);
        if (!wait_for_input(s))
            return false;
    }
}

static bool go_ahead(struct source *src)
{
    struct stream *s = (struct stream *)src;
    return stream_puts(s, "+ OK\r\n") && stream_flush(s);
}

int stream_wait(struct stream *s, int other_fd, int milliseconds)
{
    if (s->source.pos != s->source.end || !stream_flush(s) || s->state != STREAM_OPEN ||
        (s->transport != NULL && s->transport->pending(s->transport)))
        return STREAM_WAIT_INPUT;
    struct pollfd fds[2] = { { .fd = s->in_fd, .events = POLLIN },
                             { .fd = other_fd, .events = POLLIN } };
    int ready = wait_for(s, fds, 2, milliseconds < 0 ? patience(s) : milliseconds);
    if (ready < 0) {
        fail(s, STREAM_FAILED);
        return STREAM_WAIT_INPUT;
    }
    return (fds[0].revents != 0 ? STREAM_WAIT_INPUT : 0) |
           (fds[1].revents != 0 ? STREAM_WAIT_OTHER : 0);
}

void stream_part(struct stream *s)
{
    enum { PATIENCE_MS = 1000 };
    if (!stream_flush(s) || !s->out_socket)
        return;
    if (s->transport != NULL)
        s->transport->finish(s->transport);
    if (shutdown(s->out_fd, SHUT_WR) < 0)
        return;
    struct timespec end;
    if (clock_gettime(CLOCK_MONOTONIC, &end) < 0)
        return;
    end.tv_sec += PATIENCE_MS / 1000;
    struct pollfd fd = { .fd = s->in_fd, .events = POLLIN };
    while (wait_for(s, &fd, 1, until(&end)) > 0 && read(s->in_fd, s->in, sizeof s->in) > 0)
        ;
}
