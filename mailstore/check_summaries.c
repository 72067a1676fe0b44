/*
 * What the index keeps of messages (message/summary.h), against what is made of the messages
 * now. A value that was made by other rules is as good as none, and no difference.
 */
#include "mailstore/check_private.h"

#include "mailstore/index_cache.h"
#include "message/summary.h"

#include <string.h>

_Static_assert(SUMMARY_KINDS <= INDEX_CACHE_KINDS, "a kind has no column");
_Static_assert(SUMMARY_MAX == INDEX_CACHE_MAX, "a value that is made could not be kept");

static const char *const kind_name[SUMMARY_KINDS] = {
    [SUMMARY_ENVELOPE] = "ENVELOPE",
    [SUMMARY_FIELDS] = "header fields",
    [SUMMARY_SEARCH] = "search texts",
    [SUMMARY_STRUCTURE] = "BODYSTRUCTURE",
    [SUMMARY_BODY] = "BODY",
    [SUMMARY_SORT] = "sort keys",
    [SUMMARY_THREAD] = "thread references",
    [SUMMARY_PREVIEW] = "PREVIEW",
};

/* In the place of what is in *out. The snapshot is not held while a message is read. */
static bool kept(struct folder_check *fc, enum summary_kind kind, uint32_t uid,
                 struct buffer *out)
{
    struct index *ix = fc->c->index;
    const void *value;
    size_t n = 0;
    buffer_clear(out);
    bool ok = index_read(ix) && index_cache_get(ix, fc->f.id, kind, uid, &value, &n) && n > 0 &&
              buffer_append(out, value, n) && index_cache_sound(ix);
    index_release(ix);
    return ok && (unsigned char)out->data[0] == SUMMARY_FORMAT;
}

static void compare(struct folder_check *fc, uint32_t uid, enum summary_kind kind,
                    const struct message *msg, const struct buffer *value)
{
    struct buffer made;
    buffer_init(&made, SUMMARY_MAX);
    uint64_t fields =
        kind == SUMMARY_FIELDS ? summary_fields_covered(value->data, value->len) : 0;
    enum message_status status = summary_make(msg, kind, fields, &made);
    if (status != MESSAGE_OK || made.len != value->len ||
        memcmp(made.data, value->data, made.len) != 0)
        check_differs(fc, CURE_FORGET,
                      "the %s that the index keeps of UID %u are not the message's; --repair "
                      "begins the folder's index anew",
                      kind_name[kind], uid);
    buffer_free(&made);
}

bool check_summaries(struct folder_check *fc, uint32_t uid, struct message_input *in)
{
    struct message *msg = NULL;
    enum message_status status = MESSAGE_OK;
    struct buffer value;
    buffer_init(&value, SUMMARY_MAX);
    for (enum summary_kind kind = 0; kind < SUMMARY_KINDS && status == MESSAGE_OK; kind++) {
        if (!kept(fc, kind, uid, &value))
            continue;
        if (msg == NULL)
            status = message_parse(in, MESSAGE_WHOLE, &msg);
        if (status == MESSAGE_OK)
            compare(fc, uid, kind, msg, &value);
    }
    buffer_free(&value);
    message_free(msg);
    return status == MESSAGE_OK;
}
