/*
 * Content-Transfer-Encoding undone (RFC 2045 section 6), as a stage between two sinks: what is
 * written to its sink comes out decoded at the next. Damage is passed over: what can be
 * decoded comes out.
 */
#ifndef MESSAGE_TRANSFER_H
#define MESSAGE_TRANSFER_H

#include "message/part.h"

enum transfer_encoding {
    TRANSFER_NONE,   /* 7bit, 8bit: lines, as they are */
    TRANSFER_BINARY, /* octets as they are */
    TRANSFER_BASE64,
    TRANSFER_QUOTED_PRINTABLE,
    TRANSFER_UNKNOWN
};

/* What a part's Content-Transfer-Encoding field says; TRANSFER_NONE without one. */
enum transfer_encoding transfer_encoding_of(const struct part *p);

#define TRANSFER_OUT 4096

/* White space at the end of a line of quoted-printable is not content (RFC 2045 section 6.7,
 * rule 3), so it waits for what follows; more than a line may have is let go. */
#define TRANSFER_SPACE_MAX 128

struct transfer {
    struct message_sink sink; /* write the encoded octets here */
    struct message_sink *next;
    enum transfer_encoding encoding;
    bool crlf;     /* line ends come out as CRLF; else as they are */
    bool is_cr;    /* with crlf, TRANSFER_NONE: the last octet was a CR */
    uint32_t bits; /* base64: the bits not written yet */
    unsigned bit_count;
    char escape[2];                 /* quoted-printable: '=' and what followed it */
    size_t escape_len;              /* 0: not in an escape */
    char space[TRANSFER_SPACE_MAX]; /* spaces, tabs and CRs that wait; after '=', perhaps a soft
                                     * line break's */
    size_t space_len;
    size_t out_len;
    char out[TRANSFER_OUT + 1]; /* base64 is written by four octets, of which three count */
};

/* `next` must live as long as the stage. Nothing is allocated. With `crlf` each line end of the
 * encoded octets comes out as CRLF, whatever it is there (TRANSFER_BINARY has no lines); one
 * that base64 or =0A stands for is content, and comes out as it is. */
void transfer_init(struct transfer *t, enum transfer_encoding encoding, bool crlf,
                   struct message_sink *next);

/* Writes what is still held. False if the next sink wanted no more. */
bool transfer_finish(struct transfer *t);

#endif
