/*
 * Where the program names messages by number or UID, and they must be among these, no others
 * are looked at.
 *
 * A message is first matched by what is known without opening it (flags, UIDs), with "not
 * known" as a third answer; only where that leaves the answer open is it matched again, and
 * looked into: what is kept of it (session/content.h), else its file, opened and parsed as far
 * as the keys that matter ask. So `UNSEEN TEXT x` reads the unseen.
 */
#include "session/search_private.h"

#include "session/content.h"
#include "session/local_time.h"
#include "session/object_id.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum answer { NO, YES, OPEN };

/* A summary of the message that is being looked at. */
struct kept {
    enum summary_kind kind;
    uint64_t fields; /* SUMMARY_FIELDS: of which fields */
    bool there;
    struct buffer value;
};

/* The message that is being looked at, and what is used again for the next. */
struct subject {
    const struct view *view;
    struct local_day day;
    time_t now; /* one for all messages */
    struct content content;
    struct kept folded; /* SUMMARY_SEARCH */
    struct kept lines;  /* SUMMARY_FIELDS */
    struct buffer references;
    char email_id[OBJECT_ID_SIZE], thread_id[OBJECT_ID_SIZE]; /* empty: not made yet */
    struct message_info info;
    uint32_t sequence;
    bool look_inside;
    bool failed; /* it is gone, or can't be read */
};

/* The message parsed at least so deep; NULL when that can't be. */
static const struct message *parsed(struct subject *s, enum message_depth depth)
{
    s->failed = s->failed || content_parse(&s->content, depth) != STORE_OK;
    return s->failed ? NULL : s->content.message;
}

/* Whether k->value is there. Else, where nothing has failed, it would be too long, and the
 * message is parsed as deep. */
static bool summarized(struct subject *s, struct kept *k)
{
    if (k->there || s->failed)
        return k->there;
    k->there = content_summary(&s->content, k->kind, k->fields, &k->value) == STORE_OK;
    s->failed = !k->there && s->content.message == NULL;
    return k->there;
}

static enum answer yes_if(bool b)
{
    return b ? YES : NO;
}

/* The day of INTERNALDATE and SAVEDATE is that of the zone in which FETCH shows them: the
 * machine's (RFC 3501 section 6.4.4: time and zone are disregarded). */
static bool local_day_of(struct subject *s, bool saved, int64_t *day_r)
{
    time_t when;
    struct tm tm;
    enum store_error error = saved ? mailbox_savedate(s->view->mailbox, s->info.uid, &when)
                                   : mailbox_internaldate(s->view->mailbox, s->info.uid, &when);
    if (error != STORE_OK || !local_time(&s->day, when, &tm)) {
        s->failed = true;
        return false;
    }
    int64_t seconds = (int64_t)when + tm.tm_gmtoff;
    *day_r = seconds / 86400 - (seconds % 86400 < 0);
    return true;
}

static enum answer match_day(struct subject *s, const struct search_key *key)
{
    int64_t day;
    switch (key->kind) {
    case SEARCH_ON:
        return yes_if(local_day_of(s, false, &day) && day == key->day);
    case SEARCH_BEFORE:
        return yes_if(local_day_of(s, false, &day) && day < key->day);
    case SEARCH_SINCE:
        return yes_if(local_day_of(s, false, &day) && day >= key->day);
    case SEARCH_SAVEDON:
        return yes_if(local_day_of(s, true, &day) && day == key->day);
    case SEARCH_SAVEDBEFORE:
        return yes_if(local_day_of(s, true, &day) && day < key->day);
    default:
        return yes_if(local_day_of(s, true, &day) && day >= key->day);
    }
}

/* RFC 5032. */
static enum answer match_age(struct subject *s, const struct search_key *key)
{
    time_t when;
    if (mailbox_internaldate(s->view->mailbox, s->info.uid, &when) != STORE_OK) {
        s->failed = true;
        return NO;
    }
    time_t target = s->now - (time_t)key->interval;
    return yes_if(key->kind == SEARCH_OLDER ? when <= target : when >= target);
}

static bool sent_day(struct subject *s, int64_t *day_r)
{
    bool dated;
    const struct buffer *value = &s->folded.value;
    if (summarized(s, &s->folded))
        return summary_sent_day(value->data, value->len, &dated, day_r) && dated;
    return !s->failed && message_sent_day(s->content.message, day_r);
}

static enum answer match_sent_date(struct subject *s, const struct search_key *key)
{
    int64_t day;
    if (!sent_day(s, &day))
        return NO;
    return yes_if(key->kind == SEARCH_SENTON       ? day == key->day
                  : key->kind == SEARCH_SENTBEFORE ? day < key->day
                                                   : day >= key->day);
}

