/* ENABLE: RFC 5161; and what enables CONDSTORE besides: RFC 7162 section 3.1. */
#include "command/command.h"

#include <inttypes.h>
#include <string.h>

/* The longest name and its NUL; a longer one is none of ours. */
#define WORD_MAX 64

static const struct {
    const char *name;
    enum session_extension extension;
} extensions[] = {
    { "CONDSTORE", EXTENSION_CONDSTORE },
};

/* Names that mean nothing here are passed over. */
bool parse_enable(struct command *c)
{
    char word[WORD_MAX];
    unsigned *wanted = command_args(c, sizeof *wanted);
    if (wanted == NULL || !lexer_space(c->lexer))
        return false;
    do {
        if (!lexer_word(c->lexer, word, sizeof word))
            return false;
        for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
            if (strcmp(word, extensions[i].name) == 0)
                *wanted |= extensions[i].extension;
    } while (lexer_accept(c->lexer, ' '));
    return lexer_end(c->lexer);
}

/* Only what was not enabled before is told. */
void run_enable(struct command *c)
{
    const unsigned *wanted = c->args;
    struct session *s = c->session;
    unsigned fresh = *wanted & ~s->enabled;
    stream_puts(s->io, "* ENABLED");
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if ((fresh & extensions[i].extension) != 0)
            stream_printf(s->io, " %s", extensions[i].name);
    stream_puts(s->io, "\r\n");
    if ((fresh & EXTENSION_CONDSTORE) != 0)
        enable_condstore(s);
    command_ok(c, NULL, "ENABLE completed");
}

void put_highest_modseq(const struct session *s)
{
    stream_printf(s->io, "* OK [HIGHESTMODSEQ %" PRIu64 "] Highest mod-sequence\r\n",
                  view_highest_modseq(&s->view));
}

void enable_condstore(struct session *s)
{
    if ((s->enabled & EXTENSION_CONDSTORE) != 0)
        return;
    s->enabled |= EXTENSION_CONDSTORE;
    if (s->state == STATE_SELECTED)
        put_highest_modseq(s);
}
