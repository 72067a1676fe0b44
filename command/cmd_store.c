/* STORE: RFC 3501 section 6.4.6. */
#include "command/command.h"

#include "parser/flags.h"
#include "session/flags.h"

#include <stdlib.h>
#include <string.h>

struct store_args {
    struct sequence_set set;
    enum flag_op op;
    bool silent;
    struct flag_names flags;
};

bool parse_store(struct command *c)
{
    struct lexer *lx = c->lexer;
    char word[16];
    struct store_args *args = command_args(c, sizeof *args);
    if (args == NULL || !lexer_space(lx) || !parse_sequence_set(lx, &args->set) ||
        !lexer_space(lx))
        return false;
    args->op = lexer_accept(lx, '+')   ? FLAGS_ADD
               : lexer_accept(lx, '-') ? FLAGS_REMOVE
                                       : FLAGS_REPLACE;
    if (!lexer_word(lx, word, sizeof word))
        return false;
    args->silent = strcmp(word, "FLAGS.SILENT") == 0;
    if (!args->silent && strcmp(word, "FLAGS") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "expected FLAGS or FLAGS.SILENT");
    return lexer_space(lx) && parse_store_flags(lx, &args->flags) && lexer_end(lx);
}

/* What the client may believe of a message's flags. */
struct belief {
    uint8_t flags;
    uint32_t keywords;
};

static struct belief *believe(const struct view *v, const struct view_messages *messages)
{
    struct belief *b = calloc(messages->count + 1, sizeof *b);
    struct message_info info;
    for (size_t i = 0; b != NULL && i < messages->count; i++)
        if (mailbox_get(v->mailbox, messages->uid[i], &info))
            b[i] = (struct belief){ info.flags, info.keywords };
    return b;
}

static struct belief apply(struct belief b, const struct flag_change *change, uint32_t keywords)
{
    switch (change->op) {
    case FLAGS_ADD:
        return (struct belief){ b.flags | change->flags, b.keywords | keywords };
    case FLAGS_REMOVE:
        return (struct belief){ b.flags & (uint8_t)~change->flags, b.keywords & ~keywords };
    default:
        return (struct belief){ change->flags, keywords };
    }
}

static void tell_one(struct command *c, const struct message_info *info)
{
    struct view *v = &c->session->view;
    struct stream *io = c->session->io;
    stream_printf(io, "* %u FETCH (", view_sequence(v, info->uid));
    if (c->by_uid)
        stream_printf(io, "UID %u ", info->uid);
    view_put_flags(v, io, info);
    stream_puts(io, ")\r\n");
}

/* Tells the new flags; after .SILENT only of a message whose flags are not what the client must
 * think, because somebody else changed it in between (RFC 3501 section 6.4.6). */
static void tell_stored(struct command *c, const struct view_messages *messages,
                        const struct flag_change *change, const struct belief *before)
{
    struct store_args *args = c->args;
    struct view *v = &c->session->view;
    uint32_t keywords = 0;
    struct message_info info;
    if (flags_keyword_count(v->mailbox) != v->keywords)
        view_tell_flags(v, c->session->io);
    for (size_t i = 0; i < change->keywords; i++)
        keywords |= flags_keyword_bit(v->mailbox, change->keyword[i]);
    for (size_t i = 0; i < messages->count; i++) {
        if (!mailbox_get(v->mailbox, messages->uid[i], &info) || info.expunged)
            continue;
        struct belief now = apply(before[i], change, keywords);
        if (!args->silent || now.flags != info.flags || now.keywords != info.keywords)
            tell_one(c, &info);
    }
}

static void store(struct command *c, struct view_messages *messages,
                  const struct flag_change *change)
{
    const struct store_args *args = c->args;
    struct view *v = &c->session->view;
    size_t gone = 0;
    struct belief *before = believe(v, messages);
    if (before == NULL) {
        command_store_error(c, STORE_UNAVAILABLE);
        return;
    }
    enum store_error error =
        mailbox_store(v->mailbox, messages->uid, messages->count, change, &gone);
    if (error == STORE_OK) {
        tell_stored(c, messages, change, before);
        c->own = (struct view_own){ *messages, mailbox_modseq(v->mailbox) };
        *messages = (struct view_messages){ 0 };
        /* RFC 2180 section 4.2: a SILENT STORE of messages that are gone has nothing to say. */
        if (gone > 0 && !args->silent)
            command_no(c, "EXPUNGEISSUED", "Some of the messages no longer exist");
        else
            command_ok(c, NULL, "STORE completed");
    } else {
        command_store_error(c, error);
    }
    free(before);
}

void run_store(struct command *c)
{
    struct store_args *args = c->args;
    struct view_messages messages;
    struct flag_change change;
    if (c->session->view.read_only) {
        command_no(c, "READ-ONLY", "The mailbox is read-only");
        return;
    }
    if (!command_flags(c, &args->flags, args->op, &change) ||
        !command_messages(c, &args->set, &messages))
        return;
    store(c, &messages, &change);
    view_messages_free(&messages);
}
