/*
 * What the index has learnt of messages, against the messages. A message never changes, so this
 * needs no lock: a file that is not there any more is passed over.
 */
#include "mailstore/check_private.h"

#include "mailstore/sys.h"
#include "message/message.h"

#include <fcntl.h>
#include <string.h>

struct file {
    struct message_input in; /* first: the one is cast to the other */
    int fd;
};

static ssize_t read_file(struct message_input *in, void *buf, size_t n, uint64_t off)
{
    const struct file *file = (const struct file *)in;
    return off > INT64_MAX ? 0 : sys_pread(file->fd, buf, n, (off_t)off);
}

/* False: it could not be read. */
static bool compare_file(struct folder_check *fc, const struct index_message *m, int fd)
{
    struct file file = { .in = { .pread = read_file }, .fd = fd };
    struct stat st;
    uint64_t octets = 0;
    if (sys_fstat(fd, &st) < 0 || message_measure(&file.in, &octets) != MESSAGE_OK)
        return false;
    if (m->size != SIZE_UNKNOWN && m->size != octets)
        check_differs(fc, CURE_FORGET,
                      "UID %u has %llu octets, and %llu in the index; --repair begins the "
                      "folder's index anew",
                      m->uid, (unsigned long long)octets, (unsigned long long)m->size);
    if (m->date != INDEX_DATE_UNKNOWN && m->date != st.st_mtim.tv_sec)
        check_differs(fc, CURE_FORGET,
                      "UID %u is dated %lld (seconds), and %lld in the index; --repair begins "
                      "the folder's index anew",
                      m->uid, (long long)st.st_mtim.tv_sec, (long long)m->date);
    return check_summaries(fc, m->uid, &file.in);
}

static void compare(struct folder_check *fc, const struct index_message *m, const char *name)
{
    char quoted[CHECK_QUOTE_MAX];
    int dir = (m->bits & INDEX_IN_NEW) != 0 ? fc->dirs.new : fc->dirs.cur;
    int fd = dir < 0 ? -1 : sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return;
    bool ok = compare_file(fc, m, fd);
    sys_close(fd);
    if (!ok)
        check_impossible(fc, "UID %u (%s) can't be read to its end", m->uid,
                         check_quote(quoted, name, strlen(name)));
}

/* The snapshot is not held while a message is read, which may take long. False: no more. */
static bool next(struct folder_check *fc, uint32_t uid, struct index_message *m_r, char *name_r)
{
    struct index *ix = fc->c->index;
    bool found = false;
    bool ok = index_read(ix) && index_message_next(ix, fc->f.id, uid, m_r, name_r, &found);
    index_release(ix);
    return ok && found;
}

void check_sizes(struct folder_check *fc)
{
    struct index_message m = { .uid = 0 };
    char name[NAME_MAX + 1];
    while (m.uid < UID_LIMIT && next(fc, m.uid + 1, &m, name))
        if (m.state == RECORD_SHOWN)
            compare(fc, &m, name);
}
