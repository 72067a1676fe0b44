/* AUTHENTICATE: RFC 3501 section 6.2.2, with an initial response (SASL-IR, RFC 4959). */
#include "auth/sasl.h"
#include "command/login.h"

#include <string.h>

/* Octets of a response: a user name, an authorization identity and a password, with room. */
#define RESPONSE_MAX 4096

struct authenticate_args {
    struct text mechanism;
    struct text initial; /* octets NULL: none came; "=" stands for an empty one */
};

bool parse_authenticate(struct command *c)
{
    struct lexer *lx = c->lexer;
    struct authenticate_args *args = command_args(c, sizeof *args);
    if (args == NULL || !lexer_space(lx) || !lexer_atom(lx, &args->mechanism))
        return false;
    if (lexer_accept(lx, ' ') && !lexer_atom(lx, &args->initial))
        return false;
    return lexer_end(lx);
}

/* One response in base64 to the mechanism. */
static enum sasl_step respond(struct sasl *sasl, const struct text *base64,
                              const char **challenge, size_t *challenge_n)
{
    unsigned char octets[RESPONSE_MAX / 4 * 3];
    if (base64 == NULL)
        return sasl_respond(sasl, NULL, 0, challenge, challenge_n);
    if (base64->n > RESPONSE_MAX)
        return SASL_MALFORMED;
    long n = base64_decode(base64->octets, base64->n, octets);
    enum sasl_step step =
        n < 0 ? SASL_MALFORMED : sasl_respond(sasl, octets, (size_t)n, challenge, challenge_n);
    explicit_bzero(octets, sizeof octets);
    return step;
}

/* Sends a challenge and reads the response. False: the client is gone, or has cancelled. */
static bool ask(struct command *c, const char *challenge, size_t n, struct text *response_r)
{
    struct stream *io = c->session->io;
    char base64[BASE64_ENCODED(64) + 1];
    if (n > 64) /* no challenge of ours is longer */
        return false;
    base64_encode(challenge, n, base64);
    stream_printf(io, "+ %s\r\n", base64);
    lexer_begin(c->lexer);
    return lexer_line(c->lexer, response_r);
}

/* The exchange; true when there is a name and a password to try. */
static bool exchange(struct command *c, struct sasl *sasl, const struct text *initial)
{
    static const struct text empty = { "", 0 };
    const char *challenge = NULL;
    size_t challenge_n = 0;
    struct text line;
    const struct text *response = initial->octets == NULL ? NULL : initial;
    if (response != NULL && strcmp(initial->octets, "=") == 0)
        response = &empty;
    for (;;) {
        enum sasl_step step = respond(sasl, response, &challenge, &challenge_n);
        if (response != NULL && response->n > 0)
            explicit_bzero((void *)response->octets, response->n);
        if (step == SASL_DONE)
            return true;
        if (step == SASL_MALFORMED) {
            command_bad(c, "The response is no valid base64, or no message of this mechanism");
            return false;
        }
        if (step == SASL_REFUSED) {
            sasl_end(sasl);
            return true;
        }
        if (!ask(c, challenge, challenge_n, &line)) {
            command_bad(c, c->lexer->failure == LEXER_END ? "The connection has ended"
                                                          : c->lexer->error);
            c->rest_unread = true;
            return false;
        }
        if (strcmp(line.octets, "*") == 0) { /* RFC 3501 section 6.2.2: BAD */
            command_bad(c, "AUTHENTICATE cancelled");
            return false;
        }
        response = &line;
    }
}

void run_authenticate(struct command *c)
{
    struct authenticate_args args = *(struct authenticate_args *)c->args;
    enum auth_mechanism mechanism;
    struct sasl sasl;
    if (!sasl_find(args.mechanism.octets, &mechanism)) {
        command_no(c, NULL, "There is no such mechanism here");
        return;
    }
    if (!login_allowed(c))
        return;
    sasl_begin(&sasl, mechanism);
    if (exchange(c, &sasl, &args.initial))
        login_try(c, mechanism, sasl.user, sasl.password);
    sasl_end(&sasl);
}
