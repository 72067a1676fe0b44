#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *b, size_t max)
{
    memset(b, 0, sizeof *b);
    b->max = max;
}

void buffer_init_drained(struct buffer *b, size_t max, struct buffer_drain *drain)
{
    buffer_init(b, max);
    b->drain = drain;
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    buffer_init_drained(b, b->max, b->drain);
}

bool buffer_drain(struct buffer *b)
{
    if (!b->failed && b->len > 0)
        b->failed = !b->drain->take(b->drain, b->data, b->len);
    b->len = 0;
    return !b->failed;
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    b->failed = false;
}

/* One octet more than asked for is kept, so that buffer_string always has room for its NUL. */
bool buffer_reserve(struct buffer *b, size_t n)
{
    if (b->drain != NULL && n > b->max - b->len)
        (void)buffer_drain(b);
    if (b->failed || n > b->max - b->len) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + n;
    if (need < b->cap)
        return true;
    if (need > SIZE_MAX / 2 - 64) {
        b->failed = true;
        return false;
    }
    size_t cap = b->cap < 32 ? 64 : b->cap * 2;
    if (cap <= need)
        cap = need + 64;
    char *data = realloc(b->data, cap);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

/* What would not fit at all goes past the buffer, behind what is in it. */
static bool pass_by(struct buffer *b, const void *octets, size_t n)
{
    if (buffer_drain(b))
        b->failed = !b->drain->take(b->drain, octets, n);
    return !b->failed;
}

bool buffer_append(struct buffer *b, const void *octets, size_t n)
{
    if (b->drain != NULL && n > b->max)
        return pass_by(b, octets, n);
    if (b->clips && n > b->max - b->len)
        n = b->max - b->len;
    if (!buffer_reserve(b, n))
        return false;
    if (n > 0)
        memcpy(b->data + b->len, octets, n);
    b->len += n;
    return true;
}

bool buffer_puts(struct buffer *b, const char *s)
{
    return buffer_append(b, s, strlen(s));
}

bool buffer_putc(struct buffer *b, char c)
{
    return buffer_append(b, &c, 1);
}

bool buffer_vprintf(struct buffer *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0 || !buffer_reserve(b, (size_t)n)) {
        b->failed = true;
        return false;
    }
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
    return true;
}

bool buffer_printf(struct buffer *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool ok = buffer_vprintf(b, fmt, ap);
    va_end(ap);
    return ok;
}

const char *buffer_string(struct buffer *b)
{
    if (!buffer_reserve(b, 0))
        return NULL;
    b->data[b->len] = '\0';
    return b->data;
}

char *buffer_steal(struct buffer *b)
{
    char *s = NULL;
    if (buffer_string(b) != NULL) {
        s = b->data;
        b->data = NULL;
    }
    buffer_free(b);
    return s;
}
