#include "session/flags.h"

#include "net/stream.h"
#include "session/view.h"

#include <string.h>

const struct system_flag system_flag[SYSTEM_FLAGS] = {
    { "\\Answered", FLAG_ANSWERED }, { "\\Flagged", FLAG_FLAGGED },
    { "\\Deleted", FLAG_DELETED },   { "\\Seen", FLAG_SEEN },
    { "\\Draft", FLAG_DRAFT },
};

uint8_t flags_system_bit(const char *name)
{
    for (size_t i = 0; i < SYSTEM_FLAGS; i++)
        if (strcasecmp(name, system_flag[i].name) == 0)
            return system_flag[i].bit;
    return 0;
}

unsigned flags_keyword_count(const struct mailbox *mb)
{
    unsigned n = 0;
    for (unsigned i = 0; i < KEYWORDS_MAX; i++)
        n += mailbox_keyword(mb, i) != NULL;
    return n;
}

uint32_t flags_keyword_bit(const struct mailbox *mb, const char *name)
{
    for (unsigned i = 0; i < KEYWORDS_MAX; i++) {
        const char *keyword = mailbox_keyword(mb, i);
        if (keyword != NULL && strcasecmp(keyword, name) == 0)
            return UINT32_C(1) << i;
    }
    return 0;
}

static void put_names(const struct mailbox *mb, struct stream *io)
{
    for (size_t i = 0; i < SYSTEM_FLAGS; i++)
        stream_printf(io, "%s%s", i > 0 ? " " : "", system_flag[i].name);
    for (unsigned i = 0; i < KEYWORDS_MAX; i++) {
        const char *keyword = mailbox_keyword(mb, i);
        if (keyword != NULL)
            stream_printf(io, " %s", keyword);
    }
}

void view_tell_flags(struct view *v, struct stream *io)
{
    v->keywords = flags_keyword_count(v->mailbox);
    stream_puts(io, "* FLAGS (");
    put_names(v->mailbox, io);
    stream_puts(io, ")\r\n* OK [PERMANENTFLAGS (");
    if (!v->read_only) {
        put_names(v->mailbox, io);
        if (mailbox_keywords_free(v->mailbox))
            stream_puts(io, " \\*");
    }
    stream_puts(io,
                v->read_only ? ")] No flag can be changed\r\n" : ")] Flags that are kept\r\n");
}

void view_put_flags(const struct view *v, struct stream *io, const struct message_info *info)
{
    const char *space = "";
    stream_puts(io, "FLAGS (");
    for (size_t i = 0; i < SYSTEM_FLAGS; i++)
        if (info->flags & system_flag[i].bit) {
            stream_printf(io, "%s%s", space, system_flag[i].name);
            space = " ";
        }
    if (info->recent) {
        stream_printf(io, "%s\\Recent", space);
        space = " ";
    }
    for (unsigned i = 0; info->keywords >> i != 0 && i < KEYWORDS_MAX; i++) {
        const char *keyword = mailbox_keyword(v->mailbox, i);
        if ((info->keywords >> i & 1) && keyword != NULL) {
            stream_printf(io, "%s%s", space, keyword);
            space = " ";
        }
    }
    stream_puts(io, ")");
}
