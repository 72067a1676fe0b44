/* A connection until its login: gates, and the parent that answers them (doc/design.md). */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "auth/parent.h"
#include "config/settings.h"
#include "net/peer.h"

#include <stdbool.h>

/* No exit status. */
#define CONNECTION_LOGGED_IN (-1)

/* Serves a client that has to log in; tls: it speaks TLS from its first octet on. Behind a
 * proxy *peer becomes whom the PROXY header names. CONNECTION_LOGGED_IN: *login_r is filled, no
 * gate reads the client's socket beside us, and standard input and output are what the session
 * is to use. Else the status to exit with; what there was to log is logged. */
int connection_serve(const struct settings *settings, struct peer *peer, bool tls,
                     struct login *login_r);

#endif
