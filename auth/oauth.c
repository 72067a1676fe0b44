/*
 * A bearer token shown to the administrator's helper.
 *
 *     stdin   the token and a newline
 *     stdout  the user whose it is, and a newline or none
 *     exit    0: that user; 1: the token is no good; anything else: it could not be found out
 *
 * The helper runs as a user of its own, with nothing of ours: not as login_user, because a gate
 * that was taken over could reach into a process of its own uid and change the answer. It is a
 * child of the checker, and killed with it and with its own children when that takes too long.
 */
#include "auth/backend.h"
#include "auth/become.h"
#include "auth/process.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit status of a helper that could not be started; none that means something to us. */
#define NOT_STARTED 127

struct helper {
    const char *path;
    uid_t uid;
    gid_t gid;
    int token[2];  /* a pipe to its standard input */
    int answer[2]; /* and one from its standard output */
};

static bool failed(const struct settings *s, const char *what)
{
    log_error("oauth_helper %s: %s", s->oauth_helper, what);
    return false;
}

/* What decides who logs in must be nobody's to change but root's, or ours without root. */
static bool is_safe(const struct settings *s)
{
    struct stat st;
    if (stat(s->oauth_helper, &st) < 0)
        return failed(s, strerror(errno));
    if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
        (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return failed(s, "not a file of root's that nobody else may write to");
    return true;
}

static bool find_user(const struct settings *s, struct helper *h)
{
    h->uid = getuid();
    h->gid = getgid();
    if (geteuid() != 0)
        return true;
    const struct passwd *account = getpwnam(s->oauth_user);
    if (account == NULL || account->pw_uid == 0 || strcmp(s->oauth_user, s->login_user) == 0)
        return failed(s, "oauth_user is no user, or root, or login_user");
    h->uid = account->pw_uid;
    h->gid = account->pw_gid;
    return true;
}

/* The child: from the checker to the helper. */
static _Noreturn void become_helper(const struct helper *h, pid_t checker)
{
    char *argv[] = { (char *)h->path, NULL };
    bool ok = dup2(h->token[0], STDIN_FILENO) == STDIN_FILENO &&
              dup2(h->answer[1], STDOUT_FILENO) == STDOUT_FILENO &&
              process_silence(STDERR_FILENO) && process_keep_only(-1) && chdir("/") == 0 &&
              (geteuid() != 0 || become(h->uid, h->gid, &h->gid, 1)) &&
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
              process_end_with(checker, SIGKILL) && signal(SIGPIPE, SIG_DFL) != SIG_ERR &&
              signal(SIGXFSZ, SIG_DFL) != SIG_ERR;
    if (ok)
        execv(h->path, argv);
    _exit(NOT_STARTED);
}

/* A token is smaller than any pipe's buffer, so that this never waits. A helper that does not
 * read it all has its reasons. */
static void send_token(int fd, const char *token)
{
    struct iovec v[] = { { (char *)token, strlen(token) }, { (char *)"\n", 1 } };
    if (writev(fd, v, 2) < 0)
        log_info("oauth_helper: took no token: %s", strerror(errno));
}

/* Reads to the end. -1: that can't be, or it is longer than `size`. */
static ssize_t read_answer(int fd, char *to, size_t size)
{
    size_t n = 0;
    for (;;) {
        ssize_t got = read(fd, to + n, size - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -1 : (ssize_t)n;
        n += (size_t)got;
        if (n == size)
            return -1;
    }
}

/* One name, in a line of its own or without an end. */
static bool take_user(const char *answer, size_t n, char user_r[AUTH_USER_MAX + 1])
{
    if (n > 0 && answer[n - 1] == '\n')
        n--;
    if (n > AUTH_USER_MAX || memchr(answer, '\0', n) != NULL)
        return false;
    memcpy(user_r, answer, n);
    user_r[n] = '\0';
    return identity_plausible(user_r);
}

static bool open_pipes(struct helper *h)
{
    if (pipe2(h->token, O_CLOEXEC) < 0)
        return false;
    if (pipe2(h->answer, O_CLOEXEC) == 0)
        return true;
    close(h->token[0]);
    close(h->token[1]);
    return false;
}

/* Runs it. Returns its wait status, -1 where there is none; *n_r as read_answer. */
static int run(struct helper *h, const char *token, char *answer, size_t size, ssize_t *n_r)
{
    if (!open_pipes(h))
        return -1;
    pid_t self = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become_helper(h, self);
    close(h->token[0]);
    close(h->answer[1]);
    if (pid > 0)
        send_token(h->token[1], token);
    close(h->token[1]);
    *n_r = pid > 0 ? read_answer(h->answer[0], answer, size) : -1;
    close(h->answer[0]);
    return pid > 0 ? process_reap(pid) : -1;
}

enum backend_result oauth_ask(const struct settings *s, const char *token, const char *claimed,
                              char user_r[AUTH_USER_MAX + 1], const char **reason_r)
{
    struct helper h = { .path = s->oauth_helper };
    char answer[AUTH_USER_MAX + 3]; /* one too long for a name and a newline still fits */
    ssize_t n = -1;
    *reason_r = "oauth-helper";
    if (!is_safe(s) || !find_user(s, &h))
        return BACKEND_UNAVAILABLE;
    int status = run(&h, token, answer, sizeof answer, &n);
    if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1) {
        *reason_r = "token-refused";
        return BACKEND_MISMATCH;
    }
    if (status != 0 || n < 0 || !take_user(answer, (size_t)n, user_r)) {
        failed(s, status == 0 ? "its answer is no user's name" : "it failed");
        return BACKEND_UNAVAILABLE;
    }
    if (claimed[0] != '\0' && strcmp(claimed, user_r) != 0) {
        *reason_r = "token-of-another";
        return BACKEND_MISMATCH;
    }
    *reason_r = "ok";
    return BACKEND_OK;
}
