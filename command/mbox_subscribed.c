/*
 * UW-IMAP's subscriptions: mbox_tree.h.
 *
 * .mailboxlist has a name a line, in modified UTF-7, below the home directory; so a folder in
 * ~/mail is "mail/Sent" there. Where the administrator has made the names begin at ~/mail, the
 * file is there, too. "#mh/x" and "{host}x" are of other stores.
 */
#include "command/mbox_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME ".mailboxlist"

/* Some 50,000 names. */
#define OCTETS_MAX ((size_t)4 << 20)

struct reading {
    const char *base; /* lines begin with it and a slash; "": with nothing */
    const char *into;
    struct folder_list *list;
    size_t room;
};

static bool add(struct reading *r, const char *name)
{
    if (r->list->count == r->room) {
        size_t room = r->room * 2 + 64;
        struct folder *more = reallocarray(r->list->folder, room, sizeof *more);
        if (more == NULL)
            return false;
        r->list->folder = more;
        r->room = room;
    }
    char *copy = strdup(name);
    if (copy != NULL)
        r->list->folder[r->list->count++] = (struct folder){ .name = copy };
    return copy != NULL;
}

/* Of what says nothing to us, nothing. */
static bool read_line(struct reading *r, const char *line, size_t n)
{
    char name[FOLDER_NAME_MAX + 1];
    size_t base = strlen(r->base);
    if (n > 0 && line[n - 1] == '\r')
        n--;
    if (n == 5 && strncasecmp(line, "INBOX", 5) == 0)
        return add(r, "INBOX");
    if (base > 0) {
        if (n <= base || memcmp(line, r->base, base) != 0 || line[base] != '/')
            return true;
        line += base + 1;
        n -= base + 1;
    }
    if (n == 0 || line[0] == '#' || line[0] == '{')
        return true;
    enum store_error e = mbox_tree_folder(r->into, line, n, name);
    return e == STORE_OK ? add(r, name) : e != STORE_UNAVAILABLE;
}

static bool read_lines(struct reading *r, const char *text, size_t n)
{
    for (size_t at = 0; at < n;) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t length = end == NULL ? n - at : (size_t)(end - text) - at;
        if (!read_line(r, text + at, length))
            return false;
        at += length + 1;
    }
    return true;
}

static bool read_all(int fd, char *text, size_t size, size_t *n_r)
{
    *n_r = 0;
    while (*n_r < size) {
        ssize_t n = read(fd, text + *n_r, size - *n_r);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *n_r += (size_t)n;
    }
    return true;
}

static bool read_open(struct reading *r, int fd)
{
    struct stat st;
    size_t n = 0;
    if (fstat(fd, &st) < 0)
        return false;
    if (!S_ISREG(st.st_mode) || (uintmax_t)st.st_size > OCTETS_MAX) {
        errno = EFBIG;
        return false;
    }
    char *text = malloc((size_t)st.st_size + 1);
    bool ok =
        text != NULL && read_all(fd, text, (size_t)st.st_size, &n) && read_lines(r, text, n);
    free(text);
    return ok;
}

static bool read_file(struct reading *r, int dir, const char *path, bool *found_r)
{
    int fd = mbox_tree_open(dir, path, O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT;
    *found_r = true;
    bool ok = read_open(r, fd);
    int err = errno;
    close(fd);
    errno = err;
    return ok;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct folder *)a)->name, ((const struct folder *)b)->name);
}

bool mbox_tree_subscribed(int dir, const char *base, const char *into,
                          struct folder_list *list_r, bool *found_r)
{
    struct reading r = { .base = "", .into = into, .list = list_r };
    *list_r = (struct folder_list){ .folder = NULL };
    *found_r = false;
    bool ok = read_file(&r, dir, FILE_NAME, found_r);
    r.base = base;
    if (ok && base[0] != '\0')
        ok = read_file(&r, dir, "../" FILE_NAME, found_r);
    if (!ok) {
        int err = errno;
        folder_list_free(list_r);
        errno = err;
        return false;
    }
    if (list_r->count > 0)
        qsort(list_r->folder, list_r->count, sizeof *list_r->folder, by_name);
    return true;
}
