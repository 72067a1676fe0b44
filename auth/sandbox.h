/*
 * Being locked in: the last thing that a gate and a session do before they read what a client
 * sends. Afterwards nothing that the client makes of the process reaches further than its work
 * does. What is allowed, and why, is in doc/security.md.
 *
 * A build with SANDBOX=no does none of it but no_new_privs (auth/filter.h says why there is
 * such a build).
 */
#ifndef AUTH_SANDBOX_H
#define AUTH_SANDBOX_H

#include <stdbool.h>

/* A gate, after become_gate and process_end_with: no system calls but to read and write what is
 * open, to wait, and to get memory. tls: and what OpenSSL needs, which was loaded before.
 * False: not to be had, and the process must end. */
bool sandbox_gate(bool tls);

/* A session, after become_user and process_settle, with its log open: the files below mail_root
 * (a descriptor, which stays the caller's), those below index_dir (NULL: inside of mail_root;
 * made where it is missing), and of the system what libc reads for iconv(3) and syslog(3); no
 * programs, sockets, other processes. A kernel without Landlock (before 5.19, or switched off)
 * leaves out the restriction to these files, with a line in the log. False: what the kernel has
 * is not to be had, and the process must end. */
bool sandbox_session(int mail_root, const char *index_dir);

#endif
