/*
 * One pass over a message gives its parts with their offsets, sizes and line counts.
 *
 * A part ends where a boundary delimiter line of any multipart that is open around it begins
 * (RFC 2046 section 5.1.1), or with the message. So between the lines that begin with "--"
 * nothing is looked at: the scanner counts octets and line ends in bulk. A line that begins so
 * is held against each open boundary, at most MIME_DEPTH_MAX of them.
 *
 * Which boundary a line is: RFC 2046 wants no more than that the line begins with it ("an
 * exact match of the entire candidate line is not required"), and boundaries may be prefixes
 * of others, in mail of some mailers those of a multipart of its parts'. So the longest one
 * that fits counts, among equal ones the innermost that is not closed. One that is closed
 * stays known until its multipart ends, so that a line of it in the epilogue is not taken for
 * a shorter one.
 *
 * The line end before a delimiter belongs to the delimiter, also where it is the last of a
 * header that no empty line ends. Only the empty line that ends a header stays with it, and so
 * with all that the header is in: a part without a body is common, and other servers and their
 * clients take that line for the header's.
 *
 * A multipart without a boundary parameter is no multipart by the grammar: it is text/plain
 * (RFC 2045 section 5.2), so that what it holds can be read. One in which no delimiter is
 * found gets one empty part, for IMAP's grammar has no multipart without parts.
 */
#include "message/envelope.h"
#include "message/find.h"
#include "message/part.h"
#include "message/scanner.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A header alone is read in smaller steps, so that little of the body comes with it. */
#define HEADER_CHUNK 8192

/* What must be in sight to know a delimiter: "--", the boundary, "--". */
#define DELIMITER_LOOK (2 + BOUNDARY_MAX + 2)

struct boundary {
    uint32_t part; /* the multipart it is of */
    bool closed;   /* its close-delimiter was met */
    size_t len;
    char text[BOUNDARY_MAX];
};

struct parser {
    struct message *msg;
    struct scanner scan;
    uint32_t current;     /* the innermost open part */
    struct buffer header; /* the fields of the header being read */
    size_t fields_left;   /* of FIELDS_MAX */
    size_t found;         /* parts met, for MIME_PARTS_MAX */
    bool line_end_kept;   /* the one before this delimiter ends a header */
    size_t boundaries;
    struct boundary boundary[MIME_DEPTH_MAX];
};

static struct part *part_at(const struct parser *ps, uint32_t i)
{
    return &ps->msg->part[i];
}

/* ---- opening and closing parts ---- */

static struct span span_between(const struct octet_mark *from, const struct octet_mark *to)
{
    struct span span = { .raw = from->raw,
                         .raw_len = to->raw - from->raw,
                         .octets = to->octets - from->octets,
                         .lines = to->lines - from->lines };
    return span;
}

static bool part_grow(struct message *msg)
{
    if (msg->parts < msg->parts_cap)
        return true;
    size_t cap = msg->parts_cap == 0 ? 4 : msg->parts_cap * 2;
    struct part *part = realloc(msg->part, cap * sizeof *part);
    if (part == NULL)
        return false;
    msg->part = part;
    msg->parts_cap = cap;
    return true;
}

/* Adds a part at the scanner's place and makes it the current one. The limit of parts is the
 * caller's to look at. */
static enum message_status part_open(struct parser *ps, uint32_t parent)
{
    struct message *msg = ps->msg;
    if (!part_grow(msg))
        return MESSAGE_NOMEM;
    uint32_t i = (uint32_t)msg->parts++;
    struct part *p = &msg->part[i];
    memset(p, 0, sizeof *p);
    p->parent = parent;
    p->first = p->last = p->next = PART_NONE;
    p->header = p->body = (struct span){ .raw = ps->scan.mark.raw };
    if (parent != PART_NONE) {
        struct part *up = &msg->part[parent];
        p->depth = up->depth + 1;
        if (up->first == PART_NONE)
            up->first = i;
        else
            msg->part[up->last].next = i;
        up->last = i;
    }
    ps->current = i;
    return MESSAGE_OK;
}

