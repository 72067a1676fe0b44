/*
 * Small files that belong to the whole account: read whole, and replaced whole under a lock
 * (mailstore/dotlock.h) by a rename, so that who reads needs none.
 */
#ifndef MAILSTORE_SMALL_FILE_H
#define MAILSTORE_SMALL_FILE_H

#include "base/buffer.h"
#include "mailstore/dotlock.h"

#include <sys/stat.h>

/* Appends a file of `dir`, up to the buffer's ceiling (STORE_LIMIT), to text; *mode_r are its
 * permissions. STORE_NONEXISTENT: there is none; STORE_CORRUPT: it is no regular file. */
enum store_error small_file_read(int dir, const char *name, struct buffer *text,
                                 mode_t *mode_r);

/* Replaces dir/name by a file of that text, durably, by way of new_name: one fixed name, so
 * that what a killed process leaves is overwritten by the next. The lock is the caller's:
 * STORE_INUSE when it was lost. On an error the old file stands. */
enum store_error small_file_replace(int dir, const char *name, const char *new_name,
                                    const struct buffer *text, mode_t mode,
                                    struct dotlock *lock);

#endif
