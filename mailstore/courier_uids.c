/*
 * Courier's courierimapuiddb, see doc/store.md: "1 <uidvalidity> <nextuid>", then
 * "<uid> <base name>" a line: the format that Dovecot's version 1 took over.
 *
 * Read only while there is no dovecot-uidlist: from then on Courier's numbers are history.
 */
#include "mailstore/uidlist.h"

#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define COURIER_NAME "courierimapuiddb"

static enum store_error read_whole(int fd, struct buffer *text)
{
    for (;;) {
        if (!buffer_reserve(text, 65536))
            return text->len > UIDLIST_SIZE_MAX - 65536 ? STORE_NONEXISTENT : STORE_UNAVAILABLE;
        ssize_t n = sys_read(fd, text->data + text->len, 65536);
        if (n < 0)
            return store_error_from_errno(errno);
        if (n == 0)
            return STORE_OK;
        text->len += (size_t)n;
    }
}

static enum store_error read_open(int fd, struct buffer *text)
{
    struct stat st;
    if (sys_fstat(fd, &st) < 0)
        return store_error_from_errno(errno);
    return S_ISREG(st.st_mode) ? read_whole(fd, text) : STORE_NONEXISTENT;
}

enum store_error courier_uids_read(int dir, struct uidlist *list, struct uidlist_lines *lines_r)
{
    memset(list, 0, sizeof *list);
    memset(lines_r, 0, sizeof *lines_r);
    int fd = sys_openat(dir, COURIER_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return errno == ELOOP || errno == ENXIO || errno == EACCES
                   ? STORE_NONEXISTENT
                   : store_error_from_errno(errno);
    struct buffer text;
    buffer_init(&text, UIDLIST_SIZE_MAX);
    enum store_error e = read_open(fd, &text);
    sys_close(fd);
    bool ok = e == STORE_OK && text.len > 2 && text.data[0] == '1' &&
              uidlist_parse(list, text.data, text.len, true, lines_r) && list->uidvalidity != 0;
    buffer_free(&text);
    if (!ok) {
        uidlist_lines_free(lines_r);
        memset(list, 0, sizeof *list);
    }
    return !ok && e == STORE_OK ? STORE_NONEXISTENT : e;
}