/* While a part is open its body span holds the mark of its beginning. */
static void body_begin(struct part *p, const struct octet_mark *mark)
{
    p->body.raw = mark->raw;
    p->body.octets = mark->octets;
    p->body.lines = mark->lines;
}

static void body_end(struct part *p, const struct octet_mark *end)
{
    struct octet_mark begin = { p->body.raw, p->body.octets, p->body.lines };
    p->body = span_between(&begin, end);
}

/* Past the limit of parts: everything is one opaque part. */
static enum message_status make_opaque(struct parser *ps)
{
    struct message *msg = ps->msg;
    for (size_t i = 1; i < msg->parts; i++)
        free(msg->part[i].fields);
    msg->parts = 1;
    struct part *root = &msg->part[0];
    root->kind = PART_LEAF;
    root->opaque = true;
    root->first = root->last = PART_NONE;
    ps->current = 0;
    ps->boundaries = 0;
    return scanner_skip_all(&ps->scan);
}

/* Takes the last line end, which a delimiter line follows, from the header of a part that has
 * no body. */
static void give_line_end(struct part *p, const struct octet_mark *end)
{
    p->header.octets -= p->body.octets - end->octets;
    p->header.lines -= p->body.lines - end->lines;
    p->header.raw_len -= p->body.raw - end->raw;
    body_begin(p, end);
}

/* The end of the current part where a delimiter line begins. */
static struct octet_mark end_at_delimiter(struct parser *ps, struct part *p)
{
    struct octet_mark end = ps->scan.mark;
    struct octet_mark before = scanner_before_line_end(&ps->scan);
    if (p->body.raw == end.raw) {
        if (p->blank)
            ps->line_end_kept = true;
        else if (p->header.raw_len > 0)
            give_line_end(p, &before);
        return p->blank || p->header.raw_len == 0 ? end : before;
    }
    return ps->line_end_kept ? end : before;
}

/* Closes the current part; its parent (or PART_NONE) is current then. at_delimiter: the place
 * is the beginning of a delimiter line, not the end of the message. */
static enum message_status part_close(struct parser *ps, bool at_delimiter)
{
    uint32_t i = ps->current;
    if (part_at(ps, i)->kind == PART_MULTIPART && part_at(ps, i)->first == PART_NONE) {
        enum message_status status = part_open(ps, i);
        if (status != MESSAGE_OK)
            return status;
    }
    struct part *p = part_at(ps, i);
    struct octet_mark end = at_delimiter ? end_at_delimiter(ps, p) : ps->scan.mark;
    body_end(p, &end);
    ps->current = p->parent;
    return MESSAGE_OK;
}

/* Closes parts until the one given is current. */
static enum message_status close_below(struct parser *ps, uint32_t part, bool at_delimiter)
{
    while (ps->current != part) {
        enum message_status status = part_close(ps, at_delimiter);
        if (status != MESSAGE_OK)
            return status;
    }
    return MESSAGE_OK;
}

/* ---- delimiters ---- */

static bool fits(const struct boundary *b, const char *text, size_t n)
{
    return b->len <= n && memcmp(b->text, text, b->len) == 0;
}

/* Whether the line that begins here is a delimiter; which boundary's is *found_r, NULL for
 * none. */
static enum message_status match_delimiter(struct parser *ps, struct boundary **found_r)
{
    *found_r = NULL;
    if (ps->boundaries == 0)
        return MESSAGE_OK;
    enum message_status status = scanner_fill(&ps->scan, DELIMITER_LOOK);
    if (status != MESSAGE_OK)
        return status;
    const char *p = scanner_at(&ps->scan);
    size_t n = scanner_available(&ps->scan);
    if (n < 2 || p[0] != '-' || p[1] != '-')
        return MESSAGE_OK;
    struct boundary *best = NULL;
    for (size_t i = ps->boundaries; i-- > 0;) {
        struct boundary *b = &ps->boundary[i];
        bool better = best == NULL || b->len > best->len ||
                      (b->len == best->len && best->closed && !b->closed);
        if (better && fits(b, p + 2, n - 2))
            best = b;
    }
    *found_r = best;
    return MESSAGE_OK;
}

