/* IDLE: RFC 2177. Sleeps until the folder changes or the client speaks; nothing is sent in
 * between to keep the connection open, for that wakes phones: TCP keepalive does it. */
#include "command/command.h"

#include "config/settings.h"

#include <limits.h>
#include <stdint.h>
#include <strings.h>
#include <time.h>

/* Seconds between looks where the kernel does not tell: no inotify to be had, and, with it,
 * mail that another machine puts on a shared file system. */
#define POLL_MS_BLIND 5000
#define POLL_MS       30000

static bool tell(struct command *c)
{
    struct session *s = c->session;
    const struct view_sync how = command_news(c);
    if (s->state != STATE_SELECTED)
        return true;
    enum store_error error = view_sync(&s->view, s->io, &how);
    if (view_lost(error, s->io))
        return false;
    correct_highest_modseq(s);
    return true;
}

static int64_t now_ms(void)
{
    struct timespec ts = { 0 };
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* How long to sleep at most; left: until idle_timeout. */
static int sleep_ms(const struct session *s, int watch, int64_t left)
{
    int64_t ms = left < INT_MAX ? left : INT_MAX;
    if (s->state != STATE_SELECTED)
        return (int)ms;
    int64_t poll = watch < 0 ? POLL_MS_BLIND : POLL_MS;
    int doubt = mailbox_watch_ms(s->view.mailbox);
    if (doubt >= 0 && doubt < poll)
        poll = doubt;
    return (int)(poll < ms ? poll : ms);
}

/* Waits for the client's line; false: the connection, or the folder, is gone. */
static bool wait_for_client(struct command *c, int watch)
{
    struct session *s = c->session;
    bool selected = s->state == STATE_SELECTED;
    int64_t end = now_ms() + (int64_t)s->settings->idle_timeout * 1000;
    for (;;) {
        if (selected && !tell(c))
            return false;
        int64_t left = end - now_ms();
        if (left <= 0) {
            stream_end(s->io, STREAM_TIMEOUT);
            return false;
        }
        int what = stream_wait(s->io, watch, sleep_ms(s, watch, left));
        if (what & STREAM_WAIT_OTHER)
            mailbox_watch_drain(s->view.mailbox);
        if (what & STREAM_WAIT_INPUT)
            return true;
    }
}

void run_idle(struct command *c)
{
    struct session *s = c->session;
    struct text line;
    bool selected = s->state == STATE_SELECTED;
    int watch = selected ? mailbox_watch(s->view.mailbox) : -1;
    stream_puts(s->io, "+ idling\r\n");
    bool spoke = wait_for_client(c, watch);
    if (selected)
        mailbox_unwatch(s->view.mailbox);
    if (!spoke) {
        c->ending = ENDING_SILENT;
        c->bye = true;
        return;
    }
    lexer_begin(c->lexer);
    if (!lexer_line(c->lexer, &line)) {
        c->rest_unread = true;
        command_bad_syntax(c);
    } else if (strcasecmp(line.octets, "DONE") != 0) {
        command_bad(c, "Expected DONE");
    } else {
        command_ok(c, NULL, "IDLE completed");
    }
}
