/*
 * An IMAP URL (RFC 5092) that names a message, or a part of one, in the session that it is sent
 * in: what CATENATE takes (RFC 4469 section 3). It is relative: with a scheme or a server in it
 * it would be of another session.
 */
#ifndef PARSER_IMAP_URL_H
#define PARSER_IMAP_URL_H

#include "message/section.h"
#include "parser/lexer.h"

struct imap_url {
    struct text mailbox;  /* UTF-8, not yet a normal name; octets NULL: the selected one */
    uint32_t uidvalidity; /* 0: not said */
    uint32_t uid;
    struct section section; /* SECTION_ALL where none is named */
    uint32_t first;         /* PARTIAL: of the section's octets from this one on ... */
    uint64_t count;         /* ... so many at most; UINT64_MAX where none is named */
};

/* What is in *url_r points into the arena. False: it is no such URL, or there is no memory. */
bool imap_url_parse(const struct text *url, struct arena *arena, struct imap_url *url_r);

#endif
