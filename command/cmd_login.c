/* LOGIN: RFC 3501 section 6.2.3. */
#include "command/login.h"

#include <string.h>

struct login_args {
    struct text user, password;
};

bool login_allowed(struct command *c)
{
    if (!c->session->password_refused)
        return true;
    command_no(c, "PRIVACYREQUIRED", "A password may not be sent unencrypted");
    return false;
}

/* All failures look alike. What was read ahead goes with the connection. */
void login_answer(struct command *c, enum auth_verdict verdict)
{
    struct session *s = c->session;
    struct source *src = &s->io->source;
    switch (verdict) {
    case VERDICT_OK:
        s->handed_over =
            gate_hand_over(s->gate, c->tag, src->pos, (size_t)(src->end - src->pos));
        if (s->handed_over) {
            c->ending = ENDING_SILENT;
            return;
        }
        command_no(c, "UNAVAILABLE", "Login is not possible now");
        c->bye = true;
        return;
    case VERDICT_FAILED:
        command_no(c, "AUTHENTICATIONFAILED", "Authentication failed");
        return;
    case VERDICT_EXPIRED:
        command_no(c, "EXPIRED", "The password has expired");
        return;
    case VERDICT_TOO_MANY:
        stream_puts(s->io, "* BYE Too many failed tries\r\n");
        command_no(c, "AUTHENTICATIONFAILED", "Authentication failed");
        c->bye = true;
        return;
    case VERDICT_LIMIT: /* RFC 5530 section 3 */
        command_no(c, "LIMIT", "Too many connections of this user");
        return;
    case VERDICT_UNAVAILABLE:
    default:
        break;
    }
    command_no(c, "UNAVAILABLE", "Login is not possible now");
}

bool parse_login(struct command *c)
{
    struct lexer *lx = c->lexer;
    struct login_args *args = command_args(c, sizeof *args);
    return args != NULL && lexer_space(lx) && lexer_astring(lx, &args->user) &&
           lexer_space(lx) && lexer_astring(lx, &args->password) && lexer_end(lx);
}

void run_login(struct command *c)
{
    const struct login_args *args = c->args;
    if (login_allowed(c))
        login_answer(c, gate_authenticate(c->session->gate, MECHANISM_COMMAND,
                                          args->user.octets, args->password.octets));
    explicit_bzero((void *)args->password.octets, args->password.n);
}
