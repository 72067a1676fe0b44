/*
 * One folder, compared at one moment.
 *
 * The uidlist lock is held: nobody adds, and our own sessions' STOREs wait. But mail is
 * delivered, EXPUNGE removes, and other programs rename. So what was read counts only if it was
 * one moment's: when differences were found, and something has moved since before the reading
 * (the stamps of cur/ and new/, the uidlist, the version of the index's record), or may have
 * moved without showing (a stamp younger than the clock's grain), it is read again, for as long
 * as sessions wait for the lock. No difference is told that was only a change in progress.
 */
#include "mailstore/check_private.h"

#include "mailstore/dotlock.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* How often a folder is read that moves: some seconds. */
#define ROUNDS 60

/* --- Opening. --------------------------------------------------------------------------------
 */

static int open_sub(int dir, const char *name)
{
    return sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* What stays so until a person changes it; other failures may pass. */
static bool is_lasting(int err)
{
    return err == EACCES || err == EPERM || err == ENOTDIR || err == ELOOP;
}

static bool tell_closed(struct folder_check *fc, const char *name, int err)
{
    if (is_lasting(err))
        check_tell(fc->c, CHECK_DIFFERENCE, fc->name,
                   "%s can't be opened by the user, as by any session: %s; change its owner or "
                   "mode (chown, chmod), or move it elsewhere",
                   name, strerror(err));
    else
        check_tell(fc->c, CHECK_FAILURE, fc->name, "%s can't be opened: %s", name,
                   strerror(err));
    return false;
}

/* False: it is not to be compared; told, unless it is gone. */
static bool open_folder(struct folder_check *fc)
{
    fc->dirs = (struct folder_dirs){ -1, -1, -1, -1 };
    enum store_error e = folder_open_dir(fc->c->store, fc->name, &fc->dirs.dir);
    if (e == STORE_NONEXISTENT)
        return false; /* since it was listed */
    if (e == STORE_NOPERM)
        return tell_closed(fc, "its directory", EACCES);
    if (e != STORE_OK) {
        check_tell(fc->c, CHECK_FAILURE, fc->name, "can't be opened: %s", store_error_text(e));
        return false;
    }
    int *fd[] = { &fc->dirs.cur, &fc->dirs.new, &fc->dirs.tmp };
    static const char *const name[] = { "cur", "new", "tmp" };
    for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++) {
        *fd[i] = open_sub(fc->dirs.dir, name[i]);
        if (*fd[i] < 0 && errno != ENOENT)
            return tell_closed(fc, name[i], errno);
    }
    fc->grain = grain_of(fc->dirs.dir);
    return true;
}

/* Whether another name leads to the same folder. */
static bool is_seen(struct folder_check *fc, struct checked *done_r)
{
    const struct check *c = fc->c;
    struct stat st;
    if (fc->dirs.cur < 0 || sys_fstat(fc->dirs.cur, &st) < 0)
        return false;
    done_r->key = folder_key_of(&st);
    for (size_t i = 0; i < c->folders; i++) {
        if (!folder_key_same(c->folder[i].key, done_r->key))
            continue;
        check_note(fc, "is the same folder as %s", c->folder[i].name);
        done_r->key.ino = 0;
        return true;
    }
    return false;
}

/* --- The lock. -------------------------------------------------------------------------------
 */

static void tell_left_lock(struct folder_check *fc, const char *lock)
{
    char owner[DOTLOCK_OWNER_MAX];
    bool gone = false;
    if (dotlock_owner(fc->dirs.dir, lock, owner, &gone) && gone)
        check_tell(fc->c, CHECK_NOTE, fc->name,
                   "%s was left by a process that is gone (%s); whoever needs it breaks it",
                   lock, owner[0] != '\0' ? owner : "before the machine started");
}

/* False: told. A folder that can't be written to is compared without: nobody else of this user
 * can write to it either. */
