#include "session/modseq.h"

#include "net/stream.h"
#include "session/view_private.h"

#include <inttypes.h>

void view_begin_modseqs(struct view *v)
{
    v->modseqs =
        (struct view_modseqs){ .kept = mailbox_modseqs_kept(v->mailbox), .known = v->told };
}

/* With a private index what was told last under the shared one stays. */
void view_settle_modseqs(struct view *v)
{
    struct view_modseqs *m = &v->modseqs;
    if (!mailbox_modseqs_kept(v->mailbox))
        return;
    m->known = v->told < v->expunges_told ? v->told : v->expunges_told;
    if (m->withheld != 0 && m->withheld <= m->known)
        m->known = m->withheld - 1;
}

uint64_t view_highest_modseq(const struct view *v)
{
    return v->modseqs.known > 0 ? v->modseqs.known : 1;
}

void view_put_modseq(struct view *v, struct stream *io, const struct message_info *info)
{
    if (info->modseq > v->modseqs.fetched)
        v->modseqs.fetched = info->modseq;
    stream_printf(io, "MODSEQ (%" PRIu64 ")", info->modseq);
}

void view_put_highest_modseq(struct view *v, struct stream *io)
{
    v->modseqs.copy = view_highest_modseq(v);
    v->modseqs.fetched = 0;
    if (v->modseqs.kept)
        stream_printf(io, "HIGHESTMODSEQ %" PRIu64, v->modseqs.copy);
    else
        stream_puts(io, "NOMODSEQ");
}

bool view_must_put_highest(struct view *v)
{
    struct view_modseqs *m = &v->modseqs;
    if (m->fetched > m->copy)
        m->copy = m->fetched;
    m->fetched = 0;
    return m->kept && m->copy != view_highest_modseq(v);
}
