/* Flags by name: IMAP's system flags, and the keywords of the selected folder. */
#ifndef SESSION_FLAGS_H
#define SESSION_FLAGS_H

#include "mailstore/mailbox.h"

struct stream;

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

/* "FLAGS (...)" as it was last made: most messages have the flags of the one before. All zero
 * at first; for one mailbox, and not beyond a command (keywords get names meanwhile). */
#define FLAGS_TEXT_MAX (80 + KEYWORDS_MAX * (KEYWORD_LENGTH_MAX + 1))
struct flags_text {
    bool no_recent; /* for the caller to set: \Recent is not told (RFC 9051 appendix E) */
    uint8_t flags;
    bool recent;
    uint32_t keywords;
    size_t n; /* 0: none was made */
    char text[FLAGS_TEXT_MAX];
};

/* Sends "FLAGS (...)" of one message (RFC 3501 section 7.4.2). */
void flags_put(const struct mailbox *mb, struct stream *io, const struct message_info *info,
               struct flags_text *last);

/* Sends the FETCH response that tells a message's flags, with its UID and mod-sequence where
 * `how` asks for them. last NULL: without the flags. */
struct view;
struct view_sync;
void flags_tell(struct view *v, struct stream *io, uint32_t sequence,
                const struct view_sync *how, const struct message_info *info,
                struct flags_text *last);

#endif
