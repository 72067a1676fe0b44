/* The making of threads: session/thread.c has the steps, thread_read.c what they stand on,
 * thread_link.c who is whose parent. */
#ifndef SESSION_THREAD_PRIVATE_H
#define SESSION_THREAD_PRIVATE_H

#include "session/thread.h"

#include "base/buffer.h"

#define NOBODY UINT32_MAX

struct node {
    uint32_t uid; /* 0: a dummy */
    uint32_t parent;
    uint32_t rank;       /* its place by date; of a dummy its first child's */
    uint32_t subject;    /* SUBJECT_NONE, or the same number for the same base subject */
    uint32_t references; /* how many, from `reference` on, in forest.reference */
    size_t reference;
    uint64_t id; /* of the Message-ID; 0: none */
    int64_t date;
    bool reply;
    bool gone; /* a dummy that was pruned */
};

#define SUBJECT_NONE 0

/* The n messages come first, in the order of the view, then the dummies. */
struct forest {
    struct node *node;
    size_t n, count, room;
    uint64_t *reference;
    size_t references, reference_room;
    uint32_t *by_rank; /* the messages in the order of their dates */
    uint32_t subjects; /* their numbers are below this */
};

/* Another dummy; NOBODY: no memory, or too many. */
uint32_t forest_dummy(struct forest *f);

/* Reads what the algorithm stands on. */
enum store_error forest_read(struct forest *f, const struct view *v,
                             enum thread_algorithm algorithm, const uint32_t *uid, size_t n);

/* Steps 1 to 3 of REFERENCES: parents, without dummies but where one is the root of several. */
enum store_error forest_link(struct forest *f);

/* The children of each node, each node's behind one another, the messages by their rank;
 * `first` has one more than there are nodes. False: no memory. */
struct children {
    uint32_t *first;
    uint32_t *child;
};
bool children_list(const struct forest *f, struct children *c_r);
void children_free(struct children *c);

#endif
