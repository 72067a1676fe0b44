/*
 * Charsets to UTF-8.
 *
 * Only charsets of the list are ever given to iconv(3), and by the list's name for them:
 * a message can't make the C library load whatever it likes.
 */
#ifndef MESSAGE_CHARSET_H
#define MESSAGE_CHARSET_H

#include "message/input.h"
#include "message/search.h"

#include <iconv.h>

/* How a charset is read. */
enum charset_way {
    CHARSET_UTF8, /* as it is: UTF-8, US-ASCII, and what is not known */
    CHARSET_ICONV
};

/* Finds the charset of a name (n octets, any case); *iconv_name_r is what iconv(3) calls it.
 * False when it is not known: then CHARSET_UTF8 is the best guess. */
bool charset_find(const char *name, size_t n, enum charset_way *way_r,
                  const char **iconv_name_r);

#define CHARSET_OUT 4096

/* The longest sequence that a charset has for one character, shifts included. */
#define CHARSET_TAIL 32

/* A stage between two sinks, as in transfer.h. What is not valid becomes U+FFFD. */
struct charset {
    struct message_sink sink;
    struct message_sink *next; /* gets UTF-8 (with CHARSET_UTF8: what came in) */
    enum charset_way way;
    iconv_t cd;
    bool damaged; /* something was not valid */
    size_t tail_len;
    char tail[CHARSET_TAIL]; /* the beginning of a character whose rest is to come */
    char out[CHARSET_OUT];
};

/* Begins with the charset of a name; one that is not known is read as CHARSET_UTF8. False
 * when iconv(3) can't be had (no memory, or its tables are not installed): then the stage
 * works as CHARSET_UTF8. charset_close releases it in either case. */
bool charset_open(struct charset *c, const char *name, size_t n, struct message_sink *next);

/* The end of the text: what is left unfinished becomes U+FFFD, and the stage may be used for
 * another text. False if the next sink wanted no more. */
bool charset_finish(struct charset *c);

void charset_close(struct charset *c);

#endif
