/*
 * courierimapkeywords/ of a folder, as Courier's imapd writes it:
 *
 *     :list           the keywords' names, a line each; an empty line; then for each message
 * that has some "<base name>:<n> <n>...", n from 0 in the order of the names <base name> what
 * was changed since and is not in :list yet: all keywords of that message, a line each; none,
 * when it has lost the last
 *     .<n>.<base name>  the same, when it was put into :list in the n-th five minutes of the
 *                     epoch; kept for a while, since several may write :list at once
 *
 * So of a message the first counts, or else the youngest of the third, or else :list.
 *
 * ORDER. dovecot-keywords is written, then names get their letters, then cur/ is synced. Only
 * after that the caller writes dovecot-uidlist, without which the next session begins here
 * again; what has its letters already is left alone.
 */
#include "mailstore/courier_keywords.h"

#include "base/buffer.h"
#include "base/log.h"
#include "mailstore/keywords_pick.h"
#include "mailstore/mailbox.h"
#include "mailstore/small_file.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DIRECTORY "courierimapkeywords"
#define LIST_NAME ":list"

#define LIST_MAX   ((size_t)64 << 20)
#define UPDATE_MAX ((size_t)64 << 10)
/* Of one message, with blanks between them. */
#define WORDS_MAX ((size_t)8 << 10)
/* More names than this make no sense in a folder. */
#define NAMES_MAX 4096

/* Others may rename files while we do. */
#define PASSES 3

/* What one file says of one message. */
struct entry {
    char *name;    /* base name */
    char *words;   /* keywords with blanks between them */
    uint64_t rank; /* 0: :list */
};

struct courier {
    struct entry *entry;
    size_t count, room;
};

static void courier_free(struct courier *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->entry[i].name);
        free(c->entry[i].words);
    }
    free(c->entry);
}

static bool add(struct courier *c, const char *name, size_t n, const struct buffer *words,
                uint64_t rank)
{
    if (c->count == c->room) {
        size_t room = c->room * 2 + 256;
        struct entry *more = reallocarray(c->entry, room, sizeof *more);
        if (more == NULL)
            return false;
        c->entry = more;
        c->room = room;
    }
    struct entry e = { strndup(name, n), strndup(words->len > 0 ? words->data : "", words->len),
                       rank };
    if (e.name == NULL || e.words == NULL) {
        free(e.name);
        free(e.words);
        return false;
    }
    c->entry[c->count++] = e;
    return true;
}

/* --- Reading. ------------------------------------------------------------------------------
 */

/* The next line of a text, without its end. False: there is none. */
static bool next_line(const struct buffer *text, size_t *at, const char **line_r, size_t *n_r)
{
    if (*at >= text->len)
        return false;
    const char *line = text->data + *at;
    const char *end = memchr(line, '\n', text->len - *at);
    *line_r = line;
    *n_r = end == NULL ? text->len - *at : (size_t)(end - line);
    *at += *n_r + 1;
    return true;
}

/* A word that is too long, or has no room, is left out. */
static void add_word(struct buffer *words, const char *word, size_t n)
{
    if (n == 0 || n + 1 > WORDS_MAX - words->len || memchr(word, '\0', n) != NULL)
        return;
    if (words->len > 0)
        buffer_putc(words, ' ');
    buffer_append(words, word, n);
}

struct names {
    const char *name[NAMES_MAX];
    size_t length[NAMES_MAX];
    size_t count;
};

static void read_indexes(const char *p, const char *end, const struct names *names,
                         struct buffer *words)
{
    while (p < end) {
        size_t index = 0;
        const char *begin = p;
        for (; p < end && *p >= '0' && *p <= '9'; p++)
            index = index < NAMES_MAX ? index * 10 + (size_t)(*p - '0') : NAMES_MAX;
        if (p > begin && index < names->count)
            add_word(words, names->name[index], names->length[index]);
        while (p < end && (*p < '0' || *p > '9'))
            p++;
    }
}

static bool read_messages(struct courier *c, const struct buffer *text, size_t at,
                          const struct names *names)
{
    struct buffer words;
    const char *line;
    size_t n;
    bool ok = true;
    buffer_init(&words, WORDS_MAX + 1);
    while (ok && next_line(text, &at, &line, &n)) {
        const char *colon = memrchr(line, ':', n);
        if (colon == NULL || colon == line)
            continue;
        buffer_clear(&words);
        read_indexes(colon + 1, line + n, names, &words);
        ok = !words.failed && add(c, line, (size_t)(colon - line), &words, 0);
    }
    buffer_free(&words);
    return ok;
}

