#include "message/summary.h"

#include "message/preview.h"
#include "message/summary_private.h"

enum message_depth summary_depth(enum summary_kind kind)
{
    bool whole = kind == SUMMARY_STRUCTURE || kind == SUMMARY_BODY || kind == SUMMARY_PREVIEW;
    return whole ? MESSAGE_WHOLE : MESSAGE_HEADER;
}

bool summary_kept_unasked(enum summary_kind kind)
{
    return kind != SUMMARY_BODY && kind != SUMMARY_SORT && kind != SUMMARY_THREAD &&
           kind != SUMMARY_PREVIEW;
}

enum message_status summary_make(const struct message *msg, enum summary_kind kind,
                                 uint64_t fields, struct buffer *out)
{
    if (!buffer_putc(out, SUMMARY_FORMAT))
        return MESSAGE_NOMEM;
    switch (kind) {
    case SUMMARY_ENVELOPE:
        return message_envelope(msg, out);
    case SUMMARY_FIELDS:
        return summary_put_fields(msg, fields, out);
    case SUMMARY_SEARCH:
        return summary_put_search(msg, out);
    case SUMMARY_STRUCTURE:
        return message_structure(msg, true, out);
    case SUMMARY_SORT:
        return summary_put_sort(msg, out);
    case SUMMARY_THREAD:
        return summary_put_thread(msg, out);
    case SUMMARY_PREVIEW:
        return message_preview(msg, out);
    case SUMMARY_BODY:
    case SUMMARY_KINDS:
        break;
    }
    return message_structure(msg, false, out);
}

bool summary_text(const void *value, size_t n, const char **text_r, size_t *len_r)
{
    const char *p = summary_contents(value, n);
    /* It is a list in parentheses, whichever it is. */
    if (p == NULL || n - 1 < 2 || p[0] != '(' || p[n - 2] != ')')
        return false;
    *text_r = p;
    *len_r = n - 1;
    return true;
}

bool summary_preview(const void *value, size_t n, const char **text_r, size_t *len_r)
{
    const char *p = summary_contents(value, n);
    if (p == NULL || n - 1 > PREVIEW_OCTETS_MAX)
        return false;
    *text_r = p;
    *len_r = n - 1;
    return true;
}
