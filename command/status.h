/* The STATUS response, for STATUS and for LIST (RFC 5819). */
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

#endif
