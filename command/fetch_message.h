/* One message's FETCH response. */
#ifndef COMMAND_FETCH_MESSAGE_H
#define COMMAND_FETCH_MESSAGE_H

#include "command/command.h"
#include "parser/fetch.h"

struct fetch_outcome {
    bool sent_content; /* header or body went out */
    bool seen_set;     /* \Seen was set by it */
};

/* Sends the response for one message of the view; nothing where the message can't be had. When
 * the message can no longer be completed after its response has begun, the connection is ended.
 */
enum store_error fetch_message(struct command *c, const struct fetch_request *request,
                               uint32_t uid, struct fetch_outcome *outcome_r);

#endif
