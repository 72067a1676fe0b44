#include "session/vanished.h"

#include "net/stream.h"

#include <stdlib.h>

/* Of one response: 22 octets each, so that a line is no longer than the 64 KiB that clients
 * which limit their lines take. */
#define RANGES_PER_LINE 1000

bool uid_ranges_reserve(struct uid_ranges *set, size_t n)
{
    if (n <= set->room)
        return true;
    struct sequence_range *larger = reallocarray(set->range, n, sizeof *larger);
    if (larger == NULL)
        return false;
    set->range = larger;
    set->room = n;
    return true;
}

void uid_ranges_add(struct uid_ranges *set, uint32_t first, uint32_t last)
{
    if (set->count > 0 && set->range[set->count - 1].last + 1 == first) {
        set->range[set->count - 1].last = last;
        return;
    }
    if (set->count < set->room || uid_ranges_reserve(set, set->room * 2 + 16))
        set->range[set->count++] = (struct sequence_range){ first, last };
    else
        set->no_memory = true;
}

void uid_ranges_free(struct uid_ranges *set)
{
    free(set->range);
    *set = (struct uid_ranges){ 0 };
}

void put_vanished(struct stream *io, bool earlier, const struct uid_ranges *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct sequence_range *r = &set->range[i];
        if (i % RANGES_PER_LINE == 0)
            stream_puts(io, earlier ? "* VANISHED (EARLIER) " : "* VANISHED ");
        stream_put_uint(io, r->first);
        if (r->last > r->first) {
            stream_puts(io, ":");
            stream_put_uint(io, r->last);
        }
        bool ends = i + 1 == set->count || (i + 1) % RANGES_PER_LINE == 0;
        stream_puts(io, ends ? "\r\n" : ",");
    }
}
