/* Paths that settings give: mail_root and index_dir. */
#ifndef MAILSTORE_PATH_H
#define MAILSTORE_PATH_H

/* Makes the directory `path` and those above it (mode 0700); what is there already is fine. 0,
 * or -1 with errno: ENAMETOOLONG for PATH_MAX octets or more. That the last one is a directory
 * is not checked. */
int path_make(const char *path);

#endif
