/* What FETCH asks for (RFC 3501 section 6.4.5; RFC 3516 section 4.2; RFC 8474; RFC 8514; RFC
 * 8970). */
#ifndef PARSER_FETCH_H
#define PARSER_FETCH_H

#include "message/section.h"
#include "parser/lexer.h"
#include "parser/search_return.h"

enum fetch_kind {
    FETCH_UID,
    FETCH_FLAGS,
    FETCH_INTERNALDATE,
    FETCH_SAVEDATE, /* RFC 8514 */
    FETCH_SIZE,
    FETCH_MODSEQ, /* RFC 7162 section 3.1.4.2 */
    FETCH_ENVELOPE,
    FETCH_BODY,
    FETCH_BODYSTRUCTURE,
    FETCH_PREVIEW, /* RFC 8970 */
    FETCH_EMAILID, /* RFC 8474 */
    FETCH_THREADID,
    FETCH_SECTION, /* BODY[...], RFC822, RFC822.HEADER, RFC822.TEXT */
    FETCH_BINARY,
    FETCH_BINARY_SIZE
};

struct fetch_item {
    enum fetch_kind kind;
    bool lazy; /* FETCH_PREVIEW: only what is there already (RFC 8970 section 4.1) */
    /* The rest is for FETCH_SECTION, FETCH_BINARY and FETCH_BINARY_SIZE. */
    struct section *section;
    const char *label;     /* what comes before the data in the answer: BODY[1.MIME]<0> */
    bool peek;             /* does not set \Seen */
    bool partial;          /* <first.count> */
    uint64_t first, count; /* octets */
};

/* The longest word of the grammar and its NUL. */
#define FETCH_WORD_MAX 24

/* As many as the command's line and memory hold: clients ask for a section of each part of a
 * message, and a digest has hundreds. */
struct fetch_request {
    struct fetch_item *item; /* the arena's */
    size_t count, room;
    char modifier[FETCH_WORD_MAX]; /* " (" and this were read behind the items: what follows
                                      PREVIEW may be its own, or FETCH's; else empty */
};

bool parse_fetch(struct lexer *lx, struct fetch_request *request_r);

/* section = "[" [section-spec] "]" or, of `numbers` alone, section-binary = "[" [section-part]
 * "]" (RFC 3516 section 7), into a zeroed *section. What is to be said of it in an answer is
 * added to `label`. */
struct buffer;
bool parse_section(struct lexer *lx, struct section *section, bool numbers,
                   struct buffer *label);

/* What limits FETCH to some of the messages (RFC 4466 section 2.4). */
struct fetch_modifiers {
    bool partial; /* RFC 9394 section 3.3 */
    struct partial_range range;
    bool changed; /* CHANGEDSINCE: RFC 7162 section 3.1.4.1 */
    uint64_t since;
    bool vanished; /* RFC 7162 section 3.2.6; only with CHANGEDSINCE */
};

/* "(" modifier *(SP modifier) ")". begun: fetch_request's `modifier`. */
bool parse_fetch_modifiers(struct lexer *lx, const char *begun,
                           struct fetch_modifiers *modifiers_r);

/* Adds MODSEQ, if it is not among the items: CHANGEDSINCE asks for it. */
bool fetch_add_modseq(struct lexer *lx, struct fetch_request *request);

/* Puts UID first among the items, if it is not among them: UID FETCH always tells it. */
bool fetch_add_uid(struct lexer *lx, struct fetch_request *request);

#endif
