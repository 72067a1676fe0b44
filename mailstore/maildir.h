/* A Maildir as a directory: cur/ new/ tmp/, made and removed whole. */
#ifndef MAILSTORE_MAILDIR_H
#define MAILSTORE_MAILDIR_H

#include <stdbool.h>

/* Whether the directory open at fd, or the directory path below dir, is a folder: it has cur/,
 * or what only a folder has (a folder that lost its cur/ is still one). */
bool maildir_is(int fd);
bool maildir_is_at(int dir, const char *path);

/* Whether the entry `name` of dir is a directory that directly holds a Maildir. Links are not
 * followed. */
bool maildir_below(int dir, const char *name);

/* Makes what is missing of tmp/ new/ cur/ in the directory open at fd, cur/ last, because with
 * it the directory is a folder. 0, or -1 with errno; EEXIST: there was a cur/ already. */
int maildir_fill(int fd);

/* Makes a whole Maildir under a hidden name in root and moves it to `name` in the directory
 * `parent`. `marked`: with an empty file `maildirfolder` (Maildir++: the quota is the
 * parent's). Durable when 0 is returned. -1 with errno: nothing was made; EEXIST: something of
 * that name is there. */
int maildir_create(int root, int parent, const char *name, bool marked);

/* Takes back an empty Maildir just made by maildir_create. One that mail has come into stays.
 */
void maildir_uncreate(int parent, const char *name);

/* Removes `name` in the directory `parent`, whatever it is: a directory is first renamed to the
 * name `trash` in root, so that it is gone at once and whole, and then removed with all that is
 * in it. -1 with errno: still there. What can't be removed stays under the hidden name `trash`,
 * for the next time. Links are removed, not followed. */
int maildir_remove(int root, int parent, const char *name, const char *trash);

/* Removes what a killed maildir_create may have left behind more than a day ago. */
void maildir_sweep(int root);

#endif
