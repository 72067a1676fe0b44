/* CREATE: RFC 3501 section 6.3.3, with parameters by RFC 4466 section 2.2; USE: RFC 6154
 * section 3; MAILBOXID: RFC 8474 section 4.1. */
#include "command/status.h"

#include "mailstore/special_use.h"
#include "parser/flags.h"

#include <string.h>

struct create_args {
    struct text mailbox;
    bool use; /* is given */
    struct flag_names uses;
};

static bool parameter(struct lexer *lx, struct create_args *args)
{
    char word[16];
    if (!lexer_word(lx, word, sizeof word))
        return false;
    if (strcmp(word, "USE") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "unknown parameter %s", word);
    if (args->use)
        return lexer_fail(lx, LEXER_SYNTAX, "USE twice");
    args->use = true;
    if (!lexer_space(lx) || !parse_flag_list(lx, &args->uses))
        return false;
    for (size_t i = 0; i < args->uses.count; i++)
        if (args->uses.name[i][0] != '\\')
            return lexer_fail(lx, LEXER_SYNTAX, "a use begins with a backslash");
    return true;
}

bool parse_create(struct command *c)
{
    struct lexer *lx = c->lexer;
    struct create_args *args = command_args(c, sizeof *args);
    if (args == NULL || !parse_mailbox(lx, &args->mailbox))
        return false;
    if (!lexer_accept(lx, ' '))
        return lexer_end(lx);
    if (!lexer_expect(lx, '('))
        return false;
    do {
        if (!parameter(lx, args))
            return false;
    } while (lexer_accept(lx, ' '));
    return lexer_expect(lx, ')') && lexer_end(lx);
}

/* False: there is one that no folder can have here. */
static bool uses_of(const struct create_args *args, unsigned *uses_r)
{
    *uses_r = 0;
    for (size_t i = 0; i < args->uses.count; i++) {
        unsigned bit = special_use_bit(args->uses.name[i], strlen(args->uses.name[i]));
        if (bit == 0)
            return false;
        *uses_r |= bit;
    }
    return true;
}

/* What is parked may be what is made here. */
void run_create(struct command *c)
{
    char name[FOLDER_NAME_MAX + 1];
    const struct create_args *args = c->args;
    unsigned uses;
    view_close(&c->session->parked);
    if (!uses_of(args, &uses)) {
        command_no(c, "USEATTR", "There are no folders for that here");
        return;
    }
    enum store_error error = mailbox_to_create(c->session, &args->mailbox, name);
    if (error == STORE_OK)
        error = folder_create_for(c->session->store, name, uses);
    if (error != STORE_OK)
        command_store_error(c, error);
    else
        command_ok(c, mailbox_id_code(c, name), "CREATE completed");
}
