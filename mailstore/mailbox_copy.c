/*
 * COPY: each message is hard-linked (or, where that can't be, copied) into the target's tmp/
 * under a unique part of its own, and then added as by APPEND (append_commit.c): all or none.
 *
 * Always a new unique part: a name copied with its ",U=" would be fatal to mbsync, and in the
 * same folder it would be the same message. Flags are those the name carries at the moment of
 * the link; keywords go by name into the target's letters. Who it is a copy of goes along in
 * the G field of its line (mailbox_identity.c).
 *
 * DURABLE. The link shares the source's octets. A delivery syncs them, but not every program
 * that writes into a Maildir does; so a file whose inode changed within the last minute is
 * synced here. An older one the kernel has written by itself. What is moved (by copying, where
 * it can't be renamed: mailbox_move.c) is afterwards what it was before, the same octets under
 * another name, no safer for it: nothing is synced but the directories.
 */
#include "mailstore/append_private.h"
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* As in uidlist.c: the kernel writes dirty data after 35 s. */
#define WRITEBACK_SECONDS 60

#define LINK_TRIES 8

/* Copies the octets of one file to another, with the date, durably. */
static enum store_error copy_octets(struct append *a, int from, int to, const struct stat *st)
{
    const struct timespec date[2] = { st->st_mtim, st->st_mtim };
    off_t off = 0;
    for (;;) {
        ssize_t n = sys_pread(from, a->buf, APPEND_BUFFER, off);
        if (n < 0)
            return store_error_from_errno(errno);
        if (n == 0)
            break;
        for (ssize_t done = 0; done < n;) {
            ssize_t w = sys_write(to, a->buf + done, (size_t)(n - done));
            if (w <= 0)
                return w < 0 ? store_error_from_errno(errno) : STORE_OVERQUOTA;
            done += w;
        }
        off += n;
    }
    if (sys_futimens(to, date) < 0 || sys_fsync(to) < 0)
        return store_error_from_errno(errno);
    return STORE_OK;
}

