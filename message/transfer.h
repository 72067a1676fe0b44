/*
 * Content-Transfer-Encoding undone (RFC 2045 section 6), as a stage between two sinks: what is
 * written to its sink comes out decoded at the next. Damage is passed over: what can be
 * decoded comes out.
 */
#ifndef MESSAGE_TRANSFER_H
#define MESSAGE_TRANSFER_H

#include "message/part.h"

enum transfer_encoding {
    TRANSFER_NONE, /* 7bit, 8bit, binary */
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
    uint32_t bits; /* base64: the bits not written yet */
    unsigned bit_count;
    char escape[2];    /* quoted-printable: '=' and what followed it */
    size_t escape_len; /* 0: not in an escape */
    bool soft;         /* the escape is a soft line break with white space before its LF */
    char space[TRANSFER_SPACE_MAX];
    size_t space_len;
    size_t out_len;
    char out[TRANSFER_OUT];
};

/* `next` must live as long as the stage. Nothing is allocated. */
void transfer_init(struct transfer *t, enum transfer_encoding encoding,
                   struct message_sink *next);

/* Writes what is still held. False if the next sink wanted no more. */
bool transfer_finish(struct transfer *t);

#endif
