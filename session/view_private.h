/* What view.c, view_sync.c and modseq.c share. */
#ifndef SESSION_VIEW_PRIVATE_H
#define SESSION_VIEW_PRIVATE_H

#include "session/view.h"

/* The index of the first of n ascending UIDs that is at least this one. */
size_t uid_lower_bound(const uint32_t *uid, size_t n, uint32_t wanted);

/* Puts a message behind the last one; its UID is higher. False: no memory, nothing changed. */
bool view_add(struct view *v, const struct message_info *info);

/* Takes back what was added behind the first `count` messages. */
void view_cut(struct view *v, size_t count);

/* Whether a message that is, or was, in the view is counted in `recent`. */
bool view_is_fresh(const struct view *v, uint32_t uid);

/* The client knows nothing but what SELECT tells. */
void view_begin_modseqs(struct view *v);
/* It was told the news: view.modseqs.known is what it knows now. */
void view_settle_modseqs(struct view *v);

#endif
