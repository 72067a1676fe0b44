/* What STATUS asks for (RFC 3501 section 6.3.10; SIZE: RFC 8438; DELETED: RFC 9051 section
 * 6.3.11; HIGHESTMODSEQ: RFC 7162 section 3.1.7; APPENDLIMIT: RFC 7889; MAILBOXID: RFC
 * 8474). */
#ifndef PARSER_STATUS_H
#define PARSER_STATUS_H

#include "parser/lexer.h"

enum status_item {
    STATUS_MESSAGES,
    STATUS_RECENT,
    STATUS_UIDNEXT,
    STATUS_UIDVALIDITY,
    STATUS_UNSEEN,
    STATUS_DELETED,
    STATUS_SIZE,
    STATUS_HIGHESTMODSEQ,
    STATUS_APPENDLIMIT,
    STATUS_MAILBOXID,
    STATUS_ITEMS
};

/* As the protocol writes it. */
extern const char *const status_item_name[STATUS_ITEMS];

/* "(" item *(SP item) ")"; *items_r: bit i is item i. */
bool parse_status_items(struct lexer *lx, unsigned *items_r);

#endif
