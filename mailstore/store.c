/*
 * The account: its root directory. It may itself be a link; below it nothing is followed that
 * leads out (sys_open_beneath).
 */
#include "mailstore/store.h"

#include "mailstore/account.h"
#include "mailstore/maildir.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Makes the directories above `root` and the root itself. One that is there already is fine. */
static int make_path(const char *root)
{
    char path[PATH_MAX];
    size_t n = strlen(root);
    if (n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(path, root, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        path[i] = '\0';
        if (sys_mkdirat(AT_FDCWD, path, MODE_DIR) < 0 && errno != EEXIST) {
            /* Directories that we may not make (/, /home) may be there all the same. */
            struct stat st;
            int saved = errno;
            if (sys_fstatat(AT_FDCWD, path, &st, 0) < 0) {
                errno = saved;
                return -1;
            }
        }
        path[i] = root[i];
    }
    return 0;
}

/* Opens the root, made where it is missing. -1 with errno. */
static int open_root(const char *root)
{
    int fd = sys_openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (make_path(root) < 0)
        return -1;
    fd = sys_openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return -1;
    if (maildir_fill(fd) < 0 && errno != EEXIST) {
        int saved = errno;
        sys_close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

enum store_error store_open(const char *root, enum store_layout layout, struct store **store_r)
{
    *store_r = NULL;
    if (root[0] == '\0')
        return STORE_NONEXISTENT;
    struct store *store = malloc(sizeof *store);
    if (store == NULL)
        return STORE_UNAVAILABLE;
    store->layout = layout;
    store->root = open_root(root);
    if (store->root < 0) {
        enum store_error e = store_error_from_errno(errno);
        free(store);
        return e;
    }
    *store_r = store;
    return STORE_OK;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    sys_close(store->root);
    free(store);
}

int store_root_fd(const struct store *store)
{
    return store->root;
}
