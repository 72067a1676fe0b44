/*
 * The selected folder as this client sees it: which message has which sequence number, and
 * what the client has been told of each.
 *
 * It is a snapshot. It changes only in view_sync, which tells the client of each change in the
 * same breath (RFC 3501 section 7.4.1: expunges only where the command allows it).
 */
#ifndef SESSION_VIEW_H
#define SESSION_VIEW_H

#include "mailstore/mailbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;

struct view {
    struct mailbox *mailbox; /* NULL: nothing is selected */
    bool read_only;          /* EXAMINE, or the folder can't be written */
    uint32_t *uid;           /* uid[n - 1]: the message with sequence number n; ascending */
    size_t count, allocated;
    uint64_t told;       /* changes up to this mod-sequence were told, or wait in `withheld` */
    size_t withheld;     /* expunged messages that are still in uid[] */
    size_t recent;       /* the RECENT count last told */
    char *name;          /* of the folder, UTF-8 */
    unsigned keywords;   /* how many keywords the FLAGS response last told of */
};

#endif
