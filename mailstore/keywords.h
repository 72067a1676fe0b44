/*
 * The file dovecot-keywords, see doc/store.md: which letter of a file name is which keyword of
 * this folder. Lines "<n> <name>", n from 0 (letter a) to 25 (letter z).
 *
 * $Forwarded is not in it: its letter is P. But Dovecot knows no P, so that a folder it has
 * served may have a line for $Forwarded all the same; its letter (`alias`) then means the same
 * as P.
 */
#ifndef MAILSTORE_KEYWORDS_H
#define MAILSTORE_KEYWORDS_H

#include "mailstore/error.h"
#include "mailstore/filename.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#define KEYWORDS_NAME "dovecot-keywords"
#define KEYWORDS_TEMP "dovecot-keywords.lock"

/* "unknown-25" */
#define UNKNOWN_NAME_SIZE 16

struct keywords {
    bool present;
    dev_t dev;
    ino_t ino;
    struct timespec mtime;
    off_t size;
    char *name[LETTERS_COUNTED]; /* owned; NULL: the letter has none */
    char unknown[LETTERS_COUNTED][UNKNOWN_NAME_SIZE];
    uint32_t used; /* letters seen on files */
    int alias;     /* the letter that is $Forwarded too; -1: none */
};

void keywords_init(struct keywords *kw);
void keywords_free(struct keywords *kw);

/* Whether this can be a keyword: an atom (RFC 3501 section 9) of at most KEYWORD_LENGTH_MAX
 * octets that does not begin with a backslash. */
bool keyword_valid(const char *name);

/* Takes down which file it was that kw was read from, or written to: keywords_look tells
 * another by it. */
void keywords_remember(struct keywords *kw, const struct stat *st);

/* Reads the file if it is new or has changed. *renamed_r: the letters whose name did. A name
 * once known stays known when its line, or the file, is gone. Lines that make no sense are
 * passed over. */
enum store_error keywords_look(struct keywords *kw, int dir, uint32_t *renamed_r);

/* What the keyword with this index (0 to 26) is called; NULL: there is none. A letter that is
 * on files without a name, or whose name is no atom, is "unknown-<n>" (Dovecot's way). */
const char *keywords_name(const struct keywords *kw, unsigned index);

/* Whether there is a letter on files that has no name yet. */
bool keywords_unnamed(const struct keywords *kw);

/* The index of a keyword, in any case; -1: not known here. */
int keywords_index(const struct keywords *kw, const char *name);

/* Whether one more keyword could be made. */
bool keywords_have_room(const struct keywords *kw);

/* The letters a message with this set of indexes has, and back. */
uint32_t keywords_to_letters(const struct keywords *kw, uint32_t indexes);
uint32_t keywords_from_letters(const struct keywords *kw, uint32_t letters);

/* Makes keywords that are not known yet, durably. The folder's uidlist lock is held, and
 * keywords_look was called since it was taken. cur_fd, new_fd: the directories are searched for
 * letters that are in use without a name, which are not given away. STORE_LIMIT: no letter
 * left, or no keyword; nothing is changed then. */
enum store_error keywords_add(struct keywords *kw, int dir, int cur_fd, int new_fd,
                              const char *const *name, size_t count);

/* Writes kw->name to the file as it is, durably. The folder's uidlist lock is held. */
enum store_error keywords_write(struct keywords *kw, int dir);

#endif
