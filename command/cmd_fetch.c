/* FETCH: RFC 3501 section 6.4.5; BINARY: RFC 3516 section 4.2; PARTIAL: RFC 9394; CHANGEDSINCE:
 * RFC 7162 section 3.1.4.1; PREVIEW: RFC 8970. */
#include "command/fetch_message.h"

#include <stdlib.h>
#include <string.h>

/* How often in all the mailbox is asked for what has changed, when it breaks off. */
#define CHANGES_TRIES 3

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

/* UIDs of messages that are there, ascending. */
struct changed {
    uint32_t *uid;
    size_t count, room;
    bool no_memory;
};

static void add_changed(void *ctx, const struct message_info *info)
{
    struct changed *c = ctx;
    if (c->no_memory || info->expunged)
        return;
    if (c->count == c->room) {
        size_t room = c->room * 2 + 64;
        uint32_t *larger = reallocarray(c->uid, room, sizeof *larger);
        if (larger == NULL) {
            c->no_memory = true;
            return;
        }
        c->uid = larger;
        c->room = room;
    }
    c->uid[c->count++] = info->uid;
}

/* Those of `all` that were changed. */
static enum view_resolved intersect(const struct view_messages *all,
                                    const struct changed *changed,
                                    struct view_messages *messages_r)
{
    size_t at = 0;
    messages_r->uid = calloc(all->count + 1, sizeof *all->uid);
    if (messages_r->uid == NULL)
        return VIEW_NO_MEMORY;
    for (size_t i = 0; i < all->count; i++) {
        while (at < changed->count && changed->uid[at] < all->uid[i])
            at++;
        if (at < changed->count && changed->uid[at] == all->uid[i])
            messages_r->uid[messages_r->count++] = all->uid[i];
    }
    return VIEW_RESOLVED;
}

/* With PARTIAL, which counts in the set, before what was changed is looked at (RFC 9394 section
 * 3.4). */
static enum view_resolved resolve_partial(struct command *c, struct fetch_args *args,
                                          const struct changed *changed,
                                          struct view_messages *messages_r)
{
    struct view_messages all;
    enum view_resolved resolved = view_resolve(&c->session->view, &args->set, c->by_uid, &all);
    if (resolved == VIEW_RESOLVED) {
        narrow(&all, &args->modifiers);
        resolved = intersect(&all, changed, messages_r);
    }
    view_messages_free(&all);
    return resolved;
}

/* The changed ones of the set. Without PARTIAL the cost is that of what has changed. */
static enum view_resolved resolve_changed(struct command *c, struct fetch_args *args,
                                          struct view_messages *messages_r)
{
    struct view *v = &c->session->view;
    struct changed changed = { .uid = NULL };
    enum view_resolved resolved = VIEW_NO_MEMORY;
    enum changes_told told = CHANGES_BROKEN_OFF;
    *messages_r = (struct view_messages){ 0 };
    for (int i = 0; i < CHANGES_TRIES && told == CHANGES_BROKEN_OFF; i++) {
        changed.count = 0;
        told = mailbox_changes(v->mailbox, args->modifiers.since, add_changed, &changed);
    }
    if (told != CHANGES_BROKEN_OFF && !changed.no_memory)
        resolved = args->modifiers.partial
                       ? resolve_partial(c, args, &changed, messages_r)
                       : view_resolve_among(v, &args->set, c->by_uid, changed.uid,
                                            changed.count, messages_r);
    free(changed.uid);
    return resolved;
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
        return command_resolved(c, resolve_changed(c, args, messages_r));
    if (!command_messages(c, &args->set, messages_r))
        return false;
    narrow(messages_r, &args->modifiers);
    return true;
}

void run_fetch(struct command *c)
{
    struct fetch_args *args = c->args;
    struct view_messages messages;
    if (asks_for_modseq(&args->request))
        enable_condstore(c->session);
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
