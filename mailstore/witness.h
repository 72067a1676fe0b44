/*
 * A witness that nobody but us has changed a directory: inotify(7) tells of each change, by us
 * or by others, so when it has told of as many as we have made, there was no other. It proves
 * what timestamps can't: that no change by somebody else hides behind one of our own.
 *
 * One inotify instance a selected folder, made at its first change; where there is none to be
 * had (the kernel allows 128 a user), or the directory is another machine's, there is no
 * witness, and the directory is read again later (mailbox_own.c).
 */
#ifndef MAILSTORE_WITNESS_H
#define MAILSTORE_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

struct witness;

/* Watches the directory open at fd, which stays the caller's and open. NULL: can't. */
struct witness *witness_new(int fd);
void witness_free(struct witness *w);

/* From now on. What has been seen before is forgotten. */
void witness_begin(struct witness *w);

/* We have made so many changes: a rename inside of the directory is two, a name that came or
 * went is one. Nothing without a witness (NULL). */
void witness_expect(struct witness *w, uint32_t changes);

/* Takes in what has been told so far: to be called once in so many changes, since the kernel
 * keeps 16,384 and forgets what comes then. Nothing without a witness. */
#define WITNESS_TAKE_EVERY 1024
void witness_take(struct witness *w);

/* Whether since witness_begin there were no other changes than those expected. All changes that
 * a stat before this call could have shown are counted. Once false, false until witness_begin.
 */
bool witness_alone(struct witness *w);

#endif
