/*
 * The text that a reader of HTML sees, as a stage between two sinks (as in transfer.h): tags,
 * comments, scripts and styles go, character references are resolved, white space is one
 * space, and where a block begins or ends there is one too. UTF-8 in and out.
 */
#ifndef MESSAGE_HTML_TEXT_H
#define MESSAGE_HTML_TEXT_H

#include "message/input.h"

/* The longest name of a character reference that is known. */
#define HTML_ENTITY_MAX 8

/* A tag's name is held up to here; none that matters is longer. */
#define HTML_NAME_MAX 16

#define HTML_OUT 4096

enum html_state {
    HTML_TEXT,
    HTML_REFERENCE,   /* after '&' */
    HTML_OPEN,        /* after '<' */
    HTML_NAME,        /* in a tag's name */
    HTML_TAG,         /* after a tag's name */
    HTML_QUOTED,      /* in an attribute's value */
    HTML_DECLARATION, /* after "<!" or "<?" */
    HTML_COMMENT      /* after "<!--" */
};

struct html_text {
    struct message_sink sink;
    struct message_sink *next;
    enum html_state state;
    bool without_title;             /* set by the owner: what is in <title> is no text either */
    char quote;                     /* HTML_QUOTED: what ends it */
    unsigned dashes;                /* HTML_DECLARATION, HTML_COMMENT: '-' met in a row */
    bool end_tag;                   /* HTML_NAME: "</name" */
    bool after_equals;              /* HTML_TAG: an attribute's value may begin here */
    bool space;                     /* white space has been met and not written */
    bool written;                   /* something has been written: a space may follow it */
    char skip_until[HTML_NAME_MAX]; /* the element whose text is no text: script, style */
    size_t name_len;
    char name[HTML_NAME_MAX]; /* a tag's, or a reference's */
    size_t out_len;
    char out[HTML_OUT];
};

void html_text_init(struct html_text *h, struct message_sink *next);

/* The end of the text. False if the next sink wanted no more. */
bool html_text_finish(struct html_text *h);

/* The character of a named reference; 0 for a name that is not known. */
uint32_t html_entity(const char *name);

#endif
