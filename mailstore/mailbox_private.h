/*
 * The inside of a mailbox, for the files mailbox*.c alone (and append_index.c, and for
 * comparing check_records.c and check_repair.c).
 *
 * mailbox.c          opening, closing, refreshing
 * mailbox_query.c    questions that the index answers
 * mailbox_look.c     a look at the disk, from the index and back to it
 * mailbox_index.c    between the index and the table of a look
 * mailbox_refresh.c  reading the directories: what is new, what is gone
 * mailbox_keywords.c what the letters mean
 * mailbox_record.c   changing a record, and the counts that follow
 * mailbox_dirs.c     whether the folder is still the same
 * mailbox_sight.c    what one look sees of each file
 * mailbox_identity.c who a message is, wherever it is copied
 * mailbox_clash.c    two files that would be one message, and names that can't stay
 * mailbox_merge.c    news of the uidlist
 * mailbox_number.c   UIDs for new messages; mending and rewriting the uidlist
 * mailbox_recent.c   new/ to cur/, and who is told that a message is \Recent
 * mailbox_own.c      changes of our own: into the index, and the timestamps they leave
 * mailbox_learn.c    sizes and dates, mailbox_cache.c what parsing gave: into the index
 * mailbox_ahead.c    files of messages that will be read soon
 * mailbox_read.c, mailbox_store.c, mailbox_expunge.c, mailbox_copy.c, mailbox_move.c: as in
 *                    mailbox.h
 */
#ifndef MAILSTORE_MAILBOX_PRIVATE_H
#define MAILSTORE_MAILBOX_PRIVATE_H

#include "mailstore/account.h"
#include "mailstore/dirs.h"
#include "mailstore/filename.h"
#include "mailstore/index_folder.h"
#include "mailstore/index_message.h"
#include "mailstore/index_stamp.h"
#include "mailstore/keywords.h"
#include "mailstore/mailbox.h"
#include "mailstore/table.h"
#include "mailstore/uidlist.h"

struct dotlock;
struct learnt;
struct waiting;
struct witness;

/* UIDs, ascending. */
struct uid_set {
    uint32_t *uid;
    size_t count;
    size_t allocated;
};

struct mailbox {
    struct store *store; /* the caller's; outlives this */
    struct index *index; /* the store's */
    unsigned generation; /* of the environment that `folder` is from */
    struct folder_dirs dirs;
    struct folder_key new_key; /* of dirs.new; that of dirs.cur is folder.key */
    struct grain grain;
    bool writable;
    uint32_t uidvalidity; /* 0 only until the first look has ended */
    /* As of the last look or change of our own; during a look, what it makes of it. Its `list`
     * is how far the uidlist was read. */
    struct index_folder folder;
    uint64_t modseq; /* the highest that the session was told of: no lower one is given here */
    uint64_t doubt;  /* what was told up to here, another index has told: mailbox_look.c */
    struct keywords keywords;
    enum store_error keywords_unread; /* why the last look could not read them */
    struct uid_set recent;            /* messages that are \Recent in this session */
    bool replaced;    /* cur/ is not the one the folder was opened with, and no list was
                         read since */
    bool mend_failed; /* the list wants a rewrite, and can't be rewritten */
    bool has_lock;    /* STORE or EXPUNGE has the uidlist lock: a look does not wait for it */
    unsigned held_looks;        /* how many looks in turn have held messages back */
    int64_t without_lock_until; /* monotonic_ms: STORE goes on without the uidlist lock */
    struct name_maker names;
    struct learnt *learnt;   /* mailbox_learn.c */
    struct waiting *waiting; /* mailbox_cache.c */
    uint64_t swept; /* no message above this was expunged whose values are still kept */
    struct file_input *spare;        /* mailbox_read.c: a closed message, for the next */
    struct ahead *ahead;             /* mailbox_ahead.c; NULL until a disk was waited for */
    struct witness *witness;         /* of cur/; NULL until the first change of our own */
    struct timespec witnessed_mtime; /* what our last change made of cur/ */
    bool witnessed;                  /* it has watched since cur/ was as the index says */
    bool waits_unsaid; /* the file system does not say whether it would wait for one */
    int inotify;       /* -1: none */
    /* The rest lives as long as a look. */
    struct table table;
    size_t published; /* the records before this are neither LINE nor FOUND */
    struct dir_stamp cur;
    struct dir_stamp new;
    uint32_t look; /* number of the last reading of the directories */
};

/* --- One look. -------------------------------------------------------------------------------
 */

enum look_how {
    LOOK_CHANGED, /* read what the timestamps say has changed */
    LOOK_ALL,     /* read both directories: a file was not where it was; new mail may wait */
    LOOK_MEND     /* put the uidlist right, or say why not */
};

