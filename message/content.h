/*
 * The Content- fields of MIME (RFC 2045, 2183, 2231).
 */
#ifndef MESSAGE_CONTENT_H
#define MESSAGE_CONTENT_H

#include "message/lexer.h"

/* A media type, or a disposition: a name and parameters. Points into the field. */
struct content_type {
    const char *type;
    size_t type_len;
    const char *subtype; /* NULL for a disposition */
    size_t subtype_len;
    struct lexer params; /* for content_param_next and content_param_find */
};

/* Reads the value of a Content-Type field (RFC 2045 section 5.1). False when it is not one by
 * the grammar, as `text` alone is not. */
bool content_type_parse(const char *value, size_t n, struct content_type *ct_r);

/* Reads the value of a Content-Disposition field (RFC 2183 section 2). One that has parameters
 * alone has the type "". */
bool content_disposition_parse(const char *value, size_t n, struct content_type *ct_r);

/* Whether the type and subtype are these (any case); subtype NULL: any. */
bool content_type_is(const struct content_type *ct, const char *type, const char *subtype);

/* Reads the next parameter: its name points into the field, its value, without quoting,
 * replaces what is in *value. Both as sent (RFC 2231 not decoded). What is no parameter is
 * passed over. False: no more. */
bool content_param_next(struct lexer *params, const char **name_r, size_t *name_len_r,
                        struct buffer *value);

/* RFC 2231 section 3 cuts long values into pieces: name*0, name*1 ... More of them in a field
 * than this are told as they are. Enough for any boundary, charset or file name; bounds the
 * sorting, and the memory it needs. */
#define CONTENT_PIECES_MAX 128

struct content_piece {
    const char *name;  /* "name*0*" */
    size_t base;       /* the length of "name" */
    unsigned section;  /* the number */
    bool extended;     /* percent-encoded */
    bool joined;       /* part of a value: all pieces from 0 to this one are there */
    const char *value; /* in the field */
    size_t rank;       /* its place in order[] */
};

struct content_pieces {
    size_t n;
    size_t at; /* the piece that content_param_next_joined comes to next */
    struct content_piece piece[CONTENT_PIECES_MAX];
    struct content_piece *order[CONTENT_PIECES_MAX]; /* by name and number */
};

/* Finds the pieces among the parameters, wherever they stand: their order means nothing (RFC
 * 2231 section 1). */
void content_pieces_find(struct content_pieces *pieces, struct lexer params,
                         struct buffer *scratch);

/* content_param_next with the pieces of a value joined, as BODYSTRUCTURE tells them (RFC 2231
 * section 6), where its piece 0 stands: under the plain name, or, where a piece is
 * percent-encoded, under "name*" with all of it encoded. Begins where content_pieces_find
 * did. */
bool content_param_next_joined(struct lexer *params, struct content_pieces *pieces,
                               const char **name_r, size_t *name_len_r, struct buffer *value);

/* Finds a parameter by name (any case) and replaces what is in *value with its value, decoded
 * by RFC 2231 where it uses it (the charset it names is not applied: ASCII is expected).
 * The first of that name counts; the plain form goes before that of RFC 2231. */
bool content_param_find(struct lexer params, const char *name, struct buffer *value);

#endif
