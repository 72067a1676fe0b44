/*
 * Which messages changed when: (folder, mod-sequence) to UIDs, so that "what changed since"
 * costs what changed. An entry says that the message changed then; it may have changed again.
 *
 * Not for ever: of a folder with n messages about n / 4 + 16,384 changes are kept, the last
 * ones. Below index_folder.floor the records themselves must be looked through, and expunges
 * are not known.
 */
#ifndef MAILSTORE_INDEX_CHANGE_H
#define MAILSTORE_INDEX_CHANGE_H

#include "mailstore/index_folder.h"

#define INDEX_EXPUNGED 0x80000000U /* in a UID here: it is gone */

/* In a write transaction: n UIDs (each with INDEX_EXPUNGED, or without), in any order, changed
 * at `modseq`, which is no lower than any added before. Adds to f->changes, and where that is
 * too many takes the oldest out and raises f->floor; f is to be put by the caller. May be
 * called several times with one mod-sequence. Only whole mod-sequences are taken out: where one
 * alone is too many, f->floor becomes it, and what is added of it afterwards is not kept. */
bool index_change_add(struct index *ix, struct index_folder *f, uint64_t modseq,
                      const uint32_t *uid, size_t n);

/* Calls each() for the changes above `since`, oldest first; false from it ends that. `since`
 * must be at least the folder's floor. */
bool index_change_each(struct index *ix, uint32_t folder, uint64_t since,
                       bool (*each)(void *ctx, uint32_t uid, uint64_t modseq), void *ctx);

/* In a write transaction: forgets all of a folder. */
bool index_change_clear(struct index *ix, uint32_t folder);

#endif