/* Passes octets up to the next line that begins with "--", or to the end. */
static enum message_status skip_to_dashes(struct scanner *s)
{
    static const struct finder dashes = { .text = "\n--", .len = 3, .place = { 0, 1 } };
    for (;;) {
        enum message_status status = scanner_fill(s, dashes.len);
        size_t n = scanner_available(s);
        if (status != MESSAGE_OK)
            return status;
        const char *p = scanner_at(s);
        const char *hit = finder_find(&dashes, p, n);
        if (hit != NULL) {
            scanner_advance(s, (size_t)(hit - p) + 1);
            return MESSAGE_OK;
        }
        if (s->eof) {
            scanner_advance(s, n);
            return MESSAGE_OK;
        }
        scanner_advance(s, n - (dashes.len - 1));
    }
}

/* Passes octets up to the next delimiter line of a boundary that is not closed. NULL: there is
 * none. The scanner is at the beginning of a line. */
static enum message_status next_delimiter(struct parser *ps, struct boundary **found_r)
{
    *found_r = NULL;
    if (ps->boundaries == 0)
        return scanner_skip_all(&ps->scan);
    for (;;) {
        enum message_status status = match_delimiter(ps, found_r);
        if (status != MESSAGE_OK || (*found_r != NULL && !(*found_r)->closed))
            return status;
        *found_r = NULL;
        status = skip_to_dashes(&ps->scan);
        if (status != MESSAGE_OK || scanner_available(&ps->scan) == 0)
            return status;
    }
}

/* ---- headers ---- */

/* The length of the empty line that begins here; 0 when the line is not empty. */
static size_t blank_line(const char *p, size_t n)
{
    if (n >= 1 && p[0] == '\n')
        return 1;
    if (n >= 2 && p[0] == '\r' && p[1] == '\n')
        return 2;
    return 0;
}

/* Passes a line and appends it to the header, unless that is full: then *full is set. */
static enum message_status take_header_line(struct parser *ps, bool *full)
{
    struct scanner *s = &ps->scan;
    struct buffer *h = &ps->header;
    for (;;) {
        enum message_status status = scanner_fill(s, 1);
        size_t n = scanner_available(s);
        if (status != MESSAGE_OK || n == 0)
            return status;
        const char *p = scanner_at(s);
        const char *lf = memchr(p, '\n', n);
        if (lf != NULL)
            n = (size_t)(lf - p) + 1;
        if (n > h->max - h->len)
            *full = true;
        if (!*full && !buffer_append(h, p, n))
            return MESSAGE_NOMEM;
        scanner_advance(s, n);
        if (lf != NULL)
            return MESSAGE_OK;
    }
}

/* Reads the fields into ps->header, those that fit, and stops before the empty line, a
 * delimiter or the end. */
static enum message_status read_fields(struct parser *ps)
{
    struct scanner *s = &ps->scan;
    size_t whole = 0; /* the header up to here is whole fields */
    bool full = false;
    for (;;) {
        enum message_status status = scanner_fill(s, 2);
        if (status != MESSAGE_OK)
            return status;
        const char *p = scanner_at(s);
        size_t n = scanner_available(s);
        bool stop = n == 0 || blank_line(p, n) > 0;
        if (!stop && p[0] == '-') {
            struct boundary *b;
            status = match_delimiter(ps, &b);
            if (status != MESSAGE_OK)
                return status;
            p = scanner_at(s); /* the window may have moved */
            stop = b != NULL;
        }
        if (!full && (stop || (p[0] != ' ' && p[0] != '\t')))
            whole = ps->header.len;
        if (stop)
            break;
        status = take_header_line(ps, &full);
        if (status != MESSAGE_OK)
            return status;
    }
    ps->header.len = whole;
    return MESSAGE_OK;
}

