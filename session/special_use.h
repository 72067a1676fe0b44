/* What folders are for (RFC 6154): \Drafts, \Sent and so on. */
#ifndef SESSION_SPECIAL_USE_H
#define SESSION_SPECIAL_USE_H

#include "session/folders.h"

enum special_use {
    USE_ARCHIVE = 1 << 0,
    USE_DRAFTS = 1 << 1,
    USE_JUNK = 1 << 2,
    USE_SENT = 1 << 3,
    USE_TRASH = 1 << 4
};
#define SPECIAL_USES 5

/* As LIST tells them: bit i of enum special_use. */
extern const char *const special_use_name[SPECIAL_USES];

/* Sets `use` of those folders that have one, by their names: of several that could be the same,
 * the one whose name is the most usual (the order in special_use.c). Only mailboxes at the top,
 * which is where clients make them. */
void special_uses_mark(struct listed_folders *l);

/* Whether a folder of this name may have a use: others need not be looked for. */
bool special_use_possible(const char *name);

#endif
