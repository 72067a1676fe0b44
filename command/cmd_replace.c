/* REPLACE and UID REPLACE: RFC 8508. The EXPUNGE and EXISTS responses are the loop's news. */
#include "command/append_data.h"

#include <stdio.h>

struct replace_args {
    struct sequence_set set;
    struct text mailbox;
    struct append_message message;
};

/* seq-number, "*" too; of sequence-set no more. */
static bool parse_one(struct lexer *lx, struct sequence_set *set)
{
    if (!parse_sequence_set(lx, set))
        return false;
    if (set->saved || set->count != 1 || set->range[0].first != set->range[0].last)
        return lexer_fail(lx, LEXER_SYNTAX, "REPLACE takes one message");
    return true;
}

bool parse_replace(struct command *c)
{
    struct replace_args *args = command_args(c, sizeof *args);
    return args != NULL && lexer_space(c->lexer) && parse_one(c->lexer, &args->set) &&
           parse_mailbox(c->lexer, &args->mailbox) && lexer_space(c->lexer) &&
           parse_append_message(c->lexer, &args->message);
}

/* APPENDUID comes before the EXPUNGE response (section 4.3). */
static void commit(struct appending *a, uint32_t uid)
{
    struct command *c = a->c;
    struct session *s = c->session;
    uint32_t uidvalidity;
    uint32_t new_uid;
    append_replaces(a->append, s->view.mailbox, uid);
    enum store_error error = append_commit(a->append, &uidvalidity, &new_uid);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    s->counts.appended++;
    s->counts.expunged++;
    stream_printf(s->io, "* OK [APPENDUID %u %u] Replacement message ready\r\n", uidvalidity,
                  new_uid);
    command_ok(c, NULL, "REPLACE completed");
}

static void replace(struct command *c, uint32_t uid)
{
    const struct replace_args *args = c->args;
    struct appending a = { .c = c };
    bool taken = append_data(&a, &args->mailbox, &args->message);
    if (taken && !lexer_end(c->lexer)) {
        command_bad_syntax(c);
        taken = false;
    }
    c->rest_unread = !taken;
    if (taken)
        commit(&a, uid);
    else if (a.append != NULL)
        append_cancel(a.append);
}

void run_replace(struct command *c)
{
    struct replace_args *args = c->args;
    struct view_messages messages;
    c->rest_unread = true; /* of what is refused here the octets have not come */
    if (c->session->view.read_only) {
        command_no(c, "READ-ONLY", "The mailbox is read-only");
        return;
    }
    if (!command_messages(c, &args->set, &messages))
        return;
    if (messages.count == 1)
        replace(c, messages.uid[0]);
    else
        command_no(c, "NONEXISTENT", "There is no such message");
    view_messages_free(&messages);
}
