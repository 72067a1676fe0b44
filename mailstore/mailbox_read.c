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
#include <string.h>

/* What mailbox_message_open hands out. */
struct file_input {
    struct message_input in; /* first: the one is cast to the other */
    struct mailbox *mb;
    struct message_file file;
    uint64_t from; /* what is held begins here: at 0 in a file that is held whole */
    size_t held;
    char octets[HELD_MAX];
};

int located_dir(const struct mailbox *mb, const struct located *at)
{
    return (at->m.bits & INDEX_IN_NEW) != 0 ? mb->dirs.new : mb->dirs.cur;
}

enum store_error mailbox_relocate(struct mailbox *mb, const struct located *at, unsigned *looks)
{
    struct located now;
    index_release(mb->index);
    if (*looks > 0 && mailbox_locate(mb, at->m.uid, &now) &&
        (strcmp(now.name, at->name) != 0 || now.m.bits != at->m.bits)) {
        --*looks;
        return STORE_OK;
    }
    return mailbox_look_again(mb, looks);
}

/* O_NONBLOCK: a FIFO by that name must not hold us. */
enum store_error message_file_open_at(int dir, const char *name, struct message_file *file_r)
{
    struct stat st;
    int fd = sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return store_error_from_errno(errno);
    if (sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        sys_close(fd);
        return STORE_NOPERM;
    }
    *file_r = (struct message_file){ fd, (uint64_t)st.st_size };
    return STORE_OK;
}

static enum store_error open_message(struct mailbox *mb, uint32_t uid, unsigned *looks_left,
                                     struct located *at_r, struct message_file *file_r)
{
    for (;;) {
        if (!mailbox_locate(mb, uid, at_r))
            return STORE_EXPUNGED;
        if (mailbox_ahead_take(mb, uid, file_r))
            return STORE_OK;
        enum store_error e = message_file_open_at(located_dir(mb, at_r), at_r->name, file_r);
        if (e != STORE_NONEXISTENT)
            return e;
        e = mailbox_relocate(mb, at_r, looks_left);
        if (e != STORE_OK)
            return e;
    }
}

enum store_error message_file_open(struct mailbox *mb, uint32_t uid, unsigned *looks_left,
                                   struct located *at_r, int *fd_r)
{
    struct message_file file;
    enum store_error e = open_message(mb, uid, looks_left, at_r, &file);
    if (e == STORE_OK)
        *fd_r = file.fd;
    return e;
}

/* Reads the first octets of a file, and notes whether the disk had to be waited for. */
static ssize_t read_first(struct file_input *in, void *buf, size_t n, off_t off)
{
    if (!in->mb->waits_unsaid) {
        ssize_t got = sys_pread_cached(in->file.fd, buf, n, off);
        if (got > 0)
            return got;
        if (got < 0 && errno == EAGAIN)
            mailbox_ahead_begin(in->mb);
        in->mb->waits_unsaid = got < 0 && errno != EAGAIN;
    }
    return sys_pread(in->file.fd, buf, n, off);
}

/* Reads until `held` octets are held, or the file has no more. */
static bool hold(struct file_input *in, size_t held)
{
    while (in->held < held) {
        char *to = in->octets + in->held;
        off_t off = (off_t)(in->from + in->held);
        ssize_t got = in->held == 0 ? read_first(in, to, held, off)
                                    : sys_pread(in->file.fd, to, held - in->held, off);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        in->held += (size_t)got;
    }
    return true;
}

static ssize_t file_peek(struct message_input *input, const char **octets_r, size_t n,
                         uint64_t off)
{
    struct file_input *in = (struct file_input *)input;
    uint64_t size = in->file.size;
    if (off >= size)
        return 0;
    if (n > size - off)
        n = (size_t)(size - off);
    if (n > HELD_MAX)
        n = HELD_MAX;
    if (size > HELD_MAX && (off < in->from || off - in->from + n > in->held)) {
        in->from = off;
        in->held = 0;
    }
    size_t at = (size_t)(off - in->from);
    if (!hold(in, at + n))
        return -1;
    if (in->held <= at)
        return 0;
    *octets_r = in->octets + at;
    return (ssize_t)(n < in->held - at ? n : in->held - at);
}

/* What is larger than what is held goes where it is wanted. */
static ssize_t file_pread(struct message_input *input, void *buf, size_t n, uint64_t off)
{
    struct file_input *in = (struct file_input *)input;
    if (in->file.size > HELD_MAX && off < in->file.size)
        return off == 0 ? read_first(in, buf, n, 0)
                        : sys_pread(in->file.fd, buf, n, (off_t)off);
    const char *p;
    ssize_t got = file_peek(input, &p, n, off);
    if (got > 0)
        memcpy(buf, p, (size_t)got);
    return got;
}

