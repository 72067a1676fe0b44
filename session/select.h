/*
 * Going into a folder and leaving it. Clients come back: to the folder that they have selected,
 * to make their numbers begin anew, and from another one to INBOX. So the last folder that was
 * left stays open, parked, and SELECT of it costs no more than a look at it.
 */
#ifndef SESSION_SELECT_H
#define SESSION_SELECT_H

#include "session/view.h"

/* Selects the folder `name`, `examine` as EXAMINE does; what *v was is left first, and stays
 * left if this fails. What is selected is as if it had just been opened, parked or not. */
enum store_error select_folder(struct view *v, struct view *parked, struct store *store,
                               const char *name, bool examine);

/* Leaves what is selected, if anything; *parked, closed if there was one, is that then, where
 * it can be kept. */
void select_leave(struct view *v, struct view *parked);

#endif
