/*
 * A command may go through messages several times: SORT searches, then reads what it sorts by;
 * a MOVE renames, then copies what it could not. What is told must never shrink, nor reach its
 * goal before the end: so the parts are added up, and a goal is told in the first alone.
 *
 * It is told from wherever the work is, perhaps under a lock, so nothing here waits for the
 * client: what does not go out at once goes with what comes next. Where much waits to be sent
 * already, the client has news enough.
 */
#include "command/progress.h"

#include "config/settings.h"

#include <inttypes.h>

#define WAITING_MAX 1024

/* It is asked for each message, and ticks of some milliseconds are fine enough. */
static int64_t now_ms(void)
{
    struct timespec ts = { 0 };
    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t interval_ms(const struct progress *p)
{
    return (int64_t)p->session->settings->progress_interval * 1000;
}

static void tell(const struct progress *p, uint64_t goal)
{
    struct stream *io = p->session->io;
    uint64_t done = p->before + p->done;
    if (io->out_len > WAITING_MAX)
        return;
    stream_printf(io, "* OK [INPROGRESS (\"%s\" %" PRIu64, p->tag, done);
    if (p->before == 0 && goal > done)
        stream_printf(io, " %" PRIu64, goal);
    else
        stream_puts(io, " NIL");
    stream_puts(io, ")] Still at it\r\n");
    stream_push(io);
}

static void progress(void *ctx, uint64_t done, uint64_t goal)
{
    struct progress *p = ctx;
    if (done < p->done)
        p->before += p->done;
    p->done = done;
    int64_t now = now_ms();
    if (now < p->due)
        return;
    tell(p, goal);
    p->due = now + interval_ms(p);
}

void progress_begin(struct progress *p, struct session *s, const char *tag)
{
    *p = (struct progress){ .session = s, .tag = tag };
    if (s->store == NULL || s->settings->progress_interval == 0)
        return;
    p->due = now_ms() + interval_ms(p);
    store_on_progress(s->store, progress, p);
}

void progress_end(const struct progress *p)
{
    if (p->session->store != NULL)
        store_on_progress(p->session->store, NULL, NULL);
}
