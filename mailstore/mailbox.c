/* Opening and closing a folder, and the questions about it that need no look at the disk. */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"

#include <errno.h>
#include <stdlib.h>

static bool can_write(const struct folder_dirs *dirs)
{
    return dirs->tmp >= 0 && sys_writable(dirs->dir, "cur") == 0 &&
           sys_writable(dirs->dir, "new") == 0;
}

static struct mailbox *mailbox_new(struct store *store)
{
    struct mailbox *mb = calloc(1, sizeof *mb);
    if (mb == NULL)
        return NULL;
    mb->store = store;
    mb->inotify = -1;
    mb->provisional = true;
    mb->dirs = (struct folder_dirs){ -1, -1, -1, -1 };
    table_init(&mb->table);
    keywords_init(&mb->keywords);
    return mb;
}

enum store_error mailbox_open(struct store *store, const char *name, bool writable,
                              struct mailbox **mb_r)
{
    struct mailbox *mb = mailbox_new(store);
    *mb_r = NULL;
    if (mb == NULL)
        return STORE_UNAVAILABLE;
    enum store_error e = folder_dirs_open(store, name, &mb->dirs);
    if (e != STORE_OK) {
        mailbox_close(mb);
        return e;
    }
    mb->grain = grain_of(mb->dirs.cur);
    mb->writable = writable && can_write(&mb->dirs);
    if (mb->writable)
        tmp_clean(mb->dirs.tmp);
    e = mailbox_refresh(mb);
    if (e != STORE_OK) {
        mailbox_close(mb);
        return e;
    }
    *mb_r = mb;
    return STORE_OK;
}

enum store_error mailbox_mend(struct store *store, const char *name)
{
    struct mailbox *mb = mailbox_new(store);
    if (mb == NULL)
        return STORE_UNAVAILABLE;
    enum store_error e = folder_dirs_open(store, name, &mb->dirs);
    if (e == STORE_OK) {
        mb->grain = grain_of(mb->dirs.cur);
        e = mailbox_look(mb, LOOK_MEND);
    }
    mailbox_close(mb);
    return e;
}

void mailbox_close(struct mailbox *mb)
{
    if (mb == NULL)
        return;
    mailbox_unwatch(mb);
    folder_dirs_close(&mb->dirs);
    table_free(&mb->table);
    keywords_free(&mb->keywords);
    free(mb);
}

enum store_error mailbox_refresh(struct mailbox *mb)
{
    enum store_error e = mailbox_look(mb, LOOK_CHANGED);
    if (e == STORE_OK && mb->writable && mb->in_new > 0)
        mailbox_take_recent(mb);
    return e;
}

bool mailbox_uids_sticky(const struct mailbox *mb)
{
    return !mb->provisional;
}

bool mailbox_writable(const struct mailbox *mb)
{
    return mb->writable;
}

uint32_t mailbox_uidvalidity(const struct mailbox *mb)
{
    return mb->uidvalidity;
}

/* Not above the UID of a message that is held back: it will still appear. */
uint32_t mailbox_uidnext(const struct mailbox *mb)
{
    if (mb->published < mb->table.count)
        return mb->table.rec[mb->published].uid;
    return mb->list.next > mb->highest ? mb->list.next : mb->highest + 1;
}

uint64_t mailbox_modseq(const struct mailbox *mb)
{
    return mb->modseq;
}

const char *mailbox_keyword(const struct mailbox *mb, unsigned index)
{
    return keywords_name(&mb->keywords, index);
}

bool mailbox_keywords_free(const struct mailbox *mb)
{
    return keywords_have_room(&mb->keywords);
}

size_t mailbox_count(const struct mailbox *mb)
{
    return mb->shown;
}

static struct message_info info_of(const struct mailbox *mb, const struct record *rec)
{
    return (struct message_info){
        .uid = rec->uid,
        .flags = rec->flags,
        .recent = rec->recent,
        .expunged = rec->state == RECORD_EXPUNGED,
        .keywords = keywords_from_letters(&mb->keywords, rec->letters),
        .modseq = rec->modseq,
    };
}

static bool is_visible(const struct record *rec)
{
    return rec->state == RECORD_SHOWN || rec->state == RECORD_EXPUNGED;
}

bool mailbox_get(const struct mailbox *mb, uint32_t uid, struct message_info *info_r)
{
    const struct record *rec = table_uid(&mb->table, uid);
    if (rec == NULL || !is_visible(rec))
        return false;
    *info_r = info_of(mb, rec);
    return true;
}

void mailbox_changes(const struct mailbox *mb, uint64_t since,
                     void (*each)(void *ctx, const struct message_info *info), void *ctx)
{
    if (since >= mb->modseq)
        return;
    for (size_t i = 0; i < mb->table.count; i++) {
        const struct record *rec = &mb->table.rec[i];
        if (!is_visible(rec) || rec->modseq <= since)
            continue;
        struct message_info info = info_of(mb, rec);
        each(ctx, &info);
    }
}

void mailbox_forget(struct mailbox *mb, uint32_t uid)
{
    struct record *rec = table_uid(&mb->table, uid);
    if (rec != NULL && rec->state == RECORD_EXPUNGED)
        record_set_state(mb, rec, RECORD_GONE);
}

static enum store_error sync_fd(int fd)
{
    if (sys_fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
        return store_error_from_errno(errno);
    return STORE_OK;
}

enum store_error mailbox_check(struct mailbox *mb)
{
    int fd[] = { mb->dirs.new, mb->dirs.cur, mb->dirs.dir };
    enum store_error e = STORE_OK;
    for (size_t i = 0; e == STORE_OK && i < sizeof fd / sizeof fd[0]; i++)
        e = sync_fd(fd[i]);
    return e;
}
