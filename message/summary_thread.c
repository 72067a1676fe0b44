/*
 * By which messages a thread hangs together: behind the format the number of the own id (8
 * octets), then those of the references (8 each).
 */
#include "message/message_ids.h"
#include "message/part.h"
#include "message/summary_private.h"

#include <string.h>

/* Appends the ids of a field, no more than `most`. Returns how many. */
static size_t put_ids(const struct part *root, const char *name, size_t most,
                      struct buffer *out)
{
    struct field f;
    struct message_ids ids;
    size_t count = 0;
    if (!part_field(root, name, &f))
        return 0;
    message_ids_begin(&ids, f.value, f.value_len);
    while (count < most && message_ids_next(&ids)) {
        uint64_t id = message_id_hash(ids.id.data, ids.id.len);
        buffer_append(out, &id, sizeof id);
        count++;
    }
    out->failed |= !message_ids_end(&ids);
    return count;
}

enum message_status summary_put_thread(const struct message *msg, struct buffer *out)
{
    static const uint64_t none = 0;
    const struct part *root = &msg->part[0];
    if (put_ids(root, "Message-ID", 1, out) == 0)
        buffer_append(out, &none, sizeof none);
    if (put_ids(root, "References", SIZE_MAX, out) == 0)
        put_ids(root, "In-Reply-To", 1, out);
    return out->failed ? MESSAGE_NOMEM : MESSAGE_OK;
}

bool summary_thread(const void *value, size_t n, struct summary_thread *thread_r)
{
    const char *p = summary_contents(value, n);
    if (p == NULL || n - 1 < sizeof thread_r->id || (n - 1) % sizeof thread_r->id != 0)
        return false;
    memcpy(&thread_r->id, p, sizeof thread_r->id);
    thread_r->references = (n - 1) / sizeof thread_r->id - 1;
    thread_r->reference = p + sizeof thread_r->id;
    return true;
}

uint64_t summary_thread_reference(const struct summary_thread *thread, size_t i)
{
    uint64_t id;
    memcpy(&id, thread->reference + i * sizeof id, sizeof id);
    return id;
}
