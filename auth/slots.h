/*
 * How many connections a user has at the same time.
 *
 * Each of them holds a slot: a file of root's, DIR/USER/NUMBER, kept locked with flock(2). The
 * lock is the kernel's: it ends with the process that holds it, however that ends, so nothing
 * is ever stale, and no count can be wrong. The session inherits the open file and with it the
 * lock. It can write, rename or remove none of the files, and opens none of another user's.
 * flock and not fcntl(2), because a lock on octets of a file that several share needs a
 * descriptor with which they can be locked for others, and for writing too.
 *
 * The files stay, empty, one for each connection that a user ever had at once, until the next
 * boot: about 1 KB of kernel memory each. Who removes them would race with who locks them.
 */
#ifndef AUTH_SLOTS_H
#define AUTH_SLOTS_H

/* Where root keeps them: gone with each boot, and nobody else's. */
#define SLOTS_DIRECTORY "/run/imapd-users"

enum slots_result {
    SLOTS_TAKEN,
    SLOTS_FULL,  /* all `max` are held */
    SLOTS_FAILED /* it can't be found out; logged */
};

/* Takes a slot of the user's, 0 to max - 1, as the owner of `dir`, which is made where it is
 * missing. *fd_r is the descriptor that keeps it (close-on-exec, for reading), -1 if none. */
enum slots_result slots_take(const char *dir, const char *user, unsigned max, int *fd_r);

#endif
