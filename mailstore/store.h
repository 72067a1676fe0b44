/*
 * A user's mail: the root of the Maildir and the layout of its folders.
 *
 * Folder names here are UTF-8 with '/' between the levels, whatever is on disk; "INBOX" is the
 * root Maildir itself (RFC 3501 section 5.1). Names go to disk in modified UTF-7 with what the
 * layout can't hold escaped (mailstore/name.c); nothing outside mail_root can be named.
 */
#ifndef MAILSTORE_STORE_H
#define MAILSTORE_STORE_H

#include "base/buffer.h"
#include "mailstore/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_layout {
    LAYOUT_MAILDIRPP, /* .A.B beside cur/ new/ tmp/ */
    LAYOUT_FS         /* A/B below the root */
};

/* Octets of a whole folder name in UTF-8; PATH_MAX bounds what could be made of more. */
#define FOLDER_NAME_MAX 1024
/* Levels in a name: recursion and path length stay small. */
#define FOLDER_LEVELS_MAX 64

struct store;

/* Opens the account at `root` (an absolute or relative path, not kept). A root that is missing
 * is made, with the directories above it and cur/ new/ tmp/. STORE_NONEXISTENT: it is no
 * directory; STORE_NOPERM, STORE_OVERQUOTA ...: it can't be opened or made. */
enum store_error store_open(const char *root, enum store_layout layout, struct store **store_r);
/* The same, but makes nothing: STORE_NONEXISTENT, too, where there is no root. */
enum store_error store_open_only(const char *root, enum store_layout layout,
                                 struct store **store_r);
void store_close(struct store *store);

/* Where the index is (mailstore/index.h): `dir` NULL for the default; copied. Before the first
 * folder is opened. False: no memory. */
bool store_index_at(struct store *store, const char *dir, uint64_t size_max);

/* To be called when the client has been answered and will ask for a folder next: opens the
 * index, which the first question would else do. */
void store_prepare(struct store *store);

/* To be called before the client is waited for and before octets are sent that it may not take
 * at once: ends the snapshot of the index that answers come from. Costs nothing where there is
 * none; the next question takes another.
 */
void store_release(struct store *store);

/* To be called when the client has been silent for a moment: gives memory back, and does what
 * the index's first write would have to wait for, while nobody waits. */
void store_idle(struct store *store);

/* From now on tell(ctx, done, goal) is called often while something goes on that can take long:
 * so many messages, or directory entries, of so many (0: not known). Something else that begins
 * begins at 0 again. Locks may be held: it must not wait, nor use the store. `tell` NULL:
 * nobody is told, as at first. */
typedef void store_progress(void *ctx, uint64_t done, uint64_t goal);
void store_on_progress(struct store *store, store_progress *tell, void *ctx);

int store_root_fd(const struct store *store); /* the store's, do not close */

/* Brings a client's name, UTF-8 of n octets, into the one form the store works with: INBOX in
 * upper case (also as the first of several levels), one trailing '/' dropped. STORE_CANNOT for
 * what can be no folder: empty, an empty level, NUL or control characters, invalid UTF-8, too
 * many levels; STORE_LIMIT: too long. out holds FOLDER_NAME_MAX + 1. */
enum store_error folder_name_normalize(const char *name, size_t n, char *out);

/* Whether a normal name is in Unicode's Normalization Form C, as names that are made should be
 * (RFC 5198 section 3). Also false where there is no memory to know. */
bool folder_name_is_composed(const char *name);

/* Modified UTF-7 (RFC 3501 section 5.1.3) to UTF-8 and back, appended to out. False for what is
 * not valid, or not the only encoding of what it says; nothing of it is left in out then. */
bool mutf7_to_utf8(const char *in, size_t n, struct buffer *out);
bool utf8_to_mutf7(const char *in, size_t n, struct buffer *out);

