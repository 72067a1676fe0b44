/*
 * The parsed message as the files of this layer share it: the parts of its MIME structure,
 * with where they lie in the input.
 *
 * Part 0 is the message itself. A part has a header and a body; the body of a multipart is
 * cut into its children, that of a message/rfc822 part is its one child, the message in it.
 */
#ifndef MESSAGE_PART_H
#define MESSAGE_PART_H

#include "message/content.h"
#include "message/header.h"
#include "message/message.h"
#include "message/octets.h"

/* Limits. Past them nothing is refused: what is too much is served as opaque text. */

/* Parts of one message. No mailer makes thousands; each costs 200 octets of memory and an
 * entry in BODYSTRUCTURE. One more makes the whole message opaque. (The empty part that an
 * empty multipart gets is not counted: there are at most as many.) */
#define MIME_PARTS_MAX 10000

/* Multiparts and messages within each other. Bounds the recursion that writes BODYSTRUCTURE
 * (and that of the client that reads it), and the open boundaries each line may meet. Deeper
 * parts are opaque. Below SECTION_DEPTH_MAX, so every part can be named. */
#define MIME_DEPTH_MAX 100

/* RFC 2046 section 5.1.1 allows 70; some mailers go over. With a longer one the multipart is
 * opaque. */
#define BOUNDARY_MAX 256

/* The message's own header is held in memory up to here (some 100,000 fields, or 200,000
 * recipients); fields that do not end there are sent with the header, but not found in it.
 * What is made of a field may take as much again, and half more where lines are short. */
#define HEADER_MAX ((size_t)8 * 1024 * 1024)

/* The same for the header of one part. */
#define PART_HEADER_MAX ((size_t)1024 * 1024)

/* The fields of parts' headers that BODYSTRUCTURE needs, all parts together. A part whose
 * fields do not fit is opaque. With the limits above, a parsed message stays under 20 MiB. */
#define FIELDS_MAX ((size_t)8 * 1024 * 1024)

/* Octets of the input with what they count when sent. */
struct span {
    uint64_t raw;     /* where they begin in the input */
    uint64_t raw_len; /* how many they are there */
    uint64_t octets;  /* how many they are as sent */
    uint64_t lines;   /* line ends among them */
};

enum part_kind {
    PART_LEAF,
    PART_MULTIPART, /* has one child or more */
    PART_MESSAGE    /* message/rfc822: has one child */
};

#define PART_NONE UINT32_MAX

struct part {
    enum part_kind kind;
    bool opaque;         /* past a limit: text/plain, whatever its fields say */
    bool digest;         /* multipart/digest: its parts are messages by default */
    bool digest_default; /* without Content-Type it is a message (RFC 2046 section 5.1.5) */
    unsigned depth;      /* how many parts it is in */
    uint32_t parent;     /* or PART_NONE */
    uint32_t first;      /* the first child, or PART_NONE */
    uint32_t last;       /* the last child */
    uint32_t next;       /* the next child of the parent, or PART_NONE */
    struct span header;  /* with the empty line that ends it */
    struct span body;
    bool blank;        /* the header has that empty line */
    char *fields;      /* owned: the fields that are kept, without the empty line. All for
                        * part 0; Content- fields, and ENVELOPE's for a message in another */
    size_t fields_len; /* octets of them */
};

struct message {
    struct message_input *in;
    struct part *part;
    size_t parts;
    size_t parts_cap;
};

/* Parses the MIME structure of all octets, or only the message's header, into an empty *msg
 * whose input is set. */
enum message_status mime_parse(struct message *msg, enum message_depth depth);

/* Follows part numbers (section.c); NULL when there is no such part. */
const struct part *part_by_number(const struct message *msg, const struct section *section);

/* Reads the value of the part's Content-Type field, the first if there are more. False when it
 * has none, or none that follows the grammar, or the part is opaque: then the part is
 * text/plain (RFC 2045 section 5.2), or message/rfc822 if digest_default is set and it has
 * none at all. */
bool part_content_type(const struct part *p, struct content_type *ct_r);

/* Whether a part for which part_content_type says no is a message/rfc822 part. */
bool part_is_default_message(const struct part *p);

/* Finds the first field of a name among the part's kept fields. */
bool part_field(const struct part *p, const char *name, struct field *f_r);

/* Reads the whole header of a part, up to PART_HEADER_MAX octets of it, without the empty
 * line, into *out, or gives the one that is held. Then *header_r points to it, or into *out. */
enum message_status part_header(const struct message *msg, const struct part *p,
                                struct buffer *out, const char **header_r, size_t *len_r);

#endif
