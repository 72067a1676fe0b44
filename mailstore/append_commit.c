/*
 * From tmp/ into a folder: the second half of APPEND and COPY, for one message or many.
 *
 * ORDER, with what is true after a crash behind each step:
 *
 *   1. each file is whole and synced in tmp/      nothing was added; tmp/ is cleaned in time
 *   2. take dovecot-uidlist.lock                  as before; the lock is stale
 *   3. read the end of the uidlist                as before
 *   4. make missing keywords                      as before, with unused keywords
 *   5. append one line a message, fdatasync       as before; the UIDs are spent: dead lines
 *   6. rename tmp/X to new/X or cur/X:2,FLAGS,    those that were moved are there, under the
 *      in the order of the UIDs                   UIDs of their lines; OK was not said
 *   7. fsync new/ and cur/                        all are there for good
 *   8. tell the index                             as before: the next look finds them
 *   9. drop the lock; OK
 *
 * The lines come first, so that nobody who finds a file can give it another UID; the lock is
 * held to the end, so that under the lock a line without file is known to be dead. When
 * anything fails what was moved is taken back. If the lock was lost (we were stopped for
 * minutes, and somebody broke it) nothing is moved any more.
 *
 * Only header and end of the list are read: adding costs the same in a folder of any size. If
 * what is read is not sound, the folder is opened in full and mended first.
 */
#include "mailstore/append_private.h"

#include "mailstore/dotlock.h"
#include "mailstore/keywords.h"
#include "mailstore/mailbox_private.h"
#include "mailstore/sys.h"
#include "mailstore/uidlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Twice, because the list may be damaged again between mending and locking; not for ever. */
#define MEND_TRIES 3

/* The lock is looked after once in so many renames (a few milliseconds). */
#define KEEP_EVERY 256

/* Octets of all fields of the lines that are written at once. */
#define FIELDS_MAX ((size_t)1 << 30)

static enum store_error lock_list(struct append *a, struct dotlock *lock, struct uidlist *list)
{
    for (int i = 0;; i++) {
        enum store_error e = dotlock_take(lock, a->dirs.dir, UIDLIST_LOCK);
        if (e != STORE_OK)
            return e;
        if (uidlist_tail(list, a->dirs.dir))
            return STORE_OK;
        dotlock_drop(lock);
        if (i == MEND_TRIES)
            return STORE_CORRUPT;
        e = mailbox_mend(a->store, a->folder);
        if (e != STORE_OK)
            return e;
    }
}

/* Makes the keywords of all items, or none. */
static enum store_error make_keywords(struct append *a, struct keywords *kw)
{
    uint32_t renamed = 0;
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++)
        n += a->item[i].keywords;
    if (n == 0)
        return STORE_OK;
    const char **name = calloc(n, sizeof *name);
    if (name == NULL)
        return STORE_UNAVAILABLE;
    n = 0;
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < a->item[i].keywords; k++)
            name[n++] = a->item[i].keyword[k];
    enum store_error e = keywords_look(kw, a->dirs.dir, &renamed);
    if (e == STORE_OK)
        e = keywords_add(kw, a->dirs.dir, a->dirs.cur, a->dirs.new, name, n);
    free(name);
    return e;
}

/* Completes the names with flags. Those with none stay as they are, for new/. */
static enum store_error name_items(struct append *a, const struct keywords *kw)
{
    for (size_t i = 0; i < a->count; i++) {
        struct append_item *item = &a->item[i];
        char name[NAME_MAX + 1];
        uint32_t indexes = 0;
        for (size_t k = 0; k < item->keywords; k++) {
            int index = keywords_index(kw, item->keyword[k]);
            if (index >= 0)
                indexes |= 1U << index;
        }
        item->to_new = item->flags == 0 && indexes == 0;
        if (item->to_new)
            continue;
        uint32_t letters = keywords_to_letters(kw, indexes);
        if (!maildir_name_with_flags(item->name, item->flags, letters, name))
            return STORE_LIMIT;
        memcpy(item->name, name, strlen(name) + 1);
    }
    return STORE_OK;
}

/* Copies have a GUID. */
static bool put_fields(const struct append *a, struct uidlist_line *line, struct buffer *fields)
{
    size_t at = 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->item[i].guid != NULL)
            buffer_printf(fields, "G%s ", a->item[i].guid);
    const char *text = buffer_string(fields);
    for (size_t i = 0; text != NULL && i < a->count; i++) {
        line[i].fields = text + at;
        line[i].fields_len = a->item[i].guid != NULL ? strlen(a->item[i].guid) + 2 : 0;
        at += line[i].fields_len;
    }
    return text != NULL;
}

static uint32_t next_uid(const struct append *a, const struct uidlist *list, uint32_t before,
                         size_t i)
{
    if (a->item[i].uid != 0)
        return a->item[i].uid;
    return before == 0 ? list->next : before + 1;
}

/* Whether the UIDs that messages must get can be given. */
static enum store_error check_uids(const struct append *a, const struct uidlist *list)
{
    uint32_t next = list->next;
    for (size_t i = 0; i < a->count; i++) {
        uint32_t uid = a->item[i].uid != 0 ? a->item[i].uid : next;
        if (uid > UID_LIMIT)
            return STORE_LIMIT;
        if (uid < next)
            return STORE_EXISTS;
        next = uid + 1;
    }
    return STORE_OK;
}

