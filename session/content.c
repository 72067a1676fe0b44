#include "session/content.h"

void content_begin(struct content *c, struct mailbox *mb)
{
    *c = (struct content){ .mailbox = mb };
    buffer_init(&c->scratch, SUMMARY_MAX);
}

static void leave_message(struct content *c)
{
    message_free(c->message);
    if (c->in != NULL)
        mailbox_message_close(c->in);
    c->message = NULL;
    c->in = NULL;
    c->covered = 0;
    c->kept = 0;
    c->making = false;
}

void content_end(struct content *c)
{
    leave_message(c);
    buffer_free(&c->scratch);
}

void content_at(struct content *c, uint32_t uid)
{
    leave_message(c);
    c->uid = uid;
}

enum store_error content_error(enum message_status status)
{
    return status == MESSAGE_OK      ? STORE_OK
           : status == MESSAGE_NOMEM ? STORE_UNAVAILABLE
                                     : STORE_IO;
}

enum store_error content_open(struct content *c)
{
    return c->in != NULL ? STORE_OK : mailbox_message_open(c->mailbox, c->uid, &c->in);
}

enum store_error content_parse(struct content *c, enum message_depth depth)
{
    if (c->message != NULL && c->depth >= depth)
        return STORE_OK;
    enum store_error error = content_open(c);
    if (error != STORE_OK)
        return error;
    message_free(c->message);
    c->depth = depth;
    return content_error(message_parse(c->in, depth, &c->message));
}

/* --- Summaries. ------------------------------------------------------------------------------
 */

static bool is_sound(struct content *c, enum summary_kind kind, const struct buffer *value)
{
    const char *text;
    size_t n;
    bool dated;
    int64_t day;
    struct summary_sort sort;
    struct summary_thread thread;
    switch (kind) {
    case SUMMARY_FIELDS:
        c->covered = summary_fields_covered(value->data, value->len);
        return c->covered != 0;
    case SUMMARY_SEARCH:
        return summary_sent_day(value->data, value->len, &dated, &day);
    case SUMMARY_SORT:
        return summary_sort(value->data, value->len, &sort);
    case SUMMARY_THREAD:
        return summary_thread(value->data, value->len, &thread);
    case SUMMARY_PREVIEW:
        return summary_preview(value->data, value->len, &text, &n);
    default:
        return summary_text(value->data, value->len, &text, &n);
    }
}

bool content_kept(struct content *c, enum summary_kind kind, uint64_t fields,
                  struct buffer *value)
{
    if (c->making || !mailbox_kept(c->mailbox, c->uid, kind, value) ||
        !is_sound(c, kind, value))
        return false;
    bool covers = kind != SUMMARY_FIELDS || (fields & ~c->covered) == 0;
    if (covers)
        c->kept |= 1u << kind;
    return covers;
}

/* `fields`: of SUMMARY_FIELDS. The next one that is made of this message covers them too, or it
 * would take their place. */
static void keep(struct content *c, enum summary_kind kind, uint64_t fields,
                 const struct buffer *value)
{
    mailbox_keep(c->mailbox, c->uid, kind, value->data, value->len);
    c->kept |= 1u << kind;
    if (kind == SUMMARY_FIELDS)
        c->covered |= fields;
}

/* Which kinds are kept already must be known before the first is added, since asking for what
 * waits to be written writes it. */
static void look_at_others(struct content *c, uint64_t fields)
{
    for (enum summary_kind kind = 0; kind < SUMMARY_KINDS && !c->making; kind++)
        if ((c->kept & 1u << kind) == 0 && summary_kept_unasked(kind))
            (void)content_kept(c, kind, fields, &c->scratch);
    c->making = true;
}

/* Every kind that is kept unasked and that the message, as deep as it is parsed, can give. What
 * can't be made, or is too long, is left out. */
static void keep_others(struct content *c, uint64_t fields)
{
    for (enum summary_kind kind = 0; kind < SUMMARY_KINDS; kind++) {
        if ((c->kept & 1u << kind) != 0 || !summary_kept_unasked(kind) ||
            summary_depth(kind) > c->depth)
            continue;
        buffer_clear(&c->scratch);
        if (summary_make(c->message, kind, fields, &c->scratch) == MESSAGE_OK)
            keep(c, kind, fields, &c->scratch);
    }
}

enum store_error content_summary(struct content *c, enum summary_kind kind, uint64_t fields,
                                 struct buffer *value)
{
    if (content_kept(c, kind, fields, value))
        return STORE_OK;
    enum store_error error = content_parse(c, summary_depth(kind));
    if (error != STORE_OK)
        return error;
    look_at_others(c, fields);
    fields |= summary_fields_common() | c->covered;
    buffer_clear(value);
    error = content_error(summary_make(c->message, kind, fields, value));
    if (error == STORE_OK)
        keep(c, kind, fields, value);
    c->kept |= 1u << kind; /* or it can't be */
    keep_others(c, fields);
    return error;
}
