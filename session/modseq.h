/*
 * HIGHESTMODSEQ of the selected folder (RFC 7162 sections 3.1.2 and 6).
 *
 * A client resynchronizes from the mod-sequence that it takes for the highest: the one that a
 * HIGHESTMODSEQ response code names, else the highest MODSEQ in the FETCH responses of a
 * command. What it was not told of below that it never hears of. So at the end of each command
 * its copy is made out, and where that is not what it knows it is corrected: down while
 * expunges wait for a command that may tell of them, up when they were told.
 */
#ifndef SESSION_MODSEQ_H
#define SESSION_MODSEQ_H

#include "session/view.h"

struct stream;

/* The highest mod-sequence of which the client knows everything; never 0. */
uint64_t view_highest_modseq(const struct view *v);

/* Sends "MODSEQ (...)" of one message (RFC 7162 section 3.1.4.2). */
void view_put_modseq(struct view *v, struct stream *io, const struct message_info *info);

/* Sends "HIGHESTMODSEQ n", which the client then takes over, or NOMODSEQ. */
void view_put_highest_modseq(struct view *v, struct stream *io);

/* Makes out the client's copy, as at a tagged response. Whether HIGHESTMODSEQ is to be sent. */
bool view_must_put_highest(struct view *v);

#endif
