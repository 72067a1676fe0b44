/*
 * PAM in the checker: one pam_start, one pam_authenticate, one pam_acct_mgmt, and the process
 * ends, so that what modules leave behind (memory, descriptors, threads, signal handlers) ends
 * with it.
 */
#include "auth/backend.h"
#include "auth/library.h"

#include <stdlib.h>
#include <string.h>

/* Answers what a module asks without an echo with the password and what it asks with one with
 * the user's name; texts are passed over. Anything else is not ours to answer. */
static bool answer_one(const struct pam_message *message, const struct credentials *c,
                       struct pam_response *response)
{
    switch (message->msg_style) {
    case PAM_PROMPT_ECHO_OFF:
        if (c->password == NULL)
            return false;
        response->resp = strdup(c->password);
        return response->resp != NULL;
    case PAM_PROMPT_ECHO_ON:
        response->resp = strdup(c->user);
        return response->resp != NULL;
    case PAM_ERROR_MSG:
    case PAM_TEXT_INFO:
        return true;
    default:
        return false;
    }
}

static void forget(struct pam_response *responses, int n)
{
    for (int i = 0; i < n; i++) {
        if (responses[i].resp != NULL)
            explicit_bzero(responses[i].resp, strlen(responses[i].resp));
        free(responses[i].resp);
    }
    free(responses);
}

static int converse(int n, const struct pam_message **messages, struct pam_response **responses,
                    void *ctx)
{
    if (n <= 0 || n > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    struct pam_response *r = calloc((size_t)n, sizeof *r);
    if (r == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < n; i++) {
        if (!answer_one(messages[i], ctx, &r[i])) {
            forget(r, n);
            return PAM_CONV_ERR;
        }
    }
    if (responses != NULL)
        *responses = r; /* PAM's to free */
    else
        forget(r, n); /* a module that only had something to say */
    return PAM_SUCCESS;
}

/* Called by pam_authenticate in the place of its own sleep: the parent delays, and knows how
 * long it has taken already. */
static void no_delay(int status, unsigned microseconds, void *ctx)
{
    (void)status;
    (void)microseconds;
    (void)ctx;
}

static bool set_items(const struct library_pam *lib, pam_handle_t *pam,
                      const struct credentials *c)
{
    void (*delay)(int, unsigned, void *) = no_delay;
    const void *delay_item;
    memcpy(&delay_item, &delay, sizeof delay_item); /* PAM wants a function as a void pointer */
    return lib->set_item(pam, PAM_FAIL_DELAY, delay_item) == PAM_SUCCESS &&
           lib->set_item(pam, PAM_TTY, "imapd") == PAM_SUCCESS &&
           (c->rhost == NULL || lib->set_item(pam, PAM_RHOST, c->rhost) == PAM_SUCCESS);
}

static enum backend_result failed(int status, const char **reason_r)
{
    switch (status) {
    case PAM_AUTH_ERR:
        *reason_r = "pam-auth-err";
        return BACKEND_UNKNOWN;
    case PAM_USER_UNKNOWN:
        *reason_r = "pam-user-unknown";
        return BACKEND_UNKNOWN;
    case PAM_MAXTRIES:
        *reason_r = "pam-maxtries";
        return BACKEND_UNKNOWN;
    case PAM_PERM_DENIED:
        *reason_r = "pam-perm-denied";
        return BACKEND_UNKNOWN;
    case PAM_CONV_ERR:
        *reason_r = "pam-conversation";
        return BACKEND_UNAVAILABLE;
    case PAM_AUTHINFO_UNAVAIL:
        *reason_r = "pam-authinfo-unavail";
        return BACKEND_UNAVAILABLE;
    default:
        *reason_r = "pam-error";
        return BACKEND_UNAVAILABLE;
    }
}

/* The password was right: may the account be used now? */
static enum backend_result account(int status, const char **reason_r)
{
    switch (status) {
    case PAM_SUCCESS:
        *reason_r = "ok";
        return BACKEND_OK;
    case PAM_NEW_AUTHTOK_REQD:
    case PAM_AUTHTOK_EXPIRED:
    case PAM_CRED_EXPIRED:
        *reason_r = "password-expired";
        return BACKEND_EXPIRED;
    case PAM_ACCT_EXPIRED:
        *reason_r = "account-expired";
        return BACKEND_EXPIRED;
    case PAM_AUTH_ERR:
    case PAM_USER_UNKNOWN:
    case PAM_PERM_DENIED:
        *reason_r = "pam-account-denied";
        return BACKEND_UNKNOWN;
    default:
        return failed(status, reason_r);
    }
}

/* A module may have mapped the name to another one: that is the user. */
static enum backend_result identify(const struct library_pam *lib, pam_handle_t *pam,
                                    struct identity *id, const char **reason_r)
{
    const void *item = NULL;
    if (lib->get_item(pam, PAM_USER, &item) != PAM_SUCCESS || item == NULL) {
        *reason_r = "pam-no-user";
        return BACKEND_UNAVAILABLE;
    }
    const char *user = item;
    size_t n = strnlen(user, AUTH_USER_MAX + 1);
    if (n == 0 || n > AUTH_USER_MAX) {
        *reason_r = "pam-bad-user";
        return BACKEND_UNAVAILABLE;
    }
    id->backend = AUTH_BACKEND_PAM;
    return identity_of_account(id, user, reason_r) ? BACKEND_OK : BACKEND_UNKNOWN;
}

enum backend_result backend_pam(const struct settings *s, const struct credentials *c,
                                struct identity *id, const char **reason_r)
{
    struct credentials copy = *c;
    struct pam_conv conversation = { .conv = converse, .appdata_ptr = &copy };
    pam_handle_t *pam = NULL;
    struct library_pam lib;
    if (!library_load_pam(&lib)) {
        *reason_r = "pam-missing";
        return BACKEND_UNAVAILABLE;
    }
    int status = lib.start(s->pam_service, c->user, &conversation, &pam);
    if (status != PAM_SUCCESS) {
        *reason_r = "pam-start";
        return BACKEND_UNAVAILABLE;
    }
    enum backend_result result;
    if (!set_items(&lib, pam, c)) {
        *reason_r = "pam-items";
        result = BACKEND_UNAVAILABLE;
        status = PAM_SYSTEM_ERR;
    } else {
        status = c->password == NULL
                     ? PAM_SUCCESS
                     : lib.authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
        if (status != PAM_SUCCESS) {
            result = failed(status, reason_r);
        } else {
            status = lib.acct_mgmt(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
            result = account(status, reason_r);
        }
    }
    if (result == BACKEND_OK)
        result = identify(&lib, pam, id, reason_r);
    lib.end(pam, status);
    return result;
}
