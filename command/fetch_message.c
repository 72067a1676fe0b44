/*
 * A response that has begun must be completed, so everything that can fail is got before its
 * first octet is sent: sizes and dates looked up, summaries taken from what is kept or made,
 * the file opened and parsed as deep as the items ask. Sections are streamed, and so is what is
 * too long to be kept: it is made of what is parsed already, and memory alone can fail.
 */
#include "command/fetch_private.h"

#include <stdlib.h>

/* --- What is needed. -------------------------------------------------------------------------
 */

static void plan_summary(struct fetch_need *need, enum summary_kind kind)
{
    need->summary = true;
    need->kind = kind;
}

static void plan_preview(struct fetch_need *need, bool lazy)
{
    plan_summary(need, SUMMARY_PREVIEW);
    need->lazy = lazy;
}

static void plan_file(struct fetch_need *need, enum message_depth depth)
{
    need->file = true;
    need->depth = depth;
}

static void plan_section(struct fetch_need *need, const struct section *section)
{
    if (summary_fields_wanted(section, &need->fields)) {
        plan_summary(need, SUMMARY_FIELDS);
        return;
    }
    enum message_depth depth = MESSAGE_WHOLE;
    if (section->depth == 0 && section->text != SECTION_TEXT)
        depth = section->text == SECTION_ALL ? MESSAGE_NOTHING : MESSAGE_HEADER;
    plan_file(need, depth);
}

static void plan(struct fetcher *f)
{
    for (size_t i = 0; i < f->request->count; i++) {
        const struct fetch_item *item = &f->request->item[i];
        struct fetch_need *need = &f->need[i];
        buffer_init(&need->value, SUMMARY_MAX);
        buffer_init(&need->made, SUMMARY_MAX);
        if (item->kind == FETCH_ENVELOPE)
            plan_summary(need, SUMMARY_ENVELOPE);
        else if (item->kind == FETCH_BODY)
            plan_summary(need, SUMMARY_BODY);
        else if (item->kind == FETCH_BODYSTRUCTURE)
            plan_summary(need, SUMMARY_STRUCTURE);
        else if (item->kind == FETCH_THREADID)
            plan_summary(need, SUMMARY_THREAD);
        else if (item->kind == FETCH_PREVIEW)
            plan_preview(need, item->lazy);
        else if (item->kind == FETCH_SECTION)
            plan_section(need, item->section);
        else if (item->section != NULL) /* BINARY */
            plan_file(need, MESSAGE_WHOLE);
        f->looks_inside |= need->summary || need->file;
        f->sets_seen |= item->section != NULL && !item->peek;
    }
}

enum store_error fetch_begin(struct fetcher *f, struct command *c,
                             const struct fetch_request *request)
{
    *f = (struct fetcher){ .c = c, .request = request };
    f->flags.no_recent = is_rev2(c->session);
    content_begin(&f->content, c->session->view.mailbox);
    f->need = calloc(request->count, sizeof *f->need);
    if (f->need == NULL)
        return STORE_UNAVAILABLE;
    plan(f);
    return STORE_OK;
}

void fetch_end(struct fetcher *f)
{
    content_end(&f->content);
    for (size_t i = 0; f->need != NULL && i < f->request->count; i++) {
        buffer_free(&f->need[i].value);
        buffer_free(&f->need[i].made);
    }
    free(f->need);
}

/* --- Getting it. -----------------------------------------------------------------------------
 */

/* Of BODY[] all that must be known is the message's size; parsed no deeper than to its header,
 * the message does not say it. */
static enum store_error prepare_whole(struct fetcher *f)
{
    enum store_error error = content_open(&f->content);
    if (error != STORE_OK)
        return error;
    return content_error(message_whole(f->content.in, &f->whole));
}

/* What is kept of it is taken first, so that the file is parsed once, and only where it must
 * be, as deep as the rest asks. */
