/* What LIST and LSUB have in common. */
#ifndef COMMAND_LIST_H
#define COMMAND_LIST_H

#include "command/command.h"

/* The canonical pattern in UTF-8: the reference is put before the name (RFC 3501 section 6.3.8:
 * its interpretation is the server's). What is no modified UTF-7, or from a client that speaks
 * UTF-8, is taken as it is. The caller frees it; NULL: no memory, or longer than any name. */
char *list_pattern(const struct session *s, const struct text *reference,
                   const struct text *name);

/* Tells the selected folder as IMAP4rev2's SELECT does (RFC 9051 section 6.3.2), with OLDNAME
 * where the client called it otherwise. */
void list_selected(const struct session *s, const struct text *called);

/* Answers LIST "" "" and LSUB "" "": the hierarchy delimiter, and the root of the reference,
 * which is always "" here. Ends the command. */
void list_root(struct command *c, const char *name);

#endif
