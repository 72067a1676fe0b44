/* Opening and closing a folder, and bringing it up to date. */
#include "mailstore/mailbox_private.h"

#include "mailstore/sys.h"
#include "mailstore/witness.h"

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
    mb->index = store_index(store);
    mb->inotify = -1;
    mb->dirs = (struct folder_dirs){ -1, -1, -1, -1 };
    mb->folder.provisional = 1;
    table_init(&mb->table);
    keywords_init(&mb->keywords);
    if (mb->index != NULL)
        return mb;
    free(mb);
    return NULL;
}

static enum store_error open_dirs(struct mailbox *mb, const char *name)
{
    enum store_error e = folder_dirs_open(mb->store, name, &mb->dirs);
    if (e == STORE_OK)
        mb->grain = grain_of(mb->dirs.cur);
    return e;
}

enum store_error mailbox_open(struct store *store, const char *name, bool writable,
                              struct mailbox **mb_r)
{
    struct mailbox *mb = mailbox_new(store);
    *mb_r = NULL;
    if (mb == NULL)
        return STORE_UNAVAILABLE;
    enum store_error e = open_dirs(mb, name);
    if (e == STORE_OK) {
        mb->writable = writable && can_write(&mb->dirs);
        if (mb->writable)
            tmp_clean(mb->dirs.tmp);
        store->writes = store->writes || mb->writable;
        e = mailbox_refresh(mb);
    }
    if (e != STORE_OK) {
        mailbox_close(mb);
        return e;
    }
    *mb_r = mb;
    return STORE_OK;
}

static enum store_error mend(struct store *store, const char *name,
                             char identity_r[FOLDER_IDENTITY_SIZE])
{
    struct mailbox *mb = mailbox_new(store);
    if (mb == NULL)
        return STORE_UNAVAILABLE;
    enum store_error e = open_dirs(mb, name);
    if (e == STORE_OK)
        e = mailbox_look(mb, LOOK_MEND);
    if (e == STORE_OK)
        mailbox_folder_identity(mb, identity_r);
    mailbox_close(mb);
    return e;
}

enum store_error mailbox_mend(struct store *store, const char *name)
{
    char identity[FOLDER_IDENTITY_SIZE];
    return mend(store, name, identity);
}

enum store_error mailbox_begin(struct store *store, const char *name,
                               char identity_r[FOLDER_IDENTITY_SIZE])
{
    return mend(store, name, identity_r);
}

void mailbox_progress(const struct mailbox *mb, uint64_t done, uint64_t goal)
{
    store_tell_progress(mb->store, done, goal);
}

void mailbox_close(struct mailbox *mb)
{
    if (mb == NULL)
        return;
    mailbox_learn_save(mb);
    mailbox_cache_save(mb);
    mailbox_prove_last(mb);
    index_release(mb->index);
    witness_free(mb->witness);
    mailbox_ahead_end(mb);
    mailbox_read_end(mb);
    mailbox_unwatch(mb);
    folder_dirs_close(&mb->dirs);
    table_free(&mb->table);
    keywords_free(&mb->keywords);
    free(mb->recent.uid);
    free(mb);
}

enum store_error mailbox_refresh(struct mailbox *mb)
{
    mailbox_learn_save(mb);
    enum store_error e = mailbox_look(mb, LOOK_CHANGED);
    if (e == STORE_OK && mb->writable && mb->folder.recent > 0 && !mailbox_claim_recent(mb))
        e = mailbox_look(mb, LOOK_CHANGED);
    return e;
}

enum store_error mailbox_reopen(struct mailbox *mb)
{
    mb->recent.count = 0;
    return mailbox_refresh(mb);
}

bool mailbox_is_at(struct mailbox *mb, const char *name)
{
    struct stat ours;
    struct stat there;
    int fd = -1;
    if (folder_open_dir(mb->store, name, &fd) != STORE_OK)
        return false;
    bool same = sys_fstat(mb->dirs.dir, &ours) == 0 && sys_fstat(fd, &there) == 0 &&
                ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
    sys_close(fd);
    return same;
}

bool mailbox_uids_sticky(const struct mailbox *mb)
{
    return mb->folder.provisional == 0;
}

bool mailbox_writable(const struct mailbox *mb)
{
    return mb->writable;
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
