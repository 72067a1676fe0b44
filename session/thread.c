/*
 * Threads, without recursion: one may be as deep as the folder has messages. A parent is a
 * number in each node; children are listed when they are needed, by counting, the messages by
 * their rank, so that siblings come sorted by date without a sort of their own.
 */
#include "session/thread_private.h"

#include <stdlib.h>

/* The rank of a dummy is its first child's (step 4). */
static bool rank_dummies(struct forest *f)
{
    struct children c = { .first = NULL };
    bool ok = children_list(f, &c);
    for (size_t i = f->n; ok && i < f->count; i++)
        if (c.first[i + 1] > c.first[i])
            f->node[i].rank = f->node[c.child[c.first[i]]].rank;
    children_free(&c);
    return ok;
}

static int by_rank(const void *a, const void *b, void *ctx)
{
    const struct forest *f = ctx;
    uint32_t x = f->node[*(const uint32_t *)a].rank;
    uint32_t y = f->node[*(const uint32_t *)b].rank;
    return (x > y) - (x < y);
}

/* Those without parents, by rank: the messages come so, the dummies are sorted, and both
 * merged. NULL: no memory. */
static uint32_t *list_roots(struct forest *f, size_t *n_r)
{
    uint32_t *root = calloc(f->count + 1, sizeof *root);
    uint32_t *dummy = calloc(f->count - f->n + 1, sizeof *dummy);
    size_t dummies = 0, at = 0, n = 0;
    for (size_t i = f->n; dummy != NULL && i < f->count; i++)
        if (f->node[i].parent == NOBODY && !f->node[i].gone)
            dummy[dummies++] = (uint32_t)i;
    if (dummy != NULL)
        qsort_r(dummy, dummies, sizeof *dummy, by_rank, f);
    for (size_t i = 0; root != NULL && dummy != NULL && i < f->n; i++) {
        while (at < dummies && f->node[dummy[at]].rank < i)
            root[n++] = dummy[at++];
        if (f->node[f->by_rank[i]].parent == NOBODY)
            root[n++] = f->by_rank[i];
    }
    while (root != NULL && at < dummies)
        root[n++] = dummy[at++];
    if (dummy == NULL) {
        free(root);
        root = NULL;
    }
    free(dummy);
    *n_r = n;
    return root;
}

/* --- Step 5: threads of one subject become one. ----------------------------------------------
 */

struct gatherer {
    struct forest *f;
    struct children c; /* as of step 4 */
    uint32_t *table;   /* by subject: a root, or NOBODY */
};

static bool is_dummy(const struct forest *f, uint32_t node)
{
    return f->node[node].uid == 0;
}

static uint32_t thread_subject(const struct gatherer *g, uint32_t root)
{
    if (is_dummy(g->f, root))
        root = g->c.child[g->c.first[root]];
    return g->f->node[root].subject;
}

static void populate(struct gatherer *g, const uint32_t *root, size_t n)
{
    struct forest *f = g->f;
    for (size_t i = 0; i < n; i++) {
        uint32_t subject = thread_subject(g, root[i]);
        uint32_t *there = &g->table[subject];
        if (subject == SUBJECT_NONE)
            continue;
        if (*there == NOBODY ||
            (!is_dummy(f, *there) &&
             (is_dummy(f, root[i]) || (f->node[*there].reply && !f->node[root[i]].reply))))
            *there = root[i];
    }
}

/* The children of a dummy become another's. */
static void hand_over(struct gatherer *g, uint32_t from, uint32_t to)
{
    for (uint32_t k = g->c.first[from]; k < g->c.first[from + 1]; k++)
        g->f->node[g->c.child[k]].parent = to;
    g->f->node[from].gone = true;
}

static bool merge(struct gatherer *g, uint32_t root, uint32_t *there)
{
    struct forest *f = g->f;
    if (is_dummy(f, *there) && is_dummy(f, root)) {
        hand_over(g, root, *there);
        return true;
    }
    if (is_dummy(f, *there) || (f->node[root].reply && !f->node[*there].reply)) {
        f->node[root].parent = *there;
        return true;
    }
    uint32_t dummy = forest_dummy(f);
    if (dummy == NOBODY)
        return false;
    f->node[root].parent = f->node[*there].parent = dummy;
    *there = dummy;
    return true;
}

