/*
 * Waiting for changes (IDLE): inotify on new/ and cur/, and on the folder itself for what is
 * renamed into it (dovecot-keywords), written there (dovecot-uidlist), or removed (its lock).
 *
 * WHO CHANGES A MESSAGE renames it, writes the index, and drops the uidlist lock, in this
 * order. The rename wakes, and a look between the first two may find nothing: a rename in the
 * tick of the change before leaves the directory the time that the index has for it, with the
 * word that a session knows what was done (mailbox_own.c). The dropped lock wakes once more. If
 * there was no lock, or its holder was killed, the look that the index's word ends with is what
 * is left (mailbox_watch_ms). Sessions that wait for that look spread over a second, for the
 * first of them leaves its proof to the others.
 *
 * The instance is made when it is asked for and closed when the waiting is over: the kernel
 * allows 128 of them a user. Events only wake the session; what has changed mailbox_refresh
 * finds out, so that a queue that overflows costs nothing.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <sys/inotify.h>
#include <unistd.h>

#define DIR_EVENTS                                                                             \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)
#define FOLDER_EVENTS                                                                          \
    (IN_MOVED_TO | IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

#define SPREAD_MS   16
#define SPREAD_OVER 64

int mailbox_watch(struct mailbox *mb)
{
    if (mb->inotify >= 0)
        return mb->inotify;
    mb->inotify = sys_inotify_init();
    if (mb->inotify < 0)
        return -1;
    if (sys_inotify_add(mb->inotify, mb->dirs.new, DIR_EVENTS) < 0 ||
        sys_inotify_add(mb->inotify, mb->dirs.cur, DIR_EVENTS) < 0 ||
        sys_inotify_add(mb->inotify, mb->dirs.dir, FOLDER_EVENTS) < 0)
        mailbox_unwatch(mb);
    return mb->inotify;
}

void mailbox_watch_drain(struct mailbox *mb)
{
    char events[4096];
    while (mb->inotify >= 0 && sys_read(mb->inotify, events, sizeof events) > 0)
        ;
}

int mailbox_watch_ms(const struct mailbox *mb)
{
    if (!mb->cur.known || !verify_later(mb->cur.verify_at))
        return -1;
    int64_t left = mb->cur.verify_at - monotonic_ms();
    return (int)(left < 0 ? 0 : left) + (int)(getpid() % SPREAD_OVER) * SPREAD_MS + 1;
}

void mailbox_unwatch(struct mailbox *mb)
{
    if (mb->inotify >= 0)
        sys_close(mb->inotify);
    mb->inotify = -1;
}
