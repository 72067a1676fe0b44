/*
 * Reading ahead.
 *
 * Who goes through many messages on a cold disk waits for it once a message, and the disk has
 * one thing to do at a time. So the files of the next messages are opened and announced to the
 * kernel, which reads them meanwhile, in the order and the pieces that suit the disk.
 *
 * That begins when a read has had to wait, with one file, and reaches further with each that is
 * asked for. It ends with one that is passed over (who looks into few of the messages should
 * not have the others read), and when all that were announced lately were in memory: there it
 * would cost a system call a message and gain nothing.
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Files that are open at once; HELD_MAX octets of each are on their way. */
#define AHEAD_MAX 32

/* So many in a row that are in memory end it. */
#define WARM_MAX 64

struct ahead {
    size_t reach;  /* so many are announced; 0: it has ended */
    unsigned warm; /* announced in a row that were in memory */
    size_t count;
    uint32_t uid[AHEAD_MAX]; /* ascending */
    struct message_file file[AHEAD_MAX];
};

void mailbox_ahead_begin(struct mailbox *mb)
{
    if (mb->ahead == NULL)
        mb->ahead = calloc(1, sizeof *mb->ahead);
    if (mb->ahead == NULL)
        return;
    mb->ahead->warm = 0;
    if (mb->ahead->reach == 0)
        mb->ahead->reach = 1;
}

static void forget(struct ahead *a, size_t i)
{
    a->count--;
    memmove(a->uid + i, a->uid + i + 1, (a->count - i) * sizeof a->uid[0]);
    memmove(a->file + i, a->file + i + 1, (a->count - i) * sizeof a->file[0]);
}

static void drop(struct ahead *a, size_t i)
{
    sys_close(a->file[i].fd);
    forget(a, i);
}

static void drop_all(struct ahead *a)
{
    while (a->count > 0)
        drop(a, a->count - 1);
}

bool mailbox_ahead_take(struct mailbox *mb, uint32_t uid, struct message_file *file_r)
{
    struct ahead *a = mb->ahead;
    for (size_t i = 0; a != NULL && i < a->count && a->uid[i] <= uid; i++) {
        if (a->uid[i] != uid)
            continue;
        *file_r = a->file[i];
        forget(a, i);
        a->reach = a->reach * 2 < AHEAD_MAX ? a->reach * 2 : AHEAD_MAX;
        return true;
    }
    return false;
}

/* What can't be opened is left for when it is asked for. */
static void announce(struct mailbox *mb, uint32_t uid)
{
    struct ahead *a = mb->ahead;
    struct located at;
    struct message_file file;
    char octet = 0;
    if (!mailbox_locate(mb, uid, &at) ||
        message_file_open_at(located_dir(mb, &at), at.name, &file) != STORE_OK)
        return;
    if (sys_pread_cached(file.fd, &octet, 1, 0) < 0 && errno == EAGAIN) {
        a->warm = 0;
        sys_will_need(file.fd, HELD_MAX);
    } else if (++a->warm == WARM_MAX) {
        a->reach = 0;
    }
    a->uid[a->count] = uid;
    a->file[a->count] = file;
    a->count++;
}

void mailbox_message_ahead(struct mailbox *mb, const uint32_t *uid, size_t n)
{
    struct ahead *a = mb->ahead;
    if (a == NULL)
        return;
    if (n == 0) {
        drop_all(a);
        a->reach = 0;
    }
    while (a->count > 0 && a->uid[0] < uid[0]) {
        drop(a, 0);
        a->reach = 0;
    }
    uint32_t last = a->count > 0 ? a->uid[a->count - 1] : 0;
    for (size_t i = 1; i < n && i <= a->reach && a->count < AHEAD_MAX; i++)
        if (uid[i] > last)
            announce(mb, uid[i]);
}

void mailbox_ahead_end(struct mailbox *mb)
{
    if (mb->ahead == NULL)
        return;
    drop_all(mb->ahead);
    free(mb->ahead);
    mb->ahead = NULL;
}