static bool gather(struct forest *f)
{
    struct gatherer g = { .f = f };
    size_t n = 0;
    uint32_t *root = list_roots(f, &n);
    g.table = calloc(f->subjects + 1, sizeof *g.table);
    bool ok = root != NULL && g.table != NULL && children_list(f, &g.c);
    for (uint32_t i = 0; ok && i <= f->subjects; i++)
        g.table[i] = NOBODY;
    if (ok)
        populate(&g, root, n);
    for (size_t i = 0; ok && i < n; i++) {
        uint32_t subject = thread_subject(&g, root[i]);
        if (subject != SUBJECT_NONE && g.table[subject] != root[i])
            ok = merge(&g, root[i], &g.table[subject]);
    }
    children_free(&g.c);
    free(g.table);
    free(root);
    return ok;
}

/* --- ORDEREDSUBJECT. -------------------------------------------------------------------------
 */

/* The first message of a subject, by date, is the parent of all others of it. The empty subject
 * is one like others. */
static bool order_by_subject(struct forest *f)
{
    uint32_t *first = calloc(f->subjects + 1, sizeof *first);
    for (uint32_t i = 0; first != NULL && i <= f->subjects; i++)
        first[i] = NOBODY;
    for (size_t i = 0; first != NULL && i < f->n; i++) {
        struct node *node = &f->node[f->by_rank[i]];
        if (first[node->subject] == NOBODY)
            first[node->subject] = f->by_rank[i];
        else
            node->parent = first[node->subject];
    }
    free(first);
    return first != NULL;
}

/* --- REFS: by the latest message of each thread. ---------------------------------------------
 */

/* Every root's rank becomes the highest in its thread. From the highest rank down, each message
 * walks up until somebody came by before. */
static bool rank_by_latest(struct forest *f)
{
    bool *seen = calloc(f->count + 1, sizeof *seen);
    for (size_t i = f->n; seen != NULL && i-- > 0;) {
        uint32_t node = f->by_rank[i];
        while (!seen[node]) {
            seen[node] = true;
            if (f->node[node].parent == NOBODY)
                f->node[node].rank = (uint32_t)i;
            else
                node = f->node[node].parent;
        }
    }
    free(seen);
    return seen != NULL;
}

/* --- All of it. ------------------------------------------------------------------------------
 */

static enum store_error finish(struct forest *f, enum thread_algorithm algorithm,
                               struct threads *t)
{
    struct children c = { .first = NULL };
    t->root = list_roots(f, &t->roots);
    if (t->root != NULL && algorithm == THREAD_REFS) /* whose ranks are not the messages' own */
        qsort_r(t->root, t->roots, sizeof *t->root, by_rank, f);
    t->node = calloc(f->count + 1, sizeof *t->node);
    bool ok = t->root != NULL && t->node != NULL && children_list(f, &c);
    for (size_t i = 0; ok && i < f->count; i++)
        t->node[i] = (struct thread_node){ .uid = f->node[i].uid,
                                           .first = c.first[i],
                                           .children = c.first[i + 1] - c.first[i] };
    t->child = c.child;
    free(c.first);
    return ok ? STORE_OK : STORE_UNAVAILABLE;
}

static enum store_error make(struct forest *f, enum thread_algorithm algorithm)
{
    if (algorithm == THREAD_ORDEREDSUBJECT)
        return order_by_subject(f) ? STORE_OK : STORE_UNAVAILABLE;
    enum store_error error = forest_link(f);
    if (error != STORE_OK)
        return error;
    if (algorithm == THREAD_REFS)
        return rank_by_latest(f) ? STORE_OK : STORE_UNAVAILABLE;
    return rank_dummies(f) && gather(f) && rank_dummies(f) ? STORE_OK : STORE_UNAVAILABLE;
}

enum store_error threads_make(const struct view *v, enum thread_algorithm algorithm,
                              const uint32_t *uid, size_t n, struct threads *threads_r)
{
    struct forest f = { .node = NULL };
    *threads_r = (struct threads){ .node = NULL };
    if (n == 0)
        return STORE_OK;
    enum store_error error = forest_read(&f, v, algorithm, uid, n);
    if (error == STORE_OK)
        error = make(&f, algorithm);
    if (error == STORE_OK)
        error = finish(&f, algorithm, threads_r);
    free(f.node);
    free(f.reference);
    free(f.by_rank);
    return error;
}

void threads_free(struct threads *threads)
{
    free(threads->node);
    free(threads->child);
    free(threads->root);
    *threads = (struct threads){ .node = NULL };
}
