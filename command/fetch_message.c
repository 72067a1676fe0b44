/*
 * A response that has begun must be completed, so everything that can fail is got before its
 * first octet is sent: the file opened and parsed as deep as the items ask, sizes and dates
 * looked up, envelope and structure written to memory. Sections alone are streamed.
 */
#include "command/fetch_message.h"

#include "base/buffer.h"
#include "base/log.h"
#include "message/message.h"
#include "parser/date.h"

#include <stdio.h>
#include <time.h>

/* An envelope or a structure: bounded by the limits of message/ (10,000 parts, headers of some
 * MiB). What is longer is nothing that a client could use. */
#define ITEM_MAX (64u << 20)

struct fetched {
    struct command *c;
    const struct fetch_request *request;
    struct message_info info;
    bool needs_file; /* some item is of the message's octets: opened, and parsed to `depth` */
    enum message_depth depth;
    struct message_input *in;
    struct message *message;
    uint64_t octets;
    time_t date;
    struct buffer item[FETCH_SECTION]; /* by kind: ENVELOPE, BODY, BODYSTRUCTURE */
};

static enum store_error from_message(enum message_status status)
{
    return status == MESSAGE_OK      ? STORE_OK
           : status == MESSAGE_NOMEM ? STORE_UNAVAILABLE
                                     : STORE_IO;
}

/* How much of the message an item needs. */
static void plan(struct fetched *f)
{
    for (size_t i = 0; i < f->request->count; i++) {
        const struct fetch_item *item = &f->request->item[i];
        enum message_depth depth = MESSAGE_WHOLE;
        switch (item->kind) {
        case FETCH_ENVELOPE:
            depth = MESSAGE_HEADER;
            break;
        case FETCH_BODY:
        case FETCH_BODYSTRUCTURE:
            break;
        case FETCH_SECTION:
            if (item->section->depth == 0 && item->section->text != SECTION_ALL &&
                item->section->text != SECTION_TEXT)
                depth = MESSAGE_HEADER;
            break;
        default:
            continue;
        }
        if (!f->needs_file || depth == MESSAGE_WHOLE)
            f->depth = depth;
        f->needs_file = true;
    }
}

static enum store_error prepare_item(struct fetched *f, const struct fetch_item *item)
{
    struct mailbox *mb = f->c->session->view.mailbox;
    struct buffer *out = &f->item[item->kind < FETCH_SECTION ? item->kind : 0];
    switch (item->kind) {
    case FETCH_INTERNALDATE:
        return mailbox_internaldate(mb, f->info.uid, &f->date);
    case FETCH_SIZE:
        return mailbox_size(mb, f->info.uid, &f->octets);
    case FETCH_ENVELOPE:
        return from_message(message_envelope(f->message, out));
    case FETCH_BODY:
    case FETCH_BODYSTRUCTURE:
        return from_message(
            message_structure(f->message, item->kind == FETCH_BODYSTRUCTURE, out));
    default:
        return STORE_OK;
    }
}

static enum store_error prepare(struct fetched *f)
{
    enum store_error error = STORE_OK;
    plan(f);
    if (f->needs_file)
        error = mailbox_message_open(f->c->session->view.mailbox, f->info.uid, &f->in);
    if (error == STORE_OK && f->needs_file)
        error = from_message(message_parse(f->in, f->depth, &f->message));
    for (size_t i = 0; i < f->request->count && error == STORE_OK; i++)
        error = prepare_item(f, &f->request->item[i]);
    return error;
}

struct stream_sink {
    struct message_sink sink; /* first: the two are one address */
    struct stream *io;
};

static bool sink_write(struct message_sink *sink, const void *octets, size_t n)
{
    return stream_write(((struct stream_sink *)sink)->io, octets, n);
}

/* An octet count was announced: if the file has shrunk since, nothing that could be sent in
 * place of the missing octets would be true, and the connection ends. */
static void send_octets(struct fetched *f, const struct section_data *data, uint64_t first,
                        uint64_t count)
{
    struct stream *io = f->c->session->io;
    struct stream_sink sink = { { sink_write }, io };
    stream_printf(io, "{%llu}\r\n", (unsigned long long)count);
    enum message_status status = message_send(f->in, data, first, count, &sink.sink);
    if (status == MESSAGE_OK || status == MESSAGE_SINK)
        return;
    log_warning("a message of %s changed while it was sent: ending the connection",
                f->c->session->user != NULL ? f->c->session->user : "the user");
    stream_end(io, STREAM_FAILED);
}

