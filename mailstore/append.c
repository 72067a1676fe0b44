/*
 * Writing messages into tmp/.
 *
 * tmp/<unique> is made with O_EXCL, written, given the client's date as its mtime, synced and
 * closed; append_commit.c does the rest for all messages at once.
 *
 * MANY AT ONCE share the syncs: each file but the last is only sent on its way when it is
 * written (sync_file_range(2)), and waited for with fsync(2) when all are. The first fsync
 * writes the file system's journal with all of them in it; the others find nothing to do (500
 * of 4 KB: 0.28 ms each where each had its own, and the figure in doc/bench.md).
 *
 * END OF LINE. The client sends CRLF; on disk a line ends in LF, as every other Maildir program
 * writes it. Served again, a bare LF becomes CRLF, so that the client gets back what it gave.
 * One exception keeps that true for CR CR LF: its CRLF is written as it is, since the CR before
 * it would otherwise be taken for a part of the line's end.
 * The other is a message with binary parts (append_verbatim): it is kept as it comes.
 */
#include "mailstore/append_private.h"

#include "mailstore/sys.h"
#include "mailstore/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CREATE_TRIES 8

enum store_error append_open(struct store *store, const char *folder, struct append **a_r)
{
    *a_r = NULL;
    struct append *a = calloc(1, sizeof *a);
    if (a == NULL)
        return STORE_UNAVAILABLE;
    a->store = store;
    a->fd = -1;
    a->dirs = (struct folder_dirs){ -1, -1, -1, -1 };
    a->folder = strdup(folder);
    a->buf = malloc(APPEND_BUFFER);
    enum store_error e = a->folder == NULL || a->buf == NULL
                             ? STORE_UNAVAILABLE
                             : folder_dirs_open(store, folder, &a->dirs);
    if (e == STORE_OK && a->dirs.tmp < 0)
        e = STORE_NOPERM;
    if (e != STORE_OK) {
        append_discard(a);
        return e;
    }
    *a_r = a;
    return STORE_OK;
}

static void free_keywords(struct append_item *item)
{
    for (size_t i = 0; i < item->keywords; i++)
        free((void *)item->keyword[i]);
    free(item->keyword);
}

void append_item_free(struct append_item *item)
{
    free_keywords(item);
    free(item->guid);
}

static bool copy_keywords(struct append_item *item, const char *const *keyword, size_t n)
{
    item->keyword = calloc(n + 1, sizeof *item->keyword);
    if (item->keyword == NULL)
        return false;
    for (; item->keywords < n; item->keywords++) {
        item->keyword[item->keywords] = strdup(keyword[item->keywords]);
        if (item->keyword[item->keywords] == NULL)
            return false;
    }
    return true;
}

struct append_item *append_item_add(struct append *a, uint8_t flags, const char *const *keyword,
                                    size_t keywords)
{
    if (a->count == APPEND_ITEMS_MAX)
        return NULL;
    if (a->count == a->allocated) {
        size_t n = a->allocated == 0 ? 4 : a->allocated * 2;
        struct append_item *grown = reallocarray(a->item, n, sizeof *grown);
        if (grown == NULL)
            return NULL;
        a->item = grown;
        a->allocated = n;
    }
    struct append_item *item = &a->item[a->count];
    memset(item, 0, sizeof *item);
    item->flags = flags;
    if (!copy_keywords(item, keyword, keywords)) {
        append_item_free(item);
        return NULL;
    }
    name_maker_next(&a->names, item->unique);
    a->count++;
    return item;
}

void append_item_name(struct append_item *item, uint64_t size, uint64_t vsize)
{
    int n = snprintf(item->name, sizeof item->name, "%s,S=%llu", item->unique,
                     (unsigned long long)size);
    if (vsize != SIZE_UNKNOWN)
        snprintf(item->name + n, sizeof item->name - (size_t)n, ",W=%llu",
                 (unsigned long long)vsize);
}