/* Whether a part keeps a field in memory. */
static bool field_kept(const struct part *p, bool in_message, const struct field *f)
{
    if (p->parent == PART_NONE)
        return true;
    static const char content[] = "Content-";
    size_t n = sizeof content - 1;
    if (f->name_len > n && strncasecmp(f->name, content, n) == 0)
        return true;
    return in_message && envelope_field(f);
}

/* Moves the fields that are kept to the front of ps->header. */
static void select_fields(struct parser *ps, const struct part *p)
{
    bool in_message = part_at(ps, p->parent)->kind == PART_MESSAGE;
    struct buffer *h = &ps->header;
    size_t pos = 0;
    size_t kept = 0;
    struct field f;
    while (header_next(h->data, h->len, &pos, &f)) {
        if (!field_kept(p, in_message, &f))
            continue;
        memmove(h->data + kept, f.raw, f.raw_len);
        kept += f.raw_len;
    }
    h->len = kept;
}

static enum message_status keep_fields(struct parser *ps, struct part *p)
{
    if (p->parent == PART_NONE) {
        p->fields = ps->header.data;
        p->fields_len = ps->header.len;
        buffer_init(&ps->header, 0);
        return MESSAGE_OK;
    }
    select_fields(ps, p);
    if (ps->header.len > ps->fields_left) {
        p->opaque = true;
        return MESSAGE_OK;
    }
    ps->fields_left -= ps->header.len;
    if (ps->header.len == 0)
        return MESSAGE_OK;
    p->fields = malloc(ps->header.len);
    if (p->fields == NULL)
        return MESSAGE_NOMEM;
    memcpy(p->fields, ps->header.data, ps->header.len);
    p->fields_len = ps->header.len;
    return MESSAGE_OK;
}

/* Reads the header of the current part, up to its body. */
static enum message_status read_header(struct parser *ps)
{
    struct octet_mark begin = ps->scan.mark;
    buffer_clear(&ps->header);
    ps->header.max =
        part_at(ps, ps->current)->parent == PART_NONE ? HEADER_MAX : PART_HEADER_MAX;
    enum message_status status = read_fields(ps);
    if (status != MESSAGE_OK)
        return status;
    struct part *p = part_at(ps, ps->current);
    size_t blank = blank_line(scanner_at(&ps->scan), scanner_available(&ps->scan));
    scanner_advance(&ps->scan, blank);
    p->blank = blank > 0;
    p->header = span_between(&begin, &ps->scan.mark);
    body_begin(p, &ps->scan.mark);
    return keep_fields(ps, p);
}

/* ---- structure ---- */

