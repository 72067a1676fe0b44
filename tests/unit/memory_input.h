/* A message in memory, and a sink into memory, for the tests of message/. */
#ifndef TESTS_UNIT_MEMORY_INPUT_H
#define TESTS_UNIT_MEMORY_INPUT_H

#include "base/buffer.h"
#include "message/input.h"

#include <errno.h>
#include <string.h>

struct memory_input {
    struct message_input in;
    const char *data;
    size_t len;
    size_t step;       /* gives no more than this at once; 0: no limit */
    size_t fail_after; /* fails with EIO after so many calls; 0: never */
    size_t calls;
    uint64_t furthest; /* the end of the last octet that was given out */
};

static inline ssize_t memory_pread(struct message_input *in, void *buf, size_t n, uint64_t off)
{
    struct memory_input *m = (struct memory_input *)in;
    m->calls++;
    if (m->fail_after > 0 && m->calls > m->fail_after) {
        errno = EIO;
        return -1;
    }
    if (off >= m->len)
        return 0;
    if (n > m->len - off)
        n = m->len - (size_t)off;
    if (m->step > 0 && n > m->step)
        n = m->step;
    memcpy(buf, m->data + off, n);
    if (off + n > m->furthest)
        m->furthest = off + n;
    return (ssize_t)n;
}

static inline void memory_input_init(struct memory_input *m, const char *data, size_t len)
{
    memset(m, 0, sizeof *m);
    m->in.pread = memory_pread;
    m->data = data;
    m->len = len;
}

struct memory_sink {
    struct message_sink sink;
    struct buffer out;
    size_t refuse_at; /* takes no more once it holds so many octets; 0: takes all */
};

static inline bool memory_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct memory_sink *m = (struct memory_sink *)sink;
    if (m->refuse_at > 0 && m->out.len + n > m->refuse_at)
        return false;
    return buffer_append(&m->out, octets, n);
}

static inline void memory_sink_init(struct memory_sink *m)
{
    memset(m, 0, sizeof *m);
    m->sink.write = memory_write;
    buffer_init(&m->out, (size_t)1 << 30);
}

#endif
