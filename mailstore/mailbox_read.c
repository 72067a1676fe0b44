/*
 * Reading messages.
 *
 * Others rename files under us (flags, new/ to cur/). A name that is not there any more is
 * looked for again; only when a clean reading has shown that the file is gone is the message
 * expunged. An open file stays readable whatever happens to its name.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"
#include "message/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* What mailbox_message_open hands out. */
struct file_input {
    struct message_input in; /* first: the one is cast to the other */
    int fd;
};

struct record *shown_record(const struct mailbox *mb, uint32_t uid)
{
    struct record *rec = table_uid(&mb->table, uid);
    return rec != NULL && rec->state == RECORD_SHOWN ? rec : NULL;
}

/* O_NONBLOCK: a FIFO by that name must not hold us. */
static enum store_error open_file(int dir, const char *name, int *fd_r)
{
    struct stat st;
    int fd = sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return store_error_from_errno(errno);
    if (sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        sys_close(fd);
        return STORE_NOPERM;
    }
    *fd_r = fd;
    return STORE_OK;
}

enum store_error message_file_open(struct mailbox *mb, uint32_t uid, unsigned *looks_left,
                                   int *fd_r)
{
    for (;;) {
        const struct record *rec = shown_record(mb, uid);
        if (rec == NULL)
            return STORE_EXPUNGED;
        enum store_error e = open_file(record_dir(mb, rec), rec->name, fd_r);
        if (e != STORE_NONEXISTENT)
            return e;
        e = mailbox_look_again(mb, looks_left);
        if (e != STORE_OK)
            return e;
    }
}

static ssize_t file_pread(struct message_input *in, void *buf, size_t n, uint64_t off)
{
    const struct file_input *file = (const struct file_input *)in;
    if (off > INT64_MAX)
        return 0;
    return sys_pread(file->fd, buf, n, (off_t)off);
}

enum store_error mailbox_message_open(struct mailbox *mb, uint32_t uid,
                                      struct message_input **in_r)
{
    unsigned looks = LOOKS_PER_CALL;
    *in_r = NULL;
    struct file_input *file = malloc(sizeof *file);
    if (file == NULL)
        return STORE_UNAVAILABLE;
    enum store_error e = message_file_open(mb, uid, &looks, &file->fd);
    if (e != STORE_OK) {
        free(file);
        return e;
    }
    file->in.pread = file_pread;
    *in_r = &file->in;
    return STORE_OK;
}

void mailbox_message_close(struct message_input *in)
{
    struct file_input *file = (struct file_input *)in;
    if (file == NULL)
        return;
    sys_close(file->fd);
    free(file);
}

static enum store_error from_status(enum message_status status)
{
    switch (status) {
    case MESSAGE_OK:
        return STORE_OK;
    case MESSAGE_NOMEM:
        return STORE_UNAVAILABLE;
    case MESSAGE_IO:
        return store_error_from_errno(errno);
    case MESSAGE_CHANGED:
    case MESSAGE_SINK:
        break;
    }
    return STORE_IO;
}

/* W= of the name is not believed: RFC822.SIZE must be what BODY[] sends, and names can lie. */
enum store_error mailbox_size(struct mailbox *mb, uint32_t uid, uint64_t *octets_r)
{
    struct message_input *in = NULL;
    struct record *rec = shown_record(mb, uid);
    if (rec != NULL && rec->size != SIZE_UNKNOWN) {
        *octets_r = rec->size;
        return STORE_OK;
    }
    enum store_error e = mailbox_message_open(mb, uid, &in);
    if (e != STORE_OK)
        return e;
    e = from_status(message_measure(in, octets_r));
    mailbox_message_close(in);
    rec = shown_record(mb, uid);
    if (e == STORE_OK && rec != NULL)
        rec->size = *octets_r;
    return e;
}

enum store_error mailbox_internaldate(struct mailbox *mb, uint32_t uid, time_t *date_r)
{
    unsigned looks = LOOKS_PER_CALL;
    for (;;) {
        struct stat st;
        const struct record *rec = shown_record(mb, uid);
        if (rec == NULL)
            return STORE_EXPUNGED;
        if (sys_fstatat(record_dir(mb, rec), rec->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            *date_r = st.st_mtim.tv_sec;
            return STORE_OK;
        }
        if (errno != ENOENT)
            return store_error_from_errno(errno);
        enum store_error e = mailbox_look_again(mb, &looks);
        if (e != STORE_OK)
            return e;
    }
}
