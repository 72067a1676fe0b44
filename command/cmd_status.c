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

static void count(void *ctx, const struct message_info *info)
{
    uint32_t *value = ctx;
    if (info->expunged)
        return;
    value[MESSAGES]++;
    value[RECENT] += info->recent;
    value[UNSEEN] += !(info->flags & FLAG_SEEN);
}

/* The selected folder is open already, and is asked through the same mailbox: what is \Recent
 * here stays so. */
static enum store_error get_status(struct session *s, const char *name,
                                   uint32_t value[STATUS_ITEMS])
{
    struct mailbox *mb = NULL;
    bool selected = s->state == STATE_SELECTED && strcmp(s->view.name, name) == 0;
    enum store_error error =
        selected ? mailbox_refresh(s->view.mailbox) : mailbox_open(s->store, name, false, &mb);
    if (error != STORE_OK)
        return error;
    if (selected)
        mb = s->view.mailbox;
    mailbox_changes(mb, 0, count, value);
    value[UIDNEXT] = mailbox_uidnext(mb);
    value[UIDVALIDITY] = mailbox_uidvalidity(mb);
    if (!selected)
        mailbox_close(mb);
    return STORE_OK;
}

void run_status(struct command *c)
{
    const struct status_args *args = c->args;
    char name[FOLDER_NAME_MAX + 1];
    uint32_t value[STATUS_ITEMS] = { 0 };
    struct stream *io = c->session->io;
    enum store_error error = mailbox_from_wire(&args->mailbox, name);
    if (error == STORE_OK)
        error = get_status(c->session, name, value);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
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
