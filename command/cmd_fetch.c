/* FETCH: RFC 3501 section 6.4.5; BINARY: RFC 3516 section 4.2; PARTIAL: RFC 9394; CHANGEDSINCE
 * and VANISHED: RFC 7162 sections 3.1.4.1 and 3.2.6; PREVIEW: RFC 8970. */
#include "command/fetch_message.h"
#include "session/changes.h"

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
    const char *begun = args->request.modifier;
    if ((begun[0] != '\0' || lexer_accept(lx, ' ')) &&
        !parse_fetch_modifiers(lx, begun, &args->modifiers))
        return false;
    if (args->modifiers.changed && !fetch_add_modseq(lx, &args->request))
        return false;
    if (args->modifiers.partial && !c->by_uid)
        return lexer_fail(lx, LEXER_SYNTAX, "PARTIAL is for UID FETCH");
    if (args->modifiers.vanished && !c->by_uid)
        return lexer_fail(lx, LEXER_SYNTAX, "VANISHED is for UID FETCH");
    if (args->modifiers.vanished && (c->session->enabled & EXTENSION_QRESYNC) == 0)
        return lexer_fail(lx, LEXER_SYNTAX, "VANISHED needs ENABLE QRESYNC");
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

/* The changed ones of the set. What it costs is what has changed, and with PARTIAL, which
 * counts in the set (RFC 9394 section 3.4), the set. */
static enum view_resolved resolve_changed(struct view *v, struct fetch_args *args, bool by_uid,
                                          const struct changes *changes,
                                          struct view_messages *messages_r)
{
    struct view_messages *all = messages_r;
    if (!args->modifiers.partial)
        return view_resolve_among(v, &args->set, by_uid, changes->uid, changes->count,
                                  messages_r);
    enum view_resolved resolved = view_resolve(v, &args->set, by_uid, all);
    if (resolved != VIEW_RESOLVED)
        return resolved;
    narrow(all, &args->modifiers);
    size_t at = 0, kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        while (at < changes->count && changes->uid[at] < all->uid[i])
            at++;
        if (at < changes->count && changes->uid[at] == all->uid[i])
            all->uid[kept++] = all->uid[i];
    }
    all->count = kept;
    return VIEW_RESOLVED;
}

/* The UIDs that a set names if "*" is the highest that was ever given: the last messages may be
 * among the expunged ones. NULL: no memory. */
static struct sequence_set *whole_set(struct command *c, const struct sequence_set *set)
{
    struct sequence_set *copy = arena_take(&c->lexer->arena, sizeof *copy);
    if (copy == NULL)
        return NULL;
    copy->range = arena_array(&c->lexer->arena, set->count + 1, sizeof *copy->range);
    if (copy->range == NULL)
        return NULL;
    copy->count = set->count;
    if (set->count > 0)
        memcpy(copy->range, set->range, set->count * sizeof *set->range);
    sequence_normalize(copy, mailbox_uidnext(c->session->view.mailbox) - 1);
    return copy;
}

/* False: the command is ended. */
static bool find_changed(struct command *c, struct fetch_args *args,
                         struct view_messages *messages_r)
{
    struct view *v = &c->session->view;
    struct changes changes = { 0 };
    const struct sequence_set *set = whole_set(c, &args->set);
    enum view_resolved resolved = VIEW_NO_MEMORY;
    if (set != NULL &&
        changes_since(v, args->modifiers.since, args->modifiers.vanished, &changes) &&
        changes_limit_gone(&changes, set, 0))
        resolved = resolve_changed(v, args, c->by_uid, &changes, messages_r);
    if (resolved == VIEW_RESOLVED) /* before any FETCH response: RFC 7162 section 3.2.6 */
        put_vanished(c->session->io, true, &changes.gone);
    changes_free(&changes);
    return command_resolved(c, resolved);
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

/* The messages to fetch; false: the command is ended. */
static bool find(struct command *c, struct fetch_args *args, struct view_messages *messages_r)
{
    if (args->modifiers.changed)
        return find_changed(c, args, messages_r);
    if (!command_messages(c, &args->set, messages_r))
        return false;
    narrow(messages_r, &args->modifiers);
    return true;
}

void run_fetch(struct command *c)
{
    struct fetch_args *args = c->args;
    struct view_messages messages = { 0 };
    if (asks_for_modseq(&args->request) && !command_uses_modseqs(c))
        return;
    if (!find(c, args, &messages)) {
        view_messages_free(&messages);
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
