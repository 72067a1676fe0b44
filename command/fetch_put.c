/* The items of a FETCH response on their way to the client (command/fetch_message.c). */
#include "command/fetch_private.h"

#include "base/log.h"
#include "parser/date.h"

#include <string.h>
#include <time.h>

/* On the way to the stream: an envelope or a structure that is too long to be held. */
#define DRAINED_MAX 4096

struct stream_lent {
    struct message_room room; /* first: the two are one address */
    struct stream *io;
};

static char *lend(struct message_room *room, size_t *n_r)
{
    return stream_room(((struct stream_lent *)room)->io, n_r);
}

static void take(struct message_room *room, size_t n)
{
    stream_take(((struct stream_lent *)room)->io, n);
}

struct stream_sink {
    struct message_sink sink; /* first, as above */
    struct stream *io;
};

static bool sink_write(struct message_sink *sink, const void *octets, size_t n)
{
    return stream_write(((struct stream_sink *)sink)->io, octets, n);
}

/* An octet count was announced: if the file has shrunk since, nothing that could be sent in
 * place of the missing octets would be true, and the connection ends. */
static void sent(struct fetched *f, enum message_status status)
{
    if (status == MESSAGE_OK || status == MESSAGE_SINK)
        return;
    const char *user = f->common->c->session->user;
    log_warning("a message of %s changed while it was sent: ending the connection",
                user != NULL ? user : "the user");
    stream_end(f->io, STREAM_FAILED);
}

static void send_octets(struct fetched *f, const struct section_data *data, uint64_t first,
                        uint64_t count)
{
    struct stream *io = f->io;
    struct stream_lent lent = { { lend, take }, io };
    stream_puts(io, "{");
    stream_put_uint(io, count);
    stream_puts(io, "}\r\n");
    sent(f, message_send_into(f->common->content.in, data, first, count, &lent.room));
}

static void send_range(struct fetched *f, const struct fetch_item *item,
                       const struct section_data *data)
{
    struct stream *io = f->io;
    uint64_t first = item->partial ? item->first : 0;
    uint64_t count = data->octets > first ? data->octets - first : 0;
    if (item->partial && count > item->count)
        count = item->count;
    if (!data->exists)
        stream_puts(io, "NIL");
    else if (count == 0)
        stream_puts(io, "\"\"");
    else
        send_octets(f, data, first, count);
}

static void send_section(struct fetched *f, const struct fetch_item *item,
                         const struct fetch_need *need)
{
    stream_puts(f->io, item->label);
    stream_puts(f->io, " ");
    if (need->summary && !need->too_long) {
        struct section_data kept = {
            .exists = true, .use_made = true, .octets = need->made.len, .made = need->made
        };
        send_range(f, item, &kept);
        return;
    }
    if (need->file && need->depth == MESSAGE_NOTHING && f->common->measured) {
        send_range(f, item, &f->common->whole);
        return;
    }
    struct section_data data;
    if (message_section(f->common->content.message, item->section, &data) != MESSAGE_OK)
        data.exists = false;
    send_range(f, item, &data);
    section_data_free(&data);
}

/* A literal8 where there is a NUL, and only there (RFC 3516 section 4.3). */
static void send_binary(struct fetched *f, const struct fetch_item *item,
                        const struct message_binary *b)
{
    struct stream *io = f->io;
    struct stream_sink sink = { { sink_write }, io };
    stream_puts(io, item->label);
    stream_puts(io, " ");
    if (b->found == MESSAGE_BINARY_NIL) {
        stream_puts(io, "NIL");
    } else if (b->octets == 0) {
        stream_puts(io, "\"\"");
    } else {
        stream_puts(io, b->nul ? "~{" : "{");
        stream_put_uint(io, b->octets);
        stream_puts(io, "}\r\n");
        sent(f, message_binary_send(f->common->content.in, b, &sink.sink));
    }
}

static char *put_two(char *p, int n)
{
    p[0] = (char)('0' + n / 10 % 10);
    p[1] = (char)('0' + n % 10);
    return p + 2;
}

