/*
 * Writing dovecot-uidlist, always with dovecot-uidlist.lock held.
 *
 * ADDING. open, fstat (still the file and size that `list` read under this lock, or nothing is
 * written), write at the end, fdatasync. A crash leaves a last line without LF: no reader takes
 * it, the next writer finds and mends it. When the disk fills up in the midst of a line, the
 * file is cut back to the last whole one, never further: a reader may have shown a whole line
 * already, and its UID must not be given again. The header's N is not touched: the next UID is
 * above it and above every line.
 *
 * REWRITING. dovecot-uidlist.tmp: write, fdatasync, rename over, fsync of the directory.
 * Readers see the old file or the new one. N is at least what it was (Dovecot throws away a
 * list whose N went down).
 */
#include "mailstore/uidlist.h"

#include "base/log.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static bool put_line(struct buffer *b, const struct uidlist_line *line)
{
    return buffer_printf(b, "%u ", line->uid) &&
           buffer_append(b, line->fields, line->fields_len) && buffer_putc(b, ':') &&
           buffer_append(b, line->base, line->base_len) && buffer_putc(b, '\n');
}

static bool put_lines(struct buffer *b, const struct uidlist_line *line, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!put_line(b, &line[i]))
            return false;
    return true;
}

/* Writes all of it; *done_r counts what was written even on failure. */
static enum store_error write_all(int fd, const struct buffer *b, size_t *done_r)
{
    *done_r = 0;
    while (*done_r < b->len) {
        ssize_t n = sys_write(fd, b->data + *done_r, b->len - *done_r);
        if (n < 0)
            return store_error_from_errno(errno);
        if (n == 0)
            return STORE_OVERQUOTA;
        *done_r += (size_t)n;
    }
    return STORE_OK;
}

/* Takes a line that was only partly written back. */
static void cut_back(int fd, off_t old, const struct buffer *b, size_t done)
{
    while (done > 0 && b->data[done - 1] != '\n')
        done--;
    if (sys_ftruncate(fd, old + (off_t)done) < 0)
        log_warning("%s: a torn line stays until the next writer: %m", UIDLIST_NAME);
    (void)sys_fdatasync(fd);
}

static enum store_error append_text(struct uidlist *list, int fd, const struct buffer *b)
{
    struct stat st;
    size_t done = 0;
    if (sys_fstat(fd, &st) < 0)
        return store_error_from_errno(errno);
    if (st.st_dev != list->dev || st.st_ino != list->ino || st.st_size != list->offset)
        return STORE_UNAVAILABLE; /* somebody wrote without the lock */
    enum store_error e = write_all(fd, b, &done);
    if (e != STORE_OK) {
        cut_back(fd, list->offset, b, done);
        return e;
    }
    if (sys_fdatasync(fd) < 0 || sys_fstat(fd, &st) < 0)
        return store_error_from_errno(errno);
    list->mtime = st.st_mtim;
    return STORE_OK;
}

enum store_error uidlist_append(struct uidlist *list, int dir, const struct uidlist_line *line,
                                size_t count)
{
    struct buffer b;
    if (count == 0)
        return STORE_OK;
    if (line[count - 1].uid >= UID_LIMIT)
        return STORE_LIMIT;
    buffer_init(&b, UIDLIST_SIZE_MAX);
    if (!put_lines(&b, line, count)) {
        buffer_free(&b);
        return STORE_UNAVAILABLE;
    }
    enum store_error e = STORE_OK;
    int fd = sys_openat(dir, UIDLIST_NAME, O_WRONLY | O_APPEND | O_NOFOLLOW, 0);
    if (fd < 0) {
        e = errno == ENOENT ? STORE_UNAVAILABLE : store_error_from_errno(errno);
    } else {
        e = append_text(list, fd, &b);
        sys_close(fd);
    }
    if (e == STORE_OK) {
        list->offset += (off_t)b.len;
        list->lines += count;
        list->last = line[count - 1].uid;
        if (list->next <= list->last)
            list->next = list->last + 1;
    }
    buffer_free(&b);
    return e;
}

/* The new file keeps the old one's rights (a shared folder's group reads it). */
static void keep_mode(int dir, int fd)
{
    struct stat st;
    if (sys_fstatat(dir, UIDLIST_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
        (void)sys_fchmod(fd, st.st_mode & 0777);
}

static enum store_error replace_file(struct uidlist *list, int dir, const struct buffer *b)
{
    struct stat st = { 0 };
    size_t done = 0;
    int fd = sys_openat(dir, UIDLIST_TEMP, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return store_error_from_errno(errno);
    keep_mode(dir, fd);
    enum store_error e = write_all(fd, b, &done);
    if (e == STORE_OK && (sys_fdatasync(fd) < 0 || sys_fstat(fd, &st) < 0))
        e = store_error_from_errno(errno);
    int64_t born = sys_birth(fd);
    sys_close(fd);
    if (e == STORE_OK && sys_renameat(dir, UIDLIST_TEMP, dir, UIDLIST_NAME) < 0)
        e = store_error_from_errno(errno);
    if (e != STORE_OK) {
        (void)sys_unlinkat(dir, UIDLIST_TEMP, 0);
        return e;
    }
    list->present = true;
    list->dev = st.st_dev;
    list->ino = st.st_ino;
    list->born = born;
    list->mtime = st.st_mtim;
    list->verify_at = 0;
    list->offset = (off_t)b->len;
    return sys_fsync(dir) < 0 ? store_error_from_errno(errno) : STORE_OK;
}

enum store_error uidlist_rewrite(struct uidlist *list, int dir, const struct uidlist_line *line,
                                 size_t count)
{
    struct uidlist made = *list;
    uint32_t last = count > 0 ? line[count - 1].uid : 0;
    if (made.next <= last)
        made.next = last + 1;
    if (made.next == 0)
        made.next = 1;
    if (!uidlist_has_guid(&made)) {
        enum store_error e = uidlist_make_guid(&made);
        if (e != STORE_OK)
            return e;
    }
    struct buffer b;
    buffer_init(&b, UIDLIST_SIZE_MAX);
    if (!buffer_printf(&b, "3 V%u N%u%s\n", made.uidvalidity, made.next, made.fields) ||
        !put_lines(&b, line, count)) {
        buffer_free(&b);
        return STORE_UNAVAILABLE;
    }
    enum store_error e = replace_file(&made, dir, &b);
    buffer_free(&b);
    if (e != STORE_OK)
        return e;
    made.lines = count;
    made.last = last;
    made.damaged = 0;
    made.rewrite = false;
    *list = made;
    return STORE_OK;
}
