/*
 * Where a lexer gets its octets: a window of octets at hand, and how to get more.
 * parser/ does no I/O but through this; net/stream is one source, a test's string another.
 */
#ifndef PARSER_SOURCE_H
#define PARSER_SOURCE_H

#include <stdbool.h>

struct source {
    const unsigned char *pos; /* the next octet to be read */
    const unsigned char *end; /* one past the last octet at hand */

    /* Called with pos == end: gets at least one more octet, moving pos and end. False when
     * there will be no more: end of input, a timeout or an error. */
    bool (*fill)(struct source *src);

    /* Tells the other side to send the synchronizing literal that it announced (RFC 3501
     * section 7.5). False if that can't be sent. */
    bool (*go_ahead)(struct source *src);
};

#endif
