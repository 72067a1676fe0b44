/* CANCELUPDATE: RFC 5267 section 4.3.5. */
#include "command/command.h"

#include "session/context.h"

/* More than there can be contexts; a tag may be named twice. */
#define TAGS_MAX ((size_t)2 * CONTEXTS_MAX)

struct tags {
    struct text tag[TAGS_MAX];
    size_t count;
};

bool parse_cancelupdate(struct command *c)
{
    struct lexer *lx = c->lexer;
    struct tags *tags = command_args(c, sizeof *tags);
    if (tags == NULL || !lexer_space(lx))
        return false;
    do {
        if (tags->count == TAGS_MAX)
            return lexer_fail(lx, LEXER_LIMIT, "too many tags");
        if (!lexer_string(lx, &tags->tag[tags->count++]))
            return false;
    } while (lexer_accept(lx, ' '));
    return lexer_end(lx);
}

/* All or none. */
void run_cancelupdate(struct command *c)
{
    const struct tags *tags = c->args;
    struct view *v = &c->session->view;
    for (size_t i = 0; i < tags->count; i++) {
        if (context_exists(v, tags->tag[i].octets))
            continue;
        command_bad(c, "No search with that tag is being updated");
        return;
    }
    for (size_t i = 0; i < tags->count; i++)
        context_cancel(v, tags->tag[i].octets);
    command_ok(c, NULL, "No further updates");
}
