/*
 * The messages of one folder, or those of them that matter, while a look at the disk lasts: a
 * record for each line of the uidlist, ascending by UID, and a hash that finds it by the unique
 * part of the file's name. It is filled from the index and what has changed goes back there
 * (mailbox_index.c). Only memory: no format of the disk is known here.
 *
 * A record is 32 octets, its slot in the hash 16 to 32, its name as long as the file's.
 */
#ifndef MAILSTORE_TABLE_H
#define MAILSTORE_TABLE_H

#include "mailstore/filename.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_state {
    RECORD_LINE,     /* it has a UID; its file was not seen (yet) */
    RECORD_FOUND,    /* its file was seen; not shown while a lower UID may still turn up */
    RECORD_SHOWN,    /* the session has been told, or may be at any time */
    RECORD_EXPUNGED, /* was shown, and this look has found it gone */
    RECORD_GONE      /* its UID and its line are spent, that is all */
};

#define SIZE_UNKNOWN UINT64_MAX /* MESSAGE_SIZE_UNKNOWN */

struct record {
    uint64_t modseq; /* as loaded from the index; 0: new */
    char *name;      /* of the file as seen last, or the base name of the line */
    uint32_t uid;
    uint32_t letters;    /* keywords as on disk: see mailstore/filename.h */
    uint32_t seen;       /* the number of the last look that saw the file */
    uint8_t flags;       /* enum message_flag */
    uint8_t unique_len;  /* of name */
    uint16_t state : 3;  /* enum record_state */
    uint16_t in_new : 1; /* the file is in new/, else in cur/ */
    uint16_t recent : 1;
    uint16_t listed : 1;  /* its line is in the uidlist */
    uint16_t on_disk : 1; /* name is a file's, not only the line's */
    uint16_t hidden : 1;  /* given up without proof: mailbox_refresh.c */
    uint16_t dirty : 1;   /* differs from what the index has */
    uint16_t changed : 1; /* in a way that sessions must be told */
};

struct table_text; /* memory for names */

struct table {
    struct record *rec;
    size_t count;
    size_t allocated;
    uint64_t *slot; /* the name's hash, and index + 1 into rec; 0: free */
    size_t slots;   /* a power of 2, or 0 */
    struct table_text *text;
};

void table_init(struct table *t);
void table_free(struct table *t);

/* Makes room for so many records at once. False: no memory. */
bool table_reserve(struct table *t, size_t count);

/* The record with this UID, NULL if there is none. Pointers to records are good until the next
 * table_add or table_sweep. */
struct record *table_uid(const struct table *t, uint32_t uid);

/* The index of the first record with a UID of at least `uid` (t->count: none). */
size_t table_lower(const struct table *t, uint32_t uid);

/* The record for a unique part; of several the one that was added last. */
struct record *table_unique(const struct table *t, const char *name, size_t unique_len);

/* Adds a record behind all others; the name (n octets) is copied. NULL: no memory, or a name
 * that maildir_name_parse does not accept. */
struct record *table_add(struct table *t, uint32_t uid, const char *name, size_t n);

/* As table_add, for a name that was parsed before: its unique part has unique_len octets, 1 to
 * 255. Flags and letters are the caller's to set. */
struct record *table_put(struct table *t, uint32_t uid, const char *name, size_t n,
                         size_t unique_len);

/* As table_put, but at its place by UID, which no other record has. Costs what the table has.
 */
struct record *table_insert(struct table *t, uint32_t uid, const char *name, size_t n,
                            size_t unique_len);

/* Gives a record of the table another name (of the same unique part). False: no memory. */
bool table_rename(struct table *t, struct record *rec, const char *name);

/* Removes the records that keep() refuses. */
void table_sweep(struct table *t, bool (*keep)(const struct record *rec, void *ctx), void *ctx);

#endif
