/* Reading dovecot-keywords. It is replaced by rename and never changed in place, so inode, size
 * and mtime tell a new one; reading takes no lock. */
#include "mailstore/keywords.h"

#include "mailstore/dirs.h"
#include "mailstore/mailbox.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FORWARDED "$Forwarded"

/* 26 lines of a name, and ample room for what we pass over. */
#define KEYWORDS_FILE_MAX 65536

/* A name as long as this is kept for other programs, longer ones are not ours to carry. */
#define KEYWORD_STORED_MAX 1000

void keywords_init(struct keywords *kw)
{
    memset(kw, 0, sizeof *kw);
    kw->alias = -1;
    for (int i = 0; i < LETTERS_COUNTED; i++)
        snprintf(kw->unknown[i], sizeof kw->unknown[i], "unknown-%d", i);
}

void keywords_free(struct keywords *kw)
{
    for (int i = 0; i < LETTERS_COUNTED; i++)
        free(kw->name[i]);
    keywords_init(kw);
}

bool keyword_valid(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > KEYWORD_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c <= 0x20 || c >= 0x7f || strchr("(){%*\"\\]", c) != NULL)
            return false;
    }
    return true;
}

/* One line; false: of no use. */
static bool parse_line(char *line, int *letter_r, const char **name_r)
{
    char *end = line;
    if (*line < '0' || *line > '9')
        return false;
    long n = strtol(line, &end, 10);
    if (n >= LETTERS_COUNTED || *end != ' ' || end[1] == '\0' ||
        strlen(end + 1) > KEYWORD_STORED_MAX)
        return false;
    *letter_r = (int)n;
    *name_r = end + 1;
    return true;
}

static bool take_text(struct keywords *kw, char *text, uint32_t *renamed_r)
{
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        int letter = 0;
        const char *name = NULL;
        if (!parse_line(line, &letter, &name))
            continue;
        if (kw->name[letter] != NULL && strcmp(kw->name[letter], name) == 0)
            continue;
        char *copy = strdup(name);
        if (copy == NULL)
            return false;
        free(kw->name[letter]);
        kw->name[letter] = copy;
        *renamed_r |= 1U << letter;
    }
    kw->alias = -1;
    for (int i = LETTERS_COUNTED - 1; i >= 0; i--)
        if (kw->name[i] != NULL && strcasecmp(kw->name[i], FORWARDED) == 0)
            kw->alias = i;
    return true;
}

static enum store_error read_text(int fd, char *text, size_t size)
{
    size_t have = 0;
    while (have + 1 < size) {
        ssize_t n = sys_read(fd, text + have, size - 1 - have);
        if (n < 0)
            return store_error_from_errno(errno);
        if (n == 0)
            break;
        have += (size_t)n;
    }
    for (size_t i = 0; i < have; i++)
        if (text[i] == '\0')
            text[i] = '\n'; /* what a power cut leaves */
    text[have] = '\0';
    return STORE_OK;
}

static enum store_error read_file(struct keywords *kw, int dir, uint32_t *renamed_r)
{
    int fd = sys_openat(dir, KEYWORDS_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return errno == ENOENT ? STORE_OK : store_error_from_errno(errno);
    struct stat st;
    char *text = malloc(KEYWORDS_FILE_MAX);
    enum store_error e = text == NULL ? STORE_UNAVAILABLE : STORE_OK;
    if (e == STORE_OK && sys_fstat(fd, &st) < 0)
        e = store_error_from_errno(errno);
    if (e == STORE_OK)
        e = read_text(fd, text, KEYWORDS_FILE_MAX);
    sys_close(fd);
    if (e == STORE_OK && !take_text(kw, text, renamed_r))
        e = STORE_UNAVAILABLE;
    free(text);
    if (e != STORE_OK)
        return e;
    keywords_remember(kw, &st);
    return STORE_OK;
}

void keywords_remember(struct keywords *kw, const struct stat *st)
{
    kw->present = true;
    kw->dev = st->st_dev;
    kw->ino = st->st_ino;
    kw->mtime = st->st_mtim;
    kw->size = st->st_size;
}

enum store_error keywords_look(struct keywords *kw, int dir, uint32_t *renamed_r)
{
    struct stat st;
    *renamed_r = 0;
    if (sys_fstatat(dir, KEYWORDS_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? STORE_OK : store_error_from_errno(errno);
    if (!S_ISREG(st.st_mode))
        return STORE_OK;
    if (kw->present && st.st_dev == kw->dev && st.st_ino == kw->ino && st.st_size == kw->size &&
        same_time(&st.st_mtim, &kw->mtime))
        return STORE_OK;
    return read_file(kw, dir, renamed_r);
}

/* Whether an earlier letter has the same name: then this one can't be told by it. */
static bool is_repeated(const struct keywords *kw, unsigned letter)
{
    for (unsigned i = 0; i < letter; i++)
        if (kw->name[i] != NULL && strcasecmp(kw->name[i], kw->name[letter]) == 0)
            return true;
    return false;
}

bool keywords_unnamed(const struct keywords *kw)
{
    for (unsigned i = 0; i < LETTERS_COUNTED; i++)
        if ((kw->used >> i & 1U) != 0 && kw->name[i] == NULL)
            return true;
    return false;
}

const char *keywords_name(const struct keywords *kw, unsigned index)
{
    if (index == LETTER_P_INDEX)
        return FORWARDED;
    if (index >= LETTERS_COUNTED || (int)index == kw->alias)
        return NULL;
    const char *name = kw->name[index];
    if (name != NULL && keyword_valid(name) && !is_repeated(kw, index))
        return name;
    return (kw->used & (1U << index)) != 0 ? kw->unknown[index] : NULL;
}

/* The n of "unknown-<n>", -1: something else. */
static int unknown_index(const struct keywords *kw, const char *name)
{
    for (int i = 0; i < LETTERS_COUNTED; i++)
        if (strcasecmp(kw->unknown[i], name) == 0)
            return i;
    return -1;
}

int keywords_index(const struct keywords *kw, const char *name)
{
    for (unsigned i = 0; i <= LETTER_P_INDEX; i++) {
        const char *known = keywords_name(kw, i);
        if (known != NULL && strcasecmp(known, name) == 0)
            return (int)i;
    }
    /* A message copied from another folder may bring a letter without a name: it keeps it. */
    int i = unknown_index(kw, name);
    return i >= 0 && kw->name[i] == NULL ? i : -1;
}

bool keywords_have_room(const struct keywords *kw)
{
    for (int i = 0; i < LETTERS_COUNTED; i++)
        if (kw->name[i] == NULL && (kw->used & (1U << i)) == 0)
            return true;
    return false;
}

uint32_t keywords_from_letters(const struct keywords *kw, uint32_t letters)
{
    if (kw->alias < 0 || (letters & (1U << kw->alias)) == 0)
        return letters;
    return (letters & ~(1U << kw->alias)) | LETTER_P;
}

uint32_t keywords_to_letters(const struct keywords *kw, uint32_t indexes)
{
    if (kw->alias < 0 || (indexes & LETTER_P) == 0)
        return indexes;
    return indexes | (1U << kw->alias);
}
