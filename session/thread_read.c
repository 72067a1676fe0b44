/* What threads are made of: dates, base subjects, ids and references, kept in the index. */
#include "session/thread_private.h"

#include "session/content.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct reader {
    struct forest *f;
    const struct view *v;
    enum thread_algorithm algorithm;
    struct content content;
    struct buffer value;
    struct buffer whole;    /* a value that is too long to be kept */
    struct buffer subjects; /* one behind the other */
    struct subject {
        size_t at, n;
    } * subject;
};

/* Octets of all base subjects together. */
#define SUBJECTS_MAX ((size_t)1 << 29)

static const struct buffer *summary(struct reader *r, enum summary_kind kind)
{
    if (content_summary(&r->content, kind, 0, &r->value) == STORE_OK)
        return &r->value;
    buffer_clear(&r->whole);
    if (r->content.message == NULL ||
        summary_make(r->content.message, kind, 0, &r->whole) != MESSAGE_OK)
        return NULL;
    return &r->whole;
}

static int64_t arrival(const struct reader *r, uint32_t uid)
{
    time_t when;
    return mailbox_internaldate(r->v->mailbox, uid, &when) == STORE_OK ? when : 0;
}

/* Sent date and subject. */
static void read_sort(struct reader *r, size_t i)
{
    struct node *node = &r->f->node[i];
    struct summary_sort sort;
    const struct buffer *value = summary(r, SUMMARY_SORT);
    bool known = value != NULL && summary_sort(value->data, value->len, &sort);
    node->date = known && sort.dated ? sort.second : arrival(r, node->uid);
    node->reply = known && sort.reply;
    r->subject[i] =
        (struct subject){ .at = r->subjects.len, .n = known ? sort.key[SORT_SUBJECT].n : 0 };
    if (known)
        buffer_append(&r->subjects, sort.key[SORT_SUBJECT].p, sort.key[SORT_SUBJECT].n);
}

static bool reserve(struct forest *f, size_t more)
{
    if (f->reference_room - f->references >= more)
        return true;
    size_t room = f->reference_room * 2 + more + 1024;
    uint64_t *larger = reallocarray(f->reference, room, sizeof *larger);
    if (larger == NULL)
        return false;
    f->reference = larger;
    f->reference_room = room;
    return true;
}

static enum store_error read_references(struct reader *r, size_t i)
{
    struct forest *f = r->f;
    struct summary_thread thread;
    const struct buffer *value = summary(r, SUMMARY_THREAD);
    if (value == NULL || !summary_thread(value->data, value->len, &thread))
        return STORE_OK;
    if (thread.references > THREAD_NODES_MAX - f->references)
        return STORE_LIMIT;
    if (!reserve(f, thread.references))
        return STORE_UNAVAILABLE;
    f->node[i].id = thread.id;
    f->node[i].reference = f->references;
    f->node[i].references = (uint32_t)thread.references;
    for (size_t k = 0; k < thread.references; k++)
        f->reference[f->references++] = summary_thread_reference(&thread, k);
    return STORE_OK;
}

static int by_date(const void *a, const void *b, void *ctx)
{
    const struct forest *f = ctx;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    if (f->node[x].date != f->node[y].date)
        return f->node[x].date < f->node[y].date ? -1 : 1;
    return (x > y) - (x < y);
}

/* Mail mostly lies in the order of its dates. */
static bool are_in_order(const struct forest *f)
{
    for (size_t i = 1; i < f->n; i++)
        if (f->node[i - 1].date > f->node[i].date)
            return false;
    return true;
}

static void rank(struct forest *f)
{
    for (size_t i = 0; i < f->n; i++)
        f->by_rank[i] = (uint32_t)i;
    if (!are_in_order(f))
        qsort_r(f->by_rank, f->n, sizeof *f->by_rank, by_date, f);
    for (size_t i = 0; i < f->n; i++)
        f->node[f->by_rank[i]].rank = (uint32_t)i;
}

