/* What SELECT (QRESYNC (...)) tells of the client's cache (RFC 7162 section 3.2.5). */
#ifndef PARSER_QRESYNC_H
#define PARSER_QRESYNC_H

#include "parser/sequence.h"

struct qresync {
    uint32_t uidvalidity;
    uint64_t modseq;              /* never 0 */
    bool known;                   /* known-uids are given */
    struct sequence_set uids;     /* these, normalized; without '*' */
    struct sequence_set numbers;  /* seq-match-data: sequence numbers, and of as many ... */
    struct sequence_set matching; /* ... messages the UIDs; both ascend. Empty: not given */
};

/* "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")" */
bool parse_qresync(struct lexer *lx, struct qresync *qresync_r);

#endif
