/* What the two files of a FETCH response share. */
#ifndef COMMAND_FETCH_PRIVATE_H
#define COMMAND_FETCH_PRIVATE_H

#include "command/fetch_message.h"
#include "session/object_id.h"

/* The message in hand. */
struct fetched {
    struct fetcher *common;
    struct stream *io;
    struct message_info info;
    uint32_t sequence;
    uint64_t octets;
    time_t date, save_date;
    char email_id[OBJECT_ID_SIZE], thread_id[OBJECT_ID_SIZE];
};

static inline struct mailbox *fetched_mailbox(const struct fetched *f)
{
    return f->common->c->session->view.mailbox;
}

/* Sends one item, all of which has been got. Where it can't be completed the connection is
 * ended. */
void fetch_put_item(struct fetched *f, const struct fetch_item *item,
                    const struct fetch_need *need);

#endif