static enum answer match_size(struct subject *s, const struct search_key *key)
{
    uint64_t octets;
    if (mailbox_size(s->view->mailbox, s->info.uid, &octets) != STORE_OK) {
        s->failed = true;
        return NO;
    }
    return yes_if(key->kind == SEARCH_LARGER ? octets > key->size : octets < key->size);
}

/* Clients ask for any of many (RFC 8474 section 8.3): of each message they are made once. */
static enum answer match_email_id(struct subject *s, const struct search_key *key)
{
    if (s->email_id[0] == '\0' && !s->failed)
        s->failed = object_email_id(s->view->mailbox, s->info.uid, s->email_id) != STORE_OK;
    return yes_if(!s->failed && strcmp(s->email_id, key->name) == 0);
}

static enum answer match_thread_id(struct subject *s, const struct search_key *key)
{
    if (s->thread_id[0] == '\0' && !s->failed)
        s->failed = object_thread_id(&s->content, &s->references, s->thread_id) != STORE_OK;
    return yes_if(!s->failed && strcmp(s->thread_id, key->name) == 0);
}

/* In a field that is kept as a search compares it. */
static bool search_summary(struct subject *s, int field, const struct search_text *text)
{
    bool found = false;
    const struct buffer *value = &s->folded.value;
    s->failed = !summary_search_header(value->data, value->len, field, text, &found);
    return !s->failed && found;
}

static bool search_message(struct subject *s, const struct search_key *key)
{
    bool found = false;
    const struct wanted_text *wanted = key->prepared;
    const struct message *m =
        parsed(s, key->kind == SEARCH_HEADER ? MESSAGE_HEADER : MESSAGE_WHOLE);
    if (m == NULL)
        return false;
    enum message_status status =
        key->kind == SEARCH_HEADER ? message_search_header(m, key->name, wanted->text, &found)
        : key->kind == SEARCH_BODY ? message_search_body(m, wanted->text, &found)
                                   : message_search_text(m, wanted->text, &found);
    s->failed = status != MESSAGE_OK;
    return !s->failed && found;
}

static enum answer match_text(struct subject *s, const struct search_key *key)
{
    const struct wanted_text *wanted = key->prepared;
    const struct buffer *lines = &s->lines.value;
    bool found;
    if (wanted->field >= 0 && summarized(s, &s->folded))
        return yes_if(search_summary(s, wanted->field, wanted->text));
    if (wanted->fields != 0 && summarized(s, &s->lines) &&
        summary_fields_search(lines->data, lines->len, key->name, wanted->text, &found))
        return yes_if(found);
    return yes_if(search_message(s, key));
}

static enum answer match(struct subject *s, const struct search_key *key);

/* AND: NO ends it; OR: YES does. */
// NOLINTNEXTLINE(misc-no-recursion): SEARCH_DEPTH_MAX bounds it
static enum answer match_children(struct subject *s, const struct search_key *key)
{
    enum answer decisive = key->kind == SEARCH_AND ? NO : YES;
    enum answer all = key->kind == SEARCH_AND ? YES : NO;
    for (const struct search_key *child = key->child; child != NULL; child = child->next) {
        enum answer a = match(s, child);
        if (a == decisive)
            return a;
        if (a == OPEN)
            all = OPEN;
    }
    return all;
}

static bool has_flag(const struct message_info *info, const struct wanted_flag *wanted)
{
    return (info->flags & wanted->flags) != 0 || (info->keywords & wanted->keywords) != 0 ||
           (info->recent && wanted->recent);
}

static bool is_in(const struct subject *s, const struct wanted_set *wanted)
{
    return sequence_contains(&wanted->set, wanted->by_uid ? s->info.uid : s->sequence);
}

// NOLINTNEXTLINE(misc-no-recursion): SEARCH_DEPTH_MAX bounds it
static enum answer match(struct subject *s, const struct search_key *key)
{
    enum answer a;
    switch (key->kind) {
    case SEARCH_ALL:
        return YES;
    case SEARCH_AND:
    case SEARCH_OR:
        return match_children(s, key);
    case SEARCH_FUZZY:
        return match(s, key->child);
    case SEARCH_NOT:
        a = match(s, key->child);
        return a == OPEN ? OPEN : yes_if(a == NO);
    case SEARCH_SEQUENCE:
    case SEARCH_UID:
        return yes_if(is_in(s, key->prepared));
    case SEARCH_MODSEQ:
        return yes_if(s->info.modseq >= key->modseq);
    case SEARCH_FLAG:
    case SEARCH_KEYWORD:
        return yes_if(has_flag(&s->info, key->prepared));
    default:
        break;
    }
    if (!s->look_inside)
        return OPEN;
    switch (key->kind) {
    case SEARCH_BEFORE:
    case SEARCH_ON:
    case SEARCH_SINCE:
    case SEARCH_SAVEDBEFORE:
    case SEARCH_SAVEDON:
    case SEARCH_SAVEDSINCE:
        return match_day(s, key);
    case SEARCH_OLDER:
    case SEARCH_YOUNGER:
        return match_age(s, key);
    case SEARCH_SENTBEFORE:
    case SEARCH_SENTON:
    case SEARCH_SENTSINCE:
        return match_sent_date(s, key);
    case SEARCH_LARGER:
    case SEARCH_SMALLER:
        return match_size(s, key);
    case SEARCH_EMAILID:
        return match_email_id(s, key);
    case SEARCH_THREADID:
        return match_thread_id(s, key);
    default:
        return match_text(s, key);
    }
}

