/*
 * Octets are compressed as they come, and sent when the buffer is full or at a flush, which
 * ends with a Z_SYNC_FLUSH: then the client can read all that was written, so that an answer,
 * or what IDLE has to tell, is there at once. A flush with nothing new sends nothing.
 *
 * What comes is inflated no further than there is room for it, so that a client gains nothing
 * by octets that inflate to a thousand times as many: they are read, and count, as any others.
 *
 * A descriptor may block: it is asked by poll(2) first. What a pipe takes then may still be
 * waited for inside write(2), as without compression (net/stream.c).
 */
#include "net/deflate.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#define ZLIB_CONST /* next_in points to const */
#include <zlib.h>

/* Of the benchmark's mail, level 1 leaves 0.456 at 54 MB/s, 4 leaves 0.429 at 43, and 6 leaves
 * 0.411 at 26. */
#define LEVEL 4

#define WINDOW_BITS (-15) /* raw (RFC 4978 section 4) */
#define MEMORY      8     /* zlib's default */

#define BUFFER 16384

struct zlib {
    __typeof__(deflateInit2_) *deflate_init;
    __typeof__(deflate) *deflate;
    __typeof__(deflateEnd) *deflate_end;
    __typeof__(inflateInit2_) *inflate_init;
    __typeof__(inflate) *inflate;
    __typeof__(inflateEnd) *inflate_end;
};

struct deflater {
    struct transport transport; /* first: they are one address */
    struct zlib zlib;
    int in_fd, out_fd;
    bool out_socket;
    z_stream out, in;
    bool unflushed; /* something was written since the last Z_SYNC_FLUSH was complete */
    bool more;      /* inflate may have more to give without more input */
    bool ended;     /* the client has ended its deflate stream */
    size_t sent;    /* of what is in out_buffer */
    unsigned char in_buffer[BUFFER];
    unsigned char out_buffer[BUFFER];
};

static bool load(struct zlib *z)
{
    static const char *const name[] = { "deflateInit2_", "deflate", "deflateEnd",
                                        "inflateInit2_", "inflate", "inflateEnd" };
    void *found[sizeof name / sizeof *name];
    _Static_assert(sizeof *z == sizeof found, "a name for each function");
    void *handle = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        found[i] = handle != NULL ? dlsym(handle, name[i]) : NULL;
        if (found[i] == NULL)
            return false;
    }
    memcpy(z, found, sizeof found); /* dlsym(3): pointers have one size */
    return true;
}

static bool ready(struct deflater *d, int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };
    if (poll(&p, 1, 0) > 0)
        return true;
    d->transport.waits = events;
    errno = EAGAIN;
    return false;
}

/* --- Out. ------------------------------------------------------------------------------------
 */

static size_t waiting(const struct deflater *d)
{
    return (size_t)(d->out.next_out - d->out_buffer) - d->sent;
}

/* Sends what waits in the buffer, which is then empty. False: not all of it, errno. */
static bool drain(struct deflater *d)
{
    while (waiting(d) > 0) {
        const unsigned char *p = d->out_buffer + d->sent;
        if (!ready(d, d->out_fd, POLLOUT))
            return false;
        ssize_t n = d->out_socket ? send(d->out_fd, p, waiting(d), MSG_DONTWAIT | MSG_NOSIGNAL)
                                  : write(d->out_fd, p, waiting(d));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            d->transport.waits = POLLOUT;
            return false;
        }
        d->sent += (size_t)n;
    }
    d->sent = 0;
    d->out.next_out = d->out_buffer;
    d->out.avail_out = sizeof d->out_buffer;
    return true;
}

static ssize_t deflate_write(struct transport *t, const void *from, size_t n)
{
    struct deflater *d = (struct deflater *)t;
    if (d->out.avail_out == 0 && !drain(d))
        return -1;
    d->out.next_in = from;
    d->out.avail_in = n < BUFFER ? (uInt)n : BUFFER;
    uInt given = d->out.avail_in;
    if (d->zlib.deflate(&d->out, Z_NO_FLUSH) == Z_STREAM_ERROR) {
        errno = EIO;
        return -1;
    }
    d->unflushed = true;
    if (d->out.avail_in < given)
        return given - d->out.avail_in;
    /* zlib's own window was full, and the buffer with it. */
    return drain(d) ? deflate_write(t, from, n) : -1;
}

