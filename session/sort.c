/*
 * Each message gets a row of values, one a criterion: a number, or a text in one buffer, of
 * which the first eight octets are a number as well, so that most comparisons look at nothing
 * else. Then the rows are sorted.
 */
#include "session/sort.h"

#include "session/content.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* A key's value. Numbers order as they are; texts by the number of their first octets, then by
 * the rest. */
struct value {
    uint64_t number;
    uint32_t n; /* octets of a text */
    size_t at;  /* in struct sorter's text */
};

struct sorter {
    const struct sort_program *program;
    struct mailbox *mailbox;
    struct content content;
    struct buffer summary;
    struct buffer whole; /* a summary that is too long to be kept */
    struct buffer text;
    struct value *value; /* program->criteria for each message */
};

static bool wants_summary(const struct sort_program *p)
{
    for (size_t i = 0; i < p->criteria; i++) {
        enum sort_by by = p->criterion[i].by;
        if (by != SORT_BY_ARRIVAL && by != SORT_BY_SIZE && by != SORT_BY_RELEVANCY)
            return true;
    }
    return false;
}

/* Signed numbers in the order of unsigned ones. */
static uint64_t ordered(int64_t n)
{
    return (uint64_t)n ^ (uint64_t)1 << 63;
}

static void put_text(struct sorter *s, struct value *v, const struct sort_key *key)
{
    unsigned char first[sizeof v->number] = { 0 };
    if (key->n > 0)
        memcpy(first, key->p, key->n < sizeof first ? key->n : sizeof first);
    memcpy(&v->number, first, sizeof first);
    v->number = be64toh(v->number);
    v->n = (uint32_t)key->n;
    v->at = s->text.len;
    buffer_append(&s->text, key->p, key->n);
}

/* What the message is sorted by, kept or made; one that is too long to be kept is made alone.
 */
static bool summarize(struct sorter *s, struct summary_sort *sort_r)
{
    const struct buffer *made = &s->summary;
    if (content_summary(&s->content, SUMMARY_SORT, 0, &s->summary) != STORE_OK) {
        if (s->content.message == NULL)
            return false;
        buffer_clear(&s->whole);
        made = &s->whole;
        if (summary_make(s->content.message, SUMMARY_SORT, 0, &s->whole) != MESSAGE_OK)
            return false;
    }
    return summary_sort(made->data, made->len, sort_r);
}

static uint64_t arrival(const struct sorter *s, uint32_t uid)
{
    time_t when;
    return mailbox_internaldate(s->mailbox, uid, &when) == STORE_OK ? ordered(when) : 0;
}

static uint64_t size_of(const struct sorter *s, uint32_t uid)
{
    uint64_t octets;
    return mailbox_size(s->mailbox, uid, &octets) == STORE_OK ? octets : 0;
}

static void fill(struct sorter *s, uint32_t uid, const struct summary_sort *sort,
                 struct value *v)
{
    static const enum sort_key_kind kind[SORT_BYS] = {
        [SORT_BY_CC] = SORT_CC,
        [SORT_BY_DISPLAYFROM] = SORT_DISPLAYFROM,
        [SORT_BY_DISPLAYTO] = SORT_DISPLAYTO,
        [SORT_BY_FROM] = SORT_FROM,
        [SORT_BY_SUBJECT] = SORT_SUBJECT,
        [SORT_BY_TO] = SORT_TO,
    };
    for (size_t i = 0; i < s->program->criteria; i++) {
        enum sort_by by = s->program->criterion[i].by;
        v[i] = (struct value){ .number = 0 };
        switch (by) {
        case SORT_BY_ARRIVAL:
            v[i].number = arrival(s, uid);
            break;
        case SORT_BY_SIZE:
            v[i].number = size_of(s, uid);
            break;
        case SORT_BY_RELEVANCY: /* all the same: command/search_answer.c */
            break;
        case SORT_BY_DATE: /* RFC 5256 section 2.2 */
            v[i].number = sort->dated ? ordered(sort->second) : arrival(s, uid);
            break;
        default:
            put_text(s, &v[i], &sort->key[kind[by]]);
        }
    }
}

static bool gather(struct sorter *s, const uint32_t *uid, size_t n)
{
    const struct summary_sort none = { 0 };
    struct summary_sort sort;
    bool summary = wants_summary(s->program);
    for (size_t i = 0; i < n; i++) {
        mailbox_progress(s->mailbox, i, n);
        content_at(&s->content, uid[i]);
        if (summary)
            mailbox_message_ahead(s->mailbox, uid + i, n - i);
        bool known = summary && summarize(s, &sort);
        fill(s, uid[i], known ? &sort : &none, &s->value[i * s->program->criteria]);
    }
    mailbox_message_ahead(s->mailbox, NULL, 0);
    return !s->text.failed;
}

static int compare_values(const struct sorter *s, const struct value *a, const struct value *b)
{
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    uint32_t n = a->n < b->n ? a->n : b->n;
    int order = n > 0 ? memcmp(s->text.data + a->at, s->text.data + b->at, n) : 0;
    return order != 0 ? order : (a->n > b->n) - (a->n < b->n);
}

/* Of places in the rows, which are in the order of the view. */
static int compare(const void *a, const void *b, void *ctx)
{
    const struct sorter *s = ctx;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    for (size_t i = 0; i < s->program->criteria; i++) {
        int order = compare_values(s, &s->value[x * s->program->criteria + i],
                                   &s->value[y * s->program->criteria + i]);
        if (order != 0)
            return s->program->criterion[i].reverse ? -order : order;
    }
    return (x > y) - (x < y);
}

/* Makes uid what its places say. */
static void arrange(uint32_t *uid, uint32_t *place, size_t n)
{
    for (size_t i = 0; i < n; i++)
        place[i] = uid[place[i]];
    memcpy(uid, place, n * sizeof *uid);
}

enum store_error sort_messages(const struct view *v, const struct sort_program *program,
                               uint32_t *uid, size_t n)
{
    struct sorter s = { .program = program, .mailbox = v->mailbox };
    if (n == 0)
        return STORE_OK;
    uint32_t *place = calloc(n, sizeof *place);
    s.value = calloc(n, program->criteria * sizeof *s.value);
    content_begin(&s.content, v->mailbox);
    buffer_init(&s.summary, SUMMARY_MAX);
    buffer_init(&s.whole, SORT_TEXT_MAX);
    buffer_init(&s.text, SORT_TEXT_MAX);
    bool ok = place != NULL && s.value != NULL && gather(&s, uid, n);
    for (size_t i = 0; ok && i < n; i++)
        place[i] = (uint32_t)i;
    if (ok) {
        qsort_r(place, n, sizeof *place, compare, &s);
        arrange(uid, place, n);
    }
    content_end(&s.content);
    buffer_free(&s.summary);
    buffer_free(&s.whole);
    buffer_free(&s.text);
    free(s.value);
    free(place);
    return ok ? STORE_OK : STORE_UNAVAILABLE;
}
