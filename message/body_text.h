/* The text of a part: its body with transfer encoding, charset and HTML undone. */
#ifndef MESSAGE_BODY_TEXT_H
#define MESSAGE_BODY_TEXT_H

#include "message/part.h"

/* What the stages between the body and its text need; large, so that one serves many parts. */
struct body_text;

/* NULL without memory. */
struct body_text *body_text_new(void);
void body_text_free(struct body_text *b);

/* From now on without what is text of an HTML part but not seen in it: its title. */
void body_text_seen_alone(struct body_text *b);

/* What a part is as far as IMAP's search is concerned. */
enum body_text_kind {
    BODY_NO_TEXT,
    BODY_PLAIN, /* what is US-ASCII in its body is the same in its text: nothing to decode, no
                 * HTML, a charset that has US-ASCII in it */
    BODY_TEXT
};

/* Finds out what a part is. MESSAGE_NOMEM, or MESSAGE_OK. */
enum message_status body_text_kind(const struct part *p, enum body_text_kind *kind_r);

/* Writes the text of a part to the sink, as UTF-8 (where its charset is not known, as it is).
 * MESSAGE_SINK when that wanted no more. MESSAGE_CHANGED when the input is shorter than it
 * was. */
enum message_status body_text_write(struct body_text *b, const struct message *msg,
                                    const struct part *p, struct message_sink *utf8);

#endif
