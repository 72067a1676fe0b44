/*
 * The index: what was learnt of a user's folders, kept for the next session (LMDB, one
 * environment a user). It is a cache that may vanish: all that matters is in the Maildir, and
 * whatever goes wrong here (no space, damage, another boot, somebody removed it) ends in an
 * empty index, never in an error for the client. So these functions return true or false and
 * no reason: false means that the index is of no use any more until index_check has been
 * called, and the caller goes on as if nothing had been known. What went wrong is logged here.
 *
 * Where the directory can't be used (remote, not writable, no space) the index is *private*:
 * the same tables in memory, for this process alone.
 *
 * One process has one struct index, opened after its last fork and after it has become the
 * user, and one transaction at a time:
 *
 *     index_check; index_read; ...index_folder_get, index_message_get...; index_release
 *     index_write; ...gets and puts...; index_commit or index_abort
 *
 * A read transaction (a snapshot) must not be held while the client is waited for, or a slow
 * one is written to: index_release before that. index_read where one is open already does
 * nothing, so that readers just call it.
 *
 * Write transactions are serialized between processes by a lock that is waited for
 * INDEX_LOCK_SECONDS: who holds it longer is stopped or lost, and we go on with a private
 * index. Lock order: dovecot-uidlist.lock, then a write transaction.
 */
#ifndef MAILSTORE_INDEX_H
#define MAILSTORE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#define INDEX_NAME         "imapd-index" /* in mail_root, where index_dir is not set */
#define INDEX_LOCK_SECONDS 5
#define INDEX_SIZE_DEFAULT                                                                     \
    ((uint64_t)8 << 30) /* of address space; the file is as large as need be */

struct index;

/* Opens the index of the account whose root directory is open at `root` (stays the caller's).
 * `dir`: index_dir, an absolute path, made where it is missing; NULL: INDEX_NAME in the root.
 * `size_max`: index_max_size, octets; when it is reached the index is begun anew.
 * NULL: no memory. Where there is nothing better the index is private. */
struct index *index_open(int root, const char *dir, uint64_t size_max);

/* Ends what is open. The last process of a user's that goes writes the index to the disk and
 * marks it as whole, so that it survives a reboot. */
void index_close(struct index *ix);

/* Whether this index is in memory, for this process alone. */
bool index_is_private(const struct index *ix);

/* To be called at the beginning of a look, with no transaction open: a fstat. Takes an
 * environment that somebody removed or that failed for what it is, and opens another one.
 * Returns a number that is another one whenever it is another environment: ids and
 * mod-sequences of folders are to be looked up anew then. */
unsigned index_check(struct index *ix);

/* The number that index_check returned last. */
unsigned index_generation(const struct index *ix);

/* From now on private, until the process ends or `seconds` are over (then index_check goes
 * back): the write lock was not to be had, or a write failed. */
void index_go_private(struct index *ix);

/* To be called when the process has waited for its client for a while. With `soon` (a folder is
 * open that may be written to) what the first write after a boot or a clean end needs, one
 * flush to the disk, is done now, while nobody waits; costs a test where it was done. */
void index_settle(struct index *ix, bool soon);

/* To be called then, too, with no transaction open: gives back what of the index is mapped. */
void index_idle(struct index *ix);

/* A snapshot: what was committed last, unchanged until index_release. Where one is open
 * already, or a write transaction is, that is the one. index_release does nothing in a write
 * transaction. */
bool index_read(struct index *ix);
void index_release(struct index *ix);

/* Ends a snapshot that is open; nothing of it may be used any more. False: no transaction is
 * open, and the index is private, or another, after the next index_check. */
bool index_write(struct index *ix);
/* Ends the write transaction, whatever it returns. Others see it from now on; the disk sees it
 * when the kernel likes. */
bool index_commit(struct index *ix);
void index_abort(struct index *ix);
/* The one if all went well (`ok`), else the other. False: nothing was written. */
bool index_end(struct index *ix, bool ok);

/* --- Only to look (mailstore/check.h). -------------------------------------------------------
 */

enum index_condition {
    INDEX_IS_OPEN,
    INDEX_IS_ABSENT, /* the next session makes it */
    INDEX_IS_SPENT,  /* the next session throws it away and begins anew */
    INDEX_IS_REMOTE, /* it would be on another machine's disk: sessions keep it in memory */
    INDEX_IS_UNFIT,  /* sessions keep it in memory until somebody changes what is wrong */
    INDEX_IS_BUSY,   /* another process holds a lock for too long */
    INDEX_IS_REFUSED /* no memory, no descriptors, a disk that fails */
};

/* Opens the index as it is: nothing is made, begun anew or written to, whatever is found.
 * Arguments as index_open. NULL where it is not INDEX_IS_OPEN; *why_r then says why, to a
 * person ("is damaged"), and is good for ever. What is returned is for index_read,
 * index_release, index_failure, index_close and the questions of the tables; index_write is
 * false, and index_check is not to be called. A process has one index open at a time, of this
 * kind or the other. */
struct index *index_inspect(int root, const char *dir, uint64_t size_max,
                            enum index_condition *condition_r, const char **why_r);

/* Why the index has failed, and whether by damage, so that it is to be begun anew; NULL: it has
 * not failed. Good until the next call. */
const char *index_failure(const struct index *ix, bool *damaged_r);

/* Throws the index away; who has it open begins another at its next look. No index may be open
 * in this process. False with errno: it is still there. */
bool index_throw_away(int root, const char *dir);

#endif