/* Brings the index up to date with the disk, and `folder` with the index. */
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

/* A second file with the unique part of another, in one reading. */
struct clash {
    char *name[2];
    bool in_new[2];
};

/* The G field of a line, between the uidlist and the index. */
struct line_guid {
    uint32_t uid;
    char *field; /* "G<guid> " */
};

#define CLASHES_MAX 1024 /* in one look; more wait for the next */

struct look {
    struct mailbox *mb;
    struct index_folder base; /* the folder as the index had it when the look began */
    bool indexed;             /* ... and whether it had it */
    bool whole;               /* all records are in the table; else those that matter so far */
    struct uid_set removed;   /* records of the index that mean nothing any more */
    struct table fresh;       /* files that have no UID; a record with uid != 0 is done with */
    uint32_t first;           /* number of the first reading of this look */
    struct clash *clash;
    size_t clashes;
    struct line_guid *guid;
    size_t guids;
    size_t guids_allocated;
    bool reading_new; /* which directory the names come from */
    size_t seen_new;  /* records seen in new/, in this reading */
    uint64_t sighted; /* entries of directories that were read */
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
    enum store_error
        refused;    /* what must be written before a list is begun; STORE_OK: all is */
    bool recounted; /* records went or came in bulk */
    bool failed;    /* the index has, while it was asked: what it did not find means nothing */
};

/* --- mailbox_index.c -------------------------------------------------------------------------
 */

/* Takes the folder from the index, and of its records those that any look needs. A folder that
 * the index does not know has a zeroed record and a whole (empty) table. False: no memory, or
 * the index has failed. */
bool look_load(struct look *l);

/* Loads the records that are not there yet. False as look_load. Records move. */
bool look_load_whole(struct look *l);

/* The record with this unique part, loaded where it is not yet; NULL: there is none, or the
 * index has failed (l->failed). Other records move. */
struct record *look_known(struct look *l, const char *name, size_t unique_len);

/* Whether another session has changed the folder's record since look_load. */
bool look_is_outdated(struct look *l);

/* The folder as the index has it now. False: it has another one, or none, or has failed. */
bool mailbox_folder_now(struct mailbox *mb, struct index_folder *f_r);

/* As index_folder_next_modseq, but above all that this session was told of, too. */
uint64_t mailbox_next_modseq(const struct mailbox *mb, struct index_folder *f, uint64_t base);

/* Ends a write transaction as index_end; what was written is *f, ours from now on. */
bool mailbox_commit(struct mailbox *mb, bool ok, const struct index_folder *f);

/* Writes what the look has changed to the index, and mb->folder. False: it could not be
 * written; the next look finds another index, and must begin anew. */
bool look_save(struct look *l);

/* --- mailbox_refresh.c -----------------------------------------------------------------------
 */

/* Reads the directories, again where that is needed, and resolves what is not there. */
enum store_error look_read(struct look *l, bool cur_too);
/* Finds out what has changed on the disk, up to where new files need UIDs. */
enum store_error look_through(struct look *l);
/* Shows what can be shown. */
void look_publish(struct look *l);
/* Whether the look has something to do that needs the uidlist lock. */
bool look_wants_lock(const struct look *l);
/* Whether there are lines whose files were not seen, and which were not given up. */
bool mailbox_has_pending_lines(const struct mailbox *mb);

/* --- mailbox_keywords.c ----------------------------------------------------------------------
 */

/* Reads dovecot-keywords where it has changed, and marks the messages whose keywords have other
 * names now. False: no memory. */
bool look_at_keywords(struct look *l);
/* Before a message with these letters is told of: those that were on no message when the folder
 * was last looked at are another session's, and their names are read. */
void mailbox_learn_letters(struct mailbox *mb, uint32_t letters);
/* Tells the index's record of keywords that were made for messages that do not have them yet.
 * To be called before their letters are added to f->letters. */
void folder_remember_keywords(struct index_folder *f, const struct keywords *kw);

/* --- mailbox_record.c ------------------------------------------------------------------------
 */

/* A record was just added to the table, and is not one that was loaded: counts it. */
void record_added(struct mailbox *mb, struct record *rec);
/* All changes of a record go through these, which keep the counts. */
void record_set_state(struct mailbox *mb, struct record *rec, enum record_state state);
void record_set_listed(struct mailbox *mb, struct record *rec, bool listed);
void record_set_place(struct mailbox *mb, struct record *rec, bool on_disk, bool in_new);
void record_set_flags(struct mailbox *mb, struct record *rec, uint8_t flags, uint32_t letters);
void record_set_recent(struct mailbox *mb, struct record *rec, bool recent);
/* It gets a mod-sequence when the look is saved. */
void record_changed(struct record *rec);
/* Finds mb->published anew. */
void mailbox_find_published(struct mailbox *mb);
/* Records were removed or added in bulk, and the table is whole: counts all of it. */
void mailbox_recount(struct mailbox *mb);

