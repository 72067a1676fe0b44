/* The preview of a message: the beginning of what a reader sees of it (RFC 8970 section 3). */
#ifndef MESSAGE_PREVIEW_H
#define MESSAGE_PREVIEW_H

#include "message/message.h"

/* Characters of a preview (section 3.3), and the octets that they can be. */
#define PREVIEW_MAX        200
#define PREVIEW_OCTETS_MAX ((size_t)PREVIEW_MAX * 4)

/* Appends the preview, UTF-8 in one line: the text of the first part that has one, white space
 * made single spaces, without what others wrote (lines that begin with '>') unless there is
 * nothing else. Nothing for messages without text, and encrypted ones. Needs MESSAGE_WHOLE.
 * Reads the input again: MESSAGE_IO, MESSAGE_CHANGED; MESSAGE_NOMEM. */
enum message_status message_preview(const struct message *msg, struct buffer *out);

#endif
