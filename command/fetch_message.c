/*
 * A response that has begun must be completed, so everything that can fail is got before its
 * first octet is sent: the file opened and parsed as deep as the items ask, sizes and dates
 * looked up, envelope and structure written to memory. Sections alone are streamed.
 */
#include "command/fetch_message.h"

#include "base/buffer.h"
#include "base/log.h"
#include "parser/date.h"

#include <string.h>
#include <time.h>

/* An envelope or a structure: bounded by the limits of message/ (10,000 parts, headers of some
 * MiB). What is longer is nothing that a client could use. */
#define ITEM_MAX (64u << 20)

struct fetched {
    struct fetcher *common;
    struct stream *io;
    struct message_info info;
    uint32_t sequence;
    struct message_input *in;
    struct message *message;
    uint64_t octets;
    time_t date;
    struct buffer *item; /* by kind: ENVELOPE, BODY, BODYSTRUCTURE; NULL: no file is needed */
};

static struct mailbox *mailbox_of(const struct fetched *f)
{
    return f->common->c->session->view.mailbox;
}

static enum store_error from_message(enum message_status status)
{
    return status == MESSAGE_OK      ? STORE_OK
           : status == MESSAGE_NOMEM ? STORE_UNAVAILABLE
                                     : STORE_IO;
}

/* How much of the message an item needs. */
static void plan(struct fetcher *f)
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
        f->sets_seen |= item->kind == FETCH_SECTION && !item->peek;
    }
}

void fetch_begin(struct fetcher *f, struct command *c, const struct fetch_request *request)
{
    *f = (struct fetcher){ .c = c, .request = request };
    plan(f);
}

static enum store_error prepare_item(struct fetched *f, const struct fetch_item *item)
{
    struct mailbox *mb = mailbox_of(f);
    switch (item->kind) {
    case FETCH_INTERNALDATE:
        f->date = (time_t)f->info.date;
        return f->info.date != MESSAGE_DATE_UNKNOWN
                   ? STORE_OK
                   : mailbox_internaldate(mb, f->info.uid, &f->date);
    case FETCH_SIZE:
        f->octets = f->info.size;
        return f->info.size != MESSAGE_SIZE_UNKNOWN
                   ? STORE_OK
                   : mailbox_size(mb, f->info.uid, &f->octets);
    case FETCH_ENVELOPE:
        return from_message(message_envelope(f->message, &f->item[item->kind]));
    case FETCH_BODY:
    case FETCH_BODYSTRUCTURE:
        return from_message(message_structure(f->message, item->kind == FETCH_BODYSTRUCTURE,
                                              &f->item[item->kind]));
    default:
        return STORE_OK;
    }
}

static enum store_error prepare_items(struct fetched *f)
{
    enum store_error error = STORE_OK;
    const struct fetch_request *request = f->common->request;
    for (size_t i = 0; i < request->count && error == STORE_OK; i++)
        error = prepare_item(f, &request->item[i]);
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
    struct stream *io = f->io;
    struct stream_sink sink = { { sink_write }, io };
    stream_printf(io, "{%llu}\r\n", (unsigned long long)count);
    enum message_status status = message_send(f->in, data, first, count, &sink.sink);
    if (status == MESSAGE_OK || status == MESSAGE_SINK)
        return;
    const char *user = f->common->c->session->user;
    log_warning("a message of %s changed while it was sent: ending the connection",
                user != NULL ? user : "the user");
    stream_end(io, STREAM_FAILED);
}

