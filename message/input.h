/*
 * What message/ works on: the octets of one message, by offset, wherever they are.
 * message/ does no I/O of its own.
 */
#ifndef MESSAGE_INPUT_H
#define MESSAGE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct message_input {
    /* As pread(2): up to n octets from offset `off` into buf. Returns how many (maybe fewer
     * than asked for), 0 at the end of the message, -1 with errno set. */
    ssize_t (*pread)(struct message_input *in, void *buf, size_t n, uint64_t off);
    /* The same without copying: *octets_r points to octets that stay the input's, and are there
     * until its next call of either. NULL: this input can't. */
    ssize_t (*peek)(struct message_input *in, const char **octets_r, size_t n, uint64_t off);
};

/* The next octets wherever they are: the input's own, or read into buf, which has room for n.
 */
static inline ssize_t message_input_get(struct message_input *in, char *buf, size_t n,
                                        uint64_t off, const char **octets_r)
{
    if (in->peek != NULL)
        return in->peek(in, octets_r, n, off);
    *octets_r = buf;
    return in->pread(in, buf, n, off);
}

/* Where message/ puts what it makes. */
struct message_sink {
    /* Takes n octets. False: the sink wants no more (its own affair why). */
    bool (*write)(struct message_sink *sink, const void *octets, size_t n);
};

enum message_status {
    MESSAGE_OK = 0,
    MESSAGE_IO,      /* the input failed; errno says how */
    MESSAGE_NOMEM,   /* no memory, or a buffer's ceiling */
    MESSAGE_CHANGED, /* the input is shorter than it was when it was parsed */
    MESSAGE_SINK     /* the sink wanted no more */
};

#endif
