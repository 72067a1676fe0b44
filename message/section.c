/*
 * Part numbers (RFC 3501 section 6.4.5).
 *
 * A number names a part of what a message, or a multipart, is made of. A message that is no
 * multipart has one part, 1: its body. So on the way down it matters whether a part of the
 * tree is meant as a message or as a body part, though for such a message both are the same
 * one: BODY[1] of it is a body part, whose MIME header is the message's header.
 */
#include "message/section.h"

#include "message/part.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct part *nth_child(const struct message *msg, const struct part *p, uint32_t n)
{
    uint32_t i = p->first;
    while (i != PART_NONE && --n > 0)
        i = msg->part[i].next;
    return i == PART_NONE ? NULL : &msg->part[i];
}

const struct part *part_by_number(const struct message *msg, const struct section *section)
{
    if (section->depth > SECTION_DEPTH_MAX)
        return NULL;
    const struct part *p = &msg->part[0];
    bool as_message = true;
    for (size_t d = 0; d < section->depth; d++) {
        uint32_t n = section->part[d];
        if (n == 0)
            return NULL;
        if (!as_message && p->kind == PART_MESSAGE) {
            p = &msg->part[p->first];
            as_message = true;
        }
        if (p->kind == PART_MULTIPART)
            p = nth_child(msg, p, n);
        else if (!as_message || n != 1)
            p = NULL;
        if (p == NULL)
            return NULL;
        as_message = false;
    }
    return p;
}

static void from_span(struct section_data *data, const struct span *span)
{
    data->exists = true;
    data->raw = span->raw;
    data->raw_len = span->raw_len;
    data->octets = span->octets;
}

/* The whole message: its header and its body, which are side by side. */
static void from_message(struct section_data *data, const struct part *root)
{
    from_span(data, &root->header);
    data->raw_len += root->body.raw_len;
    data->octets += root->body.octets;
}

static int compare_names(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_field(const void *field, const void *name)
{
    const struct field *f = field;
    const char *s = *(const char *const *)name;
    int order = strncasecmp(f->name, s, f->name_len);
    return order != 0 ? order : -(s[f->name_len] != '\0');
}

/* Appends octets as they are sent. */
static void append_converted(struct buffer *out, const char *p, size_t n, unsigned char *last)
{
    if (n > SIZE_MAX / 2 || !buffer_reserve(out, n * 2)) {
        out->failed = true;
        return;
    }
    out->len += octets_convert(out->data + out->len, p, n, last);
}

/* HEADER.FIELDS and HEADER.FIELDS.NOT: the fields in their order and folding, then the empty
 * line, if the message has one. The names are sorted first, so that a header of many fields
 * against a list of many names costs no more than a logarithm. */
static enum message_status make_fields(const struct section *section, const char *header,
                                       size_t len, bool blank, struct buffer *out)
{
    const char **names = calloc(section->fields + 1, sizeof *names);
    if (names == NULL)
        return MESSAGE_NOMEM;
    for (size_t i = 0; i < section->fields; i++)
        names[i] = section->field[i];
    qsort(names, section->fields, sizeof *names, compare_names);

    bool wanted = section->text == SECTION_HEADER_FIELDS;
    unsigned char last = 0;
    size_t pos = 0;
    struct field f;
    while (header_next(header, len, &pos, &f)) {
        bool listed = bsearch(&f, names, section->fields, sizeof *names, compare_field) != NULL;
        if (listed == wanted)
            append_converted(out, f.raw, f.raw_len, &last);
    }
    if (blank)
        buffer_puts(out, "\r\n");
    free(names);
    return out->failed ? MESSAGE_NOMEM : MESSAGE_OK;
}

static enum message_status from_fields(const struct message *msg, const struct section *section,
                                       const struct part *p, struct section_data *data)
{
    struct buffer scratch;
    buffer_init(&scratch, PART_HEADER_MAX);
    const char *header;
    size_t len;
    enum message_status status = part_header(msg, p, &scratch, &header, &len);
    /* Each LF may become CRLF, and the empty line comes at the end. */
    data->made.max = HEADER_MAX * 2 + 2;
    if (status == MESSAGE_OK)
        status = make_fields(section, header, len, p->blank, &data->made);
    buffer_free(&scratch);
    data->exists = status == MESSAGE_OK;
    data->use_made = true;
    data->octets = data->made.len;
    return status;
}

enum message_status message_section(const struct message *msg, const struct section *section,
                                    struct section_data *data_r)
{
    memset(data_r, 0, sizeof *data_r);
    buffer_init(&data_r->made, 0);
    const struct part *p = part_by_number(msg, section);
    if (p == NULL)
        return MESSAGE_OK;
    if (section->text == SECTION_ALL) {
        if (section->depth == 0)
            from_message(data_r, p);
        else
            from_span(data_r, &p->body);
        return MESSAGE_OK;
    }
    if (section->text == SECTION_MIME) {
        if (section->depth > 0)
            from_span(data_r, &p->header);
        return MESSAGE_OK;
    }
    /* The rest is of a message: this one, or the one in a message/rfc822 part. */
    if (section->depth > 0) {
        if (p->kind != PART_MESSAGE)
            return MESSAGE_OK;
        p = &msg->part[p->first];
    }
    if (section->text == SECTION_HEADER)
        from_span(data_r, &p->header);
    else if (section->text == SECTION_TEXT)
        from_span(data_r, &p->body);
    else
        return from_fields(msg, section, p, data_r);
    return MESSAGE_OK;
}

void section_data_free(struct section_data *data)
{
    buffer_free(&data->made);
}
