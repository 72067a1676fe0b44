/* Messages as a sequence-set (RFC 3501 section 9) in a response. */
#ifndef SESSION_NUMBER_SET_H
#define SESSION_NUMBER_SET_H

#include "session/view.h"

/* The number by which the client knows a message: its UID, or its sequence number. *at: as
 * view_sequence_next. */
static inline uint32_t message_number(const struct view *v, bool by_uid, uint32_t uid,
                                      size_t *at)
{
    return by_uid ? uid : view_sequence_next(v, uid, at);
}

/* Sends n messages, at least one, in this order; what is one more than the last is in its
 * range. */
void put_number_set(const struct view *v, struct stream *io, bool by_uid, const uint32_t *uid,
                    size_t n);

#endif
