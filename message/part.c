#include "message/part.h"

#include <string.h>

bool part_field(const struct part *p, const char *name, struct field *f_r)
{
    return header_find(p->fields, p->fields_len, name, f_r);
}

bool part_content_type(const struct part *p, struct content_type *ct_r)
{
    struct field f;
    return !p->opaque && part_field(p, "Content-Type", &f) &&
           content_type_parse(f.value, f.value_len, ct_r);
}

bool part_is_default_message(const struct part *p)
{
    struct field f;
    return p->digest_default && !p->opaque && !part_field(p, "Content-Type", &f);
}

/* Cuts a header that was read in part after its last whole field, and off its empty line. */
static size_t whole_fields(const char *header, size_t len, bool complete, bool blank)
{
    if (complete && blank)
        return len - (len >= 2 && header[len - 2] == '\r' ? 2 : 1);
    if (complete)
        return len;
    struct field f;
    size_t pos = 0;
    size_t whole = 0;
    while (header_next(header, len, &pos, &f) && pos < len)
        whole = pos;
    return whole;
}

enum message_status part_header(const struct message *msg, const struct part *p,
                                struct buffer *out, const char **header_r, size_t *len_r)
{
    if (p->parent == PART_NONE) {
        *header_r = p->fields;
        *len_r = p->fields_len;
        return MESSAGE_OK;
    }
    bool complete = p->header.raw_len <= PART_HEADER_MAX;
    size_t want = complete ? (size_t)p->header.raw_len : PART_HEADER_MAX;
    buffer_clear(out);
    if (!buffer_reserve(out, want))
        return MESSAGE_NOMEM;
    while (out->len < want) {
        ssize_t got = msg->in->pread(msg->in, out->data + out->len, want - out->len,
                                     p->header.raw + out->len);
        if (got < 0)
            return MESSAGE_IO;
        if (got == 0)
            return MESSAGE_CHANGED;
        out->len += (size_t)got;
    }
    *header_r = out->data;
    *len_r = whole_fields(out->data, out->len, complete, p->blank);
    return MESSAGE_OK;
}
