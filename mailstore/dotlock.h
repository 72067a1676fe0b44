/*
 * A lock file as Dovecot takes it (dovecot-uidlist.lock): created with O_EXCL, holding
 * "<pid>:<host>", held only while it exists.
 *
 * A lock is stale, and broken, when its holder is provably gone: the same host and no such
 * process; or it is empty, nobody has it open, and it is older than this machine's start; or
 * its mtime is unchanged for DOTLOCK_STALE_SECONDS.
 */
#ifndef MAILSTORE_DOTLOCK_H
#define MAILSTORE_DOTLOCK_H

#include "mailstore/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Dovecot's figures: both sides must agree when a lock is dead. */
#define DOTLOCK_STALE_SECONDS 120
#define DOTLOCK_WAIT_SECONDS  122
#define DOTLOCK_TOUCH_SECONDS 10

struct dotlock {
    int dir;          /* the directory, the caller's */
    const char *name; /* the lock's name in it, a static string */
    int fd;    /* the file we made, open so that no other file gets its inode number ... */
    dev_t dev; /* ... and which it is: another's is never removed */
    ino_t ino;
    time_t touched; /* monotonic seconds of the last touch */
    bool held;
};

/* Takes dir/name, waiting up to DOTLOCK_WAIT_SECONDS. STORE_INUSE when it was not to be had;
 * STORE_NOPERM, STORE_OVERQUOTA ... when it can't be made. */
enum store_error dotlock_take(struct dotlock *lock, int dir, const char *name);

/* The same with a shorter patience: STORE_INUSE after `seconds`. */
enum store_error dotlock_take_within(struct dotlock *lock, int dir, const char *name,
                                     unsigned seconds);

/* To be called now and then by a holder that works for long: keeps the lock fresh. False when
 * the lock is no longer ours (we were stopped for so long that somebody broke it). */
bool dotlock_keep(struct dotlock *lock);

/* Who holds it, as the lock says ("<pid>:<host>"), to out (DOTLOCK_OWNER_MAX octets, cut there,
 * what is not printable ASCII as '?'). False: there is no lock. *gone_r: provably nobody any
 * more, so that the next dotlock_take breaks it at once; out is empty where it was left so when
 * the machine stopped. */
#define DOTLOCK_OWNER_MAX 128
bool dotlock_owner(int dir, const char *name, char out[DOTLOCK_OWNER_MAX], bool *gone_r);

/* Removes the lock, if it is still ours. Nothing happens when it is not held. */
void dotlock_drop(struct dotlock *lock);

#endif
