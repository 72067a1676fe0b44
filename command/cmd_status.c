/* STATUS: RFC 3501 section 6.3.10. */
#include "command/command.h"

#include <string.h>

enum status_item { MESSAGES, RECENT, UIDNEXT, UIDVALIDITY, UNSEEN, STATUS_ITEMS };

static const char *const item_name[STATUS_ITEMS] = { "MESSAGES", "RECENT", "UIDNEXT",
                                                     "UIDVALIDITY", "UNSEEN" };

struct status_args {
    struct text mailbox;
    bool asked[STATUS_ITEMS];
};

static bool parse_item(struct lexer *lx, struct status_args *args)
{
    char word[16];
    if (!lexer_word(lx, word, sizeof word))
        return false;
    for (size_t i = 0; i < STATUS_ITEMS; i++)
        if (strcmp(word, item_name[i]) == 0) {
            args->asked[i] = true;
            return true;
        }
    return lexer_fail(lx, LEXER_SYNTAX, "unknown item %s", word);
}

bool parse_status(struct command *c)
{
    struct lexer *lx = c->lexer;
    struct status_args *args = command_args(c, sizeof *args);
    if (args == NULL || !parse_mailbox(lx, &args->mailbox) || !lexer_space(lx) ||
        !lexer_expect(lx, '('))
        return false;
    do {
        if (!parse_item(lx, args))
            return false;
    } while (lexer_accept(lx, ' '));
    return lexer_expect(lx, ')') && lexer_end(lx);
}

/* The selected folder is open already, and is asked through the same mailbox: what is \Recent
 * here stays so. */
static enum store_error get_counts(struct session *s, const char *name,
                                   struct mailbox_counts *counts_r)
{
    if (s->state != STATE_SELECTED || strcmp(s->view.name, name) != 0)
        return mailbox_status(s->store, name, counts_r);
    enum store_error error = mailbox_refresh(s->view.mailbox);
    if (error == STORE_OK)
        mailbox_counts(s->view.mailbox, counts_r);
    return error;
}

void run_status(struct command *c)
{
    const struct status_args *args = c->args;
    char name[FOLDER_NAME_MAX + 1];
    struct mailbox_counts counts;
    struct stream *io = c->session->io;
    enum store_error error = mailbox_from_wire(&args->mailbox, name);
    if (error == STORE_OK)
        error = get_counts(c->session, name, &counts);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    const uint32_t value[STATUS_ITEMS] = { [MESSAGES] = counts.messages,
                                           [RECENT] = counts.recent,
                                           [UIDNEXT] = counts.uidnext,
                                           [UIDVALIDITY] = counts.uidvalidity,
                                           [UNSEEN] = counts.unseen };
    stream_puts(io, "* STATUS ");
    put_mailbox(io, name);
    const char *before = " (";
    for (size_t i = 0; i < STATUS_ITEMS; i++)
        if (args->asked[i]) {
            stream_printf(io, "%s%s %u", before, item_name[i], value[i]);
            before = " ";
        }
    stream_puts(io, ")\r\n");
    command_ok(c, NULL, "STATUS completed");
}
