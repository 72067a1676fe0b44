/*
 * Octets as they are in the input against octets as IMAP sends them.
 *
 * The input may end its lines with LF or CRLF, mixed; what is sent ends them all with CRLF,
 * and has 0x80 where the input has NUL. A bare CR is no line end and stays.
 */
#ifndef MESSAGE_OCTETS_H
#define MESSAGE_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a NUL is sent as. */
#define OCTET_FOR_NUL 0x80

/* What has been counted up to a place in the input. Octets from one place to another are the
 * difference of two marks. */
struct octet_mark {
    uint64_t raw;    /* octets as they are in the input */
    uint64_t octets; /* octets as sent */
    uint64_t lines;  /* line ends, LF or CRLF */
};

/* Moves *mark past the n octets at p. *last is the octet before p (0 at the beginning), and
 * becomes the last of them. */
void octets_count(struct octet_mark *mark, unsigned char *last, const char *p, size_t n);

/* Writes the n octets at p as they are sent to out, which has room for 2 * n. *last as above.
 * Returns how many were written. */
size_t octets_convert(char *out, const char *p, size_t n, unsigned char *last);

/* The same into `room` octets, at least OCTETS_ROOM_MIN: as many of the n as fit for certain,
 * which is all of them when 2 * n do. *used_r: how many. Of the room that is left over, too,
 * some may be written to. */
#define OCTETS_ROOM_MIN 32
size_t octets_convert_some(char *out, size_t room, const char *p, size_t n, unsigned char *last,
                           size_t *used_r);

#endif
