/*
 * One parsed message: its MIME structure with offsets, and what IMAP asks of it.
 *
 * Everything that leaves here is in the form IMAP sends: each bare LF made CRLF, NUL made
 * 0x80 (RFC 3501 section 4.3: a literal can't carry it), nothing else changed. Sizes, line
 * counts and partial offsets are of that form.
 */
#ifndef MESSAGE_MESSAGE_H
#define MESSAGE_MESSAGE_H

#include "base/buffer.h"
#include "message/input.h"
#include "message/section.h"

struct message;

enum message_depth {
    MESSAGE_NOTHING, /* for those who plan: message_whole and message_measure need no parse */
    MESSAGE_HEADER,  /* the message's own header alone: no body octet is read past it */
    MESSAGE_WHOLE    /* header and MIME structure, one pass over all octets */
};

/* Parses a message, to MESSAGE_HEADER or MESSAGE_WHOLE. `in` must live as long as *msg_r. Any
 * octets at all are a message: the errors are MESSAGE_IO and MESSAGE_NOMEM only. */
enum message_status message_parse(struct message_input *in, enum message_depth depth,
                                  struct message **msg_r);
void message_free(struct message *msg);

/* The octets of the whole message as sent (RFC822.SIZE), without parsing it. */
enum message_status message_measure(struct message_input *in, uint64_t *octets_r);

/* Appends the ENVELOPE, in its parentheses (RFC 3501 section 7.4.2). Needs MESSAGE_HEADER. */
enum message_status message_envelope(const struct message *msg, struct buffer *out);

/* Appends the BODY, or with `extended` the BODYSTRUCTURE, in its parentheses (RFC 3501
 * section 7.4.2). Needs MESSAGE_WHOLE. */
enum message_status message_structure(const struct message *msg, bool extended,
                                      struct buffer *out);

/* What a section specification stands for. */
struct section_data {
    bool exists;      /* false: no such part; IMAP's NIL */
    uint64_t octets;  /* its size as sent */
    uint64_t raw;     /* where it begins in the input, when `made` is not used */
    uint64_t raw_len; /* how long it is in the input */
    bool use_made;    /* the octets are in `made`, complete and as sent (HEADER.FIELDS) */
    struct buffer made;
};

/* Finds a section (RFC 3501 section 6.4.5). HEADER, HEADER.FIELDS(.NOT) without part numbers
 * need MESSAGE_HEADER, all else MESSAGE_WHOLE. data_r is initialized here and freed with
 * section_data_free, on failure too. MESSAGE_CHANGED when the header of an embedded message
 * had to be read again and the input has shrunk. */
enum message_status message_section(const struct message *msg, const struct section *section,
                                    struct section_data *data_r);
void section_data_free(struct section_data *data);

/* BODY[] without parsing the message: the section of all its octets, counted in one pass.
 * Nothing to free, but section_data_free does no harm. */
enum message_status message_whole(struct message_input *in, struct section_data *data_r);

/* Sends `count` octets of a section from octet `first` of it, both in the form as sent. The
 * range lies inside the section (the caller has clipped it to data->octets). MESSAGE_CHANGED
 * after fewer octets when the input has shrunk. */
enum message_status message_send(struct message_input *in, const struct section_data *data,
                                 uint64_t first, uint64_t count, struct message_sink *sink);

/* Memory of whoever wants the octets, so that they are not copied once more. */
#define MESSAGE_ROOM_MIN 64
struct message_room {
    /* Lends room for *n_r octets, at least MESSAGE_ROOM_MIN. NULL: wants no more. */
    char *(*lend)(struct message_room *room, size_t *n_r);
    /* Takes the first n octets of what was lent last. */
    void (*take)(struct message_room *room, size_t n);
};

/* As message_send, straight into room that is lent. */
enum message_status message_send_into(struct message_input *in, const struct section_data *data,
                                      uint64_t first, uint64_t count,
                                      struct message_room *room);

/* The day of the Date field (RFC 5322 section 3.6.1), as days since 1970-01-01, disregarding
 * time and time zone (RFC 3501 section 6.4.4, SENTON). False when there is none that can be
 * read. Needs MESSAGE_HEADER. */
bool message_sent_day(const struct message *msg, int64_t *day_r);

#endif