/* A message that could not be read fits nothing, not even NOT of what could not be read. */
static bool fits(struct subject *s, const struct search_program *program)
{
    enum answer a = match(s, program->root);
    if (a == OPEN) {
        s->look_inside = true;
        a = match(s, program->root);
    }
    return a == YES && !s->failed;
}

/* The smallest of the sets that a message must be in, by how much of the view it names; NULL:
 * there is none. */
static const struct wanted_set *narrowest(const struct view *v, const struct search_key *all)
{
    const struct wanted_set *best = NULL;
    size_t best_span = 0;
    for (const struct search_key *key = all->child; key != NULL; key = key->next) {
        if (key->kind != SEARCH_SEQUENCE && key->kind != SEARCH_UID)
            continue;
        const struct wanted_set *wanted = key->prepared;
        size_t span = view_span(v, &wanted->set, wanted->by_uid);
        if (best != NULL && span >= best_span)
            continue;
        best = wanted;
        best_span = span;
    }
    return best;
}

/* The messages that may fit. */
static bool candidates(const struct view *v, const struct search_key *root,
                       struct view_messages *messages_r)
{
    struct sequence_range whole = { 1, SEQUENCE_STAR };
    struct sequence_set all = { .range = &whole, .count = 1 };
    const struct wanted_set *wanted = root->kind == SEARCH_AND ? narrowest(v, root) : NULL;
    struct sequence_set set = wanted != NULL ? wanted->set : all;
    return view_resolve(v, &set, wanted == NULL || wanted->by_uid, messages_r) == VIEW_RESOLVED;
}

static void look_at(struct subject *s, const struct search_program *program,
                    struct search_result *result, size_t *kept)
{
    struct view_messages *found = &result->found;
    uint32_t uid = s->info.uid;
    s->look_inside = s->failed = s->folded.there = s->lines.there = false;
    s->email_id[0] = s->thread_id[0] = '\0';
    content_at(&s->content, uid);
    if (fits(s, program))
        found->uid[(*kept)++] = uid;
    result->unreadable += s->failed && !s->info.expunged;
}

void search_among(const struct view *v, const struct search_program *program,
                  struct search_result *result)
{
    size_t at = 0, kept = 0;
    struct view_messages *found = &result->found;
    struct subject s = { .view = v,
                         .now = time(NULL),
                         .folded = { .kind = SUMMARY_SEARCH },
                         .lines = { .kind = SUMMARY_FIELDS,
                                    .fields = summary_fields_common() } };
    content_begin(&s.content, v->mailbox);
    buffer_init(&s.folded.value, SUMMARY_MAX);
    buffer_init(&s.lines.value, SUMMARY_MAX);
    buffer_init(&s.references, SUMMARY_MAX);
    for (size_t i = 0; i < found->count; i++) {
        mailbox_progress(v->mailbox, i, found->count);
        s.sequence = view_sequence_next(v, found->uid[i], &at);
        mailbox_message_ahead(v->mailbox, found->uid + i, found->count - i);
        if (mailbox_get(v->mailbox, found->uid[i], &s.info))
            look_at(&s, program, result, &kept);
        else
            result->unreadable += !mailbox_is_gone(v->mailbox, found->uid[i]);
    }
    mailbox_message_ahead(v->mailbox, NULL, 0);
    buffer_free(&s.folded.value);
    buffer_free(&s.lines.value);
    buffer_free(&s.references);
    content_end(&s.content);
    found->count = kept;
}

bool search_run(const struct view *v, const struct search_program *program,
                struct search_result *result_r)
{
    *result_r = (struct search_result){ 0 };
    if (v->count == 0)
        return true;
    if (!candidates(v, program->root, &result_r->found))
        return false;
    search_among(v, program, result_r);
    return true;
}
