/* FETCH: RFC 3501 section 6.4.5; BINARY: RFC 3516 section 4.2; PARTIAL: RFC 9394. */
#include "command/fetch_message.h"

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