static enum store_error read_list(struct courier *c, int dir)
{
    struct buffer text;
    mode_t mode;
    size_t at = 0;
    const char *line;
    size_t n;
    struct names *names = calloc(1, sizeof *names);
    buffer_init(&text, LIST_MAX);
    enum store_error e =
        names == NULL ? STORE_UNAVAILABLE : small_file_read(dir, LIST_NAME, &text, &mode);
    while (e == STORE_OK && next_line(&text, &at, &line, &n) && n > 0) {
        if (names->count == NAMES_MAX)
            continue;
        names->name[names->count] = line;
        names->length[names->count++] = n;
    }
    if (e == STORE_OK && !read_messages(c, &text, at, names))
        e = STORE_UNAVAILABLE;
    free(names);
    buffer_free(&text);
    return e;
}

/* What a name in the directory stands for. False: for no message. */
static bool take_apart(const char *name, const char **base_r, uint64_t *rank_r)
{
    *base_r = name;
    *rank_r = UINT64_MAX;
    if (name[0] == ':' || name[0] == '\0')
        return false;
    if (name[0] != '.')
        return true;
    uint64_t n = 0;
    const char *p = name + 1;
    for (; *p >= '0' && *p <= '9' && n < UINT32_MAX; p++)
        n = n * 10 + (uint64_t)(*p - '0');
    *base_r = p + 1;
    *rank_r = n + 1;
    return p > name + 1 && p[0] == '.' && p[1] != '\0';
}

static enum store_error read_update(struct courier *c, int dir, const char *name)
{
    struct buffer text;
    struct buffer words;
    mode_t mode;
    size_t at = 0;
    const char *base;
    const char *line;
    size_t n;
    uint64_t rank;
    if (!take_apart(name, &base, &rank))
        return STORE_OK;
    buffer_init(&text, UPDATE_MAX);
    buffer_init(&words, WORDS_MAX + 1);
    enum store_error e = small_file_read(dir, name, &text, &mode);
    while (e == STORE_OK && next_line(&text, &at, &line, &n))
        add_word(&words, line, n);
    if (e == STORE_OK && (words.failed || !add(c, base, strlen(base), &words, rank)))
        e = STORE_UNAVAILABLE;
    buffer_free(&words);
    buffer_free(&text);
    return e;
}

/* What can't be read, or is no file, says nothing. */
static bool says_nothing(enum store_error e)
{
    return e == STORE_NONEXISTENT || e == STORE_CORRUPT || e == STORE_LIMIT ||
           e == STORE_NOPERM;
}

static enum store_error read_all(struct courier *c, int dir)
{
    enum store_error e = read_list(c, dir);
    DIR *d = sys_opendirfd(dir);
    if (d == NULL)
        return store_error_from_errno(errno);
    struct dirent *entry = NULL;
    while ((e == STORE_OK || says_nothing(e)) && (entry = sys_readdir(d)) != NULL)
        e = read_update(c, dir, entry->d_name);
    int err = errno;
    sys_closedir(d);
    if (entry == NULL && err != 0)
        return store_error_from_errno(err);
    return says_nothing(e) ? STORE_OK : e;
}

/* --- The word that counts. -------------------------------------------------------------------
 */

static int by_name_and_rank(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->rank < y->rank) - (x->rank > y->rank);
}

static int by_name(const void *name, const void *entry)
{
    return strcmp(name, ((const struct entry *)entry)->name);
}

static void keep_last_words(struct courier *c)
{
    size_t kept = 0;
    if (c->count > 0)
        qsort(c->entry, c->count, sizeof *c->entry, by_name_and_rank);
    for (size_t i = 0; i < c->count; i++) {
        if (kept > 0 && strcmp(c->entry[kept - 1].name, c->entry[i].name) == 0) {
            free(c->entry[i].name);
            free(c->entry[i].words);
        } else {
            c->entry[kept++] = c->entry[i];
        }
    }
    c->count = kept;
}

