/*
 * What APPEND and REPLACE have in common: flags, date and octets of a message that comes in
 * (append-message of RFC 4466 section 4), from a literal or put together by CATENATE.
 *
 * The octets go from the network, or another message's file, to the disk through the stream's
 * or the file's buffer, never whole in memory.
 */
#ifndef COMMAND_APPEND_DATA_H
#define COMMAND_APPEND_DATA_H

#include "command/command.h"
#include "mailstore/append.h"
#include "parser/flags.h"

enum append_form {
    APPEND_LITERAL,
    APPEND_LITERAL8, /* RFC 3516 section 4.4 */
    APPEND_UTF8,     /* RFC 6855 section 4: a literal8, but text */
    APPEND_CATENATE  /* RFC 4469 */
};

/* One message, without its octets. */
struct append_message {
    struct flag_names flags;
    bool dated;
    int64_t date; /* seconds since the epoch */
    enum append_form form;
    uint64_t octets; /* of the literal, of which the head was read; 0 for APPEND_CATENATE */
};

/* Where in a message's header its last octet was. */
struct header_watch {
    bool at_line; /* a line begins */
    bool ended;   /* it was behind the header */
    bool refused; /* it held what it must not */
};

/* A message, or several, on their way in. */
struct appending {
    struct command *c;
    struct append *append; /* NULL: none is open */
    size_t count;          /* messages begun */
    uint64_t octets;       /* of the last one so far */
    struct header_watch header;
};

/* What comes before a message's octets: up to its literal's head, or to CATENATE's parenthesis.
 * Whether the octets may come is for the handler to say. */
bool parse_append_message(struct lexer *lx, struct append_message *m);

/* Takes in one message, the first with the name of the folder that is then opened. False: the
 * command is ended, in the midst of its line. */
bool append_data(struct appending *a, const struct text *mailbox,
                 const struct append_message *m);

/* Octets that are to come: false, and the command ended, where with them the message would be
 * larger than this server takes. */
bool append_data_fits(struct appending *a, uint64_t octets);

/* Reads the whole of a literal whose head was read, also when it can't be written (a full
 * disk): the client is sending it. `nul`: it may hold NUL. False: the command is ended. */
bool append_data_literal(struct appending *a, bool nul);

/* Writes octets of the message. A header with 8-bit octets is refused when all is there. */
enum store_error append_data_write(struct appending *a, const void *octets, size_t n);

/* "UTF8 (~{n}", up to the literal (RFC 6855 section 4). */
bool parse_utf8_literal(struct lexer *lx, uint64_t *octets_r);

/* The parenthesis behind that literal. False: the command is ended. */
bool append_data_close(struct appending *a);

/* CATENATE's parts, behind its parenthesis, and the other one (command/catenate.c). False: the
 * command is ended. */
bool append_data_catenate(struct appending *a);

#endif
