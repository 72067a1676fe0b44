/* ENABLE: RFC 5161. */
#include "command/command.h"

#include <strings.h>

static const struct {
    const char *name;
    unsigned extensions; /* enum session_extension: that one, and what it implies */
} extensions[] = {
    { "CONDSTORE", EXTENSION_CONDSTORE },
    { "QRESYNC", EXTENSION_QRESYNC | EXTENSION_CONDSTORE },
    { "UTF8=ACCEPT", EXTENSION_ACCEPT | EXTENSION_UTF8 },
    { "IMAP4rev2", EXTENSION_REV2 | EXTENSION_UTF8 },
};

#define EXTENSIONS (sizeof extensions / sizeof *extensions)

/* Which of the table were named. */
struct enable_args {
    bool named[EXTENSIONS];
};

/* Names that mean nothing here are passed over. */
bool parse_enable(struct command *c)
{
    struct text word;
    struct enable_args *args = command_args(c, sizeof *args);
    if (args == NULL || !lexer_space(c->lexer))
        return false;
    do {
        if (!lexer_atom(c->lexer, &word))
            return false;
        for (size_t i = 0; i < EXTENSIONS; i++)
            if (strcasecmp(word.octets, extensions[i].name) == 0)
                args->named[i] = true;
    } while (lexer_accept(c->lexer, ' '));
    return lexer_end(c->lexer);
}

/* Only what was not enabled before is told. */
void run_enable(struct command *c)
{
    const struct enable_args *args = c->args;
    struct session *s = c->session;
    unsigned before = s->enabled, wanted = 0;
    stream_puts(s->io, "* ENABLED");
    for (size_t i = 0; i < EXTENSIONS; i++) {
        if (!args->named[i])
            continue;
        if ((extensions[i].extensions & ~before) != 0)
            stream_printf(s->io, " %s", extensions[i].name);
        wanted |= extensions[i].extensions;
    }
    stream_puts(s->io, "\r\n");
    if ((wanted & EXTENSION_CONDSTORE) != 0)
        enable_condstore(s);
    s->enabled |= wanted;
    c->lexer->utf8 = (s->enabled & EXTENSION_UTF8) != 0;
    command_ok(c, NULL, "ENABLE completed");
}
