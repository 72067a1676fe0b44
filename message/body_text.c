#include "message/body_text.h"

#include "message/charset.h"
#include "message/html_text.h"
#include "message/transfer.h"

#include <stdlib.h>
#include <string.h>

/* What is read at once: see SEND_CHUNK in send.c. */
#define BODY_CHUNK 32768

struct body_text {
    struct transfer transfer;
    struct charset charset;
    struct html_text html;
    bool seen_alone;
    char buf[BODY_CHUNK];
};

struct body_text *body_text_new(void)
{
    struct body_text *b = malloc(sizeof *b);
    if (b != NULL)
        b->seen_alone = false;
    return b;
}

void body_text_seen_alone(struct body_text *b)
{
    b->seen_alone = true;
}

void body_text_free(struct body_text *b)
{
    free(b);
}

/* Reads the name of the charset; *html_r: it is HTML. False: it is no text. */
static bool read_type(const struct part *p, struct buffer *charset, bool *html_r)
{
    struct content_type ct;
    buffer_init(charset, HEADER_MAX);
    *html_r = false;
    if (p->kind != PART_LEAF)
        return false;
    if (!part_content_type(p, &ct))
        return true;
    if (!content_type_is(&ct, "text", NULL))
        return false;
    content_param_find(ct.params, "charset", charset);
    *html_r = content_type_is(&ct, "text", "html");
    return true;
}

/* The families of charsets of one octet a character whose lower half is US-ASCII. */
static bool has_ascii(enum charset_way way, const char *iconv_name)
{
    static const char *const families[] = { "ISO-8859-", "CP125", "KOI8-" };
    if (way == CHARSET_UTF8)
        return true;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncmp(iconv_name, families[i], strlen(families[i])) == 0)
            return true;
    return false;
}

enum message_status body_text_kind(const struct part *p, enum body_text_kind *kind_r)
{
    struct buffer name;
    bool html;
    enum charset_way way;
    const char *iconv_name;
    *kind_r = BODY_NO_TEXT;
    if (!read_type(p, &name, &html))
        return MESSAGE_OK;
    charset_find(name.len > 0 ? name.data : "", name.len, &way, &iconv_name);
    bool plain =
        !html && has_ascii(way, iconv_name) && transfer_encoding_of(p) == TRANSFER_NONE;
    *kind_r = plain ? BODY_PLAIN : BODY_TEXT;
    enum message_status status = name.failed ? MESSAGE_NOMEM : MESSAGE_OK;
    buffer_free(&name);
    return status;
}

/* Reads the body and pushes it through the first stage. */
static enum message_status push_body(struct body_text *b, const struct message *msg,
                                     const struct part *p)
{
    struct message_sink *sink = &b->transfer.sink;
    uint64_t at = p->body.raw;
    uint64_t left = p->body.raw_len;
    while (left > 0) {
        const char *octets;
        size_t want = left < sizeof b->buf ? (size_t)left : sizeof b->buf;
        ssize_t got = message_input_get(msg->in, b->buf, want, at, &octets);
        if (got < 0)
            return MESSAGE_IO;
        if (got == 0)
            return MESSAGE_CHANGED;
        if (!sink->write(sink, octets, (size_t)got))
            return MESSAGE_SINK;
        at += (uint64_t)got;
        left -= (uint64_t)got;
    }
    return MESSAGE_OK;
}

enum message_status body_text_write(struct body_text *b, const struct message *msg,
                                    const struct part *p, struct message_sink *utf8)
{
    struct buffer name;
    bool html;
    read_type(p, &name, &html);
    if (name.failed) {
        buffer_free(&name);
        return MESSAGE_NOMEM;
    }
    if (html) {
        html_text_init(&b->html, utf8);
        b->html.without_title = b->seen_alone;
        utf8 = &b->html.sink;
    }
    charset_open(&b->charset, name.len > 0 ? name.data : "", name.len, utf8);
    buffer_free(&name);
    transfer_init(&b->transfer, transfer_encoding_of(p), false, &b->charset.sink);

    enum message_status status = push_body(b, msg, p);
    if (status == MESSAGE_OK &&
        !(transfer_finish(&b->transfer) && charset_finish(&b->charset) &&
          (!html || html_text_finish(&b->html))))
        status = MESSAGE_SINK;
    charset_close(&b->charset);
    return status;
}
