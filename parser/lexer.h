/*
 * The tokens of a command (RFC 3501 section 9), pulled one by one from a source as the octets
 * arrive, so that a command may come one octet at a time and a literal can be refused before
 * it is sent.
 *
 * Each function returns true and moves on, or returns false and leaves in `error` what was
 * wrong, for a person. After a failure call lexer_recover: it throws away the rest of the
 * command, so that the next one can be read.
 */
#ifndef PARSER_LEXER_H
#define PARSER_LEXER_H

#include "parser/arena.h"
#include "parser/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a tag; nobody needs more, and it is repeated in answers and in a frame. */
#define TAG_MAX 255

struct lexer_limits {
    size_t line;     /* octets of a command outside its literals */
    size_t literal;  /* octets of one literal that is an argument (not APPEND's message) */
    size_t memory;   /* octets that all arguments of a command may take */
    size_t literals; /* that are arguments, of all commands together; 0: any number */
    uint64_t literal_plus; /* octets of any one that is not synchronizing; 0: any number */
};

enum lexer_failure {
    LEXER_FINE,
    LEXER_SYNTAX, /* BAD: `error` says what */
    LEXER_LIMIT,  /* BAD: too long, too deep, too much */
    LEXER_TOOBIG, /* BAD [TOOBIG]: past limits.literal_plus (RFC 7888 section 5) */
    LEXER_END     /* the input has ended */
};

/* A string: n octets, with a NUL behind them that is not counted. The arena's. */
struct text {
    const char *octets;
    size_t n;
};

/* Where the octets taken from the present line stand with respect to a literal's head at the
 * line's end: "{12+}" CRLF. Kept for every octet, so that a literal is recognized even when the
 * command before it made no sense. */
struct literal_head {
    enum { HEAD_NONE, HEAD_NUMBER, HEAD_PLUS, HEAD_CLOSED, HEAD_CR } at;
    bool digits, plus, huge;
    uint64_t n;
};

struct lexer {
    struct source *source;
    struct lexer_limits limits;
    struct arena arena;
    enum lexer_failure failure;
    char error[128];
    size_t line_octets;    /* of this command so far, literals not counted */
    bool line_ended;       /* the CRLF that ends the command was read */
    uint64_t literal_left; /* octets of an accepted, or a refused but coming, literal to read */
    struct literal_head head;
    size_t literals; /* that were arguments, since lexer_init */
    bool utf8; /* for the caller to set: quoted strings must be UTF-8 (RFC 6855 section 3) */
};

/* Whether n octets are UTF-8 (RFC 3629 section 4). */
bool is_utf8(const char *octets, size_t n);

void lexer_init(struct lexer *lx, struct source *source, const struct lexer_limits *limits);
void lexer_free(struct lexer *lx);

/* Gets ready for a new command: forgets arguments and errors. */
void lexer_begin(struct lexer *lx);

/* Throws away what is left of the command, literals that are already on their way included (a
 * refused literal is never read as commands: RFC 7888 section 3). A synchronizing literal that
 * was not asked for is not coming. False: the input has ended. */
bool lexer_recover(struct lexer *lx);

/* Fails with a text (a constant, or formatted as by printf(3)). Returns false always. */
bool lexer_fail(struct lexer *lx, enum lexer_failure failure, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The next octet, not taken; -1 when the input has ended. CR and LF are seen as they are. */
int lexer_peek(struct lexer *lx);
/* Takes that octet if it is `c`. */
bool lexer_accept(struct lexer *lx, char c);
/* Takes `c` or fails. */
bool lexer_expect(struct lexer *lx, char c);
/* Takes one space or fails. */
bool lexer_space(struct lexer *lx);
/* Whether the line ends here. Nothing is taken. */
bool lexer_at_end(struct lexer *lx);
/* Takes the CRLF (or bare LF) that ends the command, or fails. */
bool lexer_end(struct lexer *lx);

/* The tag (any ASTRING-CHAR but '+'). */
bool lexer_tag(struct lexer *lx, char tag[TAG_MAX + 1]);

/* A word of the protocol, as command names and item names are: letters, digits, '.', '-' and
 * '_', made upper case in `word`, which holds size octets. Fails where there is none or it is
 * longer. */
bool lexer_word(struct lexer *lx, char *word, size_t size);

/* atom; astring; string (quoted or literal); nstring (octets NULL for NIL); list-mailbox, which
 * is an astring with the wildcards % and *. */
bool lexer_atom(struct lexer *lx, struct text *text_r);
bool lexer_astring(struct lexer *lx, struct text *text_r);
bool lexer_string(struct lexer *lx, struct text *text_r);
bool lexer_nstring(struct lexer *lx, struct text *text_r);
bool lexer_list_mailbox(struct lexer *lx, struct text *text_r);

/* number (up to 2^32 - 1), nz-number, and a number up to 2^63 - 1. */
bool lexer_number(struct lexer *lx, uint32_t *n_r);
bool lexer_nz_number(struct lexer *lx, uint32_t *n_r);
bool lexer_number64(struct lexer *lx, uint64_t *n_r);

/* The head of a literal that the caller wants to read itself (APPEND): its size. Then either
 * lexer_literal_accept, which tells the client to go ahead where it waits, and
 * lexer_literal_read until it gives 0; or a failure and lexer_recover. */
bool lexer_literal_head(struct lexer *lx, uint64_t *n_r);
bool lexer_literal_accept(struct lexer *lx);
/* Some of the literal's octets, in place: valid until the next call. Returns how many, 0 at the
 * literal's end, -1 when the input has ended before it. */
long lexer_literal_read(struct lexer *lx, const unsigned char **octets_r);

/* A line that is not a command: a SASL response or IDLE's DONE. Without its line end; fails
 * with LEXER_LIMIT past limits.line. */
bool lexer_line(struct lexer *lx, struct text *text_r);

#endif
