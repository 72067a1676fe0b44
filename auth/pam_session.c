#include "auth/pam_session.h"
#include "auth/library.h"
#include "auth/process.h"
#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct pam_session {
    struct library_pam lib;
    pam_handle_t *pam;
    struct pam_conv conversation;
};

/* Nobody is there to be asked; what a module has to say is passed over. */
static int say_nothing(int n, const struct pam_message **messages,
                       struct pam_response **responses, void *ctx)
{
    (void)ctx;
    if (n <= 0 || n > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    for (int i = 0; i < n; i++) {
        if (messages[i]->msg_style != PAM_TEXT_INFO && messages[i]->msg_style != PAM_ERROR_MSG)
            return PAM_CONV_ERR;
    }
    if (responses == NULL)
        return PAM_SUCCESS;
    *responses = calloc((size_t)n, sizeof **responses);
    return *responses == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

/* By convention pam_setcred finds the user's groups set and adds its own. */
static bool set_credentials(const struct pam_session *session, struct identity *id,
                            int *status_r)
{
    pam_handle_t *pam = session->pam;
    if (setgroups(id->group_count, id->group) < 0) {
        log_error("PAM session: setgroups: %s", strerror(errno));
        return false;
    }
    *status_r = session->lib.setcred(pam, PAM_ESTABLISH_CRED | PAM_SILENT);
    if (*status_r != PAM_SUCCESS) {
        log_error("PAM session: pam_setcred: %s", session->lib.strerror(pam, *status_r));
        return false;
    }
    int n = getgroups(IDENTITY_GROUPS_MAX, id->group);
    if (n < 0) {
        log_error("PAM session: too many groups");
        return false;
    }
    id->group_count = (uint32_t)n;
    return true;
}

static bool open_session(const struct pam_session *session, struct identity *id,
                         const char *rhost, int *status_r)
{
    pam_handle_t *pam = session->pam;
    const struct library_pam *lib = &session->lib;
    *status_r = lib->set_item(pam, PAM_TTY, "imapd");
    if (*status_r == PAM_SUCCESS && rhost != NULL)
        *status_r = lib->set_item(pam, PAM_RHOST, rhost);
    if (*status_r != PAM_SUCCESS || !set_credentials(session, id, status_r))
        return false;
    *status_r = lib->open_session(pam, PAM_SILENT);
    if (*status_r == PAM_SUCCESS)
        return true;
    log_error("PAM session: pam_open_session: %s", lib->strerror(pam, *status_r));
    (void)lib->setcred(pam, PAM_DELETE_CRED | PAM_SILENT);
    return false;
}

bool pam_session_open(const struct settings *s, struct identity *id, const char *rhost,
                      struct pam_session **session_r)
{
    struct pam_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return false;
    if (!library_load_pam(&session->lib)) {
        free(session);
        return false;
    }
    session->conversation.conv = say_nothing;
    int status =
        session->lib.start(s->pam_service, id->user, &session->conversation, &session->pam);
    if (status != PAM_SUCCESS) {
        log_error("PAM session: pam_start: %s", session->lib.strerror(session->pam, status));
        free(session);
        return false;
    }
    if (!open_session(session, id, rhost, &status)) {
        session->lib.end(session->pam, status);
        free(session);
        return false;
    }
    *session_r = session;
    return true;
}

void pam_session_close(struct pam_session *session)
{
    int status = session->lib.close_session(session->pam, PAM_SILENT);
    if (status != PAM_SUCCESS)
        log_warning("PAM session: pam_close_session: %s",
                    session->lib.strerror(session->pam, status));
    (void)session->lib.setcred(session->pam, PAM_DELETE_CRED | PAM_SILENT);
    session->lib.end(session->pam, status);
    free(session);
}

/* Signals are blocked from before the fork on and taken one by one, so that none comes between
 * a look and the wait. */
static void wait_for_child(pid_t child, const sigset_t *signals)
{
    for (;;) {
        int signal = sigwaitinfo(signals, NULL);
        if (signal < 0)
            continue; /* EINTR: stopped and continued */
        if (signal != SIGCHLD) {
            kill(child, signal);
            continue;
        }
        pid_t done = waitpid(child, NULL, WNOHANG);
        if (done == child || (done < 0 && errno == ECHILD))
            return;
    }
}

bool pam_session_fork(void)
{
    sigset_t signals;
    sigset_t before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, &before);
    pid_t child = fork();
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        return true;
    }
    if (child < 0) {
        log_error("PAM session: fork: %s", strerror(errno));
    } else {
        /* The connection closes when the child closes it. */
        (void)process_silence(0);
        (void)process_silence(1);
        wait_for_child(child, &signals);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return false;
}