/* Makes the part a multipart and its boundary known, if it has one. */
static enum message_status begin_multipart(struct parser *ps, struct part *p,
                                           const struct content_type *ct)
{
    struct buffer text;
    buffer_init(&text, HEADER_MAX);
    bool found = content_param_find(ct->params, "boundary", &text);
    if (text.failed) {
        buffer_free(&text);
        return MESSAGE_NOMEM;
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    if (!found || text.len == 0 || text.len > BOUNDARY_MAX || p->depth >= MIME_DEPTH_MAX) {
        p->opaque = true;
    } else {
        struct boundary *b = &ps->boundary[ps->boundaries++];
        b->part = ps->current;
        b->closed = false;
        b->len = text.len;
        memcpy(b->text, text.data, text.len);
        p->kind = PART_MULTIPART;
        p->digest = content_type_is(ct, "multipart", "digest");
    }
    buffer_free(&text);
    return MESSAGE_OK;
}

/* Finds out what the current part is, from its fields. */
static enum message_status classify(struct parser *ps)
{
    struct part *p = part_at(ps, ps->current);
    if (p->opaque)
        return MESSAGE_OK;
    struct content_type ct;
    bool typed = part_content_type(p, &ct);
    if (typed && content_type_is(&ct, "multipart", NULL))
        return begin_multipart(ps, p, &ct);
    if (typed ? !content_type_is(&ct, "message", "rfc822") : !part_is_default_message(p))
        return MESSAGE_OK;
    if (p->depth >= MIME_DEPTH_MAX)
        p->opaque = true;
    else
        p->kind = PART_MESSAGE;
    return MESSAGE_OK;
}

/* Opens a part here and reads its header, and, while it is a message, that of the message in
 * it. *full_r: the limit of parts is reached. */
static enum message_status begin_part(struct parser *ps, uint32_t parent, bool *full_r)
{
    do {
        *full_r = ps->found == MIME_PARTS_MAX;
        if (*full_r)
            return MESSAGE_OK;
        ps->found++;
        enum message_status status = part_open(ps, parent);
        if (status != MESSAGE_OK)
            return status;
        struct part *p = part_at(ps, ps->current);
        p->digest_default = parent != PART_NONE && part_at(ps, parent)->digest;
        status = read_header(ps);
        if (status == MESSAGE_OK)
            status = classify(ps);
        if (status != MESSAGE_OK)
            return status;
        parent = ps->current;
    } while (part_at(ps, parent)->kind == PART_MESSAGE);
    return MESSAGE_OK;
}

/* At a delimiter line: ends the parts it ends and begins the one it begins. */
static enum message_status take_delimiter(struct parser *ps, struct boundary *b, bool *full_r)
{
    ps->line_end_kept = false;
    enum message_status status = close_below(ps, b->part, true);
    if (status != MESSAGE_OK)
        return status;
    ps->boundaries = (size_t)(b - ps->boundary) + 1;
    const char *after = scanner_at(&ps->scan) + 2 + b->len;
    size_t n = scanner_available(&ps->scan) - 2 - b->len;
    b->closed = n >= 2 && after[0] == '-' && after[1] == '-';
    status = scanner_skip_line(&ps->scan);
    if (status != MESSAGE_OK || b->closed)
        return status;
    return begin_part(ps, b->part, full_r);
}

static enum message_status parse_structure(struct parser *ps)
{
    bool full = false;
    for (;;) {
        struct boundary *b;
        enum message_status status = next_delimiter(ps, &b);
        if (status == MESSAGE_OK && b != NULL)
            status = take_delimiter(ps, b, &full);
        if (status == MESSAGE_OK && full)
            status = make_opaque(ps);
        if (status != MESSAGE_OK)
            return status;
        if (b == NULL || full)
            return close_below(ps, PART_NONE, false);
    }
}

enum message_status mime_parse(struct message *msg, enum message_depth depth)
{
    struct parser *ps = malloc(sizeof *ps);
    if (ps == NULL)
        return MESSAGE_NOMEM;
    ps->msg = msg;
    ps->current = PART_NONE;
    ps->fields_left = FIELDS_MAX;
    ps->found = 0;
    ps->boundaries = 0;
    buffer_init(&ps->header, HEADER_MAX);
    enum message_status status =
        scanner_init(&ps->scan, msg->in, depth == MESSAGE_HEADER ? HEADER_CHUNK : SCANNER_SIZE);
    bool full = false;
    if (status == MESSAGE_OK && depth == MESSAGE_HEADER) {
        status = part_open(ps, PART_NONE);
        if (status == MESSAGE_OK)
            status = read_header(ps);
    } else if (status == MESSAGE_OK) {
        status = begin_part(ps, PART_NONE, &full);
        if (status == MESSAGE_OK)
            status = parse_structure(ps);
    }
    scanner_free(&ps->scan);
    buffer_free(&ps->header);
    free(ps);
    return status;
}
