/*
 * A search is a row of stages: what is searched is decoded, folded and pushed block by block
 * into a window, in which the folded text is looked for (memmem(3), which is linear). The
 * window keeps the end of what it has seen, so that a match across blocks is found; it is
 * emptied between fields and parts, so that nothing is found across those. At the first match
 * the window wants no more, and that ends the search.
 */
#include "message/search.h"

#include "message/body_text.h"
#include "message/encoded_word.h"
#include "message/fold.h"
#include "message/part.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How much is looked through at once; more where the text itself is long. */
#define WINDOW_MIN 16384

struct search_text {
    size_t len;
    char *folded; /* owned */
};

/* The last stage. */
struct window {
    struct message_sink sink;
    const struct search_text *text;
    bool found;
    size_t len;
    size_t cap;
    char *buf;
};

struct search {
    const struct message *msg;
    struct window window;
    struct fold fold;
    struct body_text *body; /* made when the first body is read */
    struct buffer value;    /* one unfolded field */
    struct buffer header;   /* the header of a message in a part */
};

/* ---- the text to look for ---- */

struct collector {
    struct message_sink sink;
    struct buffer *out;
};

static bool collect(struct message_sink *sink, const void *octets, size_t n)
{
    return buffer_append(((struct collector *)sink)->out, octets, n);
}

static bool is_ascii(const char *name, size_t n)
{
    static const char *const names[] = { "us-ascii", "ascii", "ansi_x3.4-1968" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == n && strncasecmp(names[i], name, n) == 0)
            return true;
    return false;
}

static bool has_8bit(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] >= 0x80)
            return true;
    return false;
}

/* Converts and folds. False: the octets are not valid, or there is no memory (out says so). */
static bool fold_text(const char *octets, size_t n, const char *charset_name,
                      struct buffer *out)
{
    struct {
        struct charset charset;
        struct fold fold;
    } *stages = malloc(sizeof *stages);
    if (stages == NULL) {
        out->failed = true;
        return false;
    }
    struct collector last = { { collect }, out };
    fold_init(&stages->fold, &last.sink);
    bool ok =
        charset_open(&stages->charset, charset_name, strlen(charset_name), &stages->fold.sink);
    struct message_sink *first = &stages->charset.sink;
    ok = ok && first->write(first, octets, n) && charset_finish(&stages->charset) &&
         fold_finish(&stages->fold) && !stages->charset.damaged && !stages->fold.damaged;
    charset_close(&stages->charset);
    free(stages);
    return ok;
}

enum search_text_status search_text_new(const char *octets, size_t n, const char *charset,
                                        struct search_text **text_r)
{
    *text_r = NULL;
    if (charset == NULL)
        charset = "UTF-8";
    if (!charset_known(charset))
        return SEARCH_TEXT_BADCHARSET;
    if (is_ascii(charset, strlen(charset)) && has_8bit(octets, n))
        return SEARCH_TEXT_INVALID;
    struct buffer folded;
    buffer_init(&folded, SIZE_MAX / 4);
    bool ok = fold_text(octets, n, charset, &folded);
    struct search_text *text = malloc(sizeof *text);
    if (!ok || text == NULL) {
        bool nomem = folded.failed || text == NULL;
        buffer_free(&folded);
        free(text);
        return nomem ? SEARCH_TEXT_NOMEM : SEARCH_TEXT_INVALID;
    }
    text->len = folded.len;
    text->folded = folded.data;
    *text_r = text;
    return SEARCH_TEXT_OK;
}

void search_text_free(struct search_text *text)
{
    if (text == NULL)
        return;
    free(text->folded);
    free(text);
}

bool search_text_in(const struct search_text *text, const char *folded, size_t n)
{
    return text->len == 0 || (n > 0 && memmem(folded, n, text->folded, text->len) != NULL);
}

/* ---- the window ---- */

/* Looks through what is in the window and keeps only its end, where a match may begin. */
static bool look(struct window *w)
{
    size_t n = w->text->len;
    if (w->len < n)
        return true;
    if (memmem(w->buf, w->len, w->text->folded, n) != NULL) {
        w->found = true;
        return false;
    }
    size_t kept = n - 1;
    memmove(w->buf, w->buf + w->len - kept, kept);
    w->len = kept;
    return true;
}

static bool window_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct window *w = (struct window *)sink;
    const char *p = octets;
    while (n > 0) {
        size_t room = w->cap - w->len;
        size_t run = n < room ? n : room;
        memcpy(w->buf + w->len, p, run);
        w->len += run;
        p += run;
        n -= run;
        if (w->len == w->cap && !look(w))
            return false;
    }
    return true;
}

/* The end of a field or part: true if the text was in it. */
static bool window_end(struct window *w)
{
    look(w);
    w->len = 0;
    return w->found;
}

/* ---- one search ---- */

static bool search_init(struct search *s, const struct message *msg,
                        const struct search_text *text)
{
    s->msg = msg;
    s->body = NULL;
    buffer_init(&s->value, HEADER_MAX);
    buffer_init(&s->header, PART_HEADER_MAX);
    struct window *w = &s->window;
    w->sink.write = window_write;
    w->text = text;
    w->found = false;
    w->len = 0;
    /* Each look costs at most as much as the window is long, of which half is new. */
    w->cap = text->len * 2 < WINDOW_MIN ? WINDOW_MIN : text->len * 2;
    w->buf = malloc(w->cap);
    fold_init(&s->fold, &w->sink);
    return w->buf != NULL;
}