/* In all that follow, `name` is a normal name; another is brought into its normal form, with
 * the errors of folder_name_normalize. The passing errors (STORE_NOPERM, STORE_OVERQUOTA,
 * STORE_UNAVAILABLE, STORE_IO) are possible everywhere and nothing has changed then. */

/* Opens the directory of a folder (the one that has cur/ new/ tmp/). *fd_r is the caller's.
 * STORE_NONEXISTENT also for a level that is only a parent of others; STORE_NOPERM also for a
 * link that leads out of the root. */
enum store_error folder_open_dir(struct store *store, const char *name, int *fd_r);

/* CREATE (RFC 3501 6.3.3): makes the folder and the missing ones above it. STORE_EXISTS when it
 * is there and can be selected already; of several that create it at the same time exactly one
 * gets STORE_OK. STORE_LIMIT: an entry of a directory can't hold the name. */
enum store_error folder_create(struct store *store, const char *name);
/* The same for a folder with these uses (enum special_use, mailstore/special_use.h). */
enum store_error folder_create_for(struct store *store, const char *name, unsigned uses);

/* DELETE (6.3.4): removes the folder with all its messages; those below it stay. STORE_CANNOT
 * for INBOX, and for a level that is no folder itself and holds something that is no mail
 * (layout fs); STORE_HASCHILDREN for one that has others below (RFC: an error).
 * STORE_NONEXISTENT: there is none. A failure can leave a part of the folder removed in layout
 * fs; it can be deleted again. */
enum store_error folder_delete(struct store *store, const char *name);

/* RENAME (6.3.5) of any folder but INBOX (which the caller does with messages moved): the
 * folders below move with it, missing levels above the new name are made, all UIDs and
 * UIDVALIDITYs stay (these are unique in the account, so the new name never had another folder
 * under the same one). STORE_NONEXISTENT: no folder `from`, nor one below it. STORE_EXISTS:
 * there is a folder `to`, or one below it. STORE_CANNOT: `from` is INBOX, or `to` lies below
 * it. STORE_LIMIT: a name would get too long. */
enum store_error folder_rename(struct store *store, const char *from, const char *to);

struct folder {
    char *name;        /* UTF-8, owned by the list */
    bool selectable;   /* false: only a level above others (\Noselect) */
    bool has_children; /* \HasChildren / \HasNoChildren (RFC 3348) */
};

struct folder_list {
    struct folder *folder; /* sorted by name, INBOX first; parents before their children */
    size_t count;
};

/* Every folder there is, and the levels between that are none. Entries on disk that stand for
 * no name a client could send are there under a name that leads to them (mailstore/name.c).
 * Folders on the other side of a link that leads out of the root are not. */
enum store_error folder_list(struct store *store, struct folder_list *list_r);
void folder_list_free(struct folder_list *list);

/* Whether a LIST pattern fits a name (RFC 3501 6.3.8: '*' anything, '%' anything but '/';
 * INBOX in any case). Time is bounded by the product of the lengths. A name longer than
 * FOLDER_NAME_MAX fits nothing. */
bool folder_match(const char *pattern, const char *name);

/* The subscriptions: Dovecot's file `subscriptions`; without it, Courier's. Names need not
 * exist as folders. subscribed_r is sorted; free with folder_list_free (the two flags are not
 * set). */
enum store_error subscriptions_read(struct store *store, struct folder_list *list_r);
/* Adds or removes one name, durably; no error where nothing had to be done. STORE_INUSE: the
 * lock was not to be had; STORE_CORRUPT: the file is of a version that we don't know, or no
 * file; STORE_LIMIT: it would get too long. */
enum store_error subscriptions_change(struct store *store, const char *name, bool subscribe);

/* The next UIDVALIDITY of this account, unique in it and durable (`dovecot-uidvalidity`): from
 * 1 to 2^31 - 1. STORE_INUSE: the lock was not to be had; STORE_LIMIT: all values are used up.
 */
enum store_error uidvalidity_next(struct store *store, uint32_t *uidvalidity_r);

#endif
