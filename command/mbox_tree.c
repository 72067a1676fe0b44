/* The walk through a directory of mbox folders: mbox_tree.h. */
#include "command/mbox_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    const struct mbox_tree *tree;
    const char *into;
    struct buffer path; /* of what is looked at, below the tree */
};

/* --- Names. ----------------------------------------------------------------------------------
 */

static bool is_ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 0x80)
            return false;
    return true;
}

static bool show_path(const char *path, size_t n, struct buffer *name)
{
    for (size_t begin = 0; begin <= n;) {
        const char *slash = memchr(path + begin, '/', n - begin);
        size_t end = slash == NULL ? n : (size_t)(slash - path);
        const char *level = path + begin;
        if (begin > 0)
            buffer_putc(name, '/');
        if (!is_ascii(level, end - begin) || !mutf7_to_utf8(level, end - begin, name))
            buffer_append(name, level, end - begin);
        begin = end + 1;
    }
    return !name->failed;
}

enum store_error mbox_tree_folder(const char *into, const char *path, size_t n, char *out)
{
    struct buffer name;
    buffer_init(&name, (size_t)4 * FOLDER_NAME_MAX);
    if (into != NULL) {
        buffer_puts(&name, into);
        buffer_putc(&name, '/');
    }
    enum store_error e = STORE_LIMIT;
    if (show_path(path, n, &name))
        e = folder_name_normalize(name.data, name.len, out);
    buffer_free(&name);
    return e;
}

int mbox_tree_open(int dir, const char *path, int flags)
{
    flags |= O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    int fd = openat(dir, path, flags | O_NOATIME);
    return fd < 0 && errno == EPERM ? openat(dir, path, flags) : fd;
}

/* --- The walk. -------------------------------------------------------------------------------
 */

static void leave(struct walk *w, bool failure, const char *why)
{
    const char *path = buffer_string(&w->path);
    w->tree->left(w->tree->ctx, path == NULL ? "" : path, failure, why);
}

static int is_wanted(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_octets(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* A lock that a delivery agent or a reader holds or has left. */
static bool is_lock(int dir, const char *entry)
{
    static const char suffix[] = ".lock";
    struct stat st;
    size_t n = strlen(entry);
    if (n < sizeof suffix || strcmp(entry + n - (sizeof suffix - 1), suffix) != 0)
        return false;
    char *locked = strndup(entry, n - (sizeof suffix - 1));
    bool is = locked != NULL && fstatat(dir, locked, &st, AT_SYMLINK_NOFOLLOW) == 0;
    free(locked);
    return is;
}

static bool is_maildir(int dir)
{
    static const char *const part[] = { "cur", "new", "tmp" };
    struct stat st;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (fstatat(dir, part[i], &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
            return false;
    return true;
}

static void walk_file(struct walk *w, int dir, const char *entry)
{
    char folder[FOLDER_NAME_MAX + 1];
    enum store_error e = mbox_tree_folder(w->into, w->path.data, w->path.len, folder);
    const char *path = buffer_string(&w->path);
    if (path == NULL || e == STORE_UNAVAILABLE)
        leave(w, true, strerror(ENOMEM));
    else if (e != STORE_OK)
        leave(w, true, "its name can be no folder's; it can be taken by itself, with --into");
    else if (strcmp(folder, "INBOX") == 0)
        leave(w, true, "a folder of this name is the INBOX; it can be taken by itself");
    else
        w->tree->file(w->tree->ctx, dir, entry, path, folder);
}

static void walk_dir(struct walk *w, int dir, unsigned depth);

static void walk_below(struct walk *w, int dir, const char *entry, unsigned depth)
{
    int fd = openat(dir, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        leave(w, true, strerror(errno));
    else if (depth == FOLDER_LEVELS_MAX)
        leave(w, true, "too many directories below each other");
    else if (is_maildir(fd))
        leave(w, false, "a Maildir folder, not an mbox");
    else
        walk_dir(w, fd, depth + 1);
    if (fd >= 0)
        close(fd);
}

static void walk_entry(struct walk *w, int dir, const char *entry, unsigned depth)
{
    struct stat st;
    size_t above = w->path.len;
    if (above > 0)
        buffer_putc(&w->path, '/');
    if (!buffer_puts(&w->path, entry))
        leave(w, true, strerror(ENAMETOOLONG));
    else if (fstatat(dir, entry, &st, AT_SYMLINK_NOFOLLOW) < 0)
        leave(w, true, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        walk_below(w, dir, entry, depth);
    else if (S_ISLNK(st.st_mode))
        leave(w, false, "a symbolic link; what it leads to can be taken by itself");
    else if (!S_ISREG(st.st_mode))
        leave(w, false, "no plain file");
    else if (!is_lock(dir, entry))
        walk_file(w, dir, entry);
    w->path.len = above;
    w->path.failed = false;
}

static void walk_dir(struct walk *w, int dir, unsigned depth)
{
    struct dirent **entry = NULL;
    int n = scandirat(dir, ".", &entry, is_wanted, by_octets);
    if (n < 0)
        leave(w, true, strerror(errno));
    for (int i = 0; i < n; i++) {
        walk_entry(w, dir, entry[i]->d_name, depth);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
}

void mbox_tree_walk(int dir, const char *into, const struct mbox_tree *tree)
{
    struct walk w = { .tree = tree, .into = into };
    buffer_init(&w.path, PATH_MAX);
    if (is_maildir(dir))
        tree->left(tree->ctx, ".", true,
                   "this is a Maildir, which is served as it is (mail_root)");
    else
        walk_dir(&w, dir, 0);
    buffer_free(&w.path);
}
