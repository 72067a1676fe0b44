#include "auth/checker.h"
#include "auth/process.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where process_keep_only puts the checker's end of the channel. */
#define CHANNEL_FD 3

void checker_set(struct frame_checked *checked, enum auth_verdict verdict, const char *reason)
{
    checked->head = (struct frame_head){ FRAME_MAGIC, FRAME_CHECKED };
    checked->verdict = (uint32_t)verdict;
    snprintf(checked->reason, sizeof checked->reason, "%s", reason);
}

static enum backend_result ask_backend(enum auth_backend backend, const struct settings *s,
                                       const struct credentials *c, struct identity *id,
                                       const char **reason_r)
{
    memset(id, 0, sizeof *id);
    if (backend == AUTH_BACKEND_PAM)
        return backend_pam(s, c, id, reason_r);
    return backend_passwd_file(s, c, id, reason_r);
}

/* A backend that knows the user decides. One that could not look leaves the question to the
 * next, and where none decides, the answer is that it could not be found out. */
static void ask_backends(const struct settings *s, const struct credentials *c,
                         struct frame_checked *checked_r)
{
    checker_set(checked_r, VERDICT_FAILED, "no-backend");
    for (size_t i = 0; i < s->auth_count; i++) {
        const char *reason = "";
        switch (ask_backend(s->auth[i], s, c, &checked_r->identity, &reason)) {
        case BACKEND_OK:
            checker_set(checked_r, VERDICT_OK, reason);
            return;
        case BACKEND_EXPIRED:
            checker_set(checked_r, VERDICT_EXPIRED, reason);
            return;
        case BACKEND_MISMATCH:
            checker_set(checked_r, VERDICT_FAILED, reason);
            return;
        case BACKEND_UNAVAILABLE:
            checker_set(checked_r, VERDICT_UNAVAILABLE, reason);
            break;
        case BACKEND_UNKNOWN:
            if (checked_r->verdict != VERDICT_UNAVAILABLE)
                checker_set(checked_r, VERDICT_FAILED, reason);
            break;
        }
    }
}

/* The backends are asked about the user whose token it is. */
static void ask_token(const struct settings *s, const struct credentials *c,
                      struct frame_checked *checked_r)
{
    char user[AUTH_USER_MAX + 1];
    const char *reason = "";
    struct credentials vouched = { .user = user, .prepared = "", .rhost = c->rhost };
    switch (oauth_ask(s, c->password, c->user, user, &reason)) {
    case BACKEND_OK:
        ask_backends(s, &vouched, checked_r);
        return;
    case BACKEND_UNAVAILABLE:
        checker_set(checked_r, VERDICT_UNAVAILABLE, reason);
        return;
    default:
        checker_set(checked_r, VERDICT_FAILED, reason);
    }
}

void checker_ask(const struct settings *s, const struct credentials *c,
                 struct frame_checked *checked_r)
{
    memset(checked_r, 0, sizeof *checked_r);
    if (c->token)
        ask_token(s, c, checked_r);
    else
        ask_backends(s, c, checked_r);
}

/* Nothing of the connection is within a PAM module's reach: neither the client's socket nor the
 * channel to the gate. Should a module crash, the password is in no core dump. */
static bool set_apart(int channel)
{
    return process_silence(STDIN_FILENO) && process_silence(STDOUT_FILENO) &&
           process_keep_only(channel) && process_hide();
}

static _Noreturn void child(const struct settings *s, checker_work *work, void *ctx,
                            int channel, pid_t parent)
{
    bool ok = setsid() >= 0 && process_end_with(parent, SIGKILL) && set_apart(channel);
    log_open(s->log == LOG_DEST_STDERR);
    ok = ok && work(s, ctx, CHANNEL_FD);
    _exit(ok ? 0 : 1);
}

bool checker_start(struct checker *c, const struct settings *s, checker_work *work, void *ctx,
                   const char **why_r)
{
    int pair[2];
    *c = (struct checker){ .channel = -1 };
    *why_r = "no-descriptors";
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        log_error("checker: socketpair: %s", strerror(errno));
        return false;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child(s, work, ctx, pair[1], parent);
    close(pair[1]);
    if (pid < 0) {
        *why_r = "no-process";
        log_error("checker: fork: %s", strerror(errno));
        close(pair[0]);
        return false;
    }
    *c = (struct checker){ .pid = pid, .channel = pair[0] };
    return true;
}

bool checker_hear(const struct checker *c, void *frame, size_t size, size_t *n_r,
                  const char **why_r)
{
    struct timespec deadline;
    *why_r = "no-clock";
    if (clock_gettime(CLOCK_MONOTONIC, &deadline) < 0)
        return false;
    deadline.tv_sec += CHECKER_SECONDS;
    enum frame_got got = frame_receive(c->channel, frame, size, n_r, &deadline);
    *why_r = got == FRAME_LATE ? "checker-timeout" : "checker-died";
    return got == FRAME_GOT;
}

void checker_end(struct checker *c)
{
    if (c->pid == 0)
        return;
    kill(-c->pid, SIGKILL); /* what a module may have started, too */
    kill(c->pid, SIGKILL);  /* should it not have got as far as setsid */
    (void)process_reap(c->pid);
    close(c->channel);
    *c = (struct checker){ .channel = -1 };
}

struct one_try {
    const struct credentials *credentials;
    void (*wipe)(void *ctx);
    void *ctx;
};

static bool check_once(const struct settings *s, void *ctx, int channel)
{
    const struct one_try *try = ctx;
    struct frame_checked checked;
    checker_ask(s, try->credentials, &checked);
    try->wipe(try->ctx);
    return frame_send(channel, &checked, sizeof checked);
}

void checker_run(const struct settings *s, const struct credentials *c, void (*wipe)(void *ctx),
                 void *ctx, struct frame_checked *checked_r)
{
    struct one_try try = { c, wipe, ctx };
    struct checker checker;
    const char *why;
    size_t n = 0;
    memset(checked_r, 0, sizeof *checked_r);
    bool started = checker_start(&checker, s, check_once, &try, &why);
    wipe(ctx);
    bool heard = started && checker_hear(&checker, checked_r, sizeof *checked_r, &n, &why);
    if (!heard)
        checker_set(checked_r, VERDICT_UNAVAILABLE, why);
    else if (!frame_checked_valid(checked_r, n))
        checker_set(checked_r, VERDICT_UNAVAILABLE, "checker-nonsense");
    checker_end(&checker);
}
