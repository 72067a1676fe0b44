/* STATUS: RFC 3501 section 6.3.10; SIZE: RFC 8438; MAILBOXID: RFC 8474. */
#include "command/status.h"

#include "config/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct status_args {
    struct text mailbox;
    unsigned items;
};

bool parse_status(struct command *c)
{
    struct status_args *args = command_args(c, sizeof *args);
    return args != NULL && parse_mailbox(c->lexer, &args->mailbox) && lexer_space(c->lexer) &&
           parse_status_items(c->lexer, &args->items) && lexer_end(c->lexer);
}

/* The selected folder is open already, and is asked through the same mailbox: what is \Recent
 * here stays so. */
enum store_error get_status(struct session *s, const char *name, unsigned items,
                            struct mailbox_counts *counts_r)
{
    bool octets = (items & 1U << STATUS_SIZE) != 0;
    if (s->state != STATE_SELECTED || strcmp(s->view.name, name) != 0)
        return mailbox_status(s->store, name, octets, counts_r);
    enum store_error error = mailbox_refresh(s->view.mailbox);
    if (error != STORE_OK)
        return error;
    mailbox_counts(s->view.mailbox, counts_r);
    return octets ? mailbox_octets(s->view.mailbox, counts_r) : STORE_OK;
}

void put_status(const struct session *s, const char *name, unsigned items,
                const struct mailbox_counts *counts)
{
    const uint64_t value[STATUS_ITEMS] = {
        [STATUS_MESSAGES] = counts->messages,
        [STATUS_RECENT] = counts->recent,
        [STATUS_UIDNEXT] = counts->uidnext,
        [STATUS_UIDVALIDITY] = counts->uidvalidity,
        [STATUS_UNSEEN] = counts->unseen,
        [STATUS_DELETED] = counts->deleted,
        [STATUS_SIZE] = counts->octets,
        [STATUS_HIGHESTMODSEQ] = counts->modseq,
        [STATUS_APPENDLIMIT] = s->settings->max_message,
    };
    struct stream *io = s->io;
    stream_puts(io, "* STATUS ");
    put_mailbox(s, name);
    const char *before = " (";
    for (size_t i = 0; i < STATUS_ITEMS; i++) {
        if ((items & 1U << i) == 0)
            continue;
        stream_puts(io, before);
        before = " ";
        if (i == STATUS_MAILBOXID)
            stream_printf(io, MAILBOX_ID, counts->identity);
        else
            stream_printf(io, "%s %" PRIu64, status_item_name[i], value[i]);
    }
    stream_puts(io, ")\r\n");
}

const char *mailbox_id_code(struct command *c, const char *name)
{
    char code[sizeof MAILBOX_ID + FOLDER_IDENTITY_SIZE];
    char identity[FOLDER_IDENTITY_SIZE];
    if (mailbox_begin(c->session->store, name, identity) != STORE_OK)
        return NULL;
    int n = snprintf(code, sizeof code, MAILBOX_ID, identity);
    return arena_copy(&c->lexer->arena, code, (size_t)n);
}

void run_status(struct command *c)
{
    const struct status_args *args = c->args;
    char name[FOLDER_NAME_MAX + 1];
    struct mailbox_counts counts;
    enum store_error error = mailbox_from_wire(c->session, &args->mailbox, name);
    if (error == STORE_OK)
        error = get_status(c->session, name, args->items, &counts);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    if ((args->items & 1U << STATUS_HIGHESTMODSEQ) != 0)
        enable_condstore(c->session);
    put_status(c->session, name, args->items, &counts);
    command_ok(c, NULL, "STATUS completed");
}
