/* The inside of struct append, for append.c, append_commit.c and mailbox_copy.c. */
#ifndef MAILSTORE_APPEND_PRIVATE_H
#define MAILSTORE_APPEND_PRIVATE_H

#include "mailstore/append.h"
#include "mailstore/dirs.h"
#include "mailstore/dotlock.h"
#include "mailstore/filename.h"
#include "mailstore/index_folder.h"

/* A message on its way in. */
struct append_item {
    char unique[UNIQUE_NAME_SIZE]; /* its name in tmp/ */
    char name[NAME_MAX + 1];       /* its name to be; the base name until append_commit_items */
    uint8_t flags;
    const char **keyword; /* names, owned with their text */
    size_t keywords;
    char *guid;   /* of the message that this is a copy of, for its line; owned; NULL: none */
    uint32_t uid; /* that it must get; 0: the next */
    bool in_tmp;
    bool unsynced; /* its octets are on their way to the disk, and are waited for at the end */
    bool to_new;   /* no flags: it is left in new/ for somebody to be \Recent */
    bool placed;
};

/* Files of another folder that are moved, in the place of those in tmp/: mailbox_move.c. */
struct moved_file {
    char *name;
    uint32_t uid;
    uint64_t modseq; /* the record's, when its name and flags were taken */
    bool in_new;
};

struct moving {
    struct mailbox *from;
    dev_t device;
    struct moved_file *file; /* one an item */
    size_t count;
    size_t moved;
};

struct append {
    struct store *store;
    char *folder;
    struct folder_dirs dirs;
    struct name_maker names;
    struct append_item *item;
    size_t count;
    size_t allocated;
    struct mailbox *replaced_in; /* append_replaces; or NULL */
    uint32_t replaced;
    uint32_t uidvalidity;  /* append_uidvalidity; 0: whatever it is */
    struct moving *moving; /* the caller's; NULL: the items are in tmp/ */
    bool replaced_left;    /* it got another name under our hands, and is still to be removed */
    enum store_error failed; /* the first error; everything after it fails alike */
    /* The message being written. */
    int fd; /* -1: none */
    time_t date;
    char *buf; /* APPEND_BUFFER octets */
    size_t have;
    bool verbatim;
    bool cr;      /* a CR was given that is not written yet */
    bool last_cr; /* the last octet on disk is a CR */
    uint64_t size;
    uint64_t vsize; /* with each bare LF as CRLF */
};

#define APPEND_BUFFER 65536

/* More than any client sends in one command; a bound for what stays in tmp/ unfinished. */
#define APPEND_ITEMS_MAX (1U << 24)

/* Adds an item with flags and keywords (copied) and its first unique name. NULL: no memory. */
struct append_item *append_item_add(struct append *a, uint8_t flags, const char *const *keyword,
                                    size_t keywords);

/* Frees what an item owns. */
void append_item_free(struct append_item *item);

/* Gives the item its base name: its unique part, S= and, when known (not SIZE_UNKNOWN), W=. */
void append_item_name(struct append_item *item, uint64_t size, uint64_t vsize);

/* What the index knew of the target before anything was added: append_index.c. */
struct append_index {
    bool usable; /* it was up to date with the uidlist */
    bool cur;    /* cur/ was as the index says */
    struct index_folder folder;
    struct dir_stamp cur_stamp;
};

/* With the uidlist lock held, and `list` read under it: raises list->next above all UIDs that
 * the index has seen here. */
void append_index_begin(struct append *a, struct uidlist *list, struct append_index *ai);
/* All items are in their places, and their lines in `list`: tells the index, so that nobody
 * need look for them. What can't be told the next look will find. */
void append_index_save(struct append *a, const struct uidlist *list, const uint32_t *uid,
                       struct append_index *ai);
/* The same in the write transaction that is open. False: it is of no use any more. */
bool append_index_write(struct append *a, const struct uidlist *list, const uint32_t *uid,
                        struct append_index *ai);

/* The directory that the item goes to. */
int append_target(const struct append *a, const struct append_item *item);
/* Syncs the directories that items go to. */
enum store_error append_sync_dirs(const struct append *a);

/* W= of a name is kept when S= shows that the name tells the truth about its file; else
 * SIZE_UNKNOWN. */
uint64_t known_vsize(const char *name, const struct stat *st);

/* Moves all items to their places, durably; or none. */
enum store_error append_place(struct append *a, struct dotlock *lock);
/* Removes those that are in their places. */
void append_take_back(struct append *a);

/* append_place where something is replaced: removes that, too, and tells the index. */
enum store_error append_replace(struct append *a, struct dotlock *lock,
                                const struct uidlist *list, const uint32_t *uid,
                                struct append_index *ai);

/* append_place where files of another folder are moved: moves what it can, and tells the index
 * of both. uid[i] becomes 0 where item i was not moved. */
enum store_error append_move(struct append *a, struct dotlock *lock, struct uidlist *list,
                             uint32_t *uid, struct append_index *ai);

/* Adds all items to the folder. All are in tmp/, synced, or a->moving has them. Frees a. */
enum store_error append_commit_items(struct append *a, uint32_t *uidvalidity_r, uint32_t *uid);

/* Removes what is in tmp/ and frees a. */
void append_discard(struct append *a);

#endif
