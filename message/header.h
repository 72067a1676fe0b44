/*
 * The fields of a header (RFC 5322 section 2.2).
 *
 * A header is taken as it is in the input, line ends and folding included. What is no field
 * (a line without a colon, an mbox "From " line, a continuation of nothing) is passed over.
 */
#ifndef MESSAGE_HEADER_H
#define MESSAGE_HEADER_H

#include "base/buffer.h"

struct field {
    const char *name;
    size_t name_len;
    const char *value; /* after the colon, folding included, up to its line end */
    size_t value_len;
    const char *raw; /* all of it: its lines with their line ends */
    size_t raw_len;
};

/* Finds the next field at or after *pos (0 at first) and moves *pos past it. False: no more.
 * The field points into the header. */
bool header_next(const char *header, size_t len, size_t *pos, struct field *f);

/* Finds the first field of that name (any case). */
bool header_find(const char *header, size_t len, const char *name, struct field *f);

/* Whether the field has this name (any case). */
bool field_is(const struct field *f, const char *name);

/* Appends the value without the line ends of its folding (RFC 5322 section 2.2.3), and without
 * white space at its beginning and end. */
bool field_unfold(const struct field *f, struct buffer *out);

/* The same for a search: each fold, with the white space on both its sides, is one space.
 * People look for the words that they see, and mailers fold with a tab or with more than they
 * broke. */
bool field_unfold_to_spaces(const struct field *f, struct buffer *out);

#endif