static enum store_error copy_file(struct append *a, struct append_item *item, int from,
                                  const struct stat *st)
{
    int to =
        sys_openat(a->dirs.tmp, item->unique, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (to < 0)
        return store_error_from_errno(errno);
    item->in_tmp = true;
    enum store_error e = copy_octets(a, from, to, st);
    if (sys_close(to) < 0 && e == STORE_OK)
        e = store_error_from_errno(errno);
    return e;
}

static bool no_link_here(int err)
{
    return err == EXDEV || err == EPERM || err == EMLINK || err == ENOTSUP || err == ENOSYS;
}

/* Links the file that is open as `fd`. STORE_NONEXISTENT: its name is another by now. */
static enum store_error link_file(struct mailbox *mb, const struct located *at,
                                  struct append *a, struct append_item *item, int fd,
                                  const struct stat *st)
{
    struct stat linked;
    for (int i = 0; i < LINK_TRIES; i++) {
        if (sys_linkat(located_dir(mb, at), at->name, a->dirs.tmp, item->unique) == 0) {
            item->in_tmp = true;
            if (sys_fstatat(a->dirs.tmp, item->unique, &linked, AT_SYMLINK_NOFOLLOW) == 0 &&
                linked.st_ino == st->st_ino && linked.st_dev == st->st_dev)
                return STORE_OK;
            return STORE_IO;
        }
        if (no_link_here(errno))
            return copy_file(a, item, fd, st);
        if (errno != EEXIST)
            return store_error_from_errno(errno);
        name_maker_next(&a->names, item->unique);
    }
    return STORE_IO;
}

static enum store_error sync_young(int fd, const struct stat *st)
{
    struct timespec now = { 0, 0 };
    (void)sys_clock(&now);
    if (st->st_ctim.tv_sec < now.tv_sec - WRITEBACK_SECONDS)
        return STORE_OK;
    if (sys_fdatasync(fd) < 0 && errno != EINVAL && errno != EROFS)
        return store_error_from_errno(errno);
    return STORE_OK;
}

uint64_t known_vsize(const char *name, const struct stat *st)
{
    uint64_t s = 0;
    uint64_t w = 0;
    if (maildir_name_number(name, 'S', &s) && s == (uint64_t)st->st_size &&
        maildir_name_number(name, 'W', &w) && w >= s)
        return w;
    return SIZE_UNKNOWN;
}

static enum store_error add_file(struct mailbox *mb, const struct located *at, struct append *a,
                                 int fd, const char *guid, bool moves)
{
    struct stat st;
    const char *name[KEYWORDS_MAX];
    size_t names = 0;
    if (sys_fstat(fd, &st) < 0)
        return store_error_from_errno(errno);
    enum store_error e = moves ? STORE_OK : sync_young(fd, &st);
    if (e != STORE_OK)
        return e;
    keyword_names(mb, keywords_from_letters(&mb->keywords, at->m.letters), name, &names);
    struct append_item *item = append_item_add(a, at->m.flags, name, names);
    if (item == NULL)
        return STORE_UNAVAILABLE;
    item->guid = strdup(guid);
    e = item->guid == NULL ? STORE_UNAVAILABLE : link_file(mb, at, a, item, fd, &st);
    append_item_name(item, (uint64_t)st.st_size, known_vsize(at->name, &st));
    return e;
}

static void drop_last_item(struct append *a)
{
    append_item_free(&a->item[--a->count]);
}

/* One message. Between opening and linking it may be renamed: then all is done again, so that
 * its flags are those of the name that was linked. */
static enum store_error add_message(struct mailbox *mb, uint32_t uid, struct append *a,
                                    unsigned *looks, bool moves)
{
    for (;;) {
        int fd = -1;
        size_t before = a->count;
        struct located at;
        char guid[GUID_MAX + 1];
        enum store_error e = message_file_open(mb, uid, looks, &at, &fd);
        if (e != STORE_OK)
            return e;
        e = mailbox_guid(mb, uid, guid);
        index_release(mb->index); /* the disk is waited for */
        if (e == STORE_OK)
            e = add_file(mb, &at, a, fd, guid, moves);
        sys_close(fd);
        if (e != STORE_NONEXISTENT)
            return e;
        if (a->count > before)
            drop_last_item(a);
        e = mailbox_relocate(mb, &at, looks);
        if (e != STORE_OK)
            return e;
    }
}

static enum store_error copy(struct mailbox *mb, const uint32_t *uid, size_t n, const char *to,
                             bool moves, uint32_t *uidvalidity_r, uint32_t *new_uid)
{
    struct append *a = NULL;
    unsigned looks = LOOKS_PER_CALL;
    *uidvalidity_r = 0;
    if (mb->keywords_unread != STORE_OK) /* by name they go along, or not at all */
        return mb->keywords_unread;
    enum store_error e = append_open(mb->store, to, &a);
    if (e != STORE_OK)
        return e;
    for (size_t i = 0; i < n && e == STORE_OK; i++) {
        store_tell_progress(mb->store, i, n);
        e = add_message(mb, uid[i], a, &looks, moves);
    }
    if (e != STORE_OK) {
        append_discard(a);
        return e;
    }
    return append_commit_items(a, uidvalidity_r, new_uid);
}

enum store_error mailbox_copy(struct mailbox *mb, const uint32_t *uid, size_t n, const char *to,
                              uint32_t *uidvalidity_r, uint32_t *new_uid)
{
    return copy(mb, uid, n, to, false, uidvalidity_r, new_uid);
}

enum store_error mailbox_copy_to_remove(struct mailbox *mb, const uint32_t *uid, size_t n,
                                        const char *to, uint32_t *uidvalidity_r,
                                        uint32_t *new_uid)
{
    return copy(mb, uid, n, to, true, uidvalidity_r, new_uid);
}
