/*
 * Waiting for changes (IDLE): inotify on new/ and cur/, and on the folder itself for what is
 * renamed into it (dovecot-keywords) or written there (dovecot-uidlist).
 *
 * The instance is made when it is asked for and closed when the waiting is over: the kernel
 * allows 128 of them a user. Events only wake the session; what has changed mailbox_refresh
 * finds out, so that a queue that overflows costs nothing.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <sys/inotify.h>

#define DIR_EVENTS                                                                             \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)
#define FOLDER_EVENTS (IN_MOVED_TO | IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

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

void mailbox_unwatch(struct mailbox *mb)
{
    if (mb->inotify >= 0)
        sys_close(mb->inotify);
    mb->inotify = -1;
}
