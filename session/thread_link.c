/*
 * Who is whose parent: steps 1 to 3 of REFERENCES (RFC 5256 section 3).
 *
 * The RFC links and breaks links message after message, and before each link makes sure that it
 * closes no loop, which by walking up costs the square of a long thread. Without loops the
 * outcome is this:
 *
 *   - a message with references is a child of the last one (1.B; whatever it had before is
 * broken, and nothing takes it away again);
 *   - any other message, and a dummy, is a child of the one before it in the first References
 * that names both; for a message only References of later messages count, since its own
 * step 1.B breaks what earlier ones made.
 *
 * So no link is ever broken here: first those of the first kind are made, then those of the
 * second. What gets a parent has had none, so it is the root of its tree, and a link closes a
 * loop where the parent's root is the child: found by union with path compression, in n log n.
 * Where there are loops, which of its links is left out may be another than the RFC's steps
 * would leave out; such references are damaged, or a joke.
 */
#include "session/thread_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct linker {
    struct forest *f;
    uint64_t secret;
    uint32_t *slot; /* of the table of ids: a node, or NOBODY */
    uint64_t *slot_id;
    size_t mask;
    uint32_t *above; /* towards the root; room for as many as there can be */
    size_t most;
};

uint32_t forest_dummy(struct forest *f)
{
    if (f->count == f->room) {
        size_t room = f->room + f->room / 2 + 64;
        struct node *larger = reallocarray(f->node, room, sizeof *larger);
        if (larger == NULL)
            return NOBODY;
        f->node = larger;
        f->room = room;
    }
    f->node[f->count] = (struct node){ .parent = NOBODY, .rank = NOBODY };
    return (uint32_t)f->count++;
}

/* Anybody can make ids that have the same number or neighbouring ones (message_id_hash), so
 * where they stand is a secret. */
static size_t place_of(const struct linker *l, uint64_t id)
{
    uint64_t h = (id ^ l->secret) * 0x9e3779b97f4a7c15U;
    h ^= h >> 32;
    return (size_t)(h * (l->secret | 1) >> 16) & l->mask;
}

static uint32_t *find_slot(struct linker *l, uint64_t id)
{
    size_t i = place_of(l, id);
    while (l->slot[i] != NOBODY && l->slot_id[i] != id)
        i = (i + 1) & l->mask;
    l->slot_id[i] = id;
    return &l->slot[i];
}

/* The message of that id, or a dummy. The table has room for all. */
static uint32_t node_of(struct linker *l, uint64_t id)
{
    uint32_t *slot = find_slot(l, id);
    if (*slot == NOBODY) {
        *slot = forest_dummy(l->f);
        if (*slot != NOBODY)
            l->above[*slot] = *slot;
    }
    return *slot;
}

static uint32_t root_of(struct linker *l, uint32_t node)
{
    while (l->above[node] != node) {
        l->above[node] = l->above[l->above[node]];
        node = l->above[node];
    }
    return node;
}

static void link_to(struct linker *l, uint32_t parent, uint32_t child)
{
    if (root_of(l, parent) == child)
        return;
    l->f->node[child].parent = parent;
    l->above[child] = parent;
}

/* Of several with one id the first has it. */
static void enter_messages(struct linker *l)
{
    for (size_t i = 0; i < l->f->n; i++) {
        l->above[i] = (uint32_t)i;
        if (l->f->node[i].id == 0)
            continue;
        uint32_t *slot = find_slot(l, l->f->node[i].id);
        if (*slot == NOBODY)
            *slot = (uint32_t)i;
    }
}

static bool link_last_references(struct linker *l)
{
    struct forest *f = l->f;
    for (size_t i = 0; i < f->n; i++) {
        if (f->node[i].references == 0)
            continue;
        size_t last = f->node[i].reference + f->node[i].references - 1;
        uint32_t parent = node_of(l, f->reference[last]);
        if (parent == NOBODY)
            return false;
        link_to(l, parent, (uint32_t)i);
    }
    return true;
}

