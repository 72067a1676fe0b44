/* ENVELOPE of one header (RFC 3501 section 7.4.2). */
#ifndef MESSAGE_ENVELOPE_H
#define MESSAGE_ENVELOPE_H

#include "message/header.h"

/* Whether ENVELOPE is made of this field. */
bool envelope_field(const struct field *f);

/* Appends the envelope, in its parentheses. False without memory, or at out's ceiling. */
bool envelope_write(const char *header, size_t len, struct buffer *out);

#endif
