#include "mailstore/small_file.h"

#include "mailstore/account.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>

static enum store_error read_text(int fd, struct buffer *text)
{
    for (;;) {
        if (!buffer_reserve(text, 4096))
            return STORE_LIMIT;
        ssize_t n = sys_read(fd, text->data + text->len, 4096);
        if (n < 0)
            return store_error_from_errno(errno);
        if (n == 0)
            return STORE_OK;
        text->len += (size_t)n;
    }
}

enum store_error small_file_read(int dir, const char *name, struct buffer *text, mode_t *mode_r)
{
    int fd = sys_open_beneath(dir, name, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return store_error_from_errno(errno);
    struct stat st;
    enum store_error e = STORE_OK;
    if (sys_fstat(fd, &st) < 0)
        e = store_error_from_errno(errno);
    else if (!S_ISREG(st.st_mode))
        e = STORE_CORRUPT;
    else
        e = read_text(fd, text);
    sys_close(fd);
    if (e == STORE_OK)
        *mode_r = st.st_mode & 0666;
    return e;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = sys_write(fd, data, n);
        if (done < 0)
            return -1;
        data += done;
        n -= (size_t)done;
    }
    return 0;
}

enum store_error small_file_replace(int dir, const char *name, const char *new_name,
                                    const struct buffer *text, mode_t mode,
                                    struct dotlock *lock)
{
    int fd = sys_openat(dir, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, MODE_FILE);
    if (fd < 0)
        return store_error_from_errno(errno);
    enum store_error e = STORE_OK;
    if (write_all(fd, text->data, text->len) < 0 || sys_fchmod(fd, mode) < 0 ||
        sys_fsync(fd) < 0)
        e = store_error_from_errno(errno);
    if (sys_close(fd) < 0 && e == STORE_OK)
        e = store_error_from_errno(errno);
    if (e == STORE_OK && !dotlock_keep(lock))
        e = STORE_INUSE;
    if (e == STORE_OK && sys_renameat(dir, new_name, dir, name) < 0)
        e = store_error_from_errno(errno);
    if (e != STORE_OK)
        sys_unlinkat(dir, new_name, 0);
    else if (sys_fsync(dir) < 0)
        e = store_error_from_errno(errno);
    return e;
}
