/*
 * EMAILID and THREADID of messages (RFC 8474). Neither is kept anywhere: both follow from what
 * stays the same for a message and its copies, its identity (mailstore/mailbox.h) and its
 * header. So they are the same in every session, before and after the index was lost.
 */
#ifndef SESSION_OBJECT_ID_H
#define SESSION_OBJECT_ID_H

#include "session/content.h"

/* "M" or "T" and 16 octets in hexadecimal digits, in lower case: no two differ by case alone.
 */
#define OBJECT_ID_SIZE 34

/* Errors: mailbox_identity. */
enum store_error object_email_id(struct mailbox *mb, uint32_t uid, char id_r[OBJECT_ID_SIZE]);

/* Of the message that *c is at. The thread is that of the first message in it that this one
 * names: the oldest of its References, else the one that In-Reply-To names, else it is itself
 * the first. value: room for the SUMMARY_THREAD, as content_summary's. Errors as
 * content_summary and object_email_id. */
enum store_error object_thread_id(struct content *c, struct buffer *value,
                                  char id_r[OBJECT_ID_SIZE]);

/* What the last one does with a value that is there already; NULL: it is too long, and the
 * message is parsed. */
enum store_error object_thread_id_of(struct content *c, const struct buffer *value,
                                     char id_r[OBJECT_ID_SIZE]);

#endif