enum store_error mailbox_message_open(struct mailbox *mb, uint32_t uid,
                                      struct message_input **in_r)
{
    unsigned looks = LOOKS_PER_CALL;
    struct located at;
    *in_r = NULL;
    struct file_input *in = mb->spare != NULL ? mb->spare : malloc(sizeof *in);
    if (in == NULL)
        return STORE_UNAVAILABLE;
    mb->spare = NULL;
    in->in = (struct message_input){ file_pread, file_peek };
    in->mb = mb;
    in->file = (struct message_file){ -1, 0 };
    in->from = 0;
    in->held = 0;
    enum store_error e = open_message(mb, uid, &looks, &at, &in->file);
    if (e != STORE_OK) {
        mailbox_message_close(&in->in);
        return e;
    }
    *in_r = &in->in;
    return STORE_OK;
}

void mailbox_message_close(struct message_input *input)
{
    struct file_input *in = (struct file_input *)input;
    if (in == NULL)
        return;
    if (in->file.fd >= 0)
        sys_close(in->file.fd);
    free(in->mb->spare);
    in->mb->spare = in;
}

void mailbox_read_end(struct mailbox *mb)
{
    free(mb->spare);
    mb->spare = NULL;
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

/* Stats a message's file. Follows it when it was renamed. */
static enum store_error stat_file(struct mailbox *mb, uint32_t uid, struct located *at_r,
                                  struct stat *st_r)
{
    unsigned looks = LOOKS_PER_CALL;
    for (;;) {
        if (!mailbox_locate(mb, uid, at_r))
            return STORE_EXPUNGED;
        if (sys_fstatat(located_dir(mb, at_r), at_r->name, st_r, AT_SYMLINK_NOFOLLOW) == 0)
            return STORE_OK;
        if (errno != ENOENT)
            return store_error_from_errno(errno);
        enum store_error e = mailbox_relocate(mb, at_r, &looks);
        if (e != STORE_OK)
            return e;
    }
}

/* W= is believed when S= shows that the name tells the truth about this file. */
static uint64_t size_by_name(const char *name, const struct stat *st)
{
    uint64_t s = 0;
    uint64_t w = 0;
    if (maildir_name_number(name, 'S', &s) && s == (uint64_t)st->st_size &&
        maildir_name_number(name, 'W', &w) && w >= s && w <= 2 * s)
        return w;
    return SIZE_UNKNOWN;
}

/* Asks the file for both, since one is seldom wanted without the other. */
static enum store_error learn(struct mailbox *mb, uint32_t uid, uint64_t *size_r,
                              int64_t *date_r)
{
    struct located at;
    struct stat st;
    if (mailbox_learnt(mb, uid, size_r, date_r))
        return STORE_OK;
    enum store_error e = stat_file(mb, uid, &at, &st);
    if (e != STORE_OK)
        return e;
    *date_r = st.st_mtim.tv_sec;
    *size_r = at.m.size != SIZE_UNKNOWN ? at.m.size : size_by_name(at.name, &st);
    mailbox_learn(mb, &at.m, *size_r, *date_r);
    return STORE_OK;
}

static enum store_error measure(struct mailbox *mb, uint32_t uid, uint64_t *octets_r)
{
    struct message_input *in = NULL;
    struct index_message m = { .uid = uid };
    enum store_error e = mailbox_message_open(mb, uid, &in);
    if (e != STORE_OK)
        return e;
    e = from_status(message_measure(in, octets_r));
    mailbox_message_close(in);
    if (e == STORE_OK)
        mailbox_learn(mb, &m, *octets_r, INDEX_DATE_UNKNOWN);
    return e;
}

enum store_error mailbox_size(struct mailbox *mb, uint32_t uid, uint64_t *octets_r)
{
    struct index_message m;
    int64_t date = 0;
    if (!mailbox_find(mb, uid, &m))
        return STORE_EXPUNGED;
    *octets_r = m.size;
    if (m.size != SIZE_UNKNOWN)
        return STORE_OK;
    enum store_error e = learn(mb, uid, octets_r, &date);
    return e == STORE_OK && *octets_r == SIZE_UNKNOWN ? measure(mb, uid, octets_r) : e;
}

enum store_error mailbox_internaldate(struct mailbox *mb, uint32_t uid, time_t *date_r)
{
    struct index_message m;
    uint64_t size = 0;
    int64_t date = 0;
    if (!mailbox_find(mb, uid, &m))
        return STORE_EXPUNGED;
    *date_r = (time_t)m.date;
    if (m.date != INDEX_DATE_UNKNOWN)
        return STORE_OK;
    enum store_error e = learn(mb, uid, &size, &date);
    *date_r = (time_t)date;
    return e;
}

enum store_error mailbox_savedate(struct mailbox *mb, uint32_t uid, time_t *date_r)
{
    struct located at;
    uint64_t seconds;
    if (!mailbox_locate(mb, uid, &at))
        return STORE_EXPUNGED;
    if (!maildir_name_seconds(at.name, &seconds))
        return mailbox_internaldate(mb, uid, date_r);
    *date_r = (time_t)seconds;
    return STORE_OK;
}
