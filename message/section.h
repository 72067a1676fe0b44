/* A section specification: what is between the brackets of BODY[...] (RFC 3501 6.4.5). */
#ifndef MESSAGE_SECTION_H
#define MESSAGE_SECTION_H

#include <stddef.h>
#include <stdint.h>

/* Deeper than MIME structure is parsed (MIME_DEPTH_MAX), so no part is out of reach. */
#define SECTION_DEPTH_MAX 128

enum section_text {
    SECTION_ALL, /* BODY[] or BODY[1.2]: the whole message, or the part's body */
    SECTION_HEADER,
    SECTION_HEADER_FIELDS,
    SECTION_HEADER_FIELDS_NOT,
    SECTION_TEXT,
    SECTION_MIME
};

struct section {
    uint32_t part[SECTION_DEPTH_MAX]; /* part numbers, from 1 */
    size_t depth;                     /* how many of them */
    enum section_text text;
    const char *const *field; /* HEADER.FIELDS: the names, NUL-terminated, any case */
    size_t fields;
};

#endif
