/* The STATUS response, for STATUS and for LIST (RFC 5819), and what else is told of a folder by
 * its name. */
#ifndef COMMAND_STATUS_H
#define COMMAND_STATUS_H

#include "command/command.h"
#include "parser/status.h"

/* What there is to tell of a folder. items: bits of enum status_item. Errors: mailbox_status.
 */
enum store_error get_status(struct session *s, const char *name, unsigned items,
                            struct mailbox_counts *counts_r);
void put_status(const struct session *s, const char *name, unsigned items,
                const struct mailbox_counts *counts);

/* RFC 8474: a folder's identity (mailstore/mailbox.h), behind a letter. */
#define MAILBOX_ID "MAILBOXID (F%s)"
/* The response code of a folder that was just made, in the arena; NULL: its identity can't be
 * written down yet, and so must not be told. */
const char *mailbox_id_code(struct command *c, const char *name);

#endif
