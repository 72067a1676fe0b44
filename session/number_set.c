#include "session/number_set.h"

#include "net/stream.h"

void put_number_set(const struct view *v, struct stream *io, bool by_uid, const uint32_t *uid,
                    size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n;) {
        uint32_t first = message_number(v, by_uid, uid[i], &at);
        uint32_t last = first;
        if (i > 0)
            stream_puts(io, ",");
        stream_put_uint(io, first);
        for (i++; i < n; i++) {
            size_t before = at;
            if (message_number(v, by_uid, uid[i], &at) != last + 1) {
                at = before;
                break;
            }
            last++;
        }
        if (last > first) {
            stream_puts(io, ":");
            stream_put_uint(io, last);
        }
    }
}
