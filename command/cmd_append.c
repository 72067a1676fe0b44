/* APPEND: RFC 3501 section 6.3.11; several messages: RFC 3502; literal8: RFC 3516 section 4.4,
 * non-synchronizing too by RFC 7888 section 6; CATENATE: RFC 4469; APPENDUID: RFC 4315
 * section 3. */
#include "command/append_data.h"

#include <stdio.h>
#include <stdlib.h>

struct append_args {
    struct text mailbox;
    struct append_message message; /* the one that comes next */
};

bool parse_append(struct command *c)
{
    struct append_args *args = command_args(c, sizeof *args);
    return args != NULL && parse_mailbox(c->lexer, &args->mailbox) && lexer_space(c->lexer) &&
           parse_append_message(c->lexer, &args->message);
}

/* All messages, one after the other. False: the command is ended, in the midst of its line. */
static bool take_all(struct appending *a, struct append_args *args)
{
    struct lexer *lx = a->c->lexer;
    for (;;) {
        if (!append_data(a, &args->mailbox, &args->message))
            return false;
        if (!lexer_accept(lx, ' '))
            break;
        if (!parse_append_message(lx, &args->message)) {
            command_bad_syntax(a->c);
            return false;
        }
    }
    if (lexer_end(lx))
        return true;
    command_bad_syntax(a->c);
    return false;
}

/* All or none. The UIDs are consecutive. */
static void commit(struct appending *a)
{
    struct command *c = a->c;
    uint32_t uidvalidity;
    uint32_t *uid = calloc(a->count, sizeof *uid);
    enum store_error error = STORE_UNAVAILABLE;
    if (uid != NULL)
        error = append_commit(a->append, &uidvalidity, uid);
    else
        append_cancel(a->append);
    if (error == STORE_OK) {
        c->session->counts.appended += a->count;
        snprintf(c->made, sizeof c->made,
                 a->count > 1 ? "APPENDUID %u %u:%u" : "APPENDUID %u %u", uidvalidity, uid[0],
                 uid[a->count - 1]);
        command_ok(c, c->made, "APPEND completed");
    } else {
        command_store_error(c, error);
    }
    free(uid);
}

void run_append(struct command *c)
{
    struct appending a = { .c = c };
    if (take_all(&a, c->args)) {
        commit(&a);
        return;
    }
    if (a.append != NULL)
        append_cancel(a.append);
    c->rest_unread = true;
}