/* A folder that has never given a UID may have another UIDVALIDITY. */
static enum store_error take_uidvalidity(const struct append *a, struct uidlist *list)
{
    if (a->uidvalidity == 0 || list->uidvalidity == a->uidvalidity)
        return STORE_OK;
    if (list->next != 1)
        return STORE_CANNOT;
    list->uidvalidity = a->uidvalidity;
    return uidlist_rewrite(list, a->dirs.dir, NULL, 0);
}

static enum store_error write_lines(struct append *a, struct uidlist *list, uint32_t *uid)
{
    enum store_error e = check_uids(a, list);
    if (e != STORE_OK)
        return e;
    struct buffer fields;
    struct uidlist_line *line = calloc(a->count, sizeof *line);
    e = STORE_UNAVAILABLE;
    buffer_init(&fields, FIELDS_MAX);
    if (line != NULL && put_fields(a, line, &fields)) {
        for (size_t i = 0; i < a->count; i++) {
            uid[i] = line[i].uid = next_uid(a, list, i == 0 ? 0 : uid[i - 1], i);
            line[i].base = a->item[i].name;
            line[i].base_len = strcspn(a->item[i].name, ":");
        }
        e = uidlist_append(list, a->dirs.dir, line, a->count);
    }
    buffer_free(&fields);
    free(line);
    return e;
}

int append_target(const struct append *a, const struct append_item *item)
{
    return item->to_new ? a->dirs.new : a->dirs.cur;
}

static enum store_error place_items(struct append *a, struct dotlock *lock)
{
    for (size_t i = 0; i < a->count; i++) {
        struct append_item *item = &a->item[i];
        if (i % KEEP_EVERY == 0 && !dotlock_keep(lock))
            return STORE_INUSE;
        if (sys_rename_new(a->dirs.tmp, item->unique, append_target(a, item), item->name) < 0)
            return errno == ENOENT ? STORE_IO : store_error_from_errno(errno);
        item->in_tmp = false;
        item->placed = true;
    }
    return STORE_OK;
}

enum store_error append_sync_dirs(const struct append *a)
{
    bool new = false;
    bool cur = false;
    for (size_t i = 0; i < a->count; i++) {
        new = new || a->item[i].to_new;
        cur = cur || !a->item[i].to_new;
    }
    if ((new &&sys_fsync(a->dirs.new) < 0) || (cur && sys_fsync(a->dirs.cur) < 0))
        return store_error_from_errno(errno);
    return STORE_OK;
}

void append_take_back(struct append *a)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->item[i].placed)
            (void)sys_unlinkat(append_target(a, &a->item[i]), a->item[i].name, 0);
        a->item[i].placed = false;
    }
}

enum store_error append_place(struct append *a, struct dotlock *lock)
{
    enum store_error e = place_items(a, lock);
    if (e == STORE_OK)
        e = append_sync_dirs(a);
    if (e != STORE_OK)
        append_take_back(a);
    return e;
}

static enum store_error prepare_locked(struct append *a, struct uidlist *list, uint32_t *uid)
{
    struct keywords kw;
    keywords_init(&kw);
    enum store_error e = make_keywords(a, &kw);
    if (e == STORE_OK)
        e = name_items(a, &kw);
    keywords_free(&kw);
    return e == STORE_OK ? write_lines(a, list, uid) : e;
}

static enum store_error commit_locked(struct append *a, struct dotlock *lock,
                                      struct uidlist *list, uint32_t *uid)
{
    struct append_index ai;
    enum store_error e = take_uidvalidity(a, list);
    if (e != STORE_OK)
        return e;
    append_index_begin(a, list, &ai);
    if (a->count == 0)
        return STORE_OK;
    e = prepare_locked(a, list, uid);
    if (e != STORE_OK)
        return e;
    if (a->replaced_in != NULL)
        return append_replace(a, lock, list, uid, &ai);
    if (a->moving != NULL)
        return append_move(a, lock, list, uid, &ai);
    e = append_place(a, lock);
    if (e == STORE_OK)
        append_index_save(a, list, uid, &ai);
    return e;
}

/* Whether the folder's name leads elsewhere by now: it was deleted or renamed. */
static bool folder_is_gone(const struct append *a)
{
    struct stat ours;
    struct stat there;
    int fd = -1;
    enum store_error e = folder_open_dir(a->store, a->folder, &fd);
    if (e != STORE_OK)
        return e == STORE_NONEXISTENT;
    bool gone = sys_fstat(a->dirs.dir, &ours) == 0 && sys_fstat(fd, &there) == 0 &&
                (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev);
    sys_close(fd);
    return gone;
}

/* Without the locks. */
static enum store_error remove_what_is_left(const struct append *a)
{
    size_t removed;
    return a->replaced_left ? mailbox_remove(a->replaced_in, &a->replaced, 1, &removed)
                            : STORE_OK;
}

enum store_error append_commit_items(struct append *a, uint32_t *uidvalidity_r, uint32_t *uid)
{
    struct dotlock lock;
    struct uidlist list;
    struct index *ix = store_index(a->store);
    *uidvalidity_r = 0;
    if (a->replaced_in != NULL) /* the index must be up to date to hear of both at once */
        (void)mailbox_look(a->replaced_in, LOOK_CHANGED);
    if (ix != NULL)
        index_release(ix);
    enum store_error e = lock_list(a, &lock, &list);
    if (e == STORE_OK) {
        e = commit_locked(a, &lock, &list, uid);
        *uidvalidity_r = list.uidvalidity;
        dotlock_drop(&lock);
    }
    if ((e == STORE_IO || e == STORE_CORRUPT) && folder_is_gone(a))
        e = STORE_NONEXISTENT;
    if (e == STORE_OK)
        e = remove_what_is_left(a);
    append_discard(a);
    return e;
}
