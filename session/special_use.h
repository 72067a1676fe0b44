/* What folders are for (RFC 6154): \Drafts, \Sent and so on. */
#ifndef SESSION_SPECIAL_USE_H
#define SESSION_SPECIAL_USE_H

#include "mailstore/special_use.h"
#include "session/folders.h"

/* Sets `use` of those folders that have one: what clients have said (mailstore/special_use.h),
 * and the uses that are left by the folders' names. Of several that could be the same, the one
 * whose name is the most usual (the order in special_use.c); only mailboxes at the top, which
 * is where clients make them. */
void special_uses_mark(struct store *store, struct listed_folders *l);

/* The same for one folder. Without memory none is known. */
unsigned special_uses_of(struct store *store, const char *name);

/* The use that a name says by itself; 0: none. */
unsigned special_use_usual(const char *name);

#endif
