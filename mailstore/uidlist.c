/*
 * Reading dovecot-uidlist.
 *
 * CHANGES BY OTHERS. Another inode: a rewritten file, read from its beginning. A larger size:
 * lines were added, read from where we were. In-place changes of any other kind are forbidden
 * to all writers (Dovecot would not see them either); a file that became shorter, or has
 * another mtime at the same length, is read anew.
 *
 * THE SAME NUMBER AGAIN. Rewritten twice, the list may get the inode that it had first, and the
 * size. But then it was born later, and written later. Both times are of a clock that moves in
 * ticks (mailstore/dirs.c): one that was younger than a tick when the file was read may be that
 * of the next file, too. So such a file is read once more, in full, when the tick is over
 * (`verify_at`). The birth does not change when lines are added, so that costs nothing where
 * there is one; where the file system keeps none (NFS) the mtime must do. No such doubt is in
 * what was read or written with the lock held: to hide, two others would have to take the lock,
 * write, sync and rename within the rest of one tick.
 *
 * ADDITIONS IN PROGRESS. A line is there when its LF is. Without the lock whatever follows the
 * last LF is left for the next look; with it, nobody can be writing, so it is what a crash
 * left.
 *
 * DURABILITY. "A UID told to a client is durable": the writer syncs before it shows its lines,
 * but a reader may find them between write and sync. So a reader syncs a file that has changed
 * within the last minute (the kernel has written older data by itself) before it believes it.
 *
 * DAMAGE. What can be read stays: each line stands for itself, so a line that makes no sense is
 * dropped and the others keep their UIDs. Where the order is broken, the longest ascending run
 * of lines is kept: one wrong number costs one line. Each dropped line may have told somebody a
 * UID, and a whole list may be lacking its end, so the writer that mends goes on above what the
 * dropped lines could have used (`damaged`, and UIDs not more than UID_STRAY_MAX above the
 * rest).
 */
#include "mailstore/uidlist.h"

#include "mailstore/dirs.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Linux writes dirty data after 30 s (dirty_expire_centisecs) plus a wake-up of 5 s. */
#define WRITEBACK_SECONDS 60

/* A dropped line's UID that lies further above all others is taken for the damage itself. */
#define UID_STRAY_MAX (1U << 20)

/* What uidlist_tail reads: some 800 lines, so that the end has many lines to be judged by. */
#define TAIL_SIZE 65536

#define READ_CHUNK ((size_t)1 << 20)

#define NS_PER_SECOND 1000000000

void uidlist_lines_free(struct uidlist_lines *lines)
{
    buffer_free(&lines->text);
    free(lines->line);
    lines->line = NULL;
    lines->count = 0;
}

static void lines_init(struct uidlist_lines *lines)
{
    buffer_init(&lines->text, UIDLIST_SIZE_MAX);
    lines->line = NULL;
    lines->count = 0;
}

/* --- Numbers and fields. ---------------------------------------------------------------------
 */

/* A decimal number without a leading zero trick: 1 to 2^32 - 2, ending before `end`. */
static bool number(const char **p, const char *end, uint32_t *value_r)
{
    uint64_t v = 0;
    const char *s = *p;
    while (s < end && *s >= '0' && *s <= '9') {
        v = v * 10 + (uint64_t)(*s++ - '0');
        if (v >= UINT32_MAX)
            return false;
    }
    if (s == *p || v == 0)
        return false;
    *p = s;
    *value_r = (uint32_t)v;
    return true;
}

/* The rest of a line is a base name: not empty, without '/' and NUL. What follows a ':' is no
 * part of it (version 1 files may have it). */
static bool base_name(const char *p, const char *end, struct uidlist_line *line)
{
    const char *colon = memchr(p, ':', (size_t)(end - p));
    if (colon != NULL)
        end = colon;
    line->base = p;
    line->base_len = (size_t)(end - p);
    return p < end && memchr(p, '/', (size_t)(end - p)) == NULL &&
           memchr(p, '\0', (size_t)(end - p)) == NULL;
}