static void send_section(struct fetched *f, const struct fetch_item *item)
{
    struct stream *io = f->c->session->io;
    struct section_data data;
    stream_printf(io, "%s ", item->label);
    if (message_section(f->message, item->section, &data) != MESSAGE_OK || !data.exists) {
        stream_puts(io, "NIL");
    } else {
        uint64_t first = item->partial ? item->first : 0;
        uint64_t count = data.octets > first ? data.octets - first : 0;
        if (item->partial && count > item->count)
            count = item->count;
        if (count == 0)
            stream_puts(io, "\"\"");
        else
            send_octets(f, &data, first, count);
    }
    section_data_free(&data);
}

/* A date-time's year has four digits; a file may be dated as it likes. */
static void send_date(struct stream *io, time_t date)
{
    struct tm tm;
    if (localtime_r(&date, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
        tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
    long east = tm.tm_gmtoff / 60, minutes = east < 0 ? -east : east;
    stream_printf(io, "INTERNALDATE \"%02d-%s-%04ld %02d:%02d:%02d %c%02ld%02ld\"", tm.tm_mday,
                  month_name[tm.tm_mon], tm.tm_year + 1900L, tm.tm_hour, tm.tm_min, tm.tm_sec,
                  east < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static void send_made(struct stream *io, const char *name, const struct buffer *made)
{
    stream_printf(io, "%s ", name);
    stream_write(io, made->data, made->len);
}

static void send_item(struct fetched *f, const struct fetch_item *item)
{
    struct stream *io = f->c->session->io;
    switch (item->kind) {
    case FETCH_UID:
        stream_printf(io, "UID %u", f->info.uid);
        break;
    case FETCH_FLAGS:
        view_put_flags(&f->c->session->view, io, &f->info);
        break;
    case FETCH_INTERNALDATE:
        send_date(io, f->date);
        break;
    case FETCH_SIZE:
        stream_printf(io, "RFC822.SIZE %llu", (unsigned long long)f->octets);
        break;
    case FETCH_ENVELOPE:
        send_made(io, "ENVELOPE", &f->item[FETCH_ENVELOPE]);
        break;
    case FETCH_BODY:
        send_made(io, "BODY", &f->item[FETCH_BODY]);
        break;
    case FETCH_BODYSTRUCTURE:
        send_made(io, "BODYSTRUCTURE", &f->item[FETCH_BODYSTRUCTURE]);
        break;
    case FETCH_SECTION:
        send_section(f, item);
        break;
    }
}

/* Sets \Seen where an item without PEEK asks for it; the response then tells the flags, asked
 * for or not (RFC 3501 section 6.4.5). A folder that can't be written is read all the same. */
static void set_seen(struct fetched *f, struct fetch_outcome *outcome)
{
    static const struct flag_change seen = { .op = FLAGS_ADD, .flags = FLAG_SEEN };
    struct view *v = &f->c->session->view;
    bool wanted = false;
    size_t gone;
    for (size_t i = 0; i < f->request->count; i++)
        wanted |= f->request->item[i].kind == FETCH_SECTION && !f->request->item[i].peek;
    if (!wanted || v->read_only || f->info.expunged || (f->info.flags & FLAG_SEEN))
        return;
    if (mailbox_store(v->mailbox, &f->info.uid, 1, &seen, &gone) == STORE_OK && gone == 0)
        outcome->seen_set = mailbox_get(v->mailbox, f->info.uid, &f->info);
}

static void send_response(struct fetched *f, struct fetch_outcome *outcome)
{
    struct stream *io = f->c->session->io;
    const struct fetch_request *request = f->request;
    bool flags_sent = false;
    stream_printf(io, "* %u FETCH (", view_sequence(&f->c->session->view, f->info.uid));
    for (size_t i = 0; i < request->count; i++) {
        if (i > 0)
            stream_puts(io, " ");
        send_item(f, &request->item[i]);
        flags_sent |= request->item[i].kind == FETCH_FLAGS;
        outcome->sent_content |= request->item[i].kind == FETCH_SECTION;
    }
    if (outcome->seen_set && !flags_sent) {
        stream_puts(io, " ");
        view_put_flags(&f->c->session->view, io, &f->info);
    }
    stream_puts(io, ")\r\n");
}

enum store_error fetch_message(struct command *c, const struct fetch_request *request,
                               uint32_t uid, struct fetch_outcome *outcome_r)
{
    struct fetched f = { .c = c, .request = request };
    *outcome_r = (struct fetch_outcome){ 0 };
    if (!mailbox_get(c->session->view.mailbox, uid, &f.info))
        return STORE_EXPUNGED;
    for (size_t i = 0; i < FETCH_SECTION; i++)
        buffer_init(&f.item[i], ITEM_MAX);
    enum store_error error = prepare(&f);
    if (error == STORE_OK) {
        set_seen(&f, outcome_r);
        send_response(&f, outcome_r);
    }
    for (size_t i = 0; i < FETCH_SECTION; i++)
        buffer_free(&f.item[i]);
    message_free(f.message);
    if (f.in != NULL)
        mailbox_message_close(f.in);
    return error;
}
