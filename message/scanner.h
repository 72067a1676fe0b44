/*
 * Reading the input from its beginning to its end, once, through a window of fixed size.
 */
#ifndef MESSAGE_SCANNER_H
#define MESSAGE_SCANNER_H

#include "message/input.h"
#include "message/octets.h"

/* The window. Large enough that the call into the input costs little, small enough for the
 * second-level cache. */
#define SCANNER_SIZE 65536

struct scanner {
    struct message_input *in;
    char *buf;              /* owned */
    size_t pos;             /* the next octet is buf[pos] */
    size_t len;             /* buf is filled up to here */
    size_t chunk;           /* how many octets to ask the input for at once */
    bool eof;               /* the input has no more than is in the window */
    struct octet_mark mark; /* of the next octet */
    unsigned char last[2];  /* the two octets before it, the nearer one first */
};

/* Begins at octet 0, reading `chunk` octets (at most SCANNER_SIZE) at once. */
enum message_status scanner_init(struct scanner *s, struct message_input *in, size_t chunk);
void scanner_free(struct scanner *s);

/* Sees to it that n octets (at most SCANNER_SIZE / 2) are in the window, or all that are
 * left. */
enum message_status scanner_fill(struct scanner *s, size_t n);

/* The octets in the window that are not passed yet. */
const char *scanner_at(const struct scanner *s);
size_t scanner_available(const struct scanner *s);

/* Passes n of them. */
void scanner_advance(struct scanner *s, size_t n);

/* Passes the rest of the line, its line end too. */
enum message_status scanner_skip_line(struct scanner *s);

/* Passes everything. */
enum message_status scanner_skip_all(struct scanner *s);

/* The mark of the line end before this place, which must be the beginning of a line. */
struct octet_mark scanner_before_line_end(const struct scanner *s);

#endif
