/*
 * Giving up root, for good. Every function verifies what it did: a change that failed or took
 * effect only in part is false, and the process must end.
 */
#ifndef AUTH_BECOME_H
#define AUTH_BECOME_H

#include "auth/identity.h"

#include <stdbool.h>
#include <sys/types.h>

/* As root: these groups, this gid, this uid, in real, effective and saved; then reads all of it
 * back, the capabilities too, and tries to become root again, which must fail. uid 0 is
 * refused. process_hide is called, as a change of uid undoes it. Says what failed in the log.
 */
bool become(uid_t uid, gid_t gid, const gid_t *group, size_t group_count);

/* The same for a user. Without root nothing can change and nothing is changed: true if this
 * process is that user's already. */
bool become_user(const struct identity *id);

/* The gate's place: an empty directory that has no name any more, so that it can't be left,
 * found or filled; the user and group of login_user; no new privileges by exec; no new
 * processes, files or descriptors; tls: one descriptor more. Without root: the same without
 * directory and user. */
bool become_gate(uid_t uid, gid_t gid, bool tls);

#endif
