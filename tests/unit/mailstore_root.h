/* A mail root in a temporary directory, for the tests of mailstore/. */
#ifndef TESTS_MAILSTORE_ROOT_H
#define TESTS_MAILSTORE_ROOT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include "mailstore/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct root {
    char dir[64]; /* an outer directory: what must not be touched can stand beside the root */
    char path[80];
    struct store *store;
};

static inline int root_remove_one(const char *path, const struct stat *st, int type,
                                  struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void root_open(struct root *r, enum store_layout layout)
{
    snprintf(r->dir, sizeof r->dir, "/tmp/imapd-test-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    snprintf(r->path, sizeof r->path, "%s/Maildir", r->dir);
    assert_int_equal(store_open(r->path, layout, &r->store), STORE_OK);
}

static inline void root_close(struct root *r)
{
    store_close(r->store);
    nftw(r->dir, root_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline bool root_has(const struct root *r, const char *path)
{
    struct stat st;
    return fstatat(store_root_fd(r->store), path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* As when somebody has removed what was learnt: the next look knows what the Maildir says. */
static inline void root_forget_index(const struct root *r)
{
    char path[100];
    snprintf(path, sizeof path, "%s/imapd-index", r->path);
    nftw(path, root_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void root_mkdir(const struct root *r, const char *path)
{
    assert_int_equal(mkdirat(store_root_fd(r->store), path, 0700), 0);
}

/* A Maildir, made as other software does. */
static inline void root_maildir(const struct root *r, const char *path)
{
    static const char *const sub[] = { "", "/cur", "/new", "/tmp" };
    for (size_t i = 0; i < 4; i++) {
        char full[512];
        snprintf(full, sizeof full, "%s%s", path, sub[i]);
        root_mkdir(r, full);
    }
}

static inline void root_put(const struct root *r, const char *path, int how, const char *text)
{
    int fd = openat(store_root_fd(r->store), path, O_WRONLY | how, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static inline void root_write(const struct root *r, const char *path, const char *text)
{
    root_put(r, path, O_CREAT | O_TRUNC, text);
}

/* Behind what the file has. */
static inline void root_append(const struct root *r, const char *path, const char *text)
{
    root_put(r, path, O_APPEND, text);
}

static inline void root_expect(const struct root *r, const char *path, const char *text)
{
    char buf[4096];
    int fd = openat(store_root_fd(r->store), path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, buf, sizeof buf - 1);
    close(fd);
    assert_true(n >= 0);
    buf[n] = '\0';
    assert_string_equal(buf, text);
}

/* Whether the folder can be opened. */
static inline bool root_opens(const struct root *r, const char *name)
{
    int fd = -1;
    if (folder_open_dir(r->store, name, &fd) != STORE_OK)
        return false;
    close(fd);
    return true;
}

/* The list as one text: names, '-' before what can't be selected, '+' after what has children.
 */
static inline void root_expect_list(const struct root *r, const char *text)
{
    struct folder_list list;
    char got[8192] = "";
    assert_int_equal(folder_list(r->store, &list), STORE_OK);
    for (size_t i = 0; i < list.count; i++) {
        size_t n = strlen(got);
        snprintf(got + n, sizeof got - n, "%s%s%s%s", i > 0 ? " " : "",
                 list.folder[i].selectable ? "" : "-", list.folder[i].name,
                 list.folder[i].has_children ? "+" : "");
    }
    folder_list_free(&list);
    assert_string_equal(got, text);
}

/* How many entries the root has whose names begin so. */
static inline int root_count(const struct root *r, const char *begin)
{
    DIR *d = opendir(r->path);
    assert_non_null(d);
    int n = 0;
    struct dirent *e;
    while ((e = readdir(d)) != NULL)
        n += strncmp(e->d_name, begin, strlen(begin)) == 0;
    closedir(d);
    return n;
}

#endif
