/* BODY and BODYSTRUCTURE (RFC 3501 section 7.4.2, grammar in section 9). */
#include "message/envelope.h"
#include "message/imap_string.h"
#include "message/part.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

struct writer {
    const struct message *msg;
    bool extended;
    struct buffer *out;
    struct buffer value; /* scratch */
};

/* Text types without a charset have the default one (RFC 2046 section 4.1.2). */
static const char default_charset[] = "\"CHARSET\" \"US-ASCII\"";

static void write_params(struct writer *w, struct lexer params, bool text)
{
    const char *name;
    size_t n;
    bool any = false;
    bool charset = false;
    struct content_pieces pieces;
    content_pieces_find(&pieces, params, &w->value);
    while (content_param_next_joined(&params, &pieces, &name, &n, &w->value)) {
        if (w->value.failed) { /* longer than any header: no client's business */
            buffer_clear(&w->value);
            continue;
        }
        buffer_putc(w->out, any ? ' ' : '(');
        imap_string(w->out, name, n);
        buffer_putc(w->out, ' ');
        imap_string(w->out, w->value.data, w->value.len);
        any = true;
        charset = charset || (n == 7 && strncasecmp(name, "charset", n) == 0);
    }
    if (text && !charset) {
        buffer_puts(w->out, any ? " " : "(");
        buffer_puts(w->out, default_charset);
        any = true;
    }
    buffer_puts(w->out, any ? ")" : "NIL");
}

/* A field as a string; NIL when the part has none. */
static void write_field(struct writer *w, const struct part *p, const char *name)
{
    struct field f;
    if (!part_field(p, name, &f)) {
        buffer_puts(w->out, "NIL");
        return;
    }
    buffer_clear(&w->value);
    field_unfold(&f, &w->value);
    imap_string(w->out, w->value.data, w->value.len);
}

/* A URI may be folded; no white space is part of it (RFC 2557 section 4.4.3). */
static void write_location(struct writer *w, const struct part *p)
{
    struct field f;
    if (!part_field(p, "Content-Location", &f)) {
        buffer_puts(w->out, "NIL");
        return;
    }
    buffer_clear(&w->value);
    for (size_t i = 0; i < f.value_len; i++)
        if (strchr(" \t\r\n", f.value[i]) == NULL || f.value[i] == '\0')
            buffer_putc(&w->value, f.value[i]);
    imap_string(w->out, w->value.data, w->value.len);
}

static void write_encoding(struct writer *w, const struct part *p)
{
    struct field f;
    const char *token;
    size_t n;
    if (part_field(p, "Content-Transfer-Encoding", &f)) {
        struct lexer lex = { f.value, f.value + f.value_len };
        lexer_skip_cfws(&lex, NULL);
        if (lexer_token(&lex, &token, &n)) {
            imap_string(w->out, token, n);
            return;
        }
    }
    buffer_puts(w->out, "\"7BIT\"");
}

static void write_disposition(struct writer *w, const struct part *p)
{
    struct field f;
    struct content_type d;
    if (!part_field(p, "Content-Disposition", &f) ||
        !content_disposition_parse(f.value, f.value_len, &d)) {
        buffer_puts(w->out, "NIL");
        return;
    }
    buffer_putc(w->out, '(');
    imap_string(w->out, d.type, d.type_len);
    buffer_putc(w->out, ' ');
    write_params(w, d.params, false);
    buffer_putc(w->out, ')');
}

/* Language tags with commas between (RFC 3282 section 2). */
static void write_language(struct writer *w, const struct part *p)
{
    struct field f;
    bool any = false;
    if (part_field(p, "Content-Language", &f)) {
        struct lexer lex = { f.value, f.value + f.value_len };
        const char *tag;
        size_t n;
        for (;;) {
            lexer_skip_cfws(&lex, NULL);
            if (lexer_done(&lex))
                break;
            if (!lexer_token(&lex, &tag, &n)) {
                lex.p++;
                continue;
            }
            buffer_putc(w->out, any ? ' ' : '(');
            imap_string(w->out, tag, n);
            any = true;
        }
    }
    buffer_puts(w->out, any ? ")" : "NIL");
}

/* What BODYSTRUCTURE has at the end of both kinds of part. */
static void write_extension(struct writer *w, const struct part *p)
{
    buffer_putc(w->out, ' ');
    write_disposition(w, p);
    buffer_putc(w->out, ' ');
    write_language(w, p);
    buffer_putc(w->out, ' ');
    write_location(w, p);
}

static void write_body(struct writer *w, const struct part *p);

static void write_multipart(struct writer *w, const struct part *p)
{
    struct content_type ct;
    if (!part_content_type(p, &ct))
        return;
    for (uint32_t i = p->first; i != PART_NONE; i = w->msg->part[i].next)
        write_body(w, &w->msg->part[i]);
    buffer_putc(w->out, ' ');
    imap_string(w->out, ct.subtype, ct.subtype_len);
    if (w->extended) {
        buffer_putc(w->out, ' ');
        write_params(w, ct.params, false);
        write_extension(w, p);
    }
}

/* The media type and its parameters. True for text. */
static bool write_media(struct writer *w, const struct part *p)
{
    struct content_type ct;
    if (!part_content_type(p, &ct)) {
        if (p->kind == PART_MESSAGE)
            buffer_puts(w->out, "\"MESSAGE\" \"RFC822\" NIL");
        else
            buffer_printf(w->out, "\"TEXT\" \"PLAIN\" (%s)", default_charset);
        return p->kind != PART_MESSAGE;
    }
    bool text = content_type_is(&ct, "text", NULL);
    imap_string(w->out, ct.type, ct.type_len);
    buffer_putc(w->out, ' ');
    imap_string(w->out, ct.subtype, ct.subtype_len);
    buffer_putc(w->out, ' ');
    write_params(w, ct.params, text);
    return text;
}

static void write_single(struct writer *w, const struct part *p)
{
    bool text = write_media(w, p);
    buffer_putc(w->out, ' ');
    write_field(w, p, "Content-ID");
    buffer_putc(w->out, ' ');
    write_field(w, p, "Content-Description");
    buffer_putc(w->out, ' ');
    write_encoding(w, p);
    buffer_printf(w->out, " %" PRIu64, p->body.octets);
    if (p->kind == PART_MESSAGE) {
        const struct part *message = &w->msg->part[p->first];
        buffer_putc(w->out, ' ');
        envelope_write(message->fields, message->fields_len, w->out);
        buffer_putc(w->out, ' ');
        write_body(w, message);
    }
    if (p->kind == PART_MESSAGE || text)
        buffer_printf(w->out, " %" PRIu64, p->body.lines);
    if (w->extended) {
        buffer_putc(w->out, ' ');
        write_field(w, p, "Content-MD5");
        write_extension(w, p);
    }
}

/* Recursion is no deeper than MIME_DEPTH_MAX. */
static void write_body(struct writer *w, const struct part *p)
{
    buffer_putc(w->out, '(');
    if (p->kind == PART_MULTIPART)
        write_multipart(w, p);
    else
        write_single(w, p);
    buffer_putc(w->out, ')');
}

enum message_status message_structure(const struct message *msg, bool extended,
                                      struct buffer *out)
{
    struct writer w = { .msg = msg, .extended = extended, .out = out };
    buffer_init(&w.value, HEADER_MAX);
    write_body(&w, &msg->part[0]);
    bool ok = !w.value.failed && !out->failed;
    buffer_free(&w.value);
    return ok ? MESSAGE_OK : MESSAGE_NOMEM;
}
