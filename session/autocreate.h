/* Folders that are made where a user has none: the setting `autocreate`. */
#ifndef SESSION_AUTOCREATE_H
#define SESSION_AUTOCREATE_H

#include "mailstore/store.h"

/* Makes and subscribes a folder, unless it is there or another folder has one of its uses.
 * `uses` is of enum special_use; 0: what the name says by itself. What can't be made is logged.
 */
void autocreate(struct store *store, const char *name, size_t n, unsigned uses);

#endif
