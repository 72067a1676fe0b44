/*
 * What the index knows of each message of a folder: one record for each line of the uidlist,
 * ascending by UID, INDEX_BLOCK of them a value, so that 100,000 scan in a millisecond; their
 * file names in values of their own, which a change of flags does not touch; and which UID has
 * a unique part of a name.
 *
 * A name that is what maildir_name_with_flags makes of its base name (in cur/), or the base
 * name alone (in new/, or for a line without a file), is kept as the base name. Any other is
 * kept whole.
 */
#ifndef MAILSTORE_INDEX_MESSAGE_H
#define MAILSTORE_INDEX_MESSAGE_H

#include "mailstore/index.h"

#include <limits.h>
#include <stddef.h>

#define INDEX_BLOCK 50 /* records of 40 octets: two values a page of LMDB's */

#define INDEX_DATE_UNKNOWN INT64_MIN

/* Bits of index_message.bits */
#define INDEX_IN_NEW  0x01 /* the file is in new/, else in cur/ */
#define INDEX_LISTED  0x02 /* the line is in the uidlist */
#define INDEX_ON_DISK 0x04 /* the name is a file's, not only the line's */
#define INDEX_HIDDEN  0x08 /* as record.hidden of mailstore/table.h */
#define INDEX_RECENT  0x10 /* no session that may write was told of it yet */
#define INDEX_WHOLE   0x20 /* kept by index_message.c: the name is stored whole */
#define INDEX_GUID    0x40 /* kept by index_message.c: there is a GUID for it */

struct index_message {
    uint64_t modseq;
    uint64_t size; /* octets of BODY[]; SIZE_UNKNOWN (mailstore/table.h) until asked for */
    int64_t date;  /* INTERNALDATE; INDEX_DATE_UNKNOWN until asked for */
    uint32_t uid;
    uint32_t letters; /* keywords as on disk: mailstore/filename.h */
    uint8_t flags;    /* enum message_flag */
    uint8_t state;    /* enum record_state; RECORD_EXPUNGED is not used here */
    uint8_t bits;
    uint8_t spare[5]; /* zero */
};

/* The message with exactly this UID. *found_r says whether there is one. name_r: NULL, or
 * NAME_MAX + 1 octets for its file's name. */
bool index_message_get(struct index *ix, uint32_t folder, uint32_t uid,
                       struct index_message *m_r, char *name_r, bool *found_r);

/* The first message with a UID of at least `uid`. Calling it with m_r->uid + 1 again and again
 * walks through the folder at the speed of memory. */
bool index_message_next(struct index *ix, uint32_t folder, uint32_t uid,
                        struct index_message *m_r, char *name_r, bool *found_r);

/* The UIDs from `uid` on of the messages that are there (RECORD_SHOWN), up to `max` of them,
 * each with INDEX_UID_RECENT where its record is INDEX_RECENT; *recent_r false: none has it
 * (NULL: not asked). Fewer than max: those were the last. In a snapshot. */
#define INDEX_UID_RECENT 0x80000000U
bool index_message_uids(struct index *ix, uint32_t folder, uint32_t uid, uint32_t *uid_r,
                        size_t max, size_t *n_r, bool *recent_r);

/* The UID whose file has this unique part (n octets); of several the highest. 0: none. */
bool index_message_find(struct index *ix, uint32_t folder, const char *unique, size_t n,
                        uint32_t *uid_r);

/* For a comparison: calls each() for every UID that index_message_find can come to, with the
 * hash under which it stands, until it returns false. A UID that stands there belongs to a
 * record whose unique part has that hash. In a snapshot. */
bool index_message_uniques(struct index *ix, uint32_t folder,
                           bool (*each)(void *ctx, uint32_t uid, uint32_t hash), void *ctx);
uint32_t index_message_hash(const char *unique, size_t n);

/* In a write transaction: writes the record of m->uid, new or known. name: the file's whole
 * name (of at most NAME_MAX octets), or the base name where there is no file; NULL: as it was,
 * but for what m's flags and letters make of it; a new record has one. Records written in
 * order of UID are written block by block. */
bool index_message_put(struct index *ix, uint32_t folder, const struct index_message *m,
                       const char *name);

/* The GUID that the line of a message has in its G field (doc/store.md): 1 to GUID_MAX octets,
 * no space. Only copies of other messages have one; their records have INDEX_GUID. In a write
 * transaction; a message that is not there gets none. */
#define GUID_MAX NAME_MAX
bool index_message_set_guid(struct index *ix, uint32_t folder, uint32_t uid, const char *guid);

/* guid_r: GUID_MAX + 1 octets. To be asked for messages whose record has INDEX_GUID. */
bool index_message_guid(struct index *ix, uint32_t folder, uint32_t uid, char *guid_r);

/* In a write transaction: forgets one message; nothing where there is none. */
bool index_message_remove(struct index *ix, uint32_t folder, uint32_t uid);

/* In a write transaction: forgets all of a folder. */
bool index_message_clear(struct index *ix, uint32_t folder);

#endif