bool uidlist_parse_line(int version, const char *p, const char *end, struct uidlist_line *line)
{
    if (!number(&p, end, &line->uid) || line->uid > UID_LIMIT || p == end || *p++ != ' ')
        return false;
    line->fields = p;
    line->fields_len = 0;
    if (version == 1)
        return base_name(p, end, line);
    while (p < end && *p != ':') {
        const char *space = memchr(p, ' ', (size_t)(end - p));
        if (space == NULL || memchr(p, '\0', (size_t)(space - p)) != NULL)
            return false;
        p = space + 1;
    }
    if (p == end)
        return false;
    line->fields_len = (size_t)(p - line->fields);
    return base_name(p + 1, end, line);
}

/* One field of the header. `next_r` 0: not seen yet. */
static bool header_field(struct uidlist *list, const char *p, const char *end)
{
    const char *q = p + 1;
    uint32_t v = 0;
    if (*p == 'V' || *p == 'N') {
        if (!number(&q, end, &v) || q != end || (*p == 'N' && v > UID_LIMIT + 1))
            return false;
        if (*p == 'V')
            list->uidvalidity = v;
        else if (v > list->next)
            list->next = v;
        return true;
    }
    size_t have = strlen(list->fields);
    size_t n = (size_t)(end - p);
    if (have + 1 + n >= sizeof list->fields || memchr(p, '\0', n) != NULL)
        return false;
    list->fields[have] = ' ';
    memcpy(list->fields + have + 1, p, n);
    list->fields[have + 1 + n] = '\0';
    return true;
}

static void header_v3(struct uidlist *list, const char *p, const char *end)
{
    while (p < end) {
        const char *space = memchr(p, ' ', (size_t)(end - p));
        const char *stop = space != NULL ? space : end;
        if (stop > p && !header_field(list, p, stop))
            list->rewrite = true;
        p = space != NULL ? space + 1 : end;
    }
    if (!uidlist_has_guid(list))
        list->rewrite = true;
}

static void header_v1(struct uidlist *list, const char *p, const char *end)
{
    uint32_t validity = 0;
    uint32_t next = 0;
    list->rewrite = true;
    if (!number(&p, end, &validity) || p == end || *p++ != ' ')
        return;
    list->uidvalidity = validity;
    if (number(&p, end, &next) && p == end && next <= UID_LIMIT + 1 && next > list->next)
        list->next = next;
}

/* Reads the header. Returns the version that the lines have. A last field that is not followed
 * by ' ' or LF was cut, perhaps within its number: it is not believed. */
static int parse_header(struct uidlist *list, const char *text, const char *end, bool whole)
{
    const char *stop = end;
    if (!whole) {
        while (stop > text && stop[-1] != ' ')
            stop--;
        list->rewrite = true;
    }
    while (stop > text && stop[-1] == ' ' && !whole)
        stop--;
    int version = stop - text >= 2 && text[1] == ' ' ? text[0] - '0' : 0;
    if (version == 3)
        header_v3(list, text + 2, stop);
    else if (version == 1)
        header_v1(list, text + 2, stop);
    else
        list->rewrite = true;
    if (list->uidvalidity >= UINT32_MAX)
        list->uidvalidity = 0;
    return version == 1 ? 1 : 3;
}

/* --- Lines. ----------------------------------------------------------------------------------
 */

static bool add_line(struct uidlist_lines *lines, size_t *allocated,
                     const struct uidlist_line *line)
{
    if (lines->count == *allocated) {
        size_t n = *allocated == 0 ? 64 : *allocated * 2;
        struct uidlist_line *grown = reallocarray(lines->line, n, sizeof *grown);
        if (grown == NULL)
            return false;
        lines->line = grown;
        *allocated = n;
    }
    lines->line[lines->count++] = *line;
    return true;
}

/* Keeps of lines in broken order the longest ascending run (patience sorting, n log n). */
static bool keep_ascending(struct uidlist_lines *lines)
{
    size_t n = lines->count;
    size_t *top = calloc(n, sizeof *top); /* top[k]: the line that ends the best run of k + 1 */
    size_t *from = calloc(n, sizeof *from); /* the line before, in its run */
    if (top == NULL || from == NULL) {
        free(top);
        free(from);
        return false;
    }
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        size_t lo = 0;
        size_t hi = best;
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (lines->line[top[mid]].uid < lines->line[i].uid)
                lo = mid + 1;
            else
                hi = mid;
        }
        from[i] = lo > 0 ? top[lo - 1] : 0;
        /* Of two lines with one UID the first stays. */
        if (lo == best || lines->line[top[lo]].uid != lines->line[i].uid)
            top[lo] = i;
        if (lo == best)
            best++;
    }
    size_t at = best > 0 ? top[best - 1] : 0;
    for (size_t k = best; k-- > 0; at = from[at])
        top[k] = at;
    for (size_t k = 0; k < best; k++)
        lines->line[k] = lines->line[top[k]];
    lines->count = best;
    free(top);
    free(from);
    return true;
}