static bool deflate_flush(struct transport *t)
{
    struct deflater *d = (struct deflater *)t;
    while (d->unflushed) {
        if (d->out.avail_out == 0 && !drain(d))
            return false;
        d->out.next_in = NULL;
        d->out.avail_in = 0;
        int status = d->zlib.deflate(&d->out, Z_SYNC_FLUSH);
        if (status == Z_STREAM_ERROR) {
            errno = EIO;
            return false;
        }
        d->unflushed = d->out.avail_out == 0;
    }
    return drain(d);
}

static void deflate_finish(struct transport *t)
{
    (void)deflate_flush(t);
}

/* --- In. -------------------------------------------------------------------------------------
 */

/* More octets to inflate. 1; 0: the end; -1: errno. */
static int fill(struct deflater *d)
{
    for (;;) {
        if (!ready(d, d->in_fd, POLLIN))
            return -1;
        ssize_t n = read(d->in_fd, d->in_buffer, sizeof d->in_buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            d->transport.waits = POLLIN;
            return (int)n;
        }
        d->in.next_in = d->in_buffer;
        d->in.avail_in = (uInt)n;
        return 1;
    }
}

static ssize_t deflate_read(struct transport *t, void *to, size_t n)
{
    struct deflater *d = (struct deflater *)t;
    d->in.next_out = to;
    d->in.avail_out = n < BUFFER ? (uInt)n : BUFFER;
    uInt room = d->in.avail_out;
    while (!d->ended && d->in.avail_out == room) {
        if (d->in.avail_in == 0 && !d->more) {
            int filled = fill(d);
            if (filled <= 0)
                return filled;
        }
        int status = d->zlib.inflate(&d->in, Z_SYNC_FLUSH);
        d->ended = status == Z_STREAM_END;
        d->more = d->in.avail_out == 0;
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
            errno = EPROTO;
            return -1;
        }
    }
    return room - d->in.avail_out;
}

static bool deflate_pending(const struct transport *t)
{
    const struct deflater *d = (const struct deflater *)t;
    return d->in.avail_in > 0 || d->more || d->ended;
}

/* --- Both. -----------------------------------------------------------------------------------
 */

struct transport *deflate_begin(int in_fd, int out_fd, const char **why_r)
{
    struct stat st;
    struct deflater *d = calloc(1, sizeof *d);
    *why_r = "Out of memory";
    if (d == NULL)
        return NULL;
    d->transport = (struct transport){ .read = deflate_read,
                                       .write = deflate_write,
                                       .flush = deflate_flush,
                                       .pending = deflate_pending,
                                       .finish = deflate_finish };
    d->in_fd = in_fd;
    d->out_fd = out_fd;
    d->out_socket = fstat(out_fd, &st) == 0 && S_ISSOCK(st.st_mode);
    d->out.next_out = d->out_buffer;
    d->out.avail_out = sizeof d->out_buffer;
    bool loaded = load(&d->zlib);
    if (!loaded)
        *why_r = "zlib can't be loaded";
    if (loaded &&
        d->zlib.deflate_init(&d->out, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY,
                             Z_DEFAULT_STRATEGY, ZLIB_VERSION, (int)sizeof d->out) == Z_OK) {
        if (d->zlib.inflate_init(&d->in, WINDOW_BITS, ZLIB_VERSION, (int)sizeof d->in) == Z_OK)
            return &d->transport;
        (void)d->zlib.deflate_end(&d->out);
    }
    free(d);
    return NULL;
}

void deflate_end(struct transport *t)
{
    struct deflater *d = (struct deflater *)t;
    if (d == NULL)
        return;
    (void)d->zlib.deflate_end(&d->out);
    (void)d->zlib.inflate_end(&d->in);
    free(d);
}
