/* COPY: RFC 3501 section 6.4.7; COPYUID: RFC 4315 section 3. MOVE: RFC 6851. */
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

/* COPYUID without its brackets, in the arena until it is sent; NULL: it does not fit there and
 * is left out, as RFC 4315 allows (the client then searches). */
static const char *copied_code(struct command *c, uint32_t uidvalidity,
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
    return kept;
}

static void answer_error(struct command *c, enum store_error error)
{
    if (error == STORE_NONEXISTENT)
        command_no(c, "TRYCREATE", "There is no such mailbox");
    else
        command_store_error(c, error);
}

static void copy_all(struct command *c, const struct view_messages *messages, const char *to,
                     uint32_t *new_uid)
{
    uint32_t uidvalidity;
    enum store_error error = mailbox_copy(c->session->view.mailbox, messages->uid,
                                          messages->count, to, &uidvalidity, new_uid);
    if (error != STORE_OK) {
        answer_error(c, error);
        return;
    }
    c->session->counts.appended += messages->count;
    command_ok(c, copied_code(c, uidvalidity, messages, new_uid), "COPY completed");
}

/* Leaves those that have a new UID. */
static void keep_moved(struct view_messages *messages, uint32_t *new_uid)
{
    size_t n = 0;
    for (size_t i = 0; i < messages->count; i++) {
        messages->uid[n] = messages->uid[i];
        new_uid[n] = new_uid[i];
        n += new_uid[n] != 0;
    }
    messages->count = n;
}

/* COPYUID comes before the EXPUNGE responses (RFC 6851 section 4.3), which are the loop's news;
 * also where only some were moved, and the answer is NO (section 3.3). */
static void move_all(struct command *c, const struct view_messages *messages, const char *to,
                     uint32_t *new_uid)
{
    struct session *s = c->session;
    struct view_messages moved = *messages;
    uint32_t uidvalidity;
    size_t removed;
    enum store_error error = mailbox_move(s->view.mailbox, messages->uid, messages->count, to,
                                          &uidvalidity, new_uid, &removed);
    keep_moved(&moved, new_uid);
    const char *code = moved.count == 0 ? NULL : copied_code(c, uidvalidity, &moved, new_uid);
    if (code != NULL)
        stream_printf(s->io, "* OK [%s] Moved\r\n", code);
    s->counts.appended += moved.count;
    s->counts.expunged += removed;
    c->puts_highest = removed > 0; /* as for EXPUNGE */
    if (error != STORE_OK)
        answer_error(c, error);
    else
        command_ok(c, NULL, "MOVE completed");
}

static void with_messages(struct command *c,
                          void (*act)(struct command *c, const struct view_messages *messages,
                                      const char *to, uint32_t *new_uid))
{
    struct copy_args *args = c->args;
    struct view_messages messages;
    char name[FOLDER_NAME_MAX + 1];
    enum store_error error = mailbox_from_wire(c->session, &args->mailbox, name);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    if (!command_messages(c, &args->set, &messages))
        return;
    uint32_t *new_uid = calloc(messages.count + 1, sizeof *new_uid);
    if (messages.count == 0)
        command_ok(c, NULL, "There was nothing to do");
    else if (new_uid == NULL)
        command_store_error(c, STORE_UNAVAILABLE);
    else
        act(c, &messages, name, new_uid);
    free(new_uid);
    view_messages_free(&messages);
}

void run_copy(struct command *c)
{
    with_messages(c, copy_all);
}

void run_move(struct command *c)
{
    if (c->session->view.read_only)
        command_no(c, "READ-ONLY", "The mailbox is read-only");
    else
        with_messages(c, move_all);
}