void append_discard(struct append *a)
{
    if (a == NULL)
        return;
    if (a->fd >= 0)
        sys_close(a->fd);
    for (size_t i = 0; i < a->count; i++) {
        if (a->item[i].in_tmp)
            (void)sys_unlinkat(a->dirs.tmp, a->item[i].unique, 0);
        append_item_free(&a->item[i]);
    }
    folder_dirs_close(&a->dirs);
    free(a->item);
    free(a->folder);
    free(a->buf);
    free(a);
}

static enum store_error fail(struct append *a, enum store_error e)
{
    if (a->failed == STORE_OK)
        a->failed = e;
    return a->failed;
}

/* --- Octets.
 * ----------------------------------------------------------------------------------- */

static enum store_error flush(struct append *a)
{
    size_t done = 0;
    while (done < a->have) {
        ssize_t n = sys_write(a->fd, a->buf + done, a->have - done);
        if (n <= 0)
            return fail(a, n < 0 ? store_error_from_errno(errno) : STORE_OVERQUOTA);
        done += (size_t)n;
    }
    a->have = 0;
    return STORE_OK;
}

static enum store_error put(struct append *a, const char *octets, size_t n)
{
    a->size += n;
    a->vsize += n;
    while (n > 0) {
        size_t part = APPEND_BUFFER - a->have < n ? APPEND_BUFFER - a->have : n;
        memcpy(a->buf + a->have, octets, part);
        a->have += part;
        octets += part;
        n -= part;
        if (a->have == APPEND_BUFFER && flush(a) != STORE_OK)
            return a->failed;
    }
    return STORE_OK;
}

static enum store_error put_cr(struct append *a)
{
    a->cr = false;
    a->last_cr = true;
    return put(a, "\r", 1);
}

/* An LF was given, perhaps behind a CR that waits. */
static enum store_error put_lf(struct append *a)
{
    if (a->cr && a->last_cr && put_cr(a) != STORE_OK)
        return a->failed;
    a->cr = false;
    if (!a->last_cr)
        a->vsize++;
    a->last_cr = false;
    return put(a, "\n", 1);
}

void append_verbatim(struct append *a)
{
    a->verbatim = true;
}

static enum store_error put_verbatim(struct append *a, const char *p, size_t n)
{
    const char *end = p + n;
    for (const char *lf = p; (lf = memchr(lf, '\n', (size_t)(end - lf))) != NULL; lf++)
        if (lf > p ? lf[-1] != '\r' : !a->last_cr)
            a->vsize++;
    if (n > 0)
        a->last_cr = end[-1] == '\r';
    return put(a, p, n);
}

enum store_error append_write(struct append *a, const void *octets, size_t n)
{
    const char *p = octets;
    const char *end = p + n;
    if (a->failed == STORE_OK && a->fd < 0)
        return fail(a, STORE_CANNOT);
    if (a->verbatim && a->failed == STORE_OK)
        return put_verbatim(a, p, n);
    while (p < end && a->failed == STORE_OK) {
        if (*p == '\n') {
            (void)put_lf(a);
            p++;
            continue;
        }
        if (a->cr && put_cr(a) != STORE_OK)
            break;
        if (*p == '\r') {
            a->cr = true;
            p++;
            continue;
        }
        /* Up to the next CR or LF in one go. */
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf != NULL ? lf : end;
        const char *cr = memchr(p, '\r', (size_t)(stop - p));
        stop = cr != NULL ? cr : stop;
        a->last_cr = false;
        (void)put(a, p, (size_t)(stop - p));
        p = stop;
    }
    return a->failed;
}

/* --- Messages.
 * --------------------------------------------------------------------------------- */

/* Ends the message being written. It is the only one: all of it is on disk, with its date; else
 * on the way there. */