/* The same counts, for a change of one message of the index from `was` to `is`; NULL: it was
 * not there, or is not any more. */
void folder_count(struct index_folder *f, const struct index_message *was,
                  const struct index_message *is);

/* --- mailbox_sight.c, mailbox_clash.c, mailbox_merge.c, mailbox_number.c
 * ----------------------
 */

/* Takes in one name. As dir_scan's each(). */
bool look_sight(void *ctx, const char *name);
/* A file of a record, by this name now. False: no memory. */
bool look_take(struct look *l, struct record *rec, const char *name, bool in_new);
/* Puts the clashes right. Returns how many files were renamed or removed. */
size_t look_settle_clashes(struct look *l);
/* Takes news of the uidlist into the table. */
enum store_error look_merge(struct look *l, enum uidlist_news news,
                            const struct uidlist_lines *lines);
/* Removes the records that keep() refuses, from table and index. False: no memory. */
bool look_sweep(struct look *l, bool (*keep)(const struct record *rec, void *ctx));

/* How many seconds a look may wait for the uidlist lock. */
unsigned look_patience(const struct mailbox *mb, enum look_how how);
/* With the lock held: gives the fresh files UIDs, and mends the list. */
enum store_error look_number(struct look *l, struct dotlock *lock);
/* It could not be done, for that reason (no lock, no space): an error only where there is no
 * UIDVALIDITY otherwise; else the new files stay unseen. */
enum store_error look_not_numbered(struct look *l, enum store_error why);

/* --- mailbox_recent.c ------------------------------------------------------------------------
 */

/* Moves what is shown from new/ to cur/. */
void look_take_recent(struct look *l);
/* Makes what nobody was told of yet \Recent here. False as look_save. */
bool mailbox_claim_recent(struct mailbox *mb);
bool mailbox_is_recent(const struct mailbox *mb, const struct index_message *m);

/* --- mailbox_own.c ---------------------------------------------------------------------------
 */

/* Our own changes to cur/, between begin and end, are no reason to read it again. (new/ is read
 * again: it is small, and what is delivered in the same tick must not wait.) */
struct own_change {
    bool cur; /* it was as the index says */
    struct index_stamp was_cur;
};

/* In a look: mb->cur is what the index has. */
struct own_change look_own_begin(struct mailbox *mb);
void look_own_end(struct mailbox *mb, const struct own_change *own);

/* Outside of one: takes mb->folder from the index first. */
struct own_change mailbox_own_begin(struct mailbox *mb);
/* Into `f`, which was just read in the write transaction that is open. */
void mailbox_own_end(struct mailbox *mb, const struct own_change *own, struct index_folder *f);

/* What was done to one message. */
struct done {
    uint32_t uid;
    uint32_t letters;
    uint64_t modseq; /* the record's, as the change was made from it */
    uint8_t flags;
    bool gone; /* unlinked; else it is in cur/ with these flags */
};

/* Writes n changes to the index, under one mod-sequence, and ends `own`. False: they could not
 * be written; the next look finds them on the disk. */
bool mailbox_own_save(struct mailbox *mb, const struct own_change *own, const struct done *done,
                      size_t n);
/* The same, of at least one, in the write transaction that is open, to be ended by
 * mailbox_commit with *f_r. */
bool mailbox_own_write(struct mailbox *mb, const struct own_change *own,
                       const struct done *done, size_t n, struct index_folder *f_r);

/* In a look, mb->cur being what the index has: makes it proven, if it was left by a change of
 * our own that a witness has watched. */
void mailbox_prove(struct mailbox *mb);
/* The mailbox is closed: waits until its last change can be proven (some 20 ms). */
void mailbox_prove_last(struct mailbox *mb);

/* --- mailbox_read.c, mailbox_store.c ---------------------------------------------------------
 */

/* A message of the index, with its file's name. */
struct located {
    struct index_message m;
    char name[NAME_MAX + 1];
};

/* Finds a message that is there; in mailbox_find without its name. False: STORE_EXPUNGED. */
bool mailbox_find(struct mailbox *mb, uint32_t uid, struct index_message *m_r);
bool mailbox_locate(struct mailbox *mb, uint32_t uid, struct located *at_r);

/* The first record from `uid` on that is wanted; false: that can't be said. */
bool mailbox_next_record(struct mailbox *mb, uint32_t uid,
                         bool (*wanted)(const struct index_message *m),
                         struct index_message *m_r, bool *found_r);
