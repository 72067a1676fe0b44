/* What the reader of files asks of the table of settings; no affair of anybody else's. */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include "config/settings.h"

/* Sets the setting whose name is the n octets at `name`. *seen (NULL: don't care) remembers
 * what was set before in the same file; a second time is an error. On an error false, with what
 * is wrong in `why`, and nothing changed. */
bool settings_take(struct settings *s, const char *name, size_t n, const char *value,
                   uint64_t *seen, struct buffer *why);

#endif
