/* What the files of summaries share. */
#ifndef MESSAGE_SUMMARY_PRIVATE_H
#define MESSAGE_SUMMARY_PRIVATE_H

#include "message/summary.h"

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

#endif
