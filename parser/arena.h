/*
 * The memory of one command's arguments: taken piece by piece, given back all at once.
 */
#ifndef PARSER_ARENA_H
#define PARSER_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used; /* octets handed out since the last reset */
    size_t max;  /* used never passes this */
};

void arena_init(struct arena *a, size_t max);

/* Gives everything back, wiped; one block of memory is kept for what comes next. */
void arena_reset(struct arena *a);

/* Gives everything back, and the memory too. */
void arena_free(struct arena *a);

/* Gives everything in `from`, which is empty then, to *to, which is overwritten. What was taken
 * stays where it is. */
void arena_move(struct arena *to, struct arena *from);

/* n octets, aligned for anything, zeroed; NULL past the ceiling or without memory. */
void *arena_take(struct arena *a, size_t n);

/* count elements of `size` octets each; NULL also where the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* A copy of n octets with a NUL behind them. */
char *arena_copy(struct arena *a, const void *octets, size_t n);

#endif
