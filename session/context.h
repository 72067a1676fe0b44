/*
 * Searches whose results the client keeps, and is told of each change of (RFC 5267 section 4.3:
 * SEARCH RETURN (UPDATE)). They belong to the view, and end with it.
 *
 * What fitted is remembered. When the view is brought up to date, what has come or was changed
 * is looked at again, and nothing else; only a search that has to do with time or with '*' is
 * repeated as a whole, and then, too, when something has changed (RFC 5032 section 2 lets
 * updates come late). Where what has changed can't be found out (no memory) an update ends with
 * NO [NOUPDATE].
 */
#ifndef SESSION_CONTEXT_H
#define SESSION_CONTEXT_H

#include "session/search.h"

/* Of one view. Each takes the program, and 4 octets for each message that fits. */
#define CONTEXTS_MAX 16

struct context_search {
    const char *tag; /* of the command that has asked; at most TAG_MAX octets */
    bool by_uid;
    struct search_program *program; /* in the arena; has run, and is released */
};

/* Whether a command with this tag is kept up to date. */
bool context_exists(const struct view *v, const char *tag);

/* Keeps a search up to date whose results are these, ascending. The arena's memory is the
 * context's from now on, and the arena empty. False, and nothing is changed: there are too
 * many, or no memory. */
bool context_add(struct view *v, const struct context_search *search, struct arena *arena,
                 const struct view_messages *found);

/* Ends the one of this tag. */
void context_cancel(struct view *v, const char *tag);

#endif
