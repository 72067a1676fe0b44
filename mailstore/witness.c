/*
 * The kernel queues an event while it holds the directory's lock, in which it has changed the
 * mtime before. So that no change is in between when the events are counted, the directory is
 * read (at its end, where nothing is to be read): that waits for the lock.
 *
 * An overflowing queue says so, and then nothing is proven. Events of names that are equal and
 * follow each other are merged; ours never are, since each of our changes is of another name.
 */
#include "mailstore/witness.h"

#include "mailstore/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#define CHANGES (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)

/* Some 500 events of names as ours; we look again when it was full. */
#define EVENTS_SIZE 49152

struct witness {
    int inotify;
    int dir;
    uint64_t seen;
    uint64_t expected;
    bool failed;
};

struct witness *witness_new(int fd)
{
    struct witness *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->dir = fd;
    w->inotify = sys_inotify_init();
    if (w->inotify < 0 || sys_inotify_add(w->inotify, fd, CHANGES) < 0) {
        witness_free(w);
        return NULL;
    }
    return w;
}

void witness_free(struct witness *w)
{
    if (w == NULL)
        return;
    if (w->inotify >= 0)
        sys_close(w->inotify);
    free(w);
}

static void count_events(struct witness *w, const char *buf, size_t n)
{
    while (n >= sizeof(struct inotify_event)) {
        struct inotify_event event;
        memcpy(&event, buf, sizeof event);
        size_t size = sizeof event + event.len;
        if (size > n)
            break;
        if ((event.mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT)) != 0)
            w->failed = true;
        w->seen++;
        buf += size;
        n -= size;
    }
}

void witness_take(struct witness *w)
{
    char buf[EVENTS_SIZE];
    ssize_t n = 0;
    if (w == NULL)
        return;
    while ((n = sys_read(w->inotify, buf, sizeof buf)) > 0)
        count_events(w, buf, (size_t)n);
    if (n < 0 && errno != EAGAIN)
        w->failed = true;
}

void witness_begin(struct witness *w)
{
    witness_take(w);
    w->seen = w->expected = 0;
    w->failed = false;
}

void witness_expect(struct witness *w, uint32_t changes)
{
    if (w != NULL)
        w->expected += changes;
}

bool witness_alone(struct witness *w)
{
    if (sys_dir_barrier(w->dir) < 0)
        w->failed = true;
    witness_take(w);
    w->failed = w->failed || w->seen != w->expected;
    return !w->failed;
}
