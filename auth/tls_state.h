/*
 * Whether TLS is there to be offered.
 *
 * STARTTLS must not be advertised and then fail, so somebody has to have loaded OpenSSL and
 * read certificate and key before the greeting; but that is what a connection that may never
 * ask for TLS is to be spared. So a short-lived process does it once, and what it found holds
 * until one of the files changes: root keeps it in /run, together with what stat(2) said of
 * each. Without that file it is found out again.
 */
#ifndef AUTH_TLS_STATE_H
#define AUTH_TLS_STATE_H

#include "config/settings.h"

/* Where root keeps it. */
#define TLS_STATE_DIRECTORY "/run/imapd-tls"

/* Whether a gate could speak TLS with these settings. False where no certificate is set; where
 * it is of no use, that is logged, at each call. directory: of the caller alone, made where it
 * is missing; NULL: found out anew each time. */
bool tls_state_good(const struct settings *s, const char *directory);

#endif
