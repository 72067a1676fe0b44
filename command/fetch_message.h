/* One message's FETCH response. */
#ifndef COMMAND_FETCH_MESSAGE_H
#define COMMAND_FETCH_MESSAGE_H

#include "command/command.h"
#include "message/message.h"
#include "parser/fetch.h"
#include "session/flags.h"
#include "session/local_time.h"

/* What the messages of one FETCH have in common: what the items ask for, and what the message
 * before has left to be used again. */
struct fetcher {
    struct command *c;
    const struct fetch_request *request;
    bool needs_file; /* some item is of the message's octets: opened, and parsed to `depth` */
    bool sets_seen;  /* some item is a section without PEEK */
    enum message_depth depth;
    size_t at; /* in the view */
    struct local_day day;
    struct flags_text flags;
};

void fetch_begin(struct fetcher *f, struct command *c, const struct fetch_request *request);

/* Sends the response for one message of the view; nothing where the message can't be had. When
 * the message can no longer be completed after its response has begun, the connection is ended.
 * Counts what was sent in the session, and notes in c->own where \Seen was set. */
enum store_error fetch_message(struct fetcher *common, uint32_t uid);

#endif
