/* Flags by name: IMAP's system flags, and the keywords of the selected folder. */
#ifndef SESSION_FLAGS_H
#define SESSION_FLAGS_H

#include "mailstore/mailbox.h"

struct system_flag {
    const char *name; /* with its backslash */
    uint8_t bit;      /* enum message_flag */
};

#define SYSTEM_FLAGS 5
extern const struct system_flag system_flag[SYSTEM_FLAGS];

/* The bit of a system flag by its name, any case; 0 for any other name. */
uint8_t flags_system_bit(const char *name);

/* How many keywords the folder has. */
unsigned flags_keyword_count(const struct mailbox *mb);

/* The bit of a keyword in message_info.keywords, any case; 0 when the folder has no such. */
uint32_t flags_keyword_bit(const struct mailbox *mb, const char *name);

#endif