/* A broken line may still tell its UID: the higher one of it and `highest`. */
static uint32_t spent_uid(const char *p, const char *end, uint32_t highest)
{
    uint32_t uid = 0;
    bool told = number(&p, end, &uid) && p < end && *p == ' ';
    return told && uid <= UID_LIMIT && uid > highest ? uid : highest;
}

/* Reads the lines of text[at, end), which begin behind an LF. Broken order is put right and
 * counted. *used_r: the octets up to the last LF. */
static bool parse_lines(struct uidlist *list, int version, size_t at, bool locked,
                        struct uidlist_lines *lines, size_t *used_r)
{
    const char *text = lines->text.data;
    const char *p = text + at;
    const char *end = text + lines->text.len;
    size_t allocated = 0;
    uint32_t last = list->last;
    uint32_t highest = list->last;
    bool ordered = true;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (lf == NULL)
            break;
        struct uidlist_line line;
        if (!uidlist_parse_line(version, p, lf, &line)) {
            highest = spent_uid(p, lf, highest);
            list->damaged++;
        } else {
            ordered = ordered && line.uid > last;
            last = line.uid;
            highest = line.uid > highest ? line.uid : highest;
            if (!add_line(lines, &allocated, &line))
                return false;
        }
        p = lf + 1;
    }
    *used_r = (size_t)(p - text);
    if (p < end && locked) {
        highest = spent_uid(p, end, highest);
        list->damaged++;
    }
    size_t all = lines->count;
    if (!ordered && !keep_ascending(lines))
        return false;
    list->damaged += all - lines->count;
    if (lines->count > 0)
        list->last = lines->line[lines->count - 1].uid;
    list->lines += lines->count;
    if (highest > list->last && highest - list->last > UID_STRAY_MAX)
        highest = list->last;
    if (list->next <= highest)
        list->next = highest + 1;
    if (list->damaged > 0)
        list->rewrite = true;
    return true;
}

static bool parse_all(struct uidlist *list, bool locked, struct uidlist_lines *lines)
{
    const char *text = lines->text.data;
    const char *lf = lines->text.len > 0 ? memchr(text, '\n', lines->text.len) : NULL;
    size_t used = 0;
    if (lf == NULL) {
        if (lines->text.len > 0)
            parse_header(list, text, text + lines->text.len, false);
        /* A header is written whole, before the rename. Cut within its fields, all lines are
         * gone; N tells what the next UID is, or nothing does. */
        if (list->next == 0)
            list->uidvalidity = 0;
        list->rewrite = true;
        list->damaged = 1;
        list->offset = (off_t)lines->text.len;
        return true;
    }
    int version = parse_header(list, text, lf, true);
    if (!parse_lines(list, version, (size_t)(lf - text) + 1, locked, lines, &used))
        return false;
    if (list->next == 0) /* neither N nor a line */
        list->uidvalidity = 0;
    if (list->uidvalidity == 0)
        list->rewrite = true;
    list->offset = (off_t)used;
    return true;
}

bool uidlist_parse(struct uidlist *list, const char *text, size_t n, bool locked,
                   struct uidlist_lines *lines_r)
{
    lines_init(lines_r);
    memset(list, 0, sizeof *list);
    return buffer_append(&lines_r->text, text, n) && parse_all(list, locked, lines_r);
}

/* --- The file. -------------------------------------------------------------------------------
 */

/* Appends what the file holds from `off` on. */
static enum store_error read_from(int fd, off_t off, struct buffer *text)
{
    for (;;) {
        if (!buffer_reserve(text, READ_CHUNK))
            return STORE_UNAVAILABLE;
        ssize_t n = sys_pread(fd, text->data + text->len, READ_CHUNK, off);
        if (n < 0)
            return store_error_from_errno(errno);
        if (n == 0)
            return STORE_OK;
        text->len += (size_t)n;
        off += n;
    }
}

