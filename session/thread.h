/* THREAD's threads (RFC 5256 section 3; REFS: draft-ietf-morg-inthread) of messages of the
 * selected folder. */
#ifndef SESSION_THREAD_H
#define SESSION_THREAD_H

#include "parser/sort.h"
#include "session/view.h"

/* A forest: each node has its children behind one another, in their order. */
struct thread_node {
    uint32_t uid;      /* 0: a message that is not there, above several of a thread */
    uint32_t first;    /* of its children, in threads.child */
    uint32_t children; /* how many */
};

struct threads {
    struct thread_node *node; /* the messages as they came, then those that are not there */
    uint32_t *child;          /* indices of nodes */
    uint32_t *root;           /* the same, one a thread, in their order */
    size_t roots;
};

/* Threads of n messages, which come in the order of the view. Free with threads_free, on
 * failure too. STORE_UNAVAILABLE: no memory; STORE_LIMIT: more messages and references than
 * THREAD_NODES_MAX. */
#define THREAD_NODES_MAX 8000000
enum store_error threads_make(const struct view *v, enum thread_algorithm algorithm,
                              const uint32_t *uid, size_t n, struct threads *threads_r);
void threads_free(struct threads *threads);

#endif