/* A date-time's year has four digits; a file may be dated as it likes. */
static void send_date(struct stream *io, const char *name, struct local_day *day, time_t date)
{
    struct tm tm;
    char text[] = " \"01-Jan-1970 00:00:00 +0000\"";
    if (!local_time(day, date, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
        tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
    int east = (int)(tm.tm_gmtoff / 60), minutes = east < 0 ? -east : east;
    char *p = put_two(text + strlen(" \""), tm.tm_mday) + 1;
    memcpy(p, month_name[tm.tm_mon], 3);
    p = put_two(p + 4, (tm.tm_year + 1900) / 100);
    p = put_two(p, (tm.tm_year + 1900) % 100) + 1;
    p = put_two(p, tm.tm_hour) + 1;
    p = put_two(p, tm.tm_min) + 1;
    p = put_two(p, tm.tm_sec) + 1;
    *p++ = east < 0 ? '-' : '+';
    put_two(put_two(p, minutes / 60), minutes % 60);
    stream_puts(io, name);
    stream_write(io, text, sizeof text - 1);
}

struct stream_drain {
    struct buffer_drain drain; /* first, as above */
    struct stream *io;
};

static bool drain_take(struct buffer_drain *drain, const void *octets, size_t n)
{
    return stream_write(((struct stream_drain *)drain)->io, octets, n);
}

/* What is too long to be held is written as it is made. */
static void send_long(struct fetched *f, enum fetch_kind kind)
{
    const struct message *msg = f->common->content.message;
    struct stream_drain drain = { { drain_take }, f->io };
    struct buffer out;
    buffer_init_drained(&out, DRAINED_MAX, &drain.drain);
    bool ok = kind == FETCH_ENVELOPE
                  ? message_envelope(msg, &out) == MESSAGE_OK
                  : message_structure(msg, kind == FETCH_BODYSTRUCTURE, &out) == MESSAGE_OK;
    ok = buffer_drain(&out) && ok;
    buffer_free(&out);
    if (ok || f->io->state != STREAM_OPEN)
        return;
    log_warning("no memory to describe a message while it is described: ending the connection");
    stream_end(f->io, STREAM_FAILED);
}

static void send_summary(struct fetched *f, const char *name, enum fetch_kind kind,
                         const struct fetch_need *need)
{
    const char *text = "";
    size_t n = 0;
    stream_puts(f->io, name);
    if (need->too_long) {
        send_long(f, kind);
        return;
    }
    (void)summary_text(need->value.data, need->value.len, &text, &n);
    stream_write(f->io, text, n);
}

static void send_preview(struct fetched *f, const struct fetch_need *need)
{
    const char *text = "";
    size_t n = 0;
    stream_puts(f->io, "PREVIEW ");
    if (need->absent) {
        stream_puts(f->io, "NIL");
        return;
    }
    (void)summary_preview(need->value.data, need->value.len, &text, &n);
    put_string(f->common->c->session, text, n);
}

static void put_object_id(struct stream *io, const char *name, const char *id)
{
    stream_puts(io, name);
    stream_puts(io, " (");
    stream_puts(io, id);
    stream_puts(io, ")");
}

void fetch_put_item(struct fetched *f, const struct fetch_item *item,
                    const struct fetch_need *need)
{
    struct stream *io = f->io;
    switch (item->kind) {
    case FETCH_UID:
        stream_puts(io, "UID ");
        stream_put_uint(io, f->info.uid);
        break;
    case FETCH_FLAGS:
        flags_put(fetched_mailbox(f), io, &f->info, &f->common->flags);
        break;
    case FETCH_INTERNALDATE:
        send_date(io, "INTERNALDATE", &f->common->day, f->date);
        break;
    case FETCH_SAVEDATE:
        send_date(io, "SAVEDATE", &f->common->day, f->save_date);
        break;
    case FETCH_MODSEQ:
        view_put_modseq(&f->common->c->session->view, io, &f->info);
        break;
    case FETCH_SIZE:
        stream_puts(io, "RFC822.SIZE ");
        stream_put_uint(io, f->octets);
        break;
    case FETCH_ENVELOPE:
        send_summary(f, "ENVELOPE ", item->kind, need);
        break;
    case FETCH_BODY:
        send_summary(f, "BODY ", item->kind, need);
        break;
    case FETCH_BODYSTRUCTURE:
        send_summary(f, "BODYSTRUCTURE ", item->kind, need);
        break;
    case FETCH_PREVIEW:
        send_preview(f, need);
        break;
    case FETCH_EMAILID:
        put_object_id(io, "EMAILID", f->email_id);
        break;
    case FETCH_THREADID:
        put_object_id(io, "THREADID", f->thread_id);
        break;
    case FETCH_SECTION:
        send_section(f, item, need);
        break;
    case FETCH_BINARY:
        send_binary(f, item, &need->binary);
        break;
    case FETCH_BINARY_SIZE:
        stream_puts(io, item->label);
        stream_puts(io, " ");
        stream_put_uint(io, need->binary.octets);
        break;
    }
}
