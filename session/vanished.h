/* The VANISHED response (RFC 7162 section 3.2.10). */
#ifndef SESSION_VANISHED_H
#define SESSION_VANISHED_H

#include "parser/sequence.h"

struct stream;

/* UIDs as ranges, ascending. All zero: none. */
struct uid_ranges {
    struct sequence_range *range; /* owned */
    size_t count, room;
    bool no_memory; /* some are missing */
};

/* Makes room for n in all. False: no memory. */
bool uid_ranges_reserve(struct uid_ranges *set, size_t n);
/* Adds first to last, which are above all others. */
void uid_ranges_add(struct uid_ranges *set, uint32_t first, uint32_t last);
void uid_ranges_free(struct uid_ranges *set);

/* Sends the response, or as many as make lines of a bearable length; nothing where there are no
 * UIDs. */
void put_vanished(struct stream *io, bool earlier, const struct uid_ranges *set);

#endif
