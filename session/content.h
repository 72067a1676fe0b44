/*
 * What is in messages, one after the other, as FETCH and SEARCH ask for it: from what the index
 * keeps (message/summary.h) where it is there; else from the message's file, which is opened
 * once at most and parsed no deeper than need be. Who asks for a summary that is not there has
 * the message parsed for it; then all summaries that this parsing can give are kept, so that
 * the next request, whichever it is, reads no file.
 */
#ifndef SESSION_CONTENT_H
#define SESSION_CONTENT_H

#include "mailstore/mailbox.h"
#include "message/summary.h"

struct content {
    struct mailbox *mailbox;
    uint32_t uid;             /* 0: no message yet */
    struct message_input *in; /* NULL: not open */
    struct message *message;  /* NULL: not parsed */
    enum message_depth depth; /* of `message` */
    uint64_t covered;         /* the fields of this message that are known to be kept */
    unsigned kept;            /* 1 << kind: known to be kept, or just given to be */
    bool making;              /* something was: the index is not asked any more */
    struct buffer scratch;
};

void content_begin(struct content *c, struct mailbox *mb);
void content_end(struct content *c);

/* From now on it is about this message; what came from another is no more. */
void content_at(struct content *c, uint32_t uid);

/* The message's file in c->in; its parts in c->message, parsed at least so deep.
 * STORE_EXPUNGED: it is gone. STORE_IO, STORE_UNAVAILABLE (no memory) and what else opening a
 * file can bring. May be called again and again. */
enum store_error content_open(struct content *c);
enum store_error content_parse(struct content *c, enum message_depth depth);

/* What a status of message/ is to the client: STORE_OK, STORE_UNAVAILABLE, STORE_IO. */
enum store_error content_error(enum message_status status);

/* The value of a kind that is kept, sound, and covers `fields` (SUMMARY_FIELDS alone), in the
 * place of what is in *value. False: there is none. */
bool content_kept(struct content *c, enum summary_kind kind, uint64_t fields,
                  struct buffer *value);

/* The same, made from the message where none is kept. Errors as content_parse. A value that is
 * longer than *value's ceiling (SUMMARY_MAX) is an error, too: then c->message is there, parsed
 * deep enough, and not NULL. */
enum store_error content_summary(struct content *c, enum summary_kind kind, uint64_t fields,
                                 struct buffer *value);

#endif
