/* How a client is told of the selected folder, by what it has enabled; and mod-sequences: RFC
 * 7162 sections 3.1, 3.1.2 and 3.2.4; IMAP4rev2: RFC 9051 appendix E. */
#include "command/command.h"

#include "session/modseq.h"

static bool is_aware(const struct session *s)
{
    return (s->enabled & EXTENSION_CONDSTORE) != 0;
}

bool is_rev2(const struct session *s)
{
    return (s->enabled & EXTENSION_REV2) != 0;
}

struct view_sync command_news(const struct command *c)
{
    const struct session *s = c->session;
    bool kept = s->view.modseqs.kept;
    return (struct view_sync){ .expunges = c->entry->news == NEWS_ALL && !c->keeps_numbers,
                               .uids = c->by_uid || is_aware(s) || is_rev2(s),
                               .recent = !is_rev2(s),
                               .modseqs = kept && is_aware(s),
                               .vanished = kept && (s->enabled & EXTENSION_QRESYNC) != 0,
                               .own = &c->own };
}

void put_highest_modseq(struct session *s)
{
    stream_puts(s->io, "* OK [");
    view_put_highest_modseq(&s->view, s->io);
    stream_puts(s->io, s->view.modseqs.kept ? "] Highest mod-sequence\r\n"
                                            : "] Mod-sequences are not kept now\r\n");
}

void enable_condstore(struct session *s)
{
    if (is_aware(s))
        return;
    s->enabled |= EXTENSION_CONDSTORE;
    if (s->state == STATE_SELECTED && s->view.modseqs.kept)
        put_highest_modseq(s);
}

bool command_uses_modseqs(struct command *c)
{
    enable_condstore(c->session);
    if (c->session->view.modseqs.kept)
        return true;
    command_bad(c, "Mod-sequences are not kept for this mailbox");
    return false;
}

static bool knows_modseqs(const struct session *s)
{
    return s->state == STATE_SELECTED && is_aware(s);
}

bool must_put_highest(struct command *c)
{
    struct session *s = c->session;
    if (!knows_modseqs(s))
        return false;
    bool wrong = view_must_put_highest(&s->view);
    return wrong || (c->puts_highest && command_news(c).vanished);
}

void correct_highest_modseq(struct session *s)
{
    if (knows_modseqs(s) && view_must_put_highest(&s->view))
        put_highest_modseq(s);
}
