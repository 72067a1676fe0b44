#include "command/command.h"

#include <stdio.h>

void *command_args(struct command *c, size_t size)
{
    c->args = arena_take(&c->lexer->arena, size);
    if (c->args == NULL)
        lexer_fail(c->lexer, LEXER_LIMIT, "the arguments are too long");
    return c->args;
}

bool parse_nothing(struct command *c)
{
    return lexer_end(c->lexer);
}

static void end(struct command *c, enum command_ending ending, const char *code,
                const char *text)
{
    c->ending = ending;
    c->code = code;
    c->text = text;
}

void command_ok(struct command *c, const char *code, const char *text)
{
    end(c, ENDING_OK, code, text);
}

void command_no(struct command *c, const char *code, const char *text)
{
    end(c, ENDING_NO, code, text);
}

void command_bad(struct command *c, const char *text)
{
    end(c, ENDING_BAD, NULL, text);
}

/* TOOBIG: RFC 7888 section 5. */
void command_bad_syntax(struct command *c)
{
    const struct lexer *lx = c->lexer;
    end(c, ENDING_BAD, lx->failure == LEXER_TOOBIG ? "TOOBIG" : NULL, lx->error);
}

void command_store_error(struct command *c, enum store_error error)
{
    static const char *const code[] = {
        [STORE_OK] = NULL,
        [STORE_NONEXISTENT] = "NONEXISTENT",
        [STORE_EXISTS] = "ALREADYEXISTS",
        [STORE_CANNOT] = "CANNOT",
        [STORE_HASCHILDREN] = "HASCHILDREN", /* RFC 9051 section 7.1 */
        [STORE_EXPUNGED] = "EXPUNGEISSUED",
        [STORE_NOPERM] = "NOPERM",
        [STORE_OVERQUOTA] = "OVERQUOTA",
        [STORE_LIMIT] = "LIMIT",
        [STORE_INUSE] = "INUSE",
        [STORE_CORRUPT] = "CORRUPTION",
        [STORE_UNAVAILABLE] = "UNAVAILABLE",
        [STORE_IO] = "SERVERBUG",
    };
    command_no(c, code[error], store_error_text(error));
}
