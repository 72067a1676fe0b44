/*
 * What the index knows of a folder as a whole. It is found by the inode of the folder's cur/,
 * and the number of its device: so RENAME by whomever needs no change here, and STATUS of an
 * unchanged folder three stats and one look-up. A folder that was deleted and made again may
 * get the same inode: where it has no uidlist to tell, the time of its birth does.
 */
#ifndef MAILSTORE_INDEX_FOLDER_H
#define MAILSTORE_INDEX_FOLDER_H

#include "mailstore/index.h"
#include "mailstore/uidlist.h"

#include <stddef.h>
#include <sys/stat.h>

/* A directory or file as it was when all that it said was in the index. */
struct index_stamp {
    uint64_t dev;
    uint64_t ino; /* 0: nothing known */
    int64_t sec;
    int64_t nsec;
    int64_t verify_at; /* as struct dir_stamp's, CLOCK_MONOTONIC ms; 0: proven */
    int64_t size;      /* of a file */
};

/* Which cur/. */
struct folder_key {
    uint64_t ino; /* 0: none */
    uint64_t dev;
};

static inline struct folder_key folder_key_of(const struct stat *cur)
{
    return (struct folder_key){ .ino = cur->st_ino, .dev = cur->st_dev };
}

static inline bool folder_key_same(struct folder_key a, struct folder_key b)
{
    return a.ino == b.ino && a.dev == b.dev;
}

struct index_folder {
    struct folder_key key;
    int64_t cur_born; /* when cur/ was made, in ns of its file system's clock; 0: not known */
    uint32_t id;      /* of its messages and changes in the other tables; never reused */
    uint32_t uidvalidity; /* 0 only in a record that was never put */
    uint64_t version;     /* one higher at each index_folder_put */
    uint64_t modseq;      /* HIGHESTMODSEQ */
    uint64_t floor;       /* the change table is complete for what is above this */
    uint64_t changes;     /* UIDs in the change table */
    uint32_t highest;     /* UID ever shown */
    uint32_t last;        /* UID ever recorded, in any state */
    uint32_t shown;       /* how many messages there are */
    uint32_t unseen;      /* of these without \Seen */
    uint32_t deleted;     /* of these with \Deleted */
    uint32_t recent;      /* of these not yet told to a session that may write */
    uint32_t in_new;      /* of these whose file is in new/ */
    uint32_t dead;        /* records gone whose line is in the uidlist */
    uint32_t pending;     /* records LINE or FOUND */
    uint32_t pending_uid; /* the lowest of those, 0: none */
    uint32_t in_new_from; /* no message below this has its file in new/ */
    uint32_t unseen_from; /* no message below this is without \Seen */
    uint32_t recent_from; /* no message below this is recent */
    uint32_t letters;     /* of keywords seen on files */
    uint32_t provisional; /* 1: the UIDs are in no uidlist, and no list can be written */
    uint32_t scan_ms;     /* how long reading cur/ took */
    struct index_stamp cur;
    struct index_stamp new;
    struct index_stamp keywords; /* the file dovecot-keywords */
    uint32_t keyword_hash[26];   /* of the name of each letter's keyword; 0: none */
    struct uidlist list;
};

/* Looks the folder up. *found_r false: the index has never heard of it. In a snapshot or a
 * write transaction. */
bool index_folder_get(struct index *ix, struct folder_key key, struct index_folder *f_r,
                      bool *found_r);

/* In a write transaction: writes the record, with `version` one higher (also in *f). A new
 * folder (id 0) gets an id. */
bool index_folder_put(struct index *ix, struct index_folder *f);

/* In a write transaction: forgets the folder and all that is known of its messages. Nothing
 * happens where there is none. */
bool index_folder_drop(struct index *ix, struct folder_key key);

/* Calls each() for every folder, in a snapshot; each() false ends it. */
bool index_folder_each(struct index *ix, bool (*each)(void *ctx, const struct index_folder *f),
                       void *ctx);

/* The next mod-sequence of a folder: microseconds of the clock, but always above f->modseq.
 * So an index that was lost and built anew goes on above all that the lost one gave, also when
 * the clock was put back: `base` (microseconds) is the youngest of the folder's timestamps.
 * Stores it in f->modseq and returns it (RFC 7162 section 3.1: below 2^63). */
uint64_t index_folder_next_modseq(struct index_folder *f, uint64_t base);

#endif
