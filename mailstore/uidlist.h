/*
 * The file dovecot-uidlist, see doc/store.md: which message has which UID.
 *
 *     3 V<uidvalidity> N<next uid> G<guid of the folder> [other fields]
 *     <uid> [fields] :<base name>
 *
 * This module knows the file, not the messages. Readers take no lock: lines are only ever added
 * at the end, a rewritten file comes by rename, and what stands behind the last LF is not read.
 */
#ifndef MAILSTORE_UIDLIST_H
#define MAILSTORE_UIDLIST_H

#include "base/buffer.h"
#include "mailstore/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#define UIDLIST_NAME "dovecot-uidlist"
#define UIDLIST_LOCK "dovecot-uidlist.lock"
#define UIDLIST_TEMP "dovecot-uidlist.tmp"

/* UIDs and UIDVALIDITY stay below 2^31: there are clients that keep them signed. The next UID
 * may be this, and is then never given. */
#define UID_LIMIT 0x7fffffffU

/* More than any account's (10 million lines of 200 octets); a longer one is not ours to load.
 */
#define UIDLIST_SIZE_MAX ((size_t)2 << 30)

/* The unknown fields of a header together: a line longer than this is no header. */
#define UIDLIST_HEADER_MAX 1024

/* How far a file was read, and what it said. Begins zeroed. */
struct uidlist {
    bool present;
    dev_t dev;
    ino_t ino;
    int64_t born;          /* as sys_birth: another file of that number has another */
    struct timespec mtime; /* as it was when the file ended at `offset` */
    int64_t
        verify_at; /* not 0: another file may hide behind these; monotonic_ms, read all then */
    off_t offset;  /* read up to here, behind an LF */
    uint32_t uidvalidity; /* 0: none known */
    uint32_t next;        /* greater than any UID ever seen here; never lowered */
    uint32_t last;        /* the highest UID of a line */
    size_t lines;
    size_t damaged;                  /* lines that made no sense, or broke the order */
    bool rewrite;                    /* damage, an old version, no GUID: to be written anew */
    char fields[UIDLIST_HEADER_MAX]; /* of the header, but V and N; each begins with ' ' */
};

struct uidlist_line {
    uint32_t uid;
    const char *fields; /* "S123 W130 ", as it stood there; may be empty */
    size_t fields_len;
    const char *base; /* not NUL-terminated */
    size_t base_len;
};

/* Lines and the text they point into. */
struct uidlist_lines {
    struct buffer text;
    struct uidlist_line *line; /* ascending UIDs */
    size_t count;
};

/* Whether the file that was read has not changed since, by its stat. */
bool uidlist_is(const struct uidlist *list, const struct stat *st);
/* Whether both are of the same file; and have read it equally far, in the same state. */
bool uidlist_same_file(const struct uidlist *a, const struct uidlist *b);
bool uidlist_same_state(const struct uidlist *a, const struct uidlist *b);

enum uidlist_news {
    UIDLIST_SAME,   /* nothing new since `list` was filled */
    UIDLIST_GROWN,  /* lines_r: those that were added */
    UIDLIST_NEW,    /* another file: lines_r: all of it */
    UIDLIST_MISSING /* no file, or none that has a UIDVALIDITY (lines_r: what it still has) */
};

/* Looks at the file and brings `list` up to date. `locked`: the lock is held, so that a last
 * line without LF is damage and not an addition in progress. Lines younger than a minute are
 * synced here before they are handed out: their writer may not have come to it yet. lines_r is
 * always to be freed with uidlist_lines_free. On failure `list` is as it was. */
enum store_error uidlist_look(struct uidlist *list, int dir, bool locked,
                              enum uidlist_news *news_r, struct uidlist_lines *lines_r);
void uidlist_lines_free(struct uidlist_lines *lines);

/* Loads the whole file, whatever `list` knows of it (zeroes: nothing), which stays where the
 * file says less: for a rewrite, with the lock held. */
enum store_error uidlist_load(struct uidlist *list, int dir, struct uidlist_lines *lines_r);

/* Parses text as a file's whole contents (also of version 1, which is Courier's
 * courierimapuiddb). NULs and all are taken. list->uidvalidity 0: no header that could be
 * used. `locked` as above. False: no memory. */
bool uidlist_parse(struct uidlist *list, const char *text, size_t n, bool locked,
                   struct uidlist_lines *lines_r);

/* Takes one line (of a file of version 1 or 3, without its LF) apart. False: it makes no sense.
 */
bool uidlist_parse_line(int version, const char *p, const char *end,
                        struct uidlist_line *line_r);

/* For a writer who only adds: reads header and end of the file, not what is between. False: it
 * is not sound, or is not there: uidlist_look must see all of it. With the lock held. */
bool uidlist_tail(struct uidlist *list, int dir);

/* --- uidlist_guid.c --------------------------------------------------------------------------
 */

#define UIDLIST_GUID 32 /* hexadecimal digits */

/* Whether the header's fields have a sound G; and the GUID in it, in lower case. */
bool uidlist_has_guid(const struct uidlist *list);
bool uidlist_guid(const struct uidlist *list, char guid_r[UIDLIST_GUID + 1]);

/* Gives the header another one: 128 random bits. STORE_UNAVAILABLE: there are none to be had.
 */
enum store_error uidlist_make_guid(struct uidlist *list);

/* `was` is what was known of the same folder before: what has no GUID gets the one of that. */
void uidlist_keep_guid(struct uidlist *list, const struct uidlist *was);

/* The length of the value of a line's G field, and where it is; 0: there is none. */
size_t uidlist_line_guid(const struct uidlist_line *line, const char **guid_r);

/* What Courier left (courierimapuiddb): fills list and lines_r from it; its UIDVALIDITY and
 * UIDs are taken over. STORE_NONEXISTENT: there is none that can be used; any other error: it
 * must be asked again before UIDs are given. */
enum store_error courier_uids_read(int dir, struct uidlist *list,
                                   struct uidlist_lines *lines_r);

/* Adds lines at the end, durably. The lock is held, and `list` has seen the whole file since it
 * was taken. On failure complete lines may have been written, which is as if their messages had
 * been lost; `list` is then told to look again. STORE_LIMIT: no UIDs left. */
enum store_error uidlist_append(struct uidlist *list, int dir, const struct uidlist_line *line,
                                size_t count);

/* Writes the file anew, durably, with list->uidvalidity, next and fields (a GUID is made when
 * it has none) and these lines. The lock is held. */
enum store_error uidlist_rewrite(struct uidlist *list, int dir, const struct uidlist_line *line,
                                 size_t count);

#endif
