#include "parser/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Most commands fit in one block. */
#define BLOCK_SIZE 4000

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char octets[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){ .max = max };
}

/* What was in a block may have been a password. One block of the usual size is kept for the
 * next command. */
void arena_reset(struct arena *a)
{
    struct arena_block *keep = NULL;
    for (struct arena_block *b = a->blocks, *next; b != NULL; b = next) {
        next = b->next;
        explicit_bzero(b->octets, b->used);
        if (keep == NULL && b->size == BLOCK_SIZE) {
            keep = b;
            b->used = 0;
            b->next = NULL;
        } else {
            free(b);
        }
    }
    a->blocks = keep;
    a->used = 0;
}

void arena_free(struct arena *a)
{
    arena_reset(a);
    free(a->blocks);
    arena_init(a, a->max);
}

void arena_move(struct arena *to, struct arena *from)
{
    *to = *from;
    arena_init(from, from->max);
}

void *arena_take(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    if (n > a->max - a->used || n > SIZE_MAX / 2)
        return NULL;
    size_t need = (n + align - 1) / align * align;
    struct arena_block *b = a->blocks;
    if (b == NULL || b->size - b->used < need) {
        size_t size = need > BLOCK_SIZE ? need : BLOCK_SIZE;
        b = malloc(sizeof *b + size);
        if (b == NULL)
            return NULL;
        *b = (struct arena_block){ .next = a->blocks, .size = size };
        a->blocks = b;
    }
    void *p = b->octets + b->used;
    b->used += need;
    a->used += n;
    return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_take(a, count * size);
}

char *arena_copy(struct arena *a, const void *octets, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *copy = arena_take(a, n + 1);
    if (copy != NULL && n > 0)
        memcpy(copy, octets, n);
    return copy;
}