static enum store_error prepare_content(struct fetcher *f)
{
    enum message_depth depth = MESSAGE_NOTHING;
    enum store_error error = STORE_OK;
    bool opens = false, whole = false;
    for (size_t i = 0; i < f->request->count; i++) {
        struct fetch_need *need = &f->need[i];
        need->ready =
            need->summary && content_kept(&f->content, need->kind, need->fields, &need->value);
        if (!need->file && (!need->summary || need->ready || need->lazy))
            continue;
        enum message_depth this = need->file ? need->depth : summary_depth(need->kind);
        opens = true;
        whole = whole || this == MESSAGE_NOTHING;
        if (this > depth)
            depth = this;
    }
    f->measured = whole && depth != MESSAGE_WHOLE;
    if (opens && depth != MESSAGE_NOTHING)
        error = content_parse(&f->content, depth);
    return error == STORE_OK && f->measured ? prepare_whole(f) : error;
}

static enum store_error prepare_summary(struct fetcher *f, struct fetch_need *need)
{
    enum store_error error = STORE_OK;
    need->absent = need->lazy && !need->ready;
    if (need->absent)
        return STORE_OK;
    if (!need->ready)
        error = content_summary(&f->content, need->kind, need->fields, &need->value);
    need->too_long =
        error != STORE_OK && f->content.message != NULL && need->kind != SUMMARY_PREVIEW;
    if (need->too_long)
        return STORE_OK;
    if (error != STORE_OK || need->kind != SUMMARY_FIELDS)
        return error;
    buffer_clear(&need->made);
    return summary_fields_select(need->value.data, need->value.len, need->fields, &need->made)
               ? STORE_OK
               : STORE_UNAVAILABLE;
}

/* How long it is, and whether it holds NUL, is told before its octets. */
static enum store_error prepare_binary(struct fetcher *f, const struct fetch_item *item,
                                       struct fetch_need *need)
{
    struct message_binary *b = &need->binary;
    message_binary_find(f->content.message, item->section, b);
    need->left_out = b->found == MESSAGE_BINARY_UNKNOWN;
    f->unknown_encoding |= need->left_out;
    if (item->kind == FETCH_BINARY_SIZE)
        return content_error(message_binary_size(f->content.in, b, &b->octets));
    return content_error(message_binary_measure(f->content.in, b,
                                                item->partial ? item->first : 0,
                                                item->partial ? item->count : UINT64_MAX));
}

static enum store_error prepare_thread_id(struct fetched *f, struct fetch_need *need)
{
    enum store_error error = prepare_summary(f->common, need);
    if (error != STORE_OK)
        return error;
    return object_thread_id_of(&f->common->content, need->too_long ? NULL : &need->value,
                               f->thread_id);
}

static enum store_error prepare_item(struct fetched *f, const struct fetch_item *item,
                                     struct fetch_need *need)
{
    struct mailbox *mb = fetched_mailbox(f);
    if (item->kind == FETCH_THREADID)
        return prepare_thread_id(f, need);
    if (need->summary)
        return prepare_summary(f->common, need);
    switch (item->kind) {
    case FETCH_INTERNALDATE:
        f->date = (time_t)f->info.date;
        return f->info.date != MESSAGE_DATE_UNKNOWN
                   ? STORE_OK
                   : mailbox_internaldate(mb, f->info.uid, &f->date);
    case FETCH_SAVEDATE:
        return mailbox_savedate(mb, f->info.uid, &f->save_date);
    case FETCH_SIZE:
        f->octets = f->info.size;
        return f->info.size != MESSAGE_SIZE_UNKNOWN ? STORE_OK
                                                    : mailbox_size(mb, f->info.uid, &f->octets);
    case FETCH_EMAILID:
        return object_email_id(mb, f->info.uid, f->email_id);
    case FETCH_BINARY:
    case FETCH_BINARY_SIZE:
        return prepare_binary(f->common, item, need);
    default:
        return STORE_OK;
    }
}

static enum store_error prepare_items(struct fetched *f)
{
    struct fetcher *common = f->common;
    enum store_error error = STORE_OK;
    if (common->looks_inside) {
        content_at(&common->content, f->info.uid);
        error = prepare_content(common);
    }
    for (size_t i = 0; i < common->request->count && error == STORE_OK; i++)
        error = prepare_item(f, &common->request->item[i], &common->need[i]);
    return error;
}

