/*
 * Looking for a string in a message: SEARCH's BODY, TEXT, HEADER and their kin.
 *
 * Header fields are decoded (RFC 2047), bodies are decoded (transfer encoding and charset),
 * and both sides are compared as substrings after Unicode NFKD and casefold.
 */
#ifndef MESSAGE_SEARCH_H
#define MESSAGE_SEARCH_H

#include "message/message.h"

struct search_text; /* a string to look for, folded once */

enum search_text_status {
    SEARCH_TEXT_OK = 0,
    SEARCH_TEXT_BADCHARSET, /* the charset is not one we know (RFC 3501: NO [BADCHARSET]) */
    SEARCH_TEXT_INVALID,    /* the octets are no text in that charset */
    SEARCH_TEXT_NOMEM
};

/* The charsets that message/ knows by name, NULL-terminated, for BADCHARSET's list. */
extern const char *const charset_names[];

/* Whether a charset name (any case) is known. */
bool charset_known(const char *name);

/* Prepares n octets in the named charset (NULL: UTF-8, of which US-ASCII is part). */
enum search_text_status search_text_new(const char *octets, size_t n, const char *charset,
                                        struct search_text **text_r);
void search_text_free(struct search_text *text);

/* Whether the text is in n octets that are folded already. */
bool search_text_in(const struct search_text *text, const char *folded, size_t n);

/* Whether the message has a header field of that name (any case) whose decoded value has the
 * text in it; an empty text matches any field of that name (RFC 3501 6.4.4, HEADER). Needs
 * MESSAGE_HEADER. */
enum message_status message_search_header(const struct message *msg, const char *field,
                                          const struct search_text *text, bool *found_r);

/* The same in lines of a header, as they are in the input or as they are sent. MESSAGE_NOMEM.
 */
enum message_status search_header_lines(const char *lines, size_t n, const char *field,
                                        const struct search_text *text, bool *found_r);

/* Both of these read the input again: MESSAGE_IO, and MESSAGE_CHANGED when it has shrunk. */

/* Whether the text is in the decoded body: each text part, the headers and bodies of embedded
 * messages; never across parts. Needs MESSAGE_WHOLE. */
enum message_status message_search_body(const struct message *msg,
                                        const struct search_text *text, bool *found_r);

/* Whether the text is in the decoded header (names and values) or body, or in the MIME header
 * of a part (where the names of attachments are). Needs MESSAGE_WHOLE. */
enum message_status message_search_text(const struct message *msg,
                                        const struct search_text *text, bool *found_r);

#endif
