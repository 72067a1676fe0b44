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
    bool known; /* false: somebody has changed them, and it was not told yet */
    uint8_t flags;
    uint32_t keywords;
};

static struct belief *believe(const struct view *v, const struct view_messages *messages)
{
    struct belief *b = calloc(messages->count + 1, sizeof *b);
    struct message_info info;
    for (size_t i = 0; b != NULL && i < messages->count; i++)
        if (mailbox_get(v->mailbox, messages->uid[i], &info))
            b[i] = (struct belief){ info.modseq <= v->told, info.flags, info.keywords };
    return b;
}

static struct belief apply(struct belief b, const struct flag_change *change, uint32_t keywords)
{
    switch (change->op) {
    case FLAGS_ADD:
        return (struct belief){ b.known, b.flags | change->flags, b.keywords | keywords };
    case FLAGS_REMOVE:
        return (struct belief){ b.known, b.flags & (uint8_t)~change->flags,
                                b.keywords & ~keywords };
    default:
        return (struct belief){ true, change->flags, keywords };
    }
}

static bool is_believed(struct belief b, const struct message_info *info)
{
    return b.known && b.flags == info->flags && b.keywords == info->keywords;
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
    struct flags_text text = { 0 };
    size_t at = 0;
    if (flags_keyword_count(v->mailbox) != v->keywords)
        view_tell_flags(v, c->session->io);
    for (size_t i = 0; i < change->keywords; i++)
        keywords |= flags_keyword_bit(v->mailbox, change->keyword[i]);
    for (size_t i = 0; i < messages->count; i++) {
        if (!mailbox_get(v->mailbox, messages->uid[i], &info) || info.expunged)
            continue;
        view_own_add(&c->own, &info);
        if (!args->silent || !is_believed(apply(before[i], change, keywords), &info))
            flags_tell(v->mailbox, c->session->io, view_sequence_next(v, info.uid, &at),
                       c->by_uid, &info, &text);
    }
}

static void store(struct command *c, const struct view_messages *messages,
                  const struct flag_change *change)
{
    const struct store_args *args = c->args;
    struct view *v = &c->session->view;
    size_t gone = 0;
    struct belief *before = args->silent ? believe(v, messages) : NULL;
    if (args->silent && before == NULL) {
        command_store_error(c, STORE_UNAVAILABLE);
        return;
    }
    enum store_error error =
        mailbox_store(v->mailbox, messages->uid, messages->count, change, &gone);
    if (error == STORE_OK) {
        tell_stored(c, messages, change, before);
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