/* By a secret, or a folder of subjects could be made that all want one place. */
static uint64_t hash(const char *p, size_t n, uint64_t secret)
{
    uint64_t h = secret ^ n;
    for (; n > 0;) {
        uint64_t word = 0;
        size_t part = n < sizeof word ? n : sizeof word;
        memcpy(&word, p, part);
        h = (h ^ word) * 0x9e3779b97f4a7c15U;
        h ^= h >> 29 ^ secret;
        p += part;
        n -= part;
    }
    return h * (secret | 1);
}

static bool same(const struct reader *r, const struct subject *a, const struct subject *b)
{
    return a->n == b->n &&
           memcmp(r->subjects.data + a->at, r->subjects.data + b->at, a->n) == 0;
}

/* Gives the same number to the same subjects. False: no memory. */
static bool number_subjects(struct reader *r)
{
    struct forest *f = r->f;
    uint64_t secret;
    size_t slots = 64;
    while (slots < f->n * 2)
        slots *= 2;
    uint32_t *slot = malloc(slots * sizeof *slot); /* the first message of a subject */
    if (slot == NULL || getrandom(&secret, sizeof secret, 0) != (ssize_t)sizeof secret) {
        free(slot);
        return false;
    }
    memset(slot, 0xff, slots * sizeof *slot);
    f->subjects = SUBJECT_NONE + 1;
    for (size_t i = 0; i < f->n; i++) {
        const struct subject *s = &r->subject[i];
        if (s->n == 0)
            continue;
        size_t at = (size_t)(hash(r->subjects.data + s->at, s->n, secret) >> 20) & (slots - 1);
        while (slot[at] != NOBODY && !same(r, &r->subject[slot[at]], s))
            at = (at + 1) & (slots - 1);
        if (slot[at] == NOBODY) {
            slot[at] = (uint32_t)i;
            f->node[i].subject = f->subjects++;
        } else {
            f->node[i].subject = f->node[slot[at]].subject;
        }
    }
    free(slot);
    return true;
}

static enum store_error read_all(struct reader *r, const uint32_t *uid, size_t n)
{
    enum store_error error = STORE_OK;
    for (size_t i = 0; i < n && error == STORE_OK; i++) {
        mailbox_progress(r->v->mailbox, i, n);
        r->f->node[i] = (struct node){ .uid = uid[i], .parent = NOBODY };
        content_at(&r->content, uid[i]);
        mailbox_message_ahead(r->v->mailbox, uid + i, n - i);
        read_sort(r, i);
        if (r->algorithm != THREAD_ORDEREDSUBJECT)
            error = read_references(r, i);
    }
    mailbox_message_ahead(r->v->mailbox, NULL, 0);
    return r->subjects.failed ? STORE_UNAVAILABLE : error;
}

enum store_error forest_read(struct forest *f, const struct view *v,
                             enum thread_algorithm algorithm, const uint32_t *uid, size_t n)
{
    struct reader r = { .f = f, .v = v, .algorithm = algorithm };
    if (n > THREAD_NODES_MAX)
        return STORE_LIMIT;
    f->n = f->count = f->room = n;
    f->node = calloc(n, sizeof *f->node);
    f->by_rank = calloc(n, sizeof *f->by_rank);
    r.subject = calloc(n, sizeof *r.subject);
    content_begin(&r.content, v->mailbox);
    buffer_init(&r.value, SUMMARY_MAX);
    buffer_init(&r.whole, SUBJECTS_MAX);
    buffer_init(&r.subjects, SUBJECTS_MAX);
    enum store_error error = f->node != NULL && f->by_rank != NULL && r.subject != NULL
                                 ? read_all(&r, uid, n)
                                 : STORE_UNAVAILABLE;
    if (error == STORE_OK) {
        rank(f);
        if (!number_subjects(&r))
            error = STORE_UNAVAILABLE;
    }
    content_end(&r.content);
    buffer_free(&r.value);
    buffer_free(&r.whole);
    buffer_free(&r.subjects);
    free(r.subject);
    return error;
}
