#include "message/body_text.h"

#include "message/charset.h"
#include "message/html_text.h"
#include "message/transfer.h"

#include <stdlib.h>

/* What is read at once: see SEND_CHUNK in send.c. */
#define BODY_CHUNK 32768

struct body_text {
    struct transfer transfer;
    struct charset charset;
    struct html_text html;
    char buf[BODY_CHUNK];
};

struct body_text *body_text_new(void)
{
    return malloc(sizeof(struct body_text));
}

void body_text_free(struct body_text *b)
{
    free(b);
}

bool body_text_is_text(const struct part *p)
{
    struct content_type ct;
    if (p->kind != PART_LEAF)
        return false;
    return !part_content_type(p, &ct) || content_type_is(&ct, "text", NULL);
}

/* Reads the body and pushes it through the first stage. */
static enum message_status push_body(struct body_text *b, const struct message *msg,
                                     const struct part *p)
{
    struct message_sink *sink = &b->transfer.sink;
    uint64_t at = p->body.raw;
    uint64_t left = p->body.raw_len;
    while (left > 0) {
        size_t want = left < sizeof b->buf ? (size_t)left : sizeof b->buf;
        ssize_t got = msg->in->pread(msg->in, b->buf, want, at);
        if (got < 0)
            return MESSAGE_IO;
        if (got == 0)
            return MESSAGE_CHANGED;
        if (!sink->write(sink, b->buf, (size_t)got))
            return MESSAGE_SINK;
        at += (uint64_t)got;
        left -= (uint64_t)got;
    }
    return MESSAGE_OK;
}

enum message_status body_text_write(struct body_text *b, const struct message *msg,
                                    const struct part *p, struct message_sink *utf8)
{
    struct content_type ct;
    struct buffer name;
    buffer_init(&name, HEADER_MAX);
    bool typed = part_content_type(p, &ct);
    if (typed)
        content_param_find(ct.params, "charset", &name);
    if (name.failed) {
        buffer_free(&name);
        return MESSAGE_NOMEM;
    }
    bool html = typed && content_type_is(&ct, "text", "html");
    if (html) {
        html_text_init(&b->html, utf8);
        utf8 = &b->html.sink;
    }
    charset_open(&b->charset, name.len > 0 ? name.data : "", name.len, utf8);
    buffer_free(&name);
    transfer_init(&b->transfer, transfer_encoding_of(p), &b->charset.sink);

    enum message_status status = push_body(b, msg, p);
    if (status == MESSAGE_OK &&
        !(transfer_finish(&b->transfer) && charset_finish(&b->charset) &&
          (!html || html_text_finish(&b->html))))
        status = MESSAGE_SINK;
    charset_close(&b->charset);
    return status;
}