static void send_section(struct fetched *f, const struct fetch_item *item)
{
    struct stream *io = f->io;
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

static char *put_two(char *p, int n)
{
    p[0] = (char)('0' + n / 10 % 10);
    p[1] = (char)('0' + n % 10);
    return p + 2;
}

/* A date-time's year has four digits; a file may be dated as it likes. */
static void send_date(struct stream *io, struct local_day *day, time_t date)
{
    struct tm tm;
    char text[] = "INTERNALDATE \"01-Jan-1970 00:00:00 +0000\"";
    if (!local_time(day, date, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
        tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
    int east = (int)(tm.tm_gmtoff / 60), minutes = east < 0 ? -east : east;
    char *p = put_two(text + strlen("INTERNALDATE \""), tm.tm_mday) + 1;
    memcpy(p, month_name[tm.tm_mon], 3);
    p = put_two(p + 4, (tm.tm_year + 1900) / 100);
    p = put_two(p, (tm.tm_year + 1900) % 100) + 1;
    p = put_two(p, tm.tm_hour) + 1;
    p = put_two(p, tm.tm_min) + 1;
    p = put_two(p, tm.tm_sec) + 1;
    *p++ = east < 0 ? '-' : '+';
    put_two(put_two(p, minutes / 60), minutes % 60);
    stream_write(io, text, sizeof text - 1);
}

static void send_made(struct stream *io, const char *name, const struct buffer *made)
{
    stream_printf(io, "%s ", name);
    stream_write(io, made->data, made->len);
}

static void send_item(struct fetched *f, const struct fetch_item *item)
{
    struct stream *io = f->io;
    switch (item->kind) {
    case FETCH_UID:
        stream_puts(io, "UID ");
        stream_put_uint(io, f->info.uid);
        break;
    case FETCH_FLAGS:
        flags_put(mailbox_of(f), io, &f->info, &f->common->flags);
        break;
    case FETCH_INTERNALDATE:
        send_date(io, &f->common->day, f->date);
        break;
    case FETCH_SIZE:
        stream_puts(io, "RFC822.SIZE ");
        stream_put_uint(io, f->octets);
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
static bool set_seen(struct fetched *f)
{
    static const struct flag_change seen = { .op = FLAGS_ADD, .flags = FLAG_SEEN };
    size_t gone;
    if (!f->common->sets_seen || f->common->c->session->view.read_only || f->info.expunged ||
        (f->info.flags & FLAG_SEEN))
        return false;
    if (mailbox_store(mailbox_of(f), &f->info.uid, 1, &seen, &gone) != STORE_OK || gone > 0 ||
        !mailbox_get(mailbox_of(f), f->info.uid, &f->info))
        return false;
    view_own_add(&f->common->c->own, &f->info);
    return true;
}

static void send_response(struct fetched *f, bool seen_set)
{
    struct stream *io = f->io;
    const struct fetch_request *request = f->common->request;
    bool flags_sent = false, content_sent = false;
    stream_puts(io, "* ");
    stream_put_uint(io, f->sequence);
    stream_puts(io, " FETCH (");
    for (size_t i = 0; i < request->count; i++) {
        if (i > 0)
            stream_puts(io, " ");
        send_item(f, &request->item[i]);
        flags_sent |= request->item[i].kind == FETCH_FLAGS;
        content_sent |= request->item[i].kind == FETCH_SECTION;
    }
    if (seen_set && !flags_sent) {
        stream_puts(io, " ");
        flags_put(mailbox_of(f), io, &f->info, &f->common->flags);
    }
    stream_puts(io, ")\r\n");
    f->common->c->session->counts.fetched += content_sent;
}

static enum store_error fetch(struct fetched *f)
{
    enum store_error error = prepare_items(f);
    if (error != STORE_OK)
        return error;
    send_response(f, set_seen(f));
    return STORE_OK;
}

static enum store_error fetch_from_file(struct fetched *f)
{
    struct buffer item[FETCH_SECTION];
    f->item = item;
    for (size_t i = 0; i < FETCH_SECTION; i++)
        buffer_init(&item[i], ITEM_MAX);
    enum store_error error = mailbox_message_open(mailbox_of(f), f->info.uid, &f->in);
    if (error == STORE_OK)
        error = from_message(message_parse(f->in, f->common->depth, &f->message));
    if (error == STORE_OK)
        error = fetch(f);
    for (size_t i = 0; i < FETCH_SECTION; i++)
        buffer_free(&item[i]);
    message_free(f->message);
    if (f->in != NULL)
        mailbox_message_close(f->in);
    return error;
}

/* Where no file is needed there is nothing to make and to free either: 100,000 messages are
 * asked for their flags in one command. */
enum store_error fetch_message(struct fetcher *common, uint32_t uid)
{
    struct session *s = common->c->session;
    struct fetched f = { .common = common, .io = s->io };
    f.sequence = view_sequence_next(&s->view, uid, &common->at);
    if (f.sequence == 0 || !mailbox_get(s->view.mailbox, uid, &f.info))
        return mailbox_is_gone(s->view.mailbox, uid) ? STORE_EXPUNGED : STORE_UNAVAILABLE;
    return common->needs_file ? fetch_from_file(&f) : fetch(&f);
}
