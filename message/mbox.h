/*
 * Mail folders in one file, as UW-IMAP (c-client's "unix" format), pine and delivery agents
 * write them: each message begins with a line "From <sender> <date>". Read as c-client reads
 * them:
 *
 * - Such a line separates wherever it stands, but only where it ends in a date of ctime(3)'s
 * form (with or without seconds, a zone before or behind the year, " remote from HOST" behind
 * all). A "From " of another form is text; ">From " is not unquoted.
 * - The empty line before the next separator, and at the end, is no part of the message.
 * - Status, X-Status, X-Keywords, X-UID, X-IMAPbase and X-IMAP of a header are what the file
 *   says of the message: they are told, and not part of it.
 * - A first message with X-IMAP is none, but says the same of the folder as X-IMAPbase.
 *
 * Octets come in pieces of any size, so that a folder may be larger than memory; lines longer
 * than MBOX_LINE_MAX are passed on as they come.
 */
#ifndef MESSAGE_MBOX_H
#define MESSAGE_MBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a separator, and of a field that says something of the message; a longer one is
 * text. */
#define MBOX_LINE_MAX 8192

/* Of X-Status and Status. */
enum mbox_flag {
    MBOX_SEEN = 1 << 0,     /* R */
    MBOX_OLD = 1 << 1,      /* O: not \Recent */
    MBOX_DELETED = 1 << 2,  /* D */
    MBOX_FLAGGED = 1 << 3,  /* F */
    MBOX_ANSWERED = 1 << 4, /* A */
    MBOX_DRAFT = 1 << 5     /* T */
};

struct mbox_message {
    int64_t second; /* of the separator's date; since 1970-01-01 00:00 of its zone where that is
                       not known, else UTC */
    bool zoned;     /* it is known */
    unsigned flags; /* enum mbox_flag */
    uint32_t uid;   /* X-UID; 0: none */
    const char *keywords; /* X-Keywords: words between blanks; "" for none */
    /* X-IMAPbase, or X-IMAP. 0: none was there. */
    uint32_t uidvalidity;
    uint32_t last_uid;
    const char *folder_keywords; /* the names behind them */
    bool pseudo;                 /* this is no message, and was not begun */
};

/* What is found, in its order. Each returns false to stop the reading. begin and octets: of a
 * message; but octets that turn out to be a pseudo message's header are told, too, so the
 * caller forgets what it has when end says `pseudo`. end: what was told is good until it
 * returns. */
struct mbox_sink {
    bool (*begin)(void *ctx);
    bool (*octets)(void *ctx, const char *p, size_t n);
    bool (*end)(void *ctx, const struct mbox_message *m);
    void *ctx;
};

struct mbox_reader;

/* NULL: no memory. The sink is copied. */
struct mbox_reader *mbox_reader_new(const struct mbox_sink *sink);
void mbox_reader_free(struct mbox_reader *r);

enum mbox_status {
    MBOX_OK,
    MBOX_STOPPED, /* the sink has returned false */
    MBOX_NONE,    /* this is no mbox: it does not begin with a separator */
    MBOX_NOMEM
};

/* Takes the next n octets. An mbox may have empty lines before its first separator. */
enum mbox_status mbox_read(struct mbox_reader *r, const char *octets, size_t n);
/* There are no more. */
enum mbox_status mbox_end(struct mbox_reader *r);

/* Whether a line of n octets, without its end, separates. *second_r and *zoned_r: as above. */
bool mbox_separator(const char *line, size_t n, int64_t *second_r, bool *zoned_r);

#endif
