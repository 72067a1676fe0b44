/* EXPUNGE: RFC 3501 section 6.4.3. UID EXPUNGE: RFC 4315 section 2.1. The EXPUNGE responses are
 * the loop's news. */
#include "command/command.h"

bool parse_uid_expunge(struct command *c)
{
    struct sequence_set *set = command_args(c, sizeof *set);
    return set != NULL && lexer_space(c->lexer) && parse_sequence_set(c->lexer, set) &&
           lexer_end(c->lexer);
}

static void expunge(struct command *c, const struct view_messages *only)
{
    struct session *s = c->session;
    size_t removed = 0;
    if (s->view.read_only) {
        command_no(c, "READ-ONLY", "The mailbox is read-only");
        return;
    }
    enum store_error error =
        only == NULL ? mailbox_expunge(s->view.mailbox, NULL, EXPUNGE_ALL, &removed)
                     : mailbox_expunge(s->view.mailbox, only->uid, only->count, &removed);
    s->counts.expunged += removed;
    c->puts_highest = removed > 0; /* RFC 7162 sections 3.2.7 and 3.2.9 */
    if (error != STORE_OK)
        command_store_error(c, error);
    else
        command_ok(c, NULL, "EXPUNGE completed");
}

void run_expunge(struct command *c)
{
    expunge(c, NULL);
}

void run_uid_expunge(struct command *c)
{
    struct view_messages messages;
    if (!command_messages(c, c->args, &messages))
        return;
    expunge(c, &messages);
    view_messages_free(&messages);
}
