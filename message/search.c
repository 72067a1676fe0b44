/*
 * Most mail is US-ASCII with nothing encoded. What is, is searched where it lies: folding
 * changes nothing of it but the case of letters. (Other characters may fold to US-ASCII, as the
 * Kelvin sign to a k; so all octets must be looked at first.) Of a header, folding changes
 * white space as well; so it is searched for a word of the text, and where that is not, the
 * text is not.
 *
 * For all else a search is a row of stages: what is searched is decoded, folded and pushed
 * block by block into a window, in which the folded text is looked for (in linear time). The
 * window keeps the end of what it has seen, so that a match across blocks is found; it is
 * emptied between fields and parts, so that nothing is found across those. At the first match
 * the window wants no more, and that ends the search.
 */
#include "message/search.h"

#include "message/body_text.h"
#include "message/encoded_word.h"
#include "message/find.h"
#include "message/fold.h"
#include "message/part.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How much is looked through at once; more where the text itself is long. */
#define WINDOW_MIN 16384

/* What is read at once of a body that is searched where it lies. */
#define PLAIN_CHUNK 65536

struct search_text {
    size_t len;
    char *folded; /* owned */
    bool ascii;
    bool has_line_end;
    struct finder finder; /* of all of it */
    struct finder word;   /* of its longest run without white space or colon; len 0: none */
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

/* Made when they are needed. */
struct stages {
    struct window window;
    struct fold fold;
    struct body_text *body; /* made when the first body is read */
};

struct search {
    const struct message *msg; /* NULL: header lines alone */
    const struct search_text *text;
    bool found;
    struct stages *stages;
    char *plain;          /* PLAIN_CHUNK octets, where the input has no memory of its own */
    struct buffer value;  /* one unfolded field */
    struct buffer header; /* the header of a message in a part */
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

static void find_word(struct search_text *text)
{
    static const char ends[] = " \t\n:";
    size_t begin = 0;
    size_t longest = 0;
    size_t at = 0;
    for (size_t i = 0; i <= text->len; i++) {
        if (i < text->len && memchr(ends, text->folded[i], sizeof ends - 1) == NULL)
            continue;
        if (i - begin > longest) {
            longest = i - begin;
            at = begin;
        }
        begin = i + 1;
    }
    if (longest > 0)
        finder_init(&text->word, text->folded + at, longest);
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
    struct search_text *text = calloc(1, sizeof *text);
    if (!ok || text == NULL) {
        bool nomem = folded.failed || text == NULL;
        buffer_free(&folded);
        free(text);
        return nomem ? SEARCH_TEXT_NOMEM : SEARCH_TEXT_INVALID;
    }
    text->len = folded.len;
    text->folded = folded.data;
    if (text->len > 0) {
        text->ascii = !has_8bit(text->folded, text->len);
        text->has_line_end = memchr(text->folded, '\n', text->len) != NULL;
        finder_init(&text->finder, text->folded, text->len);
        find_word(text);
    }
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
    if (finder_find(&w->text->finder, w->buf, w->len) != NULL) {
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

static bool make_stages(struct search *s)
{
    if (s->stages != NULL)
        return true;
    struct stages *stages = malloc(sizeof *stages);
    if (stages == NULL)
        return false;
    size_t len = s->text->len;
    struct window *w = &stages->window;
    w->sink.write = window_write;
    w->text = s->text;
    w->found = false;
    w->len = 0;
    /* Each look costs at most as much as the window is long, of which half is new. */
    w->cap = len * 2 < WINDOW_MIN ? WINDOW_MIN : len * 2;
    w->buf = malloc(w->cap);
    if (w->buf == NULL) {
        free(stages);
        return false;
    }
    fold_init(&stages->fold, &w->sink);
    stages->body = NULL;
    s->stages = stages;
    return true;
}

static void search_init(struct search *s, const struct message *msg,
                        const struct search_text *text)
{
    *s = (struct search){ .msg = msg, .text = text };
    buffer_init(&s->value, HEADER_MAX);
    buffer_init(&s->header, PART_HEADER_MAX);
}

/* Frees it, and turns the status of a search into its result: MESSAGE_SINK means here that the
 * text was found. */
static enum message_status search_result(struct search *s, enum message_status status,
                                         bool *found_r)
{
    *found_r = s->found;
    if (s->stages != NULL) {
        body_text_free(s->stages->body);
        free(s->stages->window.buf);
        free(s->stages);
    }
    free(s->plain);
    buffer_free(&s->value);
    buffer_free(&s->header);
    return status == MESSAGE_SINK ? MESSAGE_OK : status;
}

/* The end of what was pushed through the stages. */
static enum message_status search_end(struct search *s, enum message_status status)
{
    if (status == MESSAGE_OK && !fold_finish(&s->stages->fold))
        status = MESSAGE_SINK;
    if (status == MESSAGE_OK && window_end(&s->stages->window))
        status = MESSAGE_SINK;
    s->found = s->stages->window.found;
    return status;
}

/* ---- headers ---- */

/* Whether the text is provably not in these fields. Their words are the words of what they are
 * decoded to: white space is what changes, and what is around a colon. */
static bool fields_lack(const struct search_text *text, const char *p, size_t n)
{
    static const struct finder encoded = { .text = "=?", .len = 2, .place = { 0, 1 } };
    if (!fold_keeps(p, n) || finder_find(&encoded, p, n) != NULL)
        return false;
    if (!text->ascii)
        return true;
    return text->word.len > 0 && finder_find_any_case(&text->word, p, n) == FIND_NOTHING;
}

/* Looks in one field: its value, and its name too if that is wanted. */
static enum message_status search_field(struct search *s, const struct field *f, bool with_name)
{
    if (fields_lack(s->text, f->raw, f->raw_len))
        return MESSAGE_OK;
    buffer_clear(&s->value);
    if (!make_stages(s) || !field_unfold_to_spaces(f, &s->value))
        return MESSAGE_NOMEM;
    struct message_sink *sink = &s->stages->fold.sink;
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
    if (status == MESSAGE_OK && fields_lack(s->text, header, len))
        return MESSAGE_OK;
    while (status == MESSAGE_OK && header_next(header, len, &pos, &f))
        status = search_field(s, &f, true);
    return status;
}

/* ---- bodies ---- */

/* Looks in the next n octets of a body where they lie. *passed_r of them are done with then:
 * the others are the beginning of a match, perhaps. FIND_UNSURE: the stages must do it. */
static enum find_result search_octets(const struct search_text *text, const char *p, size_t n,
                                      bool last, size_t *passed_r)
{
    size_t overlap = last ? 0 : text->len - 1;
    if (!last && n > 1 && p[n - 1] == '\r')
        n--; /* an LF may follow */
    if (n <= overlap || !fold_keeps(p, n))
        return FIND_UNSURE;
    *passed_r = n - overlap;
    if (!text->ascii)
        return FIND_NOTHING;
    if (text->has_line_end && memchr(p, '\r', n) != NULL)
        return FIND_UNSURE;
    return finder_find_any_case(&text->finder, p, n);
}

/* Looks in a body where it lies. *sure_r: that could be done, and is the answer. */
static enum message_status search_plain_body(struct search *s, const struct part *p,
                                             bool *sure_r)
{
    struct message_input *in = s->msg->in;
    uint64_t at = p->body.raw;
    uint64_t left = p->body.raw_len;
    *sure_r = false;
    if (in->peek == NULL && s->plain == NULL && (s->plain = malloc(PLAIN_CHUNK)) == NULL)
        return MESSAGE_NOMEM;
    while (left > 0) {
        const char *octets;
        size_t want = left < PLAIN_CHUNK ? (size_t)left : PLAIN_CHUNK;
        ssize_t got = message_input_get(in, s->plain, want, at, &octets);
        if (got < 0)
            return MESSAGE_IO;
        if (got == 0)
            return MESSAGE_CHANGED;
        bool last = (uint64_t)got == left;
        size_t passed = 0;
        enum find_result result = search_octets(s->text, octets, (size_t)got, last, &passed);
        if (result == FIND_UNSURE)
            return MESSAGE_OK;
        s->found = result == FIND_FOUND;
        if (s->found || last)
            break;
        at += passed;
        left -= passed;
    }
    *sure_r = true;
    return s->found ? MESSAGE_SINK : MESSAGE_OK;
}

static enum message_status search_part_body(struct search *s, const struct part *p)
{
    enum body_text_kind kind;
    bool done = false;
    enum message_status status = body_text_kind(p, &kind);
    if (status == MESSAGE_OK && kind == BODY_PLAIN)
        status = search_plain_body(s, p, &done);
    if (status != MESSAGE_OK || done || kind == BODY_NO_TEXT)
        return status;
    if (!make_stages(s) ||
        (s->stages->body == NULL && (s->stages->body = body_text_new()) == NULL))
        return MESSAGE_NOMEM;
    return search_end(s, body_text_write(s->stages->body, s->msg, p, &s->stages->fold.sink));
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
        if (status == MESSAGE_OK)
            status = search_part_body(s, p);
    }
    return status;
}

enum message_status search_header_lines(const char *lines, size_t n, const char *field,
                                        const struct search_text *text, bool *found_r)
{
    struct search s;
    enum message_status status = MESSAGE_OK;
    size_t pos = 0;
    struct field f;
    search_init(&s, NULL, text);
    while (status == MESSAGE_OK && header_next(lines, n, &pos, &f)) {
        if (!field_is(&f, field))
            continue;
        s.found = text->len == 0;
        status = s.found ? MESSAGE_SINK : search_field(&s, &f, false);
    }
    return search_result(&s, status, found_r);
}

enum message_status message_search_header(const struct message *msg, const char *field,
                                          const struct search_text *text, bool *found_r)
{
    const struct part *root = &msg->part[0];
    return search_header_lines(root->fields, root->fields_len, field, text, found_r);
}

enum message_status message_search_body(const struct message *msg,
                                        const struct search_text *text, bool *found_r)
{
    *found_r = text->len == 0;
    if (*found_r)
        return MESSAGE_OK;
    struct search s;
    search_init(&s, msg, text);
    return search_result(&s, search_parts(&s, false), found_r);
}

enum message_status message_search_text(const struct message *msg,
                                        const struct search_text *text, bool *found_r)
{
    *found_r = text->len == 0;
    if (*found_r)
        return MESSAGE_OK;
    struct search s;
    search_init(&s, msg, text);
    enum message_status status = search_part_header(&s, &msg->part[0]);
    if (status == MESSAGE_OK)
        status = search_parts(&s, true);
    return search_result(&s, status, found_r);
}
