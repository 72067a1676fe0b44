/*
 * What parsing gave of messages, kept, so that the next request reads no file: a value by
 * folder, kind and UID. A kind is a column of its own, so that a walk through one touches
 * nothing of the others. Which kinds there are and what a value says is the caller's affair
 * (message/summary.h); here it is octets.
 *
 * A message never changes, so a value holds as long as its UID. It may be missing at any time;
 * and it may outlive its message for a while, as EXPUNGE leaves it to index_cache_sweep.
 * A private index keeps none: that would be the session's own memory.
 */
#ifndef MAILSTORE_INDEX_CACHE_H
#define MAILSTORE_INDEX_CACHE_H

#include "mailstore/index_folder.h"

#define INDEX_CACHE_KINDS 8    /* from 0 */
#define INDEX_CACHE_MAX   8192 /* octets of a value */

/* The value, in a snapshot or a write transaction. *n_r 0: there is none. What *value_r points
 * to is good until the transaction ends, or writes; index_cache_sound says afterwards whether
 * what was read there counts. Asking for one kind by ascending UID goes through the column at
 * the speed of memory. */
bool index_cache_get(struct index *ix, uint32_t folder, unsigned kind, uint32_t uid,
                     const void **value_r, size_t *n_r);
bool index_cache_sound(struct index *ix);

/* Whether more can be kept: the index is shared, and has grown to less than half of
 * index_max_size, where it would be begun anew. With a transaction open or without. */
bool index_cache_room(struct index *ix);

/* In a write transaction: keeps a value of 1 to INDEX_CACHE_MAX octets. Ascending keys (kind,
 * then UID) fill pages up. */
bool index_cache_put(struct index *ix, const struct index_folder *f, unsigned kind,
                     uint32_t uid, const void *value, size_t n);

/* The mod-sequence up to which the values of expunged messages are gone; 0: no value is kept
 * for this folder. */
bool index_cache_swept(struct index *ix, uint32_t folder, uint64_t *modseq_r);

/* In a write transaction: removes the values of messages that are not there any more, by the
 * change table, or where that does not reach back far enough, by comparing all. */
bool index_cache_sweep(struct index *ix, const struct index_folder *f);

/* In a write transaction: forgets all of a folder. */
bool index_cache_clear(struct index *ix, uint32_t folder);

/* For a comparison: calls each() for every value of a folder, by kind and UID, until it returns
 * false. In a snapshot. */
bool index_cache_each(struct index *ix, uint32_t folder,
                      bool (*each)(void *ctx, unsigned kind, uint32_t uid, size_t n),
                      void *ctx);

#endif
