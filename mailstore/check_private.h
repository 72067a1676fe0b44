/*
 * The inside of checking, for the files check*.c alone.
 *
 * check.c           the account: its index, its folders one by one
 * check_folder.c    one folder: until what was read is of one moment
 * check_maildir.c   its directories
 * check_uidlist.c   its uidlist
 * check_keywords.c  its keywords
 * check_records.c   the index's records of it, against all of these
 * check_tables.c    the index's other tables, and numbers, against the records
 * check_sizes.c     sizes and dates, against the messages themselves
 * check_summaries.c the same for what was made of them
 * check_repair.c    mending
 * check_text.c      lines
 */
#ifndef MAILSTORE_CHECK_PRIVATE_H
#define MAILSTORE_CHECK_PRIVATE_H

#include "mailstore/check.h"

#include "mailstore/account.h"
#include "mailstore/dirs.h"
#include "mailstore/index_folder.h"
#include "mailstore/index_message.h"
#include "mailstore/keywords.h"
#include "mailstore/table.h"
#include "mailstore/uidlist.h"

#include "base/buffer.h"
#include "message/input.h"

/* What mends a folder, besides a person. */
enum cure {
    CURE_LOOK = 1 << 0,     /* a look at all of it, as every session does sooner or later */
    CURE_UIDLIST = 1 << 1,  /* writing the uidlist anew */
    CURE_REPEATED = 1 << 2, /* the same, without lines that another one has made void */
    CURE_VALIDITY = 1 << 3, /* another UIDVALIDITY */
    CURE_KEYWORDS = 1 << 4, /* writing dovecot-keywords anew */
    CURE_FORGET = 1 << 5,   /* dropping the folder from the index */
    CURE_BELIEVE = 1 << 6   /* the same, before the index is asked about the uidlist */
};

/* What is remembered of a folder when it has been compared. */
struct checked {
    char *name;
    struct folder_key key; /* ino 0: no cur/ */
    uint32_t uidvalidity;
    char guid[UIDLIST_GUID + 1]; /* "": none */
    int64_t list_born;           /* of the uidlist, as sys_birth */
    unsigned cures;
};

struct check {
    struct store *store;
    const struct check_options *o;
    struct check_counts counts;
    struct index *index; /* NULL: there is none to compare with */
    bool index_is_bad;   /* to be begun anew */
    unsigned patience;   /* seconds, for the next lock */
    struct checked *folder;
    size_t folders;
    struct folder_key *garbage; /* of folders in the index that are no more */
    size_t garbage_count;
};

/* A folder while it is being compared. */
struct folder_check {
    struct check *c;
    const char *name;
    struct folder_dirs dirs; /* -1: missing */
    struct grain grain;
    bool locked;

    /* The rest is of one reading. */
    bool indexed; /* the index knows the folder */
    bool reborn;  /* but another one, which was in its place before */
    struct index_folder f;
    bool claims_cur; /* the index says that it has all that is in cur/ */
    bool claims_new;
    bool claims_list;
    /* What is in cur/ and new/. `uid`: of the record that has it; `hidden`: there is another of
     * its unique part. */
    struct table files;
    struct uidlist list;
    struct uidlist_lines lines;
    /* The lines that can be of files, by UID and unique part; `seen` 1: there is a record. */
    struct table listed;
    struct keywords keywords;
    unsigned letter_count[LETTERS_COUNTED]; /* messages that have it */

    struct buffer said; /* lines, each behind its kind, which end in NUL */
    size_t differences;
    unsigned cures;
    bool impossible; /* something could not be read: lines tell */
};

/* --- check_text.c ----------------------------------------------------------------------------
 */

/* Room for any quoted name. */
#define CHECK_QUOTE_MAX 512

/* Makes n octets of a file's name or contents printable; cut where it gets too long. */
const char *check_quote(char out[CHECK_QUOTE_MAX], const char *s, size_t n);

/* Lines about a folder, kept until they are known to count. cures: what mends it; 0: a person
 * must. */
void check_differs(struct folder_check *fc, unsigned cures, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void check_note(struct folder_check *fc, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The comparison can't be made. Always false. */
bool check_impossible(struct folder_check *fc, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A line at once; name NULL: about the account. Counted. */
void check_tell(struct check *c, enum check_line kind, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Tells what was kept, and counts it. */
void check_tell_kept(struct folder_check *fc);

/* --- Readings and comparisons. False: it could not be done (check_impossible was called, or
 * the index has failed). ----------------------------------------------------------------------
 */

bool check_maildir(struct folder_check *fc);
bool check_uidlist(struct folder_check *fc);
bool check_keywords(struct folder_check *fc);
/* In a snapshot. */
bool check_records(struct folder_check *fc);
/* Outside of the lock, with fc->f and fc->files as they were. */
void check_sizes(struct folder_check *fc);
/* Of one message, from its octets. False: they could not be read. */
bool check_summaries(struct folder_check *fc, uint32_t uid, struct message_input *in);

/* --- check_tables.c --------------------------------------------------------------------------
 */

/* What the tables say, gathered before the walk through the records. */
struct check_tables;

struct check_tables *check_tables_read(struct folder_check *fc); /* NULL: as false above */
void check_tables_free(struct check_tables *t);                  /* NULL: nothing */
/* For each record in turn. */
void check_tables_record(struct folder_check *fc, struct check_tables *t,
                         const struct index_message *m, const char *name);
/* When all records were seen. */
void check_tables_end(struct folder_check *fc, struct check_tables *t);

/* --- check_folder.c, check.c, check_repair.c -------------------------------------------------
 */

/* Compares one folder and tells. What is to be remembered goes to *done_r, but the name. */
void check_folder(struct check *c, const char *name, struct checked *done_r);

/* Compares all. */
enum store_error check_account(struct check *c);
void check_free(struct check *c);

#endif
