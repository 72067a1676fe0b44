/*
 * Address lists (RFC 5322 section 3.4 with the obsolete syntax of 4.4), one address after the
 * other. Anything at all is a list; what is not an address by the grammar gives what a reader
 * would take it for:
 *
 *   - a display name may have anything in it, an unquoted "user@host" too;
 *   - without a display name the last comment after the address is one (the form before
 *     RFC 822; RFC 5322 section 3.4);
 *   - a '<' more or a '>' alone is passed over;
 *   - a ';' outside a group separates like a ','; a group that is not closed ends with the
 *     field; a group in a group is none;
 *   - a mailbox without a domain has an empty host (no NIL, which would make it a group).
 */
#ifndef MESSAGE_ADDRESS_H
#define MESSAGE_ADDRESS_H

#include "message/lexer.h"

/* What is longer of a name, a route, a mailbox or a host is left out: no client could show it,
 * and words are held in two forms until it is known which of these they are. */
#define ADDRESS_PART_MAX ((size_t)64 * 1024)

enum address_kind {
    ADDRESS_MAILBOX,
    ADDRESS_GROUP_START, /* its name is in `name` */
    ADDRESS_GROUP_END
};

struct address_parser {
    struct lexer lex;
    bool in_group;

    /* The address found last. Quoting, comments and folding are gone, encoded-words are as
     * they were. Valid until the next call. */
    enum address_kind kind;
    struct buffer name;    /* display name, or comment; empty: none */
    struct buffer route;   /* "@a,@b" of <@a,@b:user@host>; empty: none */
    struct buffer mailbox; /* local part */
    struct buffer host;    /* domain */
    struct buffer comment; /* the last comment met */
};

/* Begins with the n octets of a field's value. The value must stay as long as the parser. */
void address_begin(struct address_parser *a, const char *value, size_t n);

/* Finds the next address. False: no more, or no memory (address_end then says so). */
bool address_next(struct address_parser *a);

/* Frees what the parser holds. False if memory was lacking at any time. */
bool address_end(struct address_parser *a);

/* Appends the addresses of a value as IMAP's address structures (RFC 3501 section 7.4.2),
 * without parentheses around the list. False without memory (of out, or of the parser). */
bool address_list_write(struct buffer *out, const char *value, size_t n);

#endif
