/* What the files of summaries share. */
#ifndef MESSAGE_SUMMARY_PRIVATE_H
#define MESSAGE_SUMMARY_PRIVATE_H

#include "message/summary.h"

/* A sink into a buffer. */
struct summary_collector {
    struct message_sink sink; /* first: the two are one address */
    struct buffer *out;
};

static inline bool summary_collect(struct message_sink *sink, const void *octets, size_t n)
{
    return buffer_append(((struct summary_collector *)sink)->out, octets, n);
}

/* What is behind the octet of the format; NULL: the value was made by other rules, or is none.
 */
static inline const char *summary_contents(const void *value, size_t n)
{
    const char *p = value;
    return n > 0 && p[0] == SUMMARY_FORMAT ? p + 1 : NULL;
}

/* Append what is behind it. */
enum message_status summary_put_fields(const struct message *msg, uint64_t fields,
                                       struct buffer *out);
enum message_status summary_put_search(const struct message *msg, struct buffer *out);
enum message_status summary_put_sort(const struct message *msg, struct buffer *out);
enum message_status summary_put_thread(const struct message *msg, struct buffer *out);

#endif
