/* Strings as IMAP writes them (RFC 3501 section 4.3). */
#ifndef MESSAGE_IMAP_STRING_H
#define MESSAGE_IMAP_STRING_H

#include "base/buffer.h"

/* Appends a string: quoted when it may be, else (8-bit, CR, LF, NUL, or very long) a literal.
 * A NUL is written as 0x80. */
void imap_string(struct buffer *out, const char *octets, size_t n);

/* The same for what a buffer holds; NIL when it is empty. */
void imap_nstring(struct buffer *out, const struct buffer *s);

#endif
