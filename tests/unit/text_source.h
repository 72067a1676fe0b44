/* A source over octets in memory that gives them in pieces of a chosen size. */
#ifndef TEXT_SOURCE_H
#define TEXT_SOURCE_H

#include "parser/source.h"

#include <stddef.h>

struct text_source {
    struct source source;
    const unsigned char *rest, *rest_end;
    size_t piece;
    unsigned go_aheads; /* how often the client was told to go ahead */
};

static inline bool text_source_fill(struct source *src)
{
    struct text_source *t = (struct text_source *)src;
    size_t left = (size_t)(t->rest_end - t->rest);
    size_t n = left < t->piece ? left : t->piece;
    src->pos = t->rest;
    src->end = t->rest = t->rest + n;
    return n > 0;
}

static inline bool text_source_go_ahead(struct source *src)
{
    ((struct text_source *)src)->go_aheads++;
    return true;
}

static inline void text_source_init(struct text_source *t, const void *octets, size_t n,
                                    size_t piece)
{
    const unsigned char *p = octets;
    *t = (struct text_source){
        .source = { p, p, text_source_fill, text_source_go_ahead },
        .rest = p,
        .rest_end = p + n,
        .piece = piece,
    };
}

#endif