/* --- The response. ---------------------------------------------------------------------------
 */

/* Whether an item is told of this message that sets \Seen. */
static bool sets_seen(const struct fetcher *f)
{
    for (size_t i = 0; f->sets_seen && i < f->request->count; i++)
        if (f->request->item[i].section != NULL && !f->request->item[i].peek &&
            !f->need[i].left_out)
            return true;
    return false;
}

/* Sets \Seen where an item without PEEK asks for it; the response then tells the flags, asked
 * for or not (RFC 3501 section 6.4.5). A folder that can't be written is read all the same. */
static bool set_seen(struct fetched *f)
{
    static const struct flag_change seen = { .op = FLAGS_ADD, .flags = FLAG_SEEN };
    size_t gone;
    if (!sets_seen(f->common) || f->common->c->session->view.read_only || f->info.expunged ||
        (f->info.flags & FLAG_SEEN))
        return false;
    if (mailbox_store(fetched_mailbox(f), &f->info.uid, 1, &seen, &gone) != STORE_OK ||
        gone > 0 || !mailbox_get(fetched_mailbox(f), f->info.uid, &f->info))
        return false;
    view_own_add(&f->common->c->own, &f->info);
    return true;
}

static bool asks_for(const struct fetched *f, enum fetch_kind kind)
{
    const struct fetch_request *request = f->common->request;
    for (size_t i = 0; i < request->count; i++)
        if (request->item[i].kind == kind)
            return true;
    return false;
}

/* What \Seen, set by this FETCH, makes news, where it is not asked for anyway (RFC 7162 section
 * 3.2.4). */
static void send_news(struct fetched *f)
{
    const struct view_sync how = command_news(f->common->c);
    if (!asks_for(f, FETCH_FLAGS)) {
        stream_puts(f->io, " ");
        flags_put(fetched_mailbox(f), f->io, &f->info, &f->common->flags);
    }
    if (how.uids && !asks_for(f, FETCH_UID)) {
        stream_puts(f->io, " UID ");
        stream_put_uint(f->io, f->info.uid);
    }
    if (how.modseqs && !asks_for(f, FETCH_MODSEQ)) {
        stream_puts(f->io, " ");
        view_put_modseq(&f->common->c->session->view, f->io, &f->info);
    }
}

static void send_response(struct fetched *f, bool seen_set)
{
    struct stream *io = f->io;
    const struct fetch_request *request = f->common->request;
    bool any_sent = false, content_sent = false;
    stream_puts(io, "* ");
    stream_put_uint(io, f->sequence);
    stream_puts(io, " FETCH (");
    for (size_t i = 0; i < request->count; i++) {
        if (f->common->need[i].left_out)
            continue;
        if (any_sent)
            stream_puts(io, " ");
        fetch_put_item(f, &request->item[i], &f->common->need[i]);
        any_sent = true;
        content_sent |=
            request->item[i].kind == FETCH_SECTION || request->item[i].kind == FETCH_BINARY;
    }
    if (seen_set)
        send_news(f);
    stream_puts(io, ")\r\n");
    f->common->c->session->counts.fetched += content_sent;
}

static bool any_item(const struct fetcher *f)
{
    size_t i = 0;
    while (i < f->request->count && f->need[i].left_out)
        i++;
    return i < f->request->count;
}

enum store_error fetch_message(struct fetcher *common, uint32_t uid)
{
    struct session *s = common->c->session;
    struct fetched f = { .common = common, .io = s->io };
    f.sequence = view_sequence_next(&s->view, uid, &common->at);
    if (f.sequence == 0 || !mailbox_get(s->view.mailbox, uid, &f.info))
        return mailbox_is_gone(s->view.mailbox, uid) ? STORE_EXPUNGED : STORE_UNAVAILABLE;
    enum store_error error = prepare_items(&f);
    if (error == STORE_OK && any_item(common))
        send_response(&f, set_seen(&f));
    return error;
}