static enum store_error end_message(struct append *a, bool only)
{
    if (a->failed != STORE_OK || a->fd < 0)
        return a->failed;
    const struct timespec date[2] = { { a->date, 0 }, { a->date, 0 } };
    if (a->cr && put_cr(a) != STORE_OK)
        return a->failed;
    if (flush(a) != STORE_OK)
        return a->failed;
    if (sys_futimens(a->fd, date) < 0 || (only && sys_fsync(a->fd) < 0))
        return fail(a, store_error_from_errno(errno));
    if (!only)
        sys_write_out(a->fd);
    a->item[a->count - 1].unsynced = !only;
    int fd = a->fd;
    a->fd = -1;
    if (sys_close(fd) < 0)
        return fail(a, store_error_from_errno(errno));
    append_item_name(&a->item[a->count - 1], a->size, a->vsize);
    return STORE_OK;
}

static enum store_error create_file(struct append *a, struct append_item *item)
{
    for (int i = 0; i < CREATE_TRIES; i++) {
        a->fd = sys_openat(a->dirs.tmp, item->unique, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                           0600);
        if (a->fd >= 0) {
            item->in_tmp = true;
            return STORE_OK;
        }
        if (errno != EEXIST)
            return fail(a, store_error_from_errno(errno));
        name_maker_next(&a->names, item->unique);
    }
    return fail(a, STORE_IO);
}

enum store_error append_message(struct append *a, const struct flag_change *flags, time_t date)
{
    if (end_message(a, false) != STORE_OK)
        return a->failed;
    struct append_item *item =
        append_item_add(a, flags->flags, flags->keyword, flags->keywords);
    if (item == NULL)
        return fail(a, STORE_UNAVAILABLE);
    a->date = date;
    a->have = 0;
    a->verbatim = a->cr = a->last_cr = false;
    a->size = a->vsize = 0;
    return create_file(a, item);
}

enum store_error append_flags(struct append *a, const struct flag_change *flags)
{
    struct append_item *item = &a->item[a->count - 1];
    struct append_item other = *item;
    if (a->failed != STORE_OK)
        return a->failed;
    other.keyword = NULL;
    other.keywords = 0;
    if (!copy_keywords(&other, flags->keyword, flags->keywords)) {
        other.guid = NULL;
        append_item_free(&other);
        return fail(a, STORE_UNAVAILABLE);
    }
    free_keywords(item);
    item->keyword = other.keyword;
    item->keywords = other.keywords;
    item->flags = flags->flags;
    return STORE_OK;
}

void append_date(struct append *a, time_t date)
{
    a->date = date;
}

void append_uid(struct append *a, uint32_t uid)
{
    a->item[a->count - 1].uid = uid;
}

void append_uidvalidity(struct append *a, uint32_t uidvalidity)
{
    a->uidvalidity = uidvalidity;
}

static enum store_error sync_item(struct append *a, struct append_item *item)
{
    if (!item->unsynced)
        return STORE_OK;
    int fd = sys_openat(a->dirs.tmp, item->unique, O_RDONLY | O_NOFOLLOW, 0);
    if (fd < 0)
        return store_error_from_errno(errno);
    enum store_error e = sys_fsync(fd) < 0 ? store_error_from_errno(errno) : STORE_OK;
    sys_close(fd);
    item->unsynced = false;
    return e;
}

enum store_error append_commit(struct append *a, uint32_t *uidvalidity_r, uint32_t *uid)
{
    enum store_error e = end_message(a, a->count == 1);
    for (size_t i = a->count; i-- > 0 && e == STORE_OK;)
        e = sync_item(a, &a->item[i]);
    if (e != STORE_OK) {
        append_discard(a);
        return e;
    }
    return append_commit_items(a, uidvalidity_r, uid);
}

void append_replaces(struct append *a, struct mailbox *mb, uint32_t uid)
{
    a->replaced_in = mb;
    a->replaced = uid;
}

void append_cancel(struct append *a)
{
    append_discard(a);
}