static bool take_lock(struct folder_check *fc, struct dotlock *lock)
{
    char owner[DOTLOCK_OWNER_MAX];
    bool gone = false;
    tell_left_lock(fc, UIDLIST_LOCK);
    tell_left_lock(fc, KEYWORDS_TEMP);
    enum store_error e = dotlock_take_within(lock, fc->dirs.dir, UIDLIST_LOCK, fc->c->patience);
    fc->locked = e == STORE_OK;
    if (e == STORE_OK || e == STORE_NOPERM || e == STORE_OVERQUOTA)
        return true;
    (void)dotlock_owner(fc->dirs.dir, UIDLIST_LOCK, owner, &gone);
    if (e == STORE_INUSE)
        check_tell(fc->c, CHECK_FAILURE, fc->name,
                   "not compared: %s is held by process %s for more than %u seconds; end that "
                   "process, or wait",
                   UIDLIST_LOCK, owner[0] != '\0' ? owner : "(nobody knows which)",
                   fc->c->patience);
    else
        check_tell(fc->c, CHECK_FAILURE, fc->name, "not compared: %s can't be taken: %s",
                   UIDLIST_LOCK, store_error_text(e));
    fc->c->patience = CHECK_IMPATIENCE_SECONDS;
    return false;
}

/* --- What moves. -----------------------------------------------------------------------------
 */

struct moment {
    struct dir_stamp cur;
    struct dir_stamp new;
    struct stat list;
    bool has_list;
    bool settled;
};

static bool take_dir(struct folder_check *fc, struct dir_stamp *stamp, int fd, bool *settled)
{
    bool same = true;
    bool is_settled = true;
    if (fd < 0)
        return true;
    bool ok = dir_stamp_take(stamp, fd, fc->grain, &same, &is_settled) == STORE_OK && same;
    *settled = *settled && is_settled;
    return ok;
}

/* Brings the moment up to date. False: something is not as it was. */
static bool take_moment(struct folder_check *fc, struct moment *at)
{
    struct stat list;
    at->settled = true;
    bool same = take_dir(fc, &at->cur, fc->dirs.cur, &at->settled);
    same = take_dir(fc, &at->new, fc->dirs.new, &at->settled) && same;
    bool has_list = sys_fstatat(fc->dirs.dir, UIDLIST_NAME, &list, AT_SYMLINK_NOFOLLOW) == 0;
    same = same && has_list == at->has_list &&
           (!has_list || (list.st_ino == at->list.st_ino && list.st_size == at->list.st_size &&
                          same_time(&list.st_mtim, &at->list.st_mtim)));
    at->has_list = has_list;
    if (has_list)
        at->list = list;
    return same;
}

static bool read_folder_record(struct folder_check *fc, struct index_folder *f_r, bool *found_r)
{
    struct stat st;
    *found_r = false;
    if (fc->c->index == NULL || fc->dirs.cur < 0 || sys_fstat(fc->dirs.cur, &st) < 0)
        return true;
    return index_read(fc->c->index) &&
           index_folder_get(fc->c->index, folder_key_of(&st), f_r, found_r);
}

static bool is_index_same(struct folder_check *fc, bool indexed, uint64_t version)
{
    struct index_folder now = { .version = 0 };
    bool found = false;
    bool ok = read_folder_record(fc, &now, &found);
    if (fc->c->index != NULL)
        index_release(fc->c->index);
    return ok && found == indexed && (!found || now.version == version);
}

/* --- One reading. ----------------------------------------------------------------------------
 */

static void forget_reading(struct folder_check *fc)
{
    table_free(&fc->files);
    table_free(&fc->listed);
    uidlist_lines_free(&fc->lines);
    keywords_free(&fc->keywords);
    buffer_free(&fc->said);
}

static void begin_reading(struct folder_check *fc)
{
    forget_reading(fc);
    table_init(&fc->files);
    table_init(&fc->listed);
    memset(&fc->list, 0, sizeof fc->list);
    memset(fc->letter_count, 0, sizeof fc->letter_count);
    fc->indexed = fc->reborn = false;
    fc->claims_cur = fc->claims_new = fc->claims_list = false;
    fc->differences = 0;
    fc->cures = 0;
    fc->impossible = false;
}

static bool read_all(struct folder_check *fc)
{
    begin_reading(fc);
    if (!read_folder_record(fc, &fc->f, &fc->indexed))
        return false;
    fc->reborn = fc->indexed && fc->f.cur_born != sys_birth(fc->dirs.cur);
    return check_maildir(fc) && check_uidlist(fc) && check_keywords(fc) && check_records(fc);
}

