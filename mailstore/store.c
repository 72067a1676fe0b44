/*
 * The account: its root directory. It may itself be a link; below it nothing is followed that
 * leads out (sys_open_beneath).
 */
#include "mailstore/store.h"

#include "mailstore/account.h"
#include "mailstore/index.h"
#include "mailstore/maildir.h"
#include "mailstore/path.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Opens the root, made where it is missing if `make`. -1 with errno. */
static int open_root(const char *root, bool make)
{
    int fd = sys_openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    if (path_make(root) < 0)
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

static enum store_error open_store(const char *root, enum store_layout layout, bool make,
                                   struct store **store_r)
{
    *store_r = NULL;
    if (root[0] == '\0')
        return STORE_NONEXISTENT;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return STORE_UNAVAILABLE;
    store->index_size_max = INDEX_SIZE_DEFAULT;
    store->layout = layout;
    store->root = open_root(root, make);
    if (store->root < 0) {
        enum store_error e = store_error_from_errno(errno);
        free(store);
        return e;
    }
    *store_r = store;
    return STORE_OK;
}

enum store_error store_open(const char *root, enum store_layout layout, struct store **store_r)
{
    return open_store(root, layout, true, store_r);
}

enum store_error store_open_only(const char *root, enum store_layout layout,
                                 struct store **store_r)
{
    return open_store(root, layout, false, store_r);
}

void store_on_progress(struct store *store, store_progress *tell, void *ctx)
{
    store->progress = tell;
    store->progress_ctx = ctx;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    index_close(store->index);
    sys_close(store->root);
    free(store->index_dir);
    free(store);
}

bool store_index_at(struct store *store, const char *dir, uint64_t size_max)
{
    char *copy = dir == NULL ? NULL : strdup(dir);
    if (dir != NULL && copy == NULL)
        return false;
    free(store->index_dir);
    store->index_dir = copy;
    store->index_size_max = size_max;
    return true;
}

struct index *store_index(struct store *store)
{
    if (store->index == NULL)
        store->index = index_open(store->root, store->index_dir, store->index_size_max);
    return store->index;
}

void store_prepare(struct store *store)
{
    (void)store_index(store);
}

void store_release(struct store *store)
{
    if (store->index == NULL)
        return;
    index_release(store->index);
}

void store_idle(struct store *store)
{
    if (store->index == NULL)
        return;
    index_settle(store->index, store->writes);
    index_idle(store->index);
    if (store->grown)
        (void)malloc_trim(0);
    store->grown = false;
}

int store_root_fd(const struct store *store)
{
    return store->root;
}
