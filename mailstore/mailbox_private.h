/*
 * The inside of a mailbox, for the files mailbox*.c alone.
 *
 * mailbox.c          opening, closing, questions that need no disk
 * mailbox_refresh.c  looking at the disk: what is new, what is gone
 * mailbox_dirs.c     whether the folder is still the same
 * mailbox_sight.c    what one look sees of each file
 * mailbox_clash.c    two files that would be one message, and names that can't stay
 * mailbox_number.c   UIDs for new messages; mending and rewriting the uidlist
 * mailbox_recent.c   new/ to cur/
 * mailbox_read.c, mailbox_store.c, mailbox_expunge.c, mailbox_copy.c: as in mailbox.h
 */
#ifndef MAILSTORE_MAILBOX_PRIVATE_H
#define MAILSTORE_MAILBOX_PRIVATE_H

#include "mailstore/dirs.h"
#include "mailstore/filename.h"
#include "mailstore/keywords.h"
#include "mailstore/mailbox.h"
#include "mailstore/table.h"
#include "mailstore/uidlist.h"

struct mailbox {
    struct store *store; /* the caller's; outlives this */
    struct folder_dirs dirs;
    struct grain grain;
    bool writable;
    uint32_t uidvalidity; /* 0 only until the first look has ended */
    bool
        provisional; /* no uidlist was ever read or written here: the UIDs are this session's */
    struct uidlist list;
    struct keywords keywords;
    struct table table;
    struct dir_stamp cur;
    struct dir_stamp new;
    bool replaced; /* cur/ is not the one the folder was opened with, and no list was read since
                    */
    uint32_t look; /* number of the last reading of the directories */
    uint64_t modseq;
    uint32_t highest;           /* UID ever shown */
    size_t published;           /* the records before this are neither LINE nor FOUND */
    size_t shown;               /* records that are SHOWN */
    size_t dead;                /* records EXPUNGED or GONE that have a line */
    size_t in_new;              /* records whose file is in new/, of those that have one */
    bool mend_failed;           /* the list wants a rewrite, and can't be rewritten */
    unsigned held_looks;        /* how many looks in turn have held messages back */
    int64_t scan_ms;            /* how long reading cur/ took */
    int64_t without_lock_until; /* monotonic_ms: STORE goes on without the uidlist lock */
    uint32_t claim_first;       /* mailbox_claim_recent */
    size_t claim_count;
    struct name_maker names;
    int inotify; /* -1: none */
};

/* --- mailbox_refresh.c -----------------------------------------------------------------------
 */

enum look_how {
    LOOK_CHANGED, /* read what the timestamps say has changed */
    LOOK_ALL,     /* read both directories: a file was not where it was; new mail may wait */
    LOOK_MEND     /* put the uidlist right, or say why not */
};

enum store_error mailbox_look(struct mailbox *mb, enum look_how how);

/* Opens new/ and cur/ anew where others have taken their places, and notes that in
 * mb->replaced. STORE_NONEXISTENT: the folder is gone, or one of the two. */
enum store_error mailbox_check_dirs(struct mailbox *mb);

/* How often one call may look for files that are not where they were. */
#define LOOKS_PER_CALL 8

/* A file was not found by its name: looks where it is now. `left` counts down from
 * LOOKS_PER_CALL; at 0 STORE_UNAVAILABLE: it is renamed faster than we can look. */
enum store_error mailbox_look_again(struct mailbox *mb, unsigned *left);

/* Opens a folder for the sake of its uidlist alone, and makes that sound. */
enum store_error mailbox_mend(struct store *store, const char *name);

/* Our own changes to cur/ and new/, between these two, are no reason to read them again. */
struct own_change {
    bool cur;
    bool new;
};
struct own_change own_change_begin(struct mailbox *mb);
void own_change_end(struct mailbox *mb, struct own_change own);

