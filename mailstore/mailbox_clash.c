/*
 * Names that can't stay as they are.
 *
 * TWO FILES, ONE UNIQUE PART. Of two names that one reading gave, one is often stale: the file
 * was renamed between. So both are looked at again. If both are there:
 *   - one file with two names (link and unlink, crashed between; or a delivery that links into
 *     new/ and is not yet done): the extra name is removed, but only once the file has been
 *     left alone for LINK_SECONDS, and only the name whose inode we have just compared;
 *   - two files: one gets a unique part of its own and is a new message. Nothing is lost. The
 *     one renamed is the one in new/, which nobody has given a UID by that name, else the
 *     one seen second.
 *
 * NAMES OF NO USE. Without a unique part, with control characters (an LF would break the
 * uidlist), too long for flags: the file gets a name of our making.
 *
 * Renaming is by RENAME_NOREPLACE, from the exact name: of two processes that try, one wins and
 * the other finds nothing to do.
 */
#include "mailstore/mailbox_private.h"

#include "base/log.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Dovecot's figure: no delivery takes longer between link and unlink. */
#define LINK_SECONDS 30

#define RENAME_TRIES 8

void fresh_name(struct name_maker *maker, const char *old, bool in_new, char *out)
{
    char base[NAME_MAX + 1];
    char unique[UNIQUE_NAME_SIZE];
    uint64_t s = 0;
    uint64_t w = 0;
    uint8_t flags = 0;
    uint32_t letters = 0;
    name_maker_next(maker, unique);
    int n = snprintf(base, sizeof base, "%s", unique);
    if (maildir_name_number(old, 'S', &s))
        n += snprintf(base + n, sizeof base - (size_t)n, ",S=%llu", (unsigned long long)s);
    if (maildir_name_number(old, 'W', &w))
        snprintf(base + n, sizeof base - (size_t)n, ",W=%llu", (unsigned long long)w);
    maildir_name_flags(old, &flags, &letters);
    if (in_new || !maildir_name_with_flags(base, flags, letters, out))
        memcpy(out, base, strlen(base) + 1);
}

static int dir_fd(const struct look *l, bool in_new)
{
    return in_new ? l->mb->dirs.new : l->mb->dirs.cur;
}

static bool rename_fresh(struct look *l, const char *name, bool in_new)
{
    char to[NAME_MAX + 1];
    char quoted[LOG_QUOTE_MAX];
    int fd = dir_fd(l, in_new);
    for (int i = 0; i < RENAME_TRIES; i++) {
        fresh_name(&l->mb->names, name, in_new, to);
        if (sys_rename_new(fd, name, fd, to) == 0) {
            log_warning("message file %s renamed to %s", log_quote(quoted, sizeof quoted, name),
                        to);
            return true;
        }
        if (errno != EEXIST)
            break;
    }
    return false;
}

static bool look_up(const struct look *l, const struct clash *c, int which, struct stat *st)
{
    return sys_fstatat(dir_fd(l, c->in_new[which]), c->name[which], st, AT_SYMLINK_NOFOLLOW) ==
           0;
}

/* The clashing message's record, as it is known now. */
static struct record *record_of(struct look *l, const char *name)
{
    struct maildir_name parts;
    if (!maildir_name_parse(name, &parts))
        return NULL;
    struct record *rec = look_known(l, name, parts.unique_len);
    if (rec != NULL && rec->state != RECORD_EXPUNGED && rec->state != RECORD_GONE)
        return rec;
    return table_unique(&l->fresh, name, parts.unique_len);
}

static bool is_left_alone(const struct stat *st)
{
    struct timespec now = { 0, 0 };
    (void)sys_clock(&now);
    return st->st_ctim.tv_sec < now.tv_sec - LINK_SECONDS;
}

/* Two names that are both there. Returns whether the disk was changed. */
static bool settle_pair(struct look *l, struct clash *c, const struct stat st[2])
{
    int extra = c->in_new[0] && !c->in_new[1] ? 0 : 1;
    int stays = 1 - extra;
    bool changed = false;
    if (st[0].st_dev != st[1].st_dev || st[0].st_ino != st[1].st_ino)
        changed = rename_fresh(l, c->name[extra], c->in_new[extra]);
    else if (st[0].st_nlink > 1 && is_left_alone(&st[0]))
        changed = sys_unlinkat(dir_fd(l, c->in_new[extra]), c->name[extra], 0) == 0;
    else
        l->unsettled = true;
    struct record *rec = record_of(l, c->name[stays]);
    if (rec != NULL && !look_take(l, rec, c->name[stays], c->in_new[stays]))
        l->unsettled = true;
    return changed;
}

static bool settle(struct look *l, struct clash *c)
{
    struct stat st[2];
    if (c->name[1] == NULL)
        return rename_fresh(l, c->name[0], c->in_new[0]);
    bool first = look_up(l, c, 0, &st[0]);
    bool second = look_up(l, c, 1, &st[1]);
    if (first && second)
        return settle_pair(l, c, st);
    struct record *rec = record_of(l, c->name[0]);
    if (second && rec != NULL && !look_take(l, rec, c->name[1], c->in_new[1]))
        l->unsettled = true;
    if (!first && !second)
        l->unsettled = true; /* renamed once more: seen for certain, its name is not */
    return false;
}

size_t look_settle_clashes(struct look *l)
{
    size_t changed = 0;
    for (size_t i = 0; i < l->clashes; i++) {
        struct clash *c = &l->clash[i];
        if (c->name[0] != NULL && settle(l, c))
            changed++;
        free(c->name[0]);
        free(c->name[1]);
    }
    free(l->clash);
    l->clash = NULL;
    l->clashes = 0;
    return changed;
}
