/*
 * Message ids in the fields Message-ID, References and In-Reply-To (RFC 5322 section 3.6.4
 * with the obsolete syntax of 4.5.4), in the normal form in which THREAD compares them
 * (RFC 5256 section 3): without the angle brackets, without quoting, comments, white space and
 * folding; case counts.
 *
 * Anything at all may be a field's value, and what is not a msg-id in it is passed over:
 * phrases, addresses without brackets, what begins with '<' and has no '@' with something on
 * both its sides, no '>', or another '<' before it (there a new one begins). Inside, any octet
 * may stand: ids in mail are what mailers make up, and both sides of a comparison come through
 * here. A quote or parenthesis that is not closed is an octet like others.
 */
#ifndef MESSAGE_MESSAGE_IDS_H
#define MESSAGE_MESSAGE_IDS_H

#include "message/lexer.h"

#include <stdint.h>

/* A longer id (of the normal form) is none: a line has no more (RFC 5322 section 2.1.1). */
#define MESSAGE_ID_MAX 998

struct message_ids {
    struct lexer lex;
    struct buffer id;  /* the id found last; valid until the next call */
    bool quotes_end;   /* a quote was not closed: none is one any more */
    bool comments_end; /* the same of parentheses */
};

/* Begins with the n octets of a field's value, which must stay as long as `ids`. */
void message_ids_begin(struct message_ids *ids, const char *value, size_t n);

/* Finds the next id. False: no more, or no memory (message_ids_end then says so). All calls
 * together take linear time. */
bool message_ids_next(struct message_ids *ids);

/* Frees what is held. False if memory was lacking at any time. */
bool message_ids_end(struct message_ids *ids);

/* A number in the place of an id, never 0. Two ids have the same by chance once in 2^64: among
 * the million of a large folder once in 30 million folders. By intent anyone can have two that
 * do (the key of the hash is known), and wins nothing: who wants a message in a thread need but
 * name the thread's ids. But who puts the numbers into a hash table must mix in a secret. */
uint64_t message_id_hash(const char *id, size_t n);

#endif
