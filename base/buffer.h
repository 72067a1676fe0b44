/*
 * A growable run of octets with a ceiling.
 *
 * Failure is sticky: once an addition does not fit (the ceiling, or no memory) `failed` is
 * set and every later addition does nothing, so that a caller may build a whole answer and
 * look once, at the end.
 *
 * A buffer may have a drain: then it is no more than the way there. What is in it goes to the
 * drain when the ceiling is reached, so that whoever writes to it need not know that the whole
 * would not fit, and the ceiling bounds memory alone.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Where octets go. False: it wants no more, and the buffer has failed. */
struct buffer_drain {
    bool (*take)(struct buffer_drain *drain, const void *octets, size_t n);
};

struct buffer {
    char *data;  /* owned; NULL while empty and never grown */
    size_t len;  /* octets in use */
    size_t cap;  /* octets allocated */
    size_t max;  /* len never passes this */
    bool failed; /* an addition was refused */
    bool clips;  /* set by the owner: what is above the ceiling is left out, without failure */
    struct buffer_drain *drain; /* or NULL */
};

/* Makes an empty buffer that holds at most max octets. Allocates nothing. */
void buffer_init(struct buffer *b, size_t max);

/* The same with a drain, the caller's; len and data are then of what is on its way alone. */
void buffer_init_drained(struct buffer *b, size_t max, struct buffer_drain *drain);

/* Gives the drain what is left. False: something was refused, now or before. */
bool buffer_drain(struct buffer *b);

/* Frees what the buffer holds and leaves it empty, with the same ceiling and drain. */
void buffer_free(struct buffer *b);

/* Forgets the contents and the failure, keeps the allocation. */
void buffer_clear(struct buffer *b);

/* Makes room for n more octets. False (and failed set) over the ceiling or without memory. */
bool buffer_reserve(struct buffer *b, size_t n);

/* Adds octets, a NUL-terminated string, one octet, or text formatted as by printf(3).
 * False if it did not fit; then nothing of it was added. */
bool buffer_append(struct buffer *b, const void *octets, size_t n);
bool buffer_puts(struct buffer *b, const char *s);
bool buffer_putc(struct buffer *b, char c);
bool buffer_printf(struct buffer *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool buffer_vprintf(struct buffer *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* The contents as a NUL-terminated string, which stays the buffer's (the NUL is not counted
 * in len); NULL if an addition has failed. */
const char *buffer_string(struct buffer *b);

/* The contents as a NUL-terminated string that is the caller's to free(3); the buffer is
 * empty afterwards. NULL if an addition has failed. */
char *buffer_steal(struct buffer *b);

#endif
