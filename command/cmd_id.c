/* ID: RFC 2971. What the client says is read and not kept; no version is told, which only helps
 * those who look for old ones. */
#include "command/command.h"

/* RFC 2971 section 3.3: not more than 30 pairs. */
#define ID_PAIRS_MAX 30

bool parse_id(struct command *c)
{
    struct lexer *lx = c->lexer;
    struct text field, value;
    if (!lexer_space(lx))
        return false;
    if (!lexer_accept(lx, '('))
        return lexer_nstring(lx, &field) &&
               (field.octets == NULL ||
                lexer_fail(lx, LEXER_SYNTAX, "ID takes NIL or a list in parentheses")) &&
               lexer_end(lx);
    for (unsigned pairs = 0; !lexer_accept(lx, ')'); pairs++) {
        if (pairs == ID_PAIRS_MAX)
            return lexer_fail(lx, LEXER_LIMIT, "more than %d pairs", ID_PAIRS_MAX);
        if ((pairs > 0 && !lexer_space(lx)) || !lexer_string(lx, &field) || !lexer_space(lx) ||
            !lexer_nstring(lx, &value))
            return false;
    }
    return lexer_end(lx);
}

void run_id(struct command *c)
{
    stream_puts(c->session->io, "* ID (\"name\" \"imapd\")\r\n");
    command_ok(c, NULL, "ID completed");
}
