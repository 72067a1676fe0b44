/*
 * Finding and loading the TLS module (net/tls.h).
 *
 * It is root's own code as much as imapd is, and so it is looked for by imapd's own place alone
 * (in the same directory, as in a build tree, then in ../lib/imapd from there), never by a
 * search path, the working directory or the environment; and it must be as hard to write to.
 */
#ifndef AUTH_TLS_MODULE_H
#define AUTH_TLS_MODULE_H

#include "net/tls.h"

/* Octets of a path, with its NUL. */
#define TLS_MODULE_PATH 4096

/* Where the module is. False: nowhere; path_r is then where it should be installed. */
bool tls_module_find(char path_r[TLS_MODULE_PATH]);

/* Loads the module at an absolute path; it stays loaded. NULL: logged. */
const struct tls_module *tls_module_open(const char *path);

/* Both, for this process. NULL: logged. */
const struct tls_module *tls_module_load(void);

#endif
