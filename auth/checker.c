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

/* Where process_keep_only puts the checker's end of the socket. */
#define ANSWER_FD 3

static void set_answer(struct frame_checked *checked, enum auth_verdict verdict,
                       const char *reason)
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
void checker_ask(const struct settings *s, const struct credentials *c,
                 struct frame_checked *checked_r)
{
    memset(checked_r, 0, sizeof *checked_r);
    set_answer(checked_r, VERDICT_FAILED, "no-backend");
    for (size_t i = 0; i < s->auth_count; i++) {
        const char *reason = "";
        switch (ask_backend(s->auth[i], s, c, &checked_r->identity, &reason)) {
        case BACKEND_OK:
            set_answer(checked_r, VERDICT_OK, reason);
            return;
        case BACKEND_EXPIRED:
            set_answer(checked_r, VERDICT_EXPIRED, reason);
            return;
        case BACKEND_MISMATCH:
            set_answer(checked_r, VERDICT_FAILED, reason);
            return;
        case BACKEND_UNAVAILABLE:
            set_answer(checked_r, VERDICT_UNAVAILABLE, reason);
            break;
        case BACKEND_UNKNOWN:
            if (checked_r->verdict != VERDICT_UNAVAILABLE)
                set_answer(checked_r, VERDICT_FAILED, reason);
            break;
        }
    }
}

/* Nothing of the connection is within a PAM module's reach: neither the client's socket nor the
 * channel to the gate. Should a module crash, the password is in no core dump. */
static bool set_apart(int answers)
{
    return process_silence(STDIN_FILENO) && process_silence(STDOUT_FILENO) &&
           process_keep_only(answers) && process_hide();
}

static _Noreturn void child(const struct settings *s, const struct credentials *c,
                            void (*wipe)(void *ctx), void *ctx, int answers, pid_t parent)
{
    struct frame_checked checked;
    bool alone = setsid() >= 0 && process_end_with(parent, SIGKILL) && set_apart(answers);
    log_open(s->log == LOG_DEST_STDERR);
    if (alone) {
        checker_ask(s, c, &checked);
        wipe(ctx);
        alone = frame_send(ANSWER_FD, &checked, sizeof checked);
    }
    _exit(alone ? 0 : 1);
}

static void wait_for_answer(int answers, struct frame_checked *checked)
{
    struct timespec deadline;
    size_t n = 0;
    if (clock_gettime(CLOCK_MONOTONIC, &deadline) < 0) {
        set_answer(checked, VERDICT_UNAVAILABLE, "no-clock");
        return;
    }
    deadline.tv_sec += CHECKER_SECONDS;
    switch (frame_receive(answers, checked, sizeof *checked, &n, &deadline)) {
    case FRAME_GOT:
        if (frame_checked_valid(checked, n))
            return;
        set_answer(checked, VERDICT_UNAVAILABLE, "checker-nonsense");
        break;
    case FRAME_LATE:
        set_answer(checked, VERDICT_UNAVAILABLE, "checker-timeout");
        break;
    default:
        set_answer(checked, VERDICT_UNAVAILABLE, "checker-died");
    }
}

void checker_run(const struct settings *s, const struct credentials *c, void (*wipe)(void *ctx),
                 void *ctx, struct frame_checked *checked_r)
{
    memset(checked_r, 0, sizeof *checked_r);
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        wipe(ctx);
        log_error("checker: socketpair: %s", strerror(errno));
        set_answer(checked_r, VERDICT_UNAVAILABLE, "no-descriptors");
        return;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child(s, c, wipe, ctx, pair[1], parent);
    wipe(ctx);
    close(pair[1]);
    if (pid < 0) {
        log_error("checker: fork: %s", strerror(errno));
        set_answer(checked_r, VERDICT_UNAVAILABLE, "no-process");
    } else {
        wait_for_answer(pair[0], checked_r);
        kill(-pid, SIGKILL); /* what a module may have started, too */
        kill(pid, SIGKILL);  /* should it not have got as far as setsid */
        (void)process_reap(pid);
    }
    close(pair[0]);
}
