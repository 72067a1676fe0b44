/*
 * imapd --check and --repair: whether index, uidlists and Maildir of an account say the same
 * (imapd(8) tells what counts as a difference and what is a mailbox's ordinary life).
 */
#ifndef MAILSTORE_CHECK_H
#define MAILSTORE_CHECK_H

#include "mailstore/store.h"

enum check_line {
    CHECK_NOTE,       /* worth knowing, nothing to be done */
    CHECK_DIFFERENCE, /* and what will become of it, or what to do */
    CHECK_DONE,       /* by store_repair */
    CHECK_FAILURE     /* something could not be compared, or not be repaired, and why */
};

struct check_options {
    bool full;         /* read every message: are sizes and dates right? */
    unsigned patience; /* seconds that a lock is waited for; 0: CHECK_PATIENCE_SECONDS */
    /* Called for each line, which ends without LF and is printable (UTF-8 in names of folders).
     */
    void (*tell)(void *ctx, enum check_line kind, const char *line);
    void *ctx;
};

struct check_counts {
    size_t folders;
    size_t messages; /* files in cur/ and new/ */
    size_t differences;
    size_t failures; /* CHECK_FAILURE lines */
};

/* Compares. Nothing is changed but for this: each folder's dovecot-uidlist.lock is taken while
 * it is compared, and one whose holder is gone is broken, as any session would. A lock that is
 * not to be had in that time is a failure; after one, others are waited for
 * only CHECK_IMPATIENCE_SECONDS. An index that this store has open is closed: no folder may be
 * open. STORE_OK: see *counts_r; else the folders could not be listed. */
#define CHECK_PATIENCE_SECONDS   30
#define CHECK_IMPATIENCE_SECONDS 2
enum store_error store_check(struct store *store, const struct check_options *o,
                             struct check_counts *counts_r);

/* Compares, mends what it can, and compares again: *counts_r is of the second time. Takes in
 * new mail. No message is removed, and no UID or UIDVALIDITY changed that can be kept. */
enum store_error store_repair(struct store *store, const struct check_options *o,
                              struct check_counts *counts_r);

#endif
