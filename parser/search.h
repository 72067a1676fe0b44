/* A SEARCH program (RFC 3501 section 6.4.4), as a tree. */
#ifndef PARSER_SEARCH_H
#define PARSER_SEARCH_H

#include "parser/lexer.h"
#include "parser/search_return.h"
#include "parser/sequence.h"

/* Levels of NOT, OR and parentheses: parsing and matching recurse as deep. */
#define SEARCH_DEPTH_MAX 64

enum search_kind {
    SEARCH_ALL,
    SEARCH_AND,   /* child and all its next */
    SEARCH_OR,    /* child or any of its next */
    SEARCH_NOT,   /* child */
    SEARCH_FUZZY, /* child, as it is: what fits exactly fits (RFC 6203 section 5) */
    SEARCH_SEQUENCE,
    SEARCH_UID,
    SEARCH_FLAG,    /* has the system flag `name` ("\Seen", "\Recent") */
    SEARCH_KEYWORD, /* has the keyword `name` */
    SEARCH_BEFORE,  /* INTERNALDATE before `day` */
    SEARCH_ON,
    SEARCH_SINCE,
    SEARCH_SAVEDBEFORE, /* SAVEDATE before `day` (RFC 8514) */
    SEARCH_SAVEDON,
    SEARCH_SAVEDSINCE,
    SEARCH_OLDER, /* INTERNALDATE `interval` seconds ago or before (RFC 5032) */
    SEARCH_YOUNGER,
    SEARCH_SENTBEFORE, /* the Date field before `day` */
    SEARCH_SENTON,
    SEARCH_SENTSINCE,
    SEARCH_MODSEQ, /* mod-sequence of `modseq` or above (RFC 7162 section 3.1.5) */
    SEARCH_LARGER, /* RFC822.SIZE above `size` */
    SEARCH_SMALLER,
    SEARCH_EMAILID, /* its EMAILID is `name` (RFC 8474) */
    SEARCH_THREADID,
    SEARCH_HEADER, /* the field `name` has `text` in it */
    SEARCH_BODY,
    SEARCH_TEXT
};

struct search_key {
    enum search_kind kind;
    struct search_key *child, *next;
    struct sequence_set set; /* SEQUENCE, UID */
    const char *name;
    struct text text;
    void *prepared;    /* the caller's, for `text` made ready; NULL here */
    int64_t day;       /* since 1970-01-01 */
    uint64_t size;     /* octets */
    uint32_t interval; /* seconds */
    uint64_t modseq;
};

struct search_program {
    struct search_return returns;
    const char *charset;     /* NULL: none was named */
    struct search_key *root; /* SEARCH_AND */
};

/* ["RETURN (" options ")" SP] ["CHARSET" SP charset SP] keys. */
bool parse_search(struct lexer *lx, struct search_program *program_r);

/* charset SP keys, as in SORT and THREAD (RFC 5256 section 5). */
bool parse_search_criteria(struct lexer *lx, struct search_program *program_r);

/* Whether a key of that kind is in the tree. */
bool search_has_key(const struct search_key *key, enum search_kind kind);

#endif