static struct search *search_new(const struct message *msg, const struct search_text *text)
{
    struct search *s = malloc(sizeof *s);
    if (s != NULL && !search_init(s, msg, text)) {
        free(s);
        return NULL;
    }
    return s;
}

static void search_free(struct search *s)
{
    body_text_free(s->body);
    buffer_free(&s->value);
    buffer_free(&s->header);
    free(s->window.buf);
    free(s);
}

/* A status of MESSAGE_SINK means here that the window has found the text. */
static enum message_status search_end(struct search *s, enum message_status status)
{
    if (status == MESSAGE_OK && !fold_finish(&s->fold))
        status = MESSAGE_SINK;
    if (status == MESSAGE_OK && window_end(&s->window))
        status = MESSAGE_SINK;
    return status;
}

/* Looks in one field: its value, and its name too if that is wanted. */
static enum message_status search_field(struct search *s, const struct field *f, bool with_name)
{
    buffer_clear(&s->value);
    if (!field_unfold_to_spaces(f, &s->value))
        return MESSAGE_NOMEM;
    struct message_sink *sink = &s->fold.sink;
    bool stopped = false;
    if (with_name)
        stopped = !sink->write(sink, f->name, f->name_len) || !sink->write(sink, ": ", 2);
    if (!stopped && !encoded_word_decode(s->value.data, s->value.len, sink, &stopped) &&
        !stopped)
        return MESSAGE_NOMEM;
    return search_end(s, stopped ? MESSAGE_SINK : MESSAGE_OK);
}

/* Looks in the header of a part that is a message, names and values. */
static enum message_status search_part_header(struct search *s, const struct part *p)
{
    const char *header;
    size_t len;
    enum message_status status = part_header(s->msg, p, &s->header, &header, &len);
    size_t pos = 0;
    struct field f;
    while (status == MESSAGE_OK && header_next(header, len, &pos, &f))
        status = search_field(s, &f, true);
    return status;
}

static enum message_status search_part_body(struct search *s, const struct part *p)
{
    if (s->body == NULL && (s->body = body_text_new()) == NULL)
        return MESSAGE_NOMEM;
    return search_end(s, body_text_write(s->body, s->msg, p, &s->fold.sink));
}

/* TEXT looks into the MIME headers of the parts as well: they are octets of the message, and
 * have the names of attachments. BODY looks into those of embedded messages alone. */
static enum message_status search_parts(struct search *s, bool mime_headers)
{
    enum message_status status = MESSAGE_OK;
    for (size_t i = 0; i < s->msg->parts && status == MESSAGE_OK; i++) {
        const struct part *p = &s->msg->part[i];
        bool embedded = p->parent != PART_NONE && s->msg->part[p->parent].kind == PART_MESSAGE;
        if (embedded || (mime_headers && p->parent != PART_NONE))
            status = search_part_header(s, p);
        if (status == MESSAGE_OK && body_text_is_text(p))
            status = search_part_body(s, p);
    }
    return status;
}

/* Turns the status of a search into its result. */
static enum message_status search_result(struct search *s, enum message_status status,
                                         bool *found_r)
{
    *found_r = s->window.found;
    search_free(s);
    return status == MESSAGE_SINK ? MESSAGE_OK : status;
}

enum message_status message_search_header(const struct message *msg, const char *field,
                                          const struct search_text *text, bool *found_r)
{
    *found_r = false;
    const struct part *root = &msg->part[0];
    struct search *s = NULL;
    enum message_status status = MESSAGE_OK;
    size_t pos = 0;
    struct field f;
    while (status == MESSAGE_OK && header_next(root->fields, root->fields_len, &pos, &f)) {
        if (!field_is(&f, field))
            continue;
        if (text->len == 0) {
            *found_r = true;
            return MESSAGE_OK;
        }
        if (s == NULL && (s = search_new(msg, text)) == NULL)
            return MESSAGE_NOMEM;
        status = search_field(s, &f, false);
    }
    return s == NULL ? MESSAGE_OK : search_result(s, status, found_r);
}

enum message_status message_search_body(const struct message *msg,
                                        const struct search_text *text, bool *found_r)
{
    *found_r = text->len == 0;
    if (*found_r)
        return MESSAGE_OK;
    struct search *s = search_new(msg, text);
    if (s == NULL)
        return MESSAGE_NOMEM;
    return search_result(s, search_parts(s, false), found_r);
}

enum message_status message_search_text(const struct message *msg,
                                        const struct search_text *text, bool *found_r)
{
    *found_r = text->len == 0;
    if (*found_r)
        return MESSAGE_OK;
    struct search *s = search_new(msg, text);
    if (s == NULL)
        return MESSAGE_NOMEM;
    enum message_status status = search_part_header(s, &msg->part[0]);
    if (status == MESSAGE_OK)
        status = search_parts(s, true);
    return search_result(s, status, found_r);
}
