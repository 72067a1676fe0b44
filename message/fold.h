/*
 * Text in the forms in which it is compared, as UTF-8: for SEARCH, Unicode NFKD and full case
 * folding; for SORT and THREAD, i;unicode-casemap as RFC 5051 has it, to the letter, since it
 * gives an order as well: each character's simple title case, and then NFKD.
 * A stage between two sinks, as in transfer.h.
 *
 * What comes in is UTF-8; an octet that is not is taken for one of windows-1252, which is what
 * unlabelled 8-bit text mostly is. CR is left out, so that either kind of line end compares
 * the same.
 */
#ifndef MESSAGE_FOLD_H
#define MESSAGE_FOLD_H

#include "message/input.h"

#define FOLD_OUT 4096

/* Combining marks in a row that are put in canonical order. UAX #15's Stream-Safe Text Format
 * allows 30; a longer row, which no language has, is cut so that its order costs linear
 * time. */
#define FOLD_MARKS_MAX 32

struct fold {
    struct message_sink sink;
    struct message_sink *next;
    bool title;   /* the form of SORT */
    bool damaged; /* something was not UTF-8 */
    size_t tail_len;
    char tail[4]; /* the beginning of a character whose rest is to come */
    size_t marks;
    int32_t mark[FOLD_MARKS_MAX];
    size_t out_len;
    char out[FOLD_OUT];
};

void fold_init(struct fold *f, struct message_sink *next);

/* The same for the form in which SORT and THREAD compare: octets as they are (memcmp). */
void fold_init_title(struct fold *f, struct message_sink *next);

/* The end of the text: writes what is held, and the stage may be used for another text. False
 * if the next sink wanted no more. */
bool fold_finish(struct fold *f);

/* Whether folding leaves these octets as they are, but for the case of letters and for CRs
 * before LFs: they are US-ASCII, without any other CR. */
bool fold_keeps(const char *p, size_t n);

/* The character of an octet in windows-1252; its five holes are as in ISO 8859-1. */
int32_t codepoint_of_windows_1252(unsigned char c);

#endif
