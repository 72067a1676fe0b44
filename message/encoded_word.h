/* Encoded-words in header fields (RFC 2047, with the language of RFC 2231 section 5). */
#ifndef MESSAGE_ENCODED_WORD_H
#define MESSAGE_ENCODED_WORD_H

#include "message/charset.h"

/* Decodes an unfolded field value and writes it to the sink: encoded-words as UTF-8, the rest
 * as it is. White space between two encoded-words is dropped; neighbours of one charset are
 * decoded as one text, for there are mailers that cut a character in two. Encoded-words are
 * seen wherever they are, in quoted strings and within words too.
 * False without memory, with *stopped_r false; or when the sink wanted no more, with it
 * true. */
bool encoded_word_decode(const char *value, size_t n, struct message_sink *utf8,
                         bool *stopped_r);

#endif