static bool link_references(struct linker *l)
{
    struct forest *f = l->f;
    for (size_t i = 0; i < f->n; i++) {
        uint32_t before = NOBODY;
        for (size_t k = 0; k < f->node[i].references; k++) {
            uint32_t node = node_of(l, f->reference[f->node[i].reference + k]);
            if (node == NOBODY)
                return false;
            if (before != NOBODY && f->node[node].parent == NOBODY &&
                (node >= f->n || node < i))
                link_to(l, before, node);
            before = node;
        }
    }
    return true;
}

static bool begin(struct linker *l)
{
    size_t slots = 64;
    l->most = l->f->n + l->f->references;
    while (slots < l->most * 2)
        slots *= 2;
    l->mask = slots - 1;
    l->slot = malloc(slots * sizeof *l->slot);
    l->slot_id = calloc(slots, sizeof *l->slot_id);
    l->above = calloc(l->most + 1, sizeof *l->above);
    if (l->slot == NULL || l->slot_id == NULL || l->above == NULL)
        return false;
    memset(l->slot, 0xff, slots * sizeof *l->slot);
    return getrandom(&l->secret, sizeof l->secret, 0) == (ssize_t)sizeof l->secret;
}

bool children_list(const struct forest *f, struct children *c_r)
{
    c_r->first = calloc(f->count + 2, sizeof *c_r->first);
    c_r->child = calloc(f->count + 1, sizeof *c_r->child);
    if (c_r->first == NULL || c_r->child == NULL)
        return false;
    uint32_t *first = c_r->first;
    for (size_t i = 0; i < f->count; i++)
        if (f->node[i].parent != NOBODY)
            first[f->node[i].parent + 2]++;
    for (size_t i = 2; i < f->count + 2; i++)
        first[i] += first[i - 1];
    for (size_t i = 0; i < f->count; i++) {
        uint32_t node = i < f->n ? f->by_rank[i] : (uint32_t)i;
        if (f->node[node].parent != NOBODY)
            c_r->child[first[f->node[node].parent + 1]++] = node;
    }
    return true;
}

void children_free(struct children *c)
{
    free(c->first);
    free(c->child);
    *c = (struct children){ .first = NULL };
}

/* Every message becomes a child of the nearest message above it, or of the dummy at its root. A
 * walk from the roots down, so that what is above is known. */
static bool prune(struct forest *f)
{
    struct children c = { .first = NULL };
    uint32_t *queue = calloc(f->count + 1, sizeof *queue);
    uint32_t *anchor = calloc(f->count + 1, sizeof *anchor);
    bool ok = queue != NULL && anchor != NULL && children_list(f, &c);
    size_t head = 0, tail = 0;
    for (size_t i = 0; ok && i < f->count; i++)
        if (f->node[i].parent == NOBODY)
            queue[tail++] = (uint32_t)i;
    for (; ok && head < tail; head++) {
        uint32_t i = queue[head];
        struct node *node = &f->node[i];
        if (node->parent != NOBODY)
            node->parent = anchor[node->parent];
        anchor[i] = node->uid != 0 || node->parent == NOBODY ? i : node->parent;
        node->gone = node->uid == 0 && node->parent != NOBODY;
        for (uint32_t k = c.first[i]; k < c.first[i + 1]; k++)
            queue[tail++] = c.child[k];
    }
    for (size_t i = f->n; ok && i < f->count; i++)
        if (f->node[i].gone)
            f->node[i].parent = NOBODY;
    children_free(&c);
    free(queue);
    free(anchor);
    return ok;
}

/* A dummy at the root needs two children (step 3). */
static bool prune_roots(struct forest *f)
{
    struct children c = { .first = NULL };
    bool ok = children_list(f, &c);
    for (size_t i = f->n; ok && i < f->count; i++) {
        uint32_t count = c.first[i + 1] - c.first[i];
        if (f->node[i].gone || count > 1)
            continue;
        f->node[i].gone = true;
        if (count == 1)
            f->node[c.child[c.first[i]]].parent = NOBODY;
    }
    children_free(&c);
    return ok;
}

enum store_error forest_link(struct forest *f)
{
    struct linker l = { .f = f };
    bool ok = begin(&l);
    if (ok) {
        enter_messages(&l);
        ok = link_last_references(&l) && link_references(&l);
    }
    free(l.slot);
    free(l.slot_id);
    free(l.above);
    return ok && prune(f) && prune_roots(f) ? STORE_OK : STORE_UNAVAILABLE;
}
