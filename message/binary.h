/*
 * BINARY: a part without its transfer encoding (RFC 3516), streamed: no part is ever held in
 * memory, and none is decoded further than it is asked for.
 *
 * What the octets of BINARY[section] are:
 *
 *   - base64 and quoted-printable decoded; where they are damaged, what can be decoded;
 *   - lines of 7bit, 8bit and quoted-printable end in CRLF, whatever the input has (RFC 3516
 *     section 6); those that base64 or =0A stands for are the sender's, and stay;
 *   - a binary part that is no text has no lines: where the message's header ends its lines
 * with CRLF, an LF is an LF, and the part is sent octet for octet; where it ends them with LF,
 *     what stored the message made LF of every CRLF, and it is sent as a text is;
 *   - a multipart, and the whole message, is sent as BODY has it: nothing but 7bit, 8bit and
 *     binary is allowed there (RFC 2045 section 6.4), and its parts are found in it as it is;
 *   - NUL is NUL.
 */
#ifndef MESSAGE_BINARY_H
#define MESSAGE_BINARY_H

#include "message/message.h"

enum message_binary_found {
    MESSAGE_BINARY_NIL,     /* there is no such part */
    MESSAGE_BINARY_UNKNOWN, /* its transfer encoding is not known */
    MESSAGE_BINARY_FOUND
};

struct message_binary {
    enum message_binary_found found;
    /* The part: message/binary.c. */
    int encoding;  /* enum transfer_encoding */
    bool as_it_is; /* the decoded octets are those of the input */
    uint64_t raw;
    uint64_t raw_len;
    uint64_t whole; /* octets when decoded; UINT64_MAX until they are counted */
    /* The octets of it that were measured. */
    uint64_t first;
    uint64_t octets;
    bool nul; /* some of them are NUL: they are to be sent as a literal8 */
};

/* Finds a part; section->text is not looked at. No octet is read. Needs MESSAGE_WHOLE. */
void message_binary_find(const struct message *msg, const struct section *section,
                         struct message_binary *b_r);

/* The size of the decoded part (BINARY.SIZE). Reads the part if it is encoded. */
enum message_status message_binary_size(struct message_input *in, struct message_binary *b,
                                        uint64_t *octets_r);

/* Chooses `count` of the decoded octets from octet `first`, or as many of these as there are,
 * and fills b->octets and b->nul. Reads the part up to there. MESSAGE_CHANGED when the input
 * has shrunk. */
enum message_status message_binary_measure(struct message_input *in, struct message_binary *b,
                                           uint64_t first, uint64_t count);

/* Sends the octets that were measured. MESSAGE_CHANGED after fewer when the input has shrunk.
 */
enum message_status message_binary_send(struct message_input *in,
                                        const struct message_binary *b,
                                        struct message_sink *sink);

#endif