/* The index turned out to be of no use while it was read: from now on without it. */
static void give_up_index(struct folder_check *fc)
{
    struct check *c = fc->c;
    bool damaged = false;
    const char *why = index_failure(c->index, &damaged);
    if (damaged)
        check_tell(c, CHECK_DIFFERENCE, NULL,
                   "the index is damaged (%s); --repair, or the next session that comes across "
                   "it, begins it anew",
                   why);
    else
        check_tell(c, CHECK_FAILURE, NULL, "the index can't be read: %s",
                   why != NULL ? why : "unknown");
    c->index_is_bad = c->index_is_bad || damaged;
    index_close(c->index);
    c->index = NULL;
}

/* Whether what was read is one moment's. */
static bool read_moment(struct folder_check *fc)
{
    struct moment at;
    memset(&at, 0, sizeof at);
    (void)take_moment(fc, &at);
    bool settled = at.settled;
    bool ok = read_all(fc);
    bool indexed = fc->indexed;
    uint64_t version = fc->f.version;
    bool damaged = false;
    if (fc->c->index != NULL)
        index_release(fc->c->index);
    if (!ok && !fc->impossible && fc->c->index != NULL &&
        index_failure(fc->c->index, &damaged) != NULL) {
        give_up_index(fc);
        return false;
    }
    if (fc->differences == 0 && !fc->impossible)
        return true;
    return take_moment(fc, &at) && settled && (!indexed || is_index_same(fc, indexed, version));
}

static void read_patiently(struct folder_check *fc, struct dotlock *lock)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (fc->locked && !dotlock_keep(lock)) {
            check_tell(fc->c, CHECK_FAILURE, fc->name, "not compared: %s was lost",
                       UIDLIST_LOCK);
            forget_reading(fc);
            return;
        }
        if (read_moment(fc))
            return;
        sys_pause(grain_ms(fc->grain) + 10);
    }
    forget_reading(fc);
    fc->cures = 0;
    check_tell(fc->c, CHECK_FAILURE, fc->name,
               "not compared: it changes all the time; try when less is going on");
}

/* --- A folder. -------------------------------------------------------------------------------
 */

static int64_t birth_of_list(const struct folder_check *fc)
{
    int fd = sys_openat(fc->dirs.dir, UIDLIST_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    int64_t born = fd >= 0 ? sys_birth(fd) : 0;
    if (fd >= 0)
        sys_close(fd);
    return born;
}

static void compare_sizes(struct folder_check *fc)
{
    bool damaged = false;
    check_sizes(fc);
    if (index_failure(fc->c->index, &damaged) != NULL)
        give_up_index(fc);
}

static void compare(struct folder_check *fc, struct checked *done_r)
{
    struct dotlock lock;
    if (!take_lock(fc, &lock))
        return;
    read_patiently(fc, &lock);
    if (fc->locked)
        dotlock_drop(&lock);
    if (fc->c->o->full && fc->indexed && fc->c->index != NULL && !fc->impossible)
        compare_sizes(fc);
    fc->c->counts.messages += fc->files.count;
    done_r->uidvalidity = fc->list.uidvalidity;
    if (!uidlist_guid(&fc->list, done_r->guid))
        done_r->guid[0] = '\0';
    done_r->list_born = birth_of_list(fc);
    done_r->cures = fc->cures;
}

void check_folder(struct check *c, const char *name, struct checked *done_r)
{
    struct folder_check *fc = calloc(1, sizeof *fc);
    memset(done_r, 0, sizeof *done_r);
    if (fc == NULL) {
        check_tell(c, CHECK_FAILURE, name, "no memory to compare it");
        return;
    }
    fc->c = c;
    fc->name = name;
    keywords_init(&fc->keywords);
    if (open_folder(fc)) {
        c->counts.folders++;
        if (!is_seen(fc, done_r))
            compare(fc, done_r);
        check_tell_kept(fc);
    }
    folder_dirs_close(&fc->dirs);
    forget_reading(fc);
    free(fc);
}
