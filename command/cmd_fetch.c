/* FETCH: RFC 3501 section 6.4.5; BINARY: RFC 3516 section 4.2; PARTIAL: RFC 9394; CHANGEDSINCE:
 * RFC 7162 section 3.1.4.1. */
#include "command/fetch_message.h"

#include <stdlib.h>
#include <string.h>

struct fetch_args {
    struct sequence_set set;
    struct fetch_request request;
    struct fetch_modifiers modifiers;
};

bool parse_fetch_command(struct command *c)
{
    struct lexer *lx = c->lexer;
    struct fetch_args *args = command_args(c, sizeof *args);
    if (args == NULL || !lexer_space(lx) || !parse_sequence_set(lx, &args->set) ||
        !lexer_space(lx) || !parse_fetch(lx, &args->request))
        return false;
    if (c->by_uid && !fetch_add_uid(lx, &args->request)) /* RFC 3501 section 6.4.8 */
        return false;
    if (lexer_accept(lx, ' ') && !parse_fetch_modifiers(lx, &args->modifiers))
        return false;
    if (args->modifiers.changed && !fetch_add_modseq(lx, &args->request))
        return false;
    if (args->modifiers.partial && !c->by_uid)
        return lexer_fail(lx, LEXER_SYNTAX, "PARTIAL is for UID FETCH");
    return lexer_end(lx);
}

/* Leaves those messages that the modifiers name. */
static void narrow(struct view_messages *messages, const struct fetch_modifiers *modifiers)
{
    size_t from, to;
    if (!modifiers->partial)
        return;
    partial_bounds(&modifiers->range, messages->count, &from, &to);
    if (to > from)
        memmove(messages->uid, messages->uid + from, (to - from) * sizeof *messages->uid);
    messages->count = to - from;
}

static bool asks_for_modseq(const struct fetch_request *request)
{
    for (size_t i = 0; i < request->count; i++)
        if (request->item[i].kind == FETCH_MODSEQ)
            return true;
    return false;
}

/* Of ascending UIDs those that were changed, which are told in the same order. */
struct changed {
    struct view_messages *messages;
    size_t at, kept;
};

static void keep_one(void *ctx, const struct message_info *info)
{
    struct changed *c = ctx;
    const struct view_messages *m = c->messages;
    while (c->at < m->count && m->uid[c->at] < info->uid)
        c->at++;
    if (c->at < m->count && m->uid[c->at] == info->uid && !info->expunged)
        m->uid[c->kept++] = m->uid[c->at++];
}

/* Leaves those with a higher mod-sequence. What it costs is what has changed, and a walk over
 * the UIDs in memory. Where the change list broke off in the midst each message is asked for
 * its own: what was kept already comes before what is still to be asked. */
static bool keep_changed(struct mailbox *mb, uint64_t since, struct view_messages *messages)
{
    struct changed c = { .messages = messages };
    struct view_messages all = { calloc(messages->count + 1, sizeof *all.uid),
                                 messages->count };
    struct message_info info;
    if (all.uid == NULL)
        return false;
    memcpy(all.uid, messages->uid, all.count * sizeof *all.uid);
    bool told = mailbox_changes(mb, since, keep_one, &c) != CHANGES_BROKEN_OFF;
    for (size_t i = c.kept = told ? c.kept : 0; !told && i < all.count; i++)
        if (mailbox_get(mb, all.uid[i], &info) && info.modseq > since)
            messages->uid[c.kept++] = all.uid[i];
    messages->count = c.kept;
    free(all.uid);
    return true;
}

/* Messages that can't be had are left out; the first reason is that of the NO in the end. So
 * are parts that can't be decoded. */
static enum store_error fetch_all(struct command *c, const struct view_messages *messages,
                                  bool *unknown_encoding_r)
{
    const struct fetch_args *args = c->args;
    struct fetcher fetcher;
    enum store_error first = fetch_begin(&fetcher, c, &args->request);
    bool begun = first == STORE_OK;
    for (size_t i = 0; begun && i < messages->count && c->session->io->state == STREAM_OPEN;
         i++) {
        mailbox_message_ahead(c->session->view.mailbox, messages->uid + i, messages->count - i);
        enum store_error error = fetch_message(&fetcher, messages->uid[i]);
        if (first == STORE_OK)
            first = error;
    }
    mailbox_message_ahead(c->session->view.mailbox, NULL, 0);
    *unknown_encoding_r = fetcher.unknown_encoding;
    fetch_end(&fetcher);
    return first;
}

void run_fetch(struct command *c)
{
    struct fetch_args *args = c->args;
    struct view_messages messages;
    if (!command_messages(c, &args->set, &messages))
        return;
    narrow(&messages, &args->modifiers);
    if (asks_for_modseq(&args->request))
        enable_condstore(c->session);
    if (args->modifiers.changed &&
        !keep_changed(c->session->view.mailbox, args->modifiers.since, &messages)) {
        view_messages_free(&messages);
        command_store_error(c, STORE_UNAVAILABLE);
        return;
    }
    bool unknown_encoding = false;
    enum store_error error = fetch_all(c, &messages, &unknown_encoding);
    view_messages_free(&messages);
    if (unknown_encoding) /* RFC 3516 section 4.3 */
        command_no(c, "UNKNOWN-CTE", "The transfer encoding of a part is not known");
    else if (error != STORE_OK)
        command_store_error(c, error);
    else
        command_ok(c, NULL, "FETCH completed");
}
