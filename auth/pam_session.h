/*
 * pam_session = yes: a PAM session around the user's, opened and closed by root.
 *
 * The checker, in which PAM authenticated the user, has ended; this is another PAM handle,
 * which has never seen the password. Modules that want it for the session (to mount an
 * encrypted home, to get a ticket) do not get it.
 */
#ifndef AUTH_PAM_SESSION_H
#define AUTH_PAM_SESSION_H

#include "auth/identity.h"

#include <stdbool.h>

struct pam_session;

/* As root: pam_setcred and pam_open_session for the user. The groups that pam_setcred adds are
 * added to id. False: refused, or PAM failed; logged. */
bool pam_session_open(const struct settings *s, struct identity *id, const char *rhost,
                      struct pam_session **session_r);

/* pam_close_session and the deletion of the credentials; frees it. */
void pam_session_close(struct pam_session *session);

/* Forks. True in the child, which is to become the user, arrange that it ends with its parent
 * (process_end_with), and serve. In the parent, returns false when the child has ended: signals
 * that ask for an end are passed on to it meanwhile, and the client's connection is not kept
 * open. */
bool pam_session_fork(void);

#endif
