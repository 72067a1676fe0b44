/*
 * Adding messages to a folder: one or many that share the syncs, all or none.
 *
 *     append_open, then for each message append_message and append_write..., then append_commit
 *     or append_cancel.
 */
#ifndef MAILSTORE_APPEND_H
#define MAILSTORE_APPEND_H

#include "mailstore/mailbox.h"

struct append;

/* Prepares to add to a folder. STORE_NONEXISTENT: no such folder ([TRYCREATE] is then apt). */
enum store_error append_open(struct store *store, const char *folder, struct append **a_r);

/* Begins a message. Flags and keywords as for mailbox_store with FLAGS_REPLACE (`op` is not
 * looked at); `date`: INTERNALDATE, seconds since the epoch. */
enum store_error append_message(struct append *a, const struct flag_change *flags, time_t date);

/* The message begun last is kept octet for octet, its line ends too: what is binary in it has
 * no lines, and must not lose the difference between LF and CRLF. Before its first octet. */
void append_verbatim(struct append *a);

/* The next octets of the message begun last, as they came: CRLF becomes LF on disk, unless it
 * is kept verbatim. */
enum store_error append_write(struct append *a, const void *octets, size_t n);

/* The message, which is the only one, takes the place of another (RFC 8508): append_commit
 * removes that, too, as mailbox_remove would, from a mailbox that is open, of this folder or
 * another. To other sessions it is one change; broken off by a crash, it may leave both, never
 * neither. append_commit's error is STORE_EXPUNGED, and nothing was added, when the other is
 * not there any more. */
void append_replaces(struct append *a, struct mailbox *mb, uint32_t uid);

/* --- For mail that another server has kept (mailstore/adopt.h). */

/* The message begun last gets these flags and keywords in place of what it had. */
enum store_error append_flags(struct append *a, const struct flag_change *flags);

/* The message begun last gets this INTERNALDATE in place of what it had. */
void append_date(struct append *a, time_t date);

/* The message begun last gets this UID (1 to UID_LIMIT; ascending from message to message), if
 * the folder has given none so high yet; else append_commit adds nothing: STORE_EXISTS. */
void append_uid(struct append *a, uint32_t uid);

/* The folder gets this UIDVALIDITY (1 to UID_LIMIT), if it has never given a UID; else
 * append_commit adds nothing where it has another one: STORE_CANNOT. Before the commit. */
void append_uidvalidity(struct append *a, uint32_t uidvalidity);

/* Ends the last message and adds all of them. uid (room for as many as were begun) gets their
 * consecutive UIDs. OK means: durable. Frees a, whatever is returned. */
enum store_error append_commit(struct append *a, uint32_t *uidvalidity_r, uint32_t *uid);

/* Takes everything back and frees a. */
void append_cancel(struct append *a);

#endif