/* All changes of a record's place go through these, which keep the counts. */
void record_set_state(struct mailbox *mb, struct record *rec, enum record_state state);
void record_set_listed(struct mailbox *mb, struct record *rec, bool listed);
void record_set_place(struct mailbox *mb, struct record *rec, bool on_disk, bool in_new);
/* The next mod-sequence, for a record that changed. */
void record_changed(struct mailbox *mb, struct record *rec);
/* Records were removed or added in bulk: finds `published` anew. */
void mailbox_recount(struct mailbox *mb);

/* Whether there are lines whose files were not seen, and which were not given up. */
bool mailbox_has_pending_lines(const struct mailbox *mb);

/* The directory that holds a record's file. */
int record_dir(const struct mailbox *mb, const struct record *rec);

/* --- One look: mailbox_sight.c, mailbox_clash.c, mailbox_number.c
 * ------------------------------ */

/* A second file with the unique part of another, in one reading. */
struct clash {
    char *name[2];
    bool in_new[2];
};

#define CLASHES_MAX 1024 /* in one look; more wait for the next */

struct look {
    struct mailbox *mb;
    struct table fresh; /* files that have no UID; a record with uid != 0 is done with */
    uint32_t first;     /* number of the first reading of this look */
    struct clash *clash;
    size_t clashes;
    bool reading_new; /* which directory the names come from */
    size_t seen_new;  /* records seen in new/, in this reading */
    bool full;        /* cur/ was read too */
    bool clean;       /* the reading is proof of absence */
    bool cur_clean;   /* for what was in cur/ */
    enum look_how how;
    bool locked;       /* the uidlist lock is held: nobody is adding */
    bool quiet;        /* the lock was free after the list was read: its lines are settled */
    bool read_all;     /* cur/ must be read, whatever its timestamp says */
    bool unlisted;     /* a message has lost its line */
    bool resurrected;  /* a fresh file is one that was gone: its old line must go */
    bool unsettled;    /* something is left for another look */
    bool list_missing; /* there is no uidlist, or none with a UIDVALIDITY */
};

/* Takes in one name. As dir_scan's each(). */
bool look_sight(void *ctx, const char *name);
/* A file of a record, by this name now. False: no memory. */
bool look_take(struct look *l, struct record *rec, const char *name, bool in_new);
/* Puts the clashes right. Returns how many files were renamed or removed. */
size_t look_settle_clashes(struct look *l);
/* Reads the directories, again where that is needed, and resolves what is not there. */
enum store_error look_read(struct look *l, bool cur_too);
/* Takes news of the uidlist into the table. */
enum store_error look_merge(struct look *l, enum uidlist_news news,
                            const struct uidlist_lines *lines);
/* Gives the fresh files UIDs, and mends the list. That it can't be done (no lock, no space) is
 * no error: they stay unseen. An error only where there is no UIDVALIDITY otherwise. */
enum store_error look_number(struct look *l);

/* --- mailbox_store.c ------------------------------------------------------------------------
 */

/* The names of the keywords with these indexes; n_r counts them. name has KEYWORDS_MAX places.
 */
void keyword_names(const struct mailbox *mb, uint32_t indexes, const char **name, size_t *n_r);

/* --- mailbox_read.c -------------------------------------------------------------------------
 */

/* The record of a message that is shown and not gone; NULL: STORE_EXPUNGED. */
struct record *shown_record(const struct mailbox *mb, uint32_t uid);

/* Opens the file of a message, to read. Follows it when it was renamed. */
enum store_error message_file_open(struct mailbox *mb, uint32_t uid, unsigned *looks_left,
                                   int *fd_r);

/* --- mailbox_recent.c
 * -------------------------------------------------------------------------- */

/* Moves what is shown from new/ to cur/. */
void mailbox_take_recent(struct mailbox *mb);

/* --- mailbox_clash.c
 * ---------------------------------------------------------------------------- */

/* A name for a file that can't keep its own: a new unique part, S= and W= and the flags of the
 * old one. out: NAME_MAX + 1. */
void fresh_name(struct name_maker *maker, const char *old, bool in_new, char *out);

/* --- tmp_clean.c
 * --------------------------------------------------------------------------------- */

/* Removes what crashed deliveries left in tmp/, at most once a week. */
void tmp_clean(int tmp_fd);

#endif