/* Whether the message is there. */
bool mailbox_record_shown(const struct index_message *m);
struct message_info mailbox_info(const struct mailbox *mb, const struct index_message *m);

/* Begins a snapshot; where the index has failed, looks anew first. */
bool mailbox_read(struct mailbox *mb);

/* The directory that holds the file. */
int located_dir(const struct mailbox *mb, const struct located *at);

/* Opens the file of a message, to read; at_r: as it was found. Follows it when it was renamed.
 */
enum store_error message_file_open(struct mailbox *mb, uint32_t uid, unsigned *looks_left,
                                   struct located *at_r, int *fd_r);

/* What is open of a message. */
struct message_file {
    int fd;
    uint64_t size; /* when it was opened: messages do not grow */
};

/* A file that is no longer is read once and held: most messages are shorter, and each is gone
 * through at least twice, to count its octets or parse it and to send or search it. It is also
 * what is read ahead. */
#define HELD_MAX 65536

/* Opens a file that must be a regular one. */
enum store_error message_file_open_at(int dir, const char *name, struct message_file *file_r);

/* Frees what mailbox_read.c keeps for the next message. */
void mailbox_read_end(struct mailbox *mb);

/* A read had to wait for the disk. */
void mailbox_ahead_begin(struct mailbox *mb);
/* Hands out the message's file, if it was opened ahead. */
bool mailbox_ahead_take(struct mailbox *mb, uint32_t uid, struct message_file *file_r);
void mailbox_ahead_end(struct mailbox *mb);

/* The file was not where `at` says: where is it now? The index may know by now; else a look. */
enum store_error mailbox_relocate(struct mailbox *mb, const struct located *at,
                                  unsigned *looks);

/* The uidlist lock, waited for a short while; false: go on without. */
bool mailbox_lock_briefly(struct mailbox *mb, struct dotlock *lock);

/* mailbox_copy of messages that are then removed: the copies are as durable as they were. */
enum store_error mailbox_copy_to_remove(struct mailbox *mb, const uint32_t *uid, size_t n,
                                        const char *to, uint32_t *uidvalidity_r,
                                        uint32_t *new_uid);

/* Removes those of `n` messages that are there, whatever their flags: of which there are
 * durable copies. *removed_r counts them, on an error too. */
enum store_error mailbox_remove(struct mailbox *mb, const uint32_t *uid, size_t n,
                                size_t *removed_r);

/* The names of the keywords with these indexes; n_r counts them. name has KEYWORDS_MAX places.
 */
void keyword_names(const struct mailbox *mb, uint32_t indexes, const char **name, size_t *n_r);

/* --- mailbox_identity.c ----------------------------------------------------------------------
 */

void folder_identity(const struct index_folder *f, char id_r[FOLDER_IDENTITY_SIZE]);

/* What is to stand in the G field of a copy's line: GUID_MAX + 1 octets. STORE_EXPUNGED. */
enum store_error mailbox_guid(struct mailbox *mb, uint32_t uid, char *guid_r);

/* Notes the GUID of a line that was just read, if it has one. False: no memory. */
bool look_note_guid(struct look *l, const struct uidlist_line *line);
/* Writes what was noted to the index, for the records that are there. False as look_save. */
bool look_save_guids(const struct look *l, uint32_t folder);
/* The GUID that the index has for a message, as a line's field; it lives as long as the look.
 * NULL: it has none, or, *ok_r false, no memory, or the index has failed (l->failed). */
const char *look_guid_field(struct look *l, uint32_t uid, bool *ok_r);
void look_guids_free(struct look *l);

/* --- mailbox_learn.c -------------------------------------------------------------------------
 */

/* Sizes and dates that were asked for, on their way to the index. mailbox_learnt: those of the
 * message that was asked for last. */
void mailbox_learn(struct mailbox *mb, const struct index_message *m, uint64_t size,
                   int64_t date);
bool mailbox_learnt(const struct mailbox *mb, uint32_t uid, uint64_t *size, int64_t *date);
void mailbox_learn_save(struct mailbox *mb);

/* --- mailbox_cache.c -------------------------------------------------------------------------
 */

/* Writes what waits to be kept. */
void mailbox_cache_save(struct mailbox *mb);

/* --- mailbox_clash.c, tmp_clean.c ------------------------------------------------------------
 */

/* A name for a file that can't keep its own: a new unique part, S= and W= and the flags of the
 * old one. out: NAME_MAX + 1. */
void fresh_name(struct name_maker *maker, const char *old, bool in_new, char *out);

/* Removes what crashed deliveries left in tmp/, at most once a week. */
void tmp_clean(int tmp_fd);

bool uid_set_add(struct uid_set *set, uint32_t uid);
bool uid_set_has(const struct uid_set *set, uint32_t uid);

#endif