/* See DURABILITY above. A file system that can't sync a file opened for reading (EINVAL, EROFS)
 * is no worse than before. */
static enum store_error sync_if_young(int fd, const struct stat *st)
{
    struct timespec now = { 0, 0 };
    (void)sys_clock(&now);
    if (st->st_mtim.tv_sec < now.tv_sec - WRITEBACK_SECONDS)
        return STORE_OK;
    if (sys_fdatasync(fd) < 0 && errno != EINVAL && errno != EROFS)
        return store_error_from_errno(errno);
    return STORE_OK;
}

static bool is_doubtful(const struct uidlist *list)
{
    return list->verify_at != 0 && !verify_later(list->verify_at);
}

bool uidlist_is(const struct uidlist *list, const struct stat *st)
{
    return list->present && list->dev == st->st_dev && list->ino == st->st_ino &&
           list->offset == st->st_size && same_time(&list->mtime, &st->st_mtim) &&
           !is_doubtful(list);
}

bool uidlist_same_file(const struct uidlist *a, const struct uidlist *b)
{
    return a->present && b->present && a->dev == b->dev && a->ino == b->ino &&
           a->born == b->born;
}

bool uidlist_same_state(const struct uidlist *a, const struct uidlist *b)
{
    return uidlist_same_file(a, b) && a->offset == b->offset && same_time(&a->mtime, &b->mtime);
}

static struct uidlist begin_file(int fd, const struct stat *st)
{
    struct uidlist list;
    memset(&list, 0, sizeof list);
    list.present = true;
    list.dev = st->st_dev;
    list.ino = st->st_ino;
    list.born = sys_birth(fd);
    list.mtime = st->st_mtim;
    return list;
}

/* Whether only lines can have been added since `list` was read. */
static bool has_grown(const struct uidlist *list, const struct uidlist *file,
                      const struct stat *st)
{
    return uidlist_same_file(list, file) && st->st_size > list->offset && list->damaged == 0 &&
           !is_doubtful(list);
}

/* When it will be proven that the file that was read just now, at `now`, is no other one of the
 * same number; see the head. `was`: what was known before. */
static int64_t verify_when(const struct uidlist *file, const struct uidlist *was, int fd,
                           const struct timespec *now)
{
    struct timespec made = { file->born / NS_PER_SECOND, file->born % NS_PER_SECOND };
    if (uidlist_same_state(file, was) && is_doubtful(was))
        return 0; /* known for so long by now */
    return grain_passes_at(file->born != 0 ? &made : &file->mtime, now, grain_of(fd));
}

/* Reads the open file, from where `list` is when it is the same one; `now`: the clock, before
 * its stat. */
static enum store_error read_file(struct uidlist *list, int fd, const struct stat *st,
                                  const struct timespec *now, bool locked,
                                  enum uidlist_news *news_r, struct uidlist_lines *lines)
{
    struct stat then;
    struct uidlist found = begin_file(fd, st);
    bool same = has_grown(list, &found, st);
    if (same)
        found = *list;
    enum store_error e = read_from(fd, found.offset, &lines->text);
    if (e == STORE_OK)
        e = sync_if_young(fd, st);
    /* What was added while we read has changed the time. */
    if (e == STORE_OK && sys_fstat(fd, &then) < 0)
        e = store_error_from_errno(errno);
    if (e != STORE_OK)
        return e;
    found.mtime = then.st_mtim;
    size_t used = 0;
    bool ok = same ? parse_lines(&found, 3, 0, locked, lines, &used)
                   : parse_all(&found, locked, lines);
    if (!ok)
        return STORE_UNAVAILABLE;
    if (same)
        found.offset += (off_t)used;
    if (!locked && (!same || found.born == 0))
        found.verify_at = verify_when(&found, list, fd, now);
    bool other = found.uidvalidity != 0 && list->uidvalidity != 0 &&
                 found.uidvalidity != list->uidvalidity;
    if (found.next < list->next && !other)
        found.next = list->next;
    if (!other)
        uidlist_keep_guid(&found, list);
    *list = found;
    *news_r = same ? UIDLIST_GROWN : UIDLIST_NEW;
    if (found.uidvalidity == 0)
        *news_r = UIDLIST_MISSING;
    return STORE_OK;
}

