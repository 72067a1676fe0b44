/* STORE: RFC 3501 section 6.4.6; UNCHANGEDSINCE: RFC 7162 section 3.1.3. */
#include "command/command.h"

#include "base/buffer.h"

#include "parser/flags.h"
#include "session/flags.h"

#include <stdlib.h>
#include <string.h>

/* MODIFIED of 100,000 scattered UIDs. */
#define MODIFIED_MAX 1250000

struct store_args {
    struct sequence_set set;
    enum flag_op op;
    bool silent;
    bool conditional;
    uint64_t unchanged_since;
    struct flag_names flags;
};

/* What became of it. */
struct stored {
    size_t gone;
    uint32_t *modified; /* UIDs that were changed since: not stored to */
    size_t modifieds;
};

/* "(UNCHANGEDSINCE " mod-sequence ")" SP */
static bool modifier(struct lexer *lx, struct store_args *args)
{
    char word[16];
    if (!lexer_expect(lx, '(') || !lexer_word(lx, word, sizeof word))
        return false;
    if (strcmp(word, "UNCHANGEDSINCE") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "unknown modifier %s", word);
    args->conditional = true;
    return lexer_space(lx) && lexer_number64(lx, &args->unchanged_since) &&
           lexer_expect(lx, ')') && lexer_space(lx);
}

bool parse_store(struct command *c)
{
    struct lexer *lx = c->lexer;
    char word[16];
    struct store_args *args = command_args(c, sizeof *args);
    if (args == NULL || !lexer_space(lx) || !parse_sequence_set(lx, &args->set) ||
        !lexer_space(lx))
        return false;
    if (lexer_peek(lx) == '(' && !modifier(lx, args))
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

static bool is_modified(const struct stored *stored, uint32_t uid, size_t *at)
{
    while (*at < stored->modifieds && stored->modified[*at] < uid)
        ++*at;
    return *at < stored->modifieds && stored->modified[*at] == uid;
}

/* Tells the new flags; after .SILENT only of a message whose flags are not what the client must
 * think, because somebody else changed it in between (RFC 3501 section 6.4.6), but the
 * mod-sequence, which it can't know, to those that want it. Those that were left alone are
 * news, which the loop tells. */
static void tell_stored(struct command *c, const struct view_messages *messages,
                        const struct flag_change *change, const struct belief *before,
                        const struct stored *stored)
{
    struct store_args *args = c->args;
    struct view *v = &c->session->view;
    const struct view_sync how = command_news(c);
    uint32_t keywords = 0;
    struct message_info info;
    struct flags_text text = { 0 };
    size_t at = 0, skipped = 0;
    if (flags_keyword_count(v->mailbox) != v->keywords)
        view_tell_flags(v, c->session->io);
    for (size_t i = 0; i < change->keywords; i++)
        keywords |= flags_keyword_bit(v->mailbox, change->keyword[i]);
    for (size_t i = 0; i < messages->count; i++) {
        if (is_modified(stored, messages->uid[i], &skipped) ||
            !mailbox_get(v->mailbox, messages->uid[i], &info) || info.expunged)
            continue;
        view_own_add(&c->own, &info);
        bool flags = !args->silent || !is_believed(apply(before[i], change, keywords), &info);
        if (flags || how.modseqs)
            flags_tell(v, c->session->io, view_sequence_next(v, info.uid, &at), &how, &info,
                       flags ? &text : NULL);
    }
}

/* MODIFIED names messages as the command did. NULL: it does not fit. */
static const char *modified_code(struct command *c, const struct stored *stored)
{
    struct buffer code;
    size_t at = 0;
    if (!c->by_uid)
        for (size_t i = 0; i < stored->modifieds; i++)
            stored->modified[i] =
                view_sequence_next(&c->session->view, stored->modified[i], &at);
    buffer_init(&code, MODIFIED_MAX);
    buffer_puts(&code, "MODIFIED ");
    put_uid_set(&code, stored->modified, stored->modifieds);
    const char *kept = code.failed ? NULL : arena_copy(&c->lexer->arena, code.data, code.len);
    buffer_free(&code);
    return kept;
}

static void answer(struct command *c, const struct stored *stored)
{
    const struct store_args *args = c->args;
    const char *code = stored->modifieds > 0 ? modified_code(c, stored) : NULL;
    /* RFC 2180 section 4.2: a SILENT STORE of messages that are gone has nothing to say. */
    if (stored->modifieds > 0 && code == NULL)
        command_no(c, "LIMIT", "Too many messages were changed since");
    else if (stored->gone > 0 && !args->silent)
        command_no(c, code != NULL ? code : "EXPUNGEISSUED",
                   "Some of the messages no longer exist");
    else
        command_ok(c, code, code != NULL ? "Some were changed since" : "STORE completed");
}

static enum store_error run(struct command *c, const struct view_messages *messages,
                            const struct flag_change *change, struct stored *stored)
{
    const struct store_args *args = c->args;
    struct mailbox *mb = c->session->view.mailbox;
    if (!args->conditional)
        return mailbox_store(mb, messages->uid, messages->count, change, &stored->gone);
    stored->modified = calloc(messages->count + 1, sizeof *stored->modified);
    if (stored->modified == NULL)
        return STORE_UNAVAILABLE;
    return mailbox_store_unchanged(mb, messages->uid, messages->count, change,
                                   args->unchanged_since, &stored->gone, stored->modified,
                                   &stored->modifieds);
}

static void store(struct command *c, const struct view_messages *messages,
                  const struct flag_change *change)
{
    const struct store_args *args = c->args;
    struct view *v = &c->session->view;
    struct stored stored = { 0 };
    struct belief *before = args->silent ? believe(v, messages) : NULL;
    if (args->silent && before == NULL) {
        command_store_error(c, STORE_UNAVAILABLE);
        return;
    }
    enum store_error error = run(c, messages, change, &stored);
    if (error == STORE_OK) {
        tell_stored(c, messages, change, before, &stored);
        answer(c, &stored);
    } else {
        command_store_error(c, error);
    }
    free(stored.modified);
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
    if (args->conditional && !command_uses_modseqs(c))
        return;
    if (!command_flags(c, &args->flags, args->op, &change) ||
        !command_messages(c, &args->set, &messages))
        return;
    store(c, &messages, &change);
    view_messages_free(&messages);
}
