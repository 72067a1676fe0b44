/*
 * seccomp filters: which system calls a process may still make. Anything else ends it with
 * SIGSYS, and the kernel's log says which call it was.
 *
 * They are made when imapd is built, by auth/seccomp/generate.c, where the lists are: nothing
 * is computed, and libseccomp is not loaded, when imapd runs. A build with SANDBOX=no
 * (sanitizers and valgrind make calls of their own) has none: `imapd --version` says so.
 */
#ifndef AUTH_FILTER_H
#define AUTH_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

struct filter {
    unsigned short n; /* 0: this build has none */
    const struct sock_filter *code;
};

/* Before the login: reads and writes what is open, and gets memory. */
extern const struct filter filter_gate;
/* The same with what OpenSSL asks for: the TLS gate, before and after the login. */
extern const struct filter filter_gate_tls;
/* The user's session: files too, but nothing that leaves them. */
extern const struct filter filter_session;

/* Whether this build has filters. */
bool filter_is_built(void);

/* From now on, for good. The caller has set no_new_privs. True also where this build has none.
 * False: the kernel won't; logged. */
bool filter_install(const struct filter *filter);

#endif