static enum store_error look_again(struct uidlist *list, int dir, bool locked,
                                   enum uidlist_news *news_r, struct uidlist_lines *lines_r)
{
    struct stat st;
    struct timespec now = { 0, 0 };
    (void)sys_clock(&now);
    int fd = sys_openat(dir, UIDLIST_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0 && errno == ENOENT) {
        struct uidlist missing = { .next = list->next };
        uidlist_keep_guid(&missing, list);
        *list = missing;
        *news_r = UIDLIST_MISSING;
        return STORE_OK;
    }
    if (fd < 0)
        return store_error_from_errno(errno);
    enum store_error e = STORE_OK;
    if (sys_fstat(fd, &st) < 0)
        e = store_error_from_errno(errno);
    else if (!S_ISREG(st.st_mode) || st.st_size > (off_t)UIDLIST_SIZE_MAX)
        e = STORE_CORRUPT;
    else
        e = read_file(list, fd, &st, &now, locked, news_r, lines_r);
    sys_close(fd);
    return e;
}

enum store_error uidlist_look(struct uidlist *list, int dir, bool locked,
                              enum uidlist_news *news_r, struct uidlist_lines *lines_r)
{
    struct stat st;
    lines_init(lines_r);
    *news_r = UIDLIST_SAME;
    if (list->present && list->uidvalidity != 0 &&
        sys_fstatat(dir, UIDLIST_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && uidlist_is(list, &st))
        return STORE_OK;
    enum store_error e = look_again(list, dir, locked, news_r, lines_r);
    /* Lines that were added out of order: what is right only the whole file can tell. */
    if (e == STORE_OK && *news_r == UIDLIST_GROWN && list->damaged > 0) {
        uidlist_lines_free(lines_r);
        lines_init(lines_r);
        e = look_again(list, dir, locked, news_r, lines_r);
    }
    return e;
}

enum store_error uidlist_load(struct uidlist *list, int dir, struct uidlist_lines *lines_r)
{
    enum uidlist_news news;
    struct uidlist fresh;
    memset(&fresh, 0, sizeof fresh);
    lines_init(lines_r);
    enum store_error e = look_again(&fresh, dir, true, &news, lines_r);
    if (e != STORE_OK)
        return e;
    if (fresh.next < list->next)
        fresh.next = list->next;
    if (fresh.uidvalidity == 0)
        fresh.uidvalidity = list->uidvalidity;
    if (fresh.uidvalidity == list->uidvalidity)
        uidlist_keep_guid(&fresh, list);
    *list = fresh;
    return STORE_OK;
}

/* Cuts the line that the tail begins in the midst of. */
static bool tail_lines(struct uidlist *list, struct uidlist_lines *lines, off_t began)
{
    size_t at = 0;
    size_t used = 0;
    if (began > 0) {
        const char *lf = memchr(lines->text.data, '\n', lines->text.len);
        if (lf == NULL)
            return false;
        at = (size_t)(lf - lines->text.data) + 1;
    }
    return parse_lines(list, 3, at, true, lines, &used) && list->damaged == 0 &&
           (began == 0 || lines->count > 0);
}

static bool read_tail(struct uidlist *list, int fd, const struct stat *st,
                      struct uidlist_lines *lines)
{
    char head[UIDLIST_HEADER_MAX];
    ssize_t n = sys_pread(fd, head, sizeof head, 0);
    const char *lf = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
    if (lf == NULL || parse_header(list, head, lf, true) != 3 || list->rewrite ||
        list->uidvalidity == 0 || list->next == 0)
        return false;
    off_t body = lf - head + 1;
    off_t began = st->st_size - TAIL_SIZE > body ? st->st_size - TAIL_SIZE : 0;
    if (read_from(fd, began > 0 ? began : body, &lines->text) != STORE_OK)
        return false;
    list->offset = (began > 0 ? began : body) + (off_t)lines->text.len;
    return tail_lines(list, lines, began);
}

bool uidlist_tail(struct uidlist *list, int dir)
{
    struct stat st;
    struct uidlist_lines lines;
    int fd = sys_openat(dir, UIDLIST_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return false;
    lines_init(&lines);
    bool ok = sys_fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (ok) {
        *list = begin_file(fd, &st);
        ok = read_tail(list, fd, &st, &lines);
    }
    sys_close(fd);
    uidlist_lines_free(&lines);
    return ok;
}