/* Picks the keywords that have room, and makes them. entry->words lose the others. */
static enum store_error make_keywords(struct courier *c, struct keywords *kw,
                                      const struct folder_dirs *dirs)
{
    struct keywords_pick pick;
    const char *word[KEYWORDS_PICK_MAX];
    const char *all[KEYWORDS_MAX];
    size_t n = 0;
    uint32_t renamed = 0;
    keywords_pick_init(&pick);
    enum store_error e = keywords_look(&pick.kw, dirs->dir, &renamed);
    for (size_t i = 0; e == STORE_OK && i < c->count; i++) {
        char *words = strdup(c->entry[i].words);
        if (words == NULL || !keywords_pick_words(&pick, words, word, &n))
            e = STORE_UNAVAILABLE;
        free(words);
    }
    n = 0;
    for (unsigned i = 0; i < LETTERS_COUNTED; i++)
        if (pick.kw.name[i] != NULL)
            all[n++] = pick.kw.name[i];
    if (e == STORE_OK)
        e = keywords_look(kw, dirs->dir, &renamed);
    if (e == STORE_OK)
        e = keywords_add(kw, dirs->dir, dirs->cur, dirs->new, all, n);
    if (e == STORE_OK && pick.left.len > 2)
        log_warning("Courier's keywords %.*s have no letter left in this folder",
                    (int)pick.left.len - 2, pick.left.data);
    keywords_pick_free(&pick);
    return e;
}

/* --- Names. ----------------------------------------------------------------------------------
 */

static uint32_t letters_of(const struct keywords *kw, const char *words)
{
    uint32_t indexes = 0;
    char word[KEYWORD_LENGTH_MAX + 1];
    while (*words != '\0') {
        size_t n = strcspn(words, " ");
        if (n < sizeof word) {
            memcpy(word, words, n);
            word[n] = '\0';
            int index = keywords_pick_is_name(word) ? keywords_index(kw, word) : -1;
            indexes |= index < 0 ? 0 : 1U << index;
        }
        words += n + strspn(words + n, " ");
    }
    return keywords_to_letters(kw, indexes);
}

/* Whether the file has its letters now, or is not to have any. */
static bool name_file(const struct courier *c, const struct keywords *kw, int cur,
                      const char *name, bool *renamed_r)
{
    struct maildir_name parts;
    char base[NAME_MAX + 1];
    char other[NAME_MAX + 1];
    if (name[0] == '.' || !maildir_name_parse(name, &parts)) /* the directory itself, too */
        return true;
    memcpy(base, name, parts.base_len);
    base[parts.base_len] = '\0';
    const struct entry *e =
        c->count == 0 ? NULL : bsearch(base, c->entry, c->count, sizeof *c->entry, by_name);
    uint32_t letters = parts.letters | (e == NULL ? 0 : letters_of(kw, e->words));
    if (letters == parts.letters || !maildir_name_with_flags(name, parts.flags, letters, other))
        return true;
    if (sys_rename_new(cur, name, cur, other) == 0) {
        *renamed_r = true;
        return true;
    }
    return false;
}

/* *missed_r: not every file has its letters. */
static enum store_error name_files(const struct courier *c, const struct keywords *kw, int cur,
                                   bool *renamed_r, bool *missed_r)
{
    DIR *d = sys_opendirfd(cur);
    if (d == NULL)
        return store_error_from_errno(errno);
    struct dirent *entry = NULL;
    enum store_error e = STORE_OK;
    *missed_r = false;
    while (e == STORE_OK && (entry = sys_readdir(d)) != NULL) {
        if (name_file(c, kw, cur, entry->d_name, renamed_r))
            continue;
        *missed_r = true;
        e = errno == ENOENT || errno == EEXIST ? STORE_OK : store_error_from_errno(errno);
    }
    int err = errno;
    sys_closedir(d);
    return entry == NULL && err != 0 ? store_error_from_errno(err) : e;
}

static enum store_error take(struct keywords *kw, const struct folder_dirs *dirs, int dir,
                             bool *renamed_r)
{
    struct courier c = { .entry = NULL };
    enum store_error e = read_all(&c, dir);
    if (e == STORE_OK) {
        keep_last_words(&c);
        e = make_keywords(&c, kw, dirs);
    }
    bool missed = e == STORE_OK;
    for (int i = 0; e == STORE_OK && missed && i < PASSES; i++)
        e = name_files(&c, kw, dirs->cur, renamed_r, &missed);
    if (e == STORE_OK && *renamed_r && sys_fsync(dirs->cur) < 0)
        e = store_error_from_errno(errno);
    courier_free(&c);
    return e;
}

enum store_error courier_keywords_take(struct keywords *kw, const struct folder_dirs *dirs,
                                       bool *renamed_r)
{
    *renamed_r = false;
    int dir =
        sys_openat(dirs->dir, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (dir < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EACCES
                   ? STORE_OK
                   : store_error_from_errno(errno);
    enum store_error e = take(kw, dirs, dir, renamed_r);
    sys_close(dir);
    if (e == STORE_LIMIT) {
        log_warning("Courier's keywords can't be taken over: no letters are left");
        return STORE_OK;
    }
    return e;
}
