/* One message's FETCH response. */
#ifndef COMMAND_FETCH_MESSAGE_H
#define COMMAND_FETCH_MESSAGE_H

#include "command/command.h"
#include "message/binary.h"
#include "parser/fetch.h"
#include "session/content.h"
#include "session/flags.h"
#include "session/local_time.h"
#include "session/modseq.h"

/* What one item needs of each message, and what was got of the message in hand. */
struct fetch_need {
    bool summary; /* it is answered from a summary of this kind */
    enum summary_kind kind;
    uint64_t fields; /* of SUMMARY_FIELDS */
    bool lazy;       /* it is told only where it is kept; else it is absent */
    bool file;       /* it is answered from the message, parsed so deep */
    enum message_depth depth;
    bool ready;          /* value is there */
    struct buffer value; /* the summary */
    struct buffer made;  /* what of SUMMARY_FIELDS is to be sent */
    bool too_long; /* there is no summary: it is made of the parsed message as it is sent */
    bool left_out; /* it can't be told of this message */
    bool absent;   /* NIL is told */
    struct message_binary binary;
};

/* What the messages of one FETCH have in common: what the items ask for, and what the message
 * before has left to be used again. */
struct fetcher {
    struct command *c;
    const struct fetch_request *request;
    struct fetch_need *need; /* owned: one an item */
    bool looks_inside;       /* some item is of the message's content */
    bool sets_seen;          /* some item is a section without PEEK */
    struct content content;
    bool measured;             /* BODY[] of the message in hand ... */
    struct section_data whole; /* ... is this */
    size_t at;                 /* in the view */
    struct local_day day;
    struct flags_text flags;
    bool unknown_encoding; /* of a part that BINARY asks for, which was left out */
};

/* STORE_UNAVAILABLE: no memory. To be followed by fetch_end in any case. */
enum store_error fetch_begin(struct fetcher *f, struct command *c,
                             const struct fetch_request *request);
void fetch_end(struct fetcher *f);

/* Sends the response for one message of the view; nothing where the message can't be had. When
 * the message can no longer be completed after its response has begun, the connection is ended.
 * Counts what was sent in the session, and notes in c->own where \Seen was set. */
enum store_error fetch_message(struct fetcher *common, uint32_t uid);

#endif
