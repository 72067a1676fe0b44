/*
 * The text of a part goes through a sink that takes what it needs and then wants no more, so
 * that a preview of a long message costs no more than that of a short one, but for what is
 * passed over: quoted lines, white space, style sheets.
 *
 * Characters that can't be seen are left out. Newsletters fill up their previews with them, and
 * those that turn the direction of writing would reach beyond the preview. The two that join or
 * part letters (U+200C, U+200D) mean something between letters, and only there.
 */
#include "message/preview.h"

#include "message/body_text.h"
#include "message/part.h"

#include <string.h>
#include <utf8proc.h>

#define UTF8_MAX 4

#define ZERO_WIDTH_NON_JOINER     0x200c
#define ZERO_WIDTH_JOINER         0x200d
#define COMBINING_GRAPHEME_JOINER 0x34f

/* What an encrypted message begins with that says so in its text alone (RFC 9580 section
 * 6.2). */
static const char pgp[] = "-----BEGIN PGP MESSAGE-----";

struct preview {
    struct message_sink sink;
    bool quotes;     /* lines that begin with '>' are left out */
    bool line_began; /* something of this line was seen */
    bool quoted;     /* it began with '>' */
    bool space;      /* is due before the next character */
    size_t characters;
    char head[UTF8_MAX]; /* of a character whose end is to come */
    size_t head_len;
    size_t len;
    char text[PREVIEW_OCTETS_MAX];
};

/* --- Characters. -----------------------------------------------------------------------------
 */

enum sight { SEEN, SPACE, JOINS, UNSEEN };

static enum sight sight_of(int32_t c)
{
    if (c == ZERO_WIDTH_JOINER || c == ZERO_WIDTH_NON_JOINER)
        return JOINS;
    if (c == COMBINING_GRAPHEME_JOINER)
        return UNSEEN;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return SPACE;
    case UTF8PROC_CATEGORY_CF:
        return UNSEEN;
    default:
        return SEEN;
    }
}

static void append(struct preview *p, int32_t c)
{
    p->len += (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)p->text + p->len);
    p->characters++;
}

/* False: it is full. A space is written only where another character follows. */
static bool put(struct preview *p, int32_t c)
{
    if (p->space && p->len > 0) {
        if (p->characters + 1 >= PREVIEW_MAX)
            return false;
        append(p, ' ');
    }
    p->space = false;
    append(p, c);
    return p->characters < PREVIEW_MAX;
}

static bool take(struct preview *p, int32_t c)
{
    enum sight sight = sight_of(c);
    if (c == '\n')
        p->line_began = p->quoted = false;
    if (sight == SPACE) {
        p->space = true;
        return true;
    }
    if (sight == UNSEEN || (sight == JOINS && (p->space || p->len == 0)))
        return true;
    if (!p->line_began)
        p->quoted = p->quotes && c == '>';
    p->line_began = true;
    return p->quoted || put(p, c);
}

/* What is no UTF-8 becomes U+FFFD, an octet at a time. */
static bool take_octets(struct preview *p, const unsigned char *octets, size_t n, bool last,
                        size_t *taken_r)
{
    size_t i = 0;
    bool more = true;
    while (more && i < n && (last || n - i >= UTF8_MAX || octets[i] < 0x80)) {
        utf8proc_int32_t c = octets[i];
        utf8proc_ssize_t len = 1;
        if (c >= 0x80)
            len = utf8proc_iterate(octets + i, (utf8proc_ssize_t)(n - i), &c);
        more = take(p, len > 0 ? c : 0xfffd);
        i += len > 0 ? (size_t)len : 1;
    }
    *taken_r = i;
    return more;
}

/* What was held back comes first, with as much of the new as may belong to it. */
static bool preview_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct preview *p = (struct preview *)sink;
    const unsigned char *from = octets;
    size_t taken = 0;
    if (p->head_len > 0 && n > 0) {
        unsigned char both[2 * UTF8_MAX];
        size_t more = n < UTF8_MAX ? n : UTF8_MAX;
        memcpy(both, p->head, p->head_len);
        memcpy(both + p->head_len, from, more);
        if (!take_octets(p, both, p->head_len + more, false, &taken))
            return false;
        if (taken < p->head_len) { /* all of the new is in `both` */
            p->head_len = p->head_len + more - taken;
            memmove(p->head, both + taken, p->head_len);
            return true;
        }
        from += taken - p->head_len;
        n -= taken - p->head_len;
        p->head_len = 0;
    }
    if (!take_octets(p, from, n, false, &taken))
        return false;
    p->head_len = n - taken;
    memcpy(p->head, from + taken, p->head_len);
    return true;
}

/* --- Parts. ----------------------------------------------------------------------------------
 */

static bool is_attachment(const struct part *part)
{
    struct field f;
    struct content_type d;
    return part_field(part, "Content-Disposition", &f) &&
           content_disposition_parse(f.value, f.value_len, &d) &&
           content_type_is(&d, "attachment", NULL);
}

/* text/plain and text/html are what mail is written in; the other texts are calendars, cards
 * and patches. */
static bool is_readable(const struct part *part)
{
    struct content_type ct;
    if (part->kind != PART_LEAF || is_attachment(part))
        return false;
    if (!part_content_type(part, &ct))
        return true;
    return content_type_is(&ct, "text", "plain") || content_type_is(&ct, "text", "html");
}

static enum message_status read_part(const struct message *msg, const struct part *part,
                                     bool quotes, struct body_text *text, struct preview *p)
{
    size_t taken;
    *p = (struct preview){ .sink = { preview_write }, .quotes = quotes };
    enum message_status status = body_text_write(text, msg, part, &p->sink);
    if (status == MESSAGE_SINK)
        return MESSAGE_OK;
    if (status == MESSAGE_OK)
        (void)take_octets(p, (unsigned char *)p->head, p->head_len, true, &taken);
    return status;
}

/* The first part with something to see, looked into once without what it quotes, and where
 * there is nothing else with it. */
static enum message_status read_parts(const struct message *msg, bool quotes,
                                      struct body_text *text, struct preview *p)
{
    enum message_status status = MESSAGE_OK;
    p->len = 0;
    for (size_t i = 0; i < msg->parts && p->len == 0 && status == MESSAGE_OK; i++)
        if (is_readable(&msg->part[i]))
            status = read_part(msg, &msg->part[i], quotes, text, p);
    return status;
}

enum message_status message_preview(const struct message *msg, struct buffer *out)
{
    struct preview p;
    struct body_text *text = body_text_new();
    if (text == NULL)
        return MESSAGE_NOMEM;
    body_text_seen_alone(text);
    enum message_status status = read_parts(msg, true, text, &p);
    if (status == MESSAGE_OK && p.len == 0)
        status = read_parts(msg, false, text, &p);
    body_text_free(text);
    bool secret = p.len >= sizeof pgp - 1 && memcmp(p.text, pgp, sizeof pgp - 1) == 0;
    if (status == MESSAGE_OK && !secret && !buffer_append(out, p.text, p.len))
        status = MESSAGE_NOMEM;
    return status;
}
