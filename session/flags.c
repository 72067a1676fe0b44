#include "session/flags.h"

#include "net/stream.h"
#include "session/modseq.h"

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

/* The names that FLAGS_TEXT_MAX counts on fit; a longer one is left out. */
static void append(struct flags_text *t, const char *name)
{
    size_t n = strlen(name), space = t->text[t->n - 1] != '(';
    if (n + space >= sizeof t->text - t->n) /* and room for the parenthesis */
        return;
    if (space)
        t->text[t->n++] = ' ';
    memcpy(t->text + t->n, name, n);
    t->n += n;
}

static void make(const struct mailbox *mb, const struct message_info *info,
                 struct flags_text *t)
{
    static const char begin[] = "FLAGS (";
    t->flags = info->flags;
    t->recent = info->recent;
    t->keywords = info->keywords;
    t->n = sizeof begin - 1;
    memcpy(t->text, begin, t->n);
    for (size_t i = 0; i < SYSTEM_FLAGS; i++)
        if (info->flags & system_flag[i].bit)
            append(t, system_flag[i].name);
    if (info->recent && !t->no_recent)
        append(t, "\\Recent");
    for (unsigned i = 0; info->keywords >> i != 0 && i < KEYWORDS_MAX; i++) {
        const char *keyword = info->keywords >> i & 1 ? mailbox_keyword(mb, i) : NULL;
        if (keyword != NULL)
            append(t, keyword);
    }
    t->text[t->n++] = ')';
}

void flags_put(const struct mailbox *mb, struct stream *io, const struct message_info *info,
               struct flags_text *last)
{
    if (last->n == 0 || last->flags != info->flags || last->recent != info->recent ||
        last->keywords != info->keywords)
        make(mb, info, last);
    stream_write(io, last->text, last->n);
}

void flags_tell(struct view *v, struct stream *io, uint32_t sequence,
                const struct view_sync *how, const struct message_info *info,
                struct flags_text *last)
{
    const char *before = "";
    stream_puts(io, "* ");
    stream_put_uint(io, sequence);
    stream_puts(io, " FETCH (");
    if (how->uids) {
        stream_puts(io, "UID ");
        stream_put_uint(io, info->uid);
        before = " ";
    }
    if (last != NULL) {
        last->no_recent = !how->recent;
        stream_puts(io, before);
        flags_put(v->mailbox, io, info, last);
        before = " ";
    }
    if (how->modseqs) {
        stream_puts(io, before);
        view_put_modseq(v, io, info);
    }
    stream_puts(io, ")\r\n");
}
