/* COPY: RFC 3501 section 6.4.7; COPYUID: RFC 4315 section 3. */
#include "command/command.h"

#include "base/buffer.h"

#include <stdlib.h>

/* COPYUID of 100,000 scattered UIDs, twice. */
#define COPYUID_MAX 2500000

struct copy_args {
    struct sequence_set set;
    struct text mailbox;
};

bool parse_copy(struct command *c)
{
    struct copy_args *args = command_args(c, sizeof *args);
    return args != NULL && lexer_space(c->lexer) && parse_sequence_set(c->lexer, &args->set) &&
           parse_mailbox(c->lexer, &args->mailbox) && lexer_end(c->lexer);
}

/* The code is kept in the arena until it is sent; one that does not fit there is left out, as
 * RFC 4315 allows (the client then searches). */
static void answer_copied(struct command *c, uint32_t uidvalidity,
                          const struct view_messages *from, const uint32_t *to)
{
    struct buffer code;
    buffer_init(&code, COPYUID_MAX);
    buffer_printf(&code, "COPYUID %u ", uidvalidity);
    put_uid_set(&code, from->uid, from->count);
    buffer_putc(&code, ' ');
    put_uid_set(&code, to, from->count);
    const char *kept = code.failed ? NULL : arena_copy(&c->lexer->arena, code.data, code.len);
    buffer_free(&code);
    command_ok(c, kept, "COPY completed");
}

static void copy(struct command *c, const struct view_messages *messages, const char *to)
{
    uint32_t uidvalidity;
    uint32_t *new_uid = calloc(messages->count, sizeof *new_uid);
    if (new_uid == NULL) {
        command_store_error(c, STORE_UNAVAILABLE);
        return;
    }
    enum store_error error = mailbox_copy(c->session->view.mailbox, messages->uid,
                                          messages->count, to, &uidvalidity, new_uid);
    if (error == STORE_NONEXISTENT) {
        command_no(c, "TRYCREATE", "There is no such mailbox");
    } else if (error != STORE_OK) {
        command_store_error(c, error);
    } else {
        c->session->counts.appended += messages->count;
        answer_copied(c, uidvalidity, messages, new_uid);
    }
    free(new_uid);
}

void run_copy(struct command *c)
{
    struct copy_args *args = c->args;
    struct view_messages messages;
    char name[FOLDER_NAME_MAX + 1];
    enum store_error error = mailbox_from_wire(&args->mailbox, name);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    if (!command_messages(c, &args->set, &messages))
        return;
    if (messages.count == 0)
        command_ok(c, NULL, "There was nothing to copy");
    else
        copy(c, &messages, name);
    view_messages_free(&messages);
}
