/* SELECT and EXAMINE: RFC 3501 sections 6.3.1 and 6.3.2; CONDSTORE: RFC 7162 section 3.1.8. */
#include "command/command.h"

#include "session/select.h"

#include <string.h>

struct select_args {
    struct text mailbox;
    bool condstore;
};

/* SP "(" parameter *(SP parameter) ")" (RFC 4466 section 2.1), behind the space. */
static bool parameters(struct lexer *lx, struct select_args *args)
{
    char word[16];
    if (!lexer_expect(lx, '('))
        return false;
    do {
        if (!lexer_word(lx, word, sizeof word))
            return false;
        if (strcmp(word, "CONDSTORE") != 0)
            return lexer_fail(lx, LEXER_SYNTAX, "unknown parameter %s", word);
        args->condstore = true;
    } while (lexer_accept(lx, ' '));
    return lexer_expect(lx, ')');
}

bool parse_select(struct command *c)
{
    struct select_args *args = command_args(c, sizeof *args);
    if (args == NULL || !parse_mailbox(c->lexer, &args->mailbox))
        return false;
    if (lexer_accept(c->lexer, ' ') && !parameters(c->lexer, args))
        return false;
    return lexer_end(c->lexer);
}

/* What was selected is left first, and stays left if the new one can't be opened. */
static void open_mailbox(struct command *c, bool examine)
{
    char name[FOLDER_NAME_MAX + 1];
    const struct select_args *args = c->args;
    struct session *s = c->session;
    struct stream *io = s->io;
    s->state = STATE_AUTHENTICATED;
    if (args->condstore)
        enable_condstore(s);
    enum store_error error = mailbox_from_wire(&args->mailbox, name);
    if (error == STORE_OK)
        error = select_folder(&s->view, &s->parked, s->store, name, examine);
    else
        select_leave(&s->view, &s->parked);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    s->state = STATE_SELECTED;
    struct view *v = &s->view;
    view_tell_flags(v, io);
    stream_printf(io, "* %zu EXISTS\r\n* %zu RECENT\r\n", v->count, v->recent);
    uint32_t unseen = view_first_unseen(v);
    if (unseen != 0)
        stream_printf(io, "* OK [UNSEEN %u] First unseen message\r\n", unseen);
    stream_printf(io, "* OK [UIDVALIDITY %u] UIDs are valid\r\n",
                  mailbox_uidvalidity(v->mailbox));
    stream_printf(io, "* OK [UIDNEXT %u] Predicted next UID\r\n", mailbox_uidnext(v->mailbox));
    put_highest_modseq(s);
    if (!mailbox_uids_sticky(v->mailbox))
        stream_puts(
            io, "* NO [UIDNOTSTICKY] The UIDs can't be kept: the folder is not writable\r\n");
    command_ok(c, v->read_only ? "READ-ONLY" : "READ-WRITE",
               examine ? "EXAMINE completed" : "SELECT completed");
}

void run_select(struct command *c)
{
    open_mailbox(c, false);
}

void run_examine(struct command *c)
{
    open_mailbox(c, true);
}
