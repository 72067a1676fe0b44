/* AUTHENTICATE: RFC 3501 section 6.2.2, with an initial response (SASL-IR, RFC 4959). */
#include "auth/mechanism.h"
#include "auth/sasl.h"
#include "command/login.h"

#include <string.h>

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
static enum sasl_step respond(struct sasl *sasl, const struct text *base64)
{
    unsigned char octets[SASL_RESPONSE_MAX];
    if (base64 == NULL)
        return sasl_respond(sasl, NULL, 0);
    if (base64->n / 4 * 3 > sizeof octets)
        return SASL_MALFORMED;
    long n = base64_decode(base64->octets, base64->n, octets);
    enum sasl_step step = n < 0 ? SASL_MALFORMED : sasl_respond(sasl, octets, (size_t)n);
    explicit_bzero(octets, sizeof octets);
    return step;
}

/* Sends a challenge and reads the response. False: the client is gone, or has cancelled. */
static bool converse(struct command *c, const struct sasl *sasl, struct text *response_r)
{
    struct stream *io = c->session->io;
    char base64[BASE64_ENCODED(SASL_CHALLENGE_MAX) + 1];
    base64_encode(sasl->challenge, sasl->challenge_n, base64);
    stream_printf(io, "+ %s\r\n", base64);
    lexer_begin(c->lexer);
    return lexer_line(c->lexer, response_r);
}

/* SCRAM's questions to the parent, and then the next step; where there is none, the verdict
 * stands. */
static enum sasl_step ask_scram(struct command *c, struct sasl *sasl, enum sasl_step step,
                                enum auth_verdict *verdict)
{
    struct gate *gate = c->session->gate;
    struct gate_salt salt;
    unsigned char signature[SCRAM_KEY];
    if (step == SASL_ASK_SALT) {
        *verdict = gate_scram_begin(gate, sasl->mechanism, sasl->user, &salt);
        return *verdict == VERDICT_OK ? sasl_scram_salt(sasl, &salt) : SASL_DONE;
    }
    *verdict = gate_scram_prove(gate, sasl->scram.message, sasl->scram.message_n,
                                sasl->scram.proof, signature);
    return *verdict == VERDICT_OK ? sasl_scram_signed(sasl, signature) : SASL_DONE;
}

/* What can't succeed is asked about all the same, with nothing in it: the parent counts. */
static enum auth_verdict ask_nothing(struct command *c, const struct sasl *sasl)
{
    static const unsigned char no_proof[SCRAM_KEY];
    unsigned char signature[SCRAM_KEY];
    bool begun = sasl->round > 0 && (sasl->mechanism == MECHANISM_SCRAM ||
                                     sasl->mechanism == MECHANISM_SCRAM_PLUS);
    if (begun)
        return gate_scram_prove(c->session->gate, "", 0, no_proof, signature);
    return gate_authenticate(c->session->gate, sasl->mechanism, "", "");
}

/* Asks the parent where the step is to; what then goes to the client is SASL_CHALLENGE, and
 * else *verdict is what the command ends with. */
static enum sasl_step ask_parent(struct command *c, struct sasl *sasl, enum sasl_step step,
                                 enum auth_verdict *verdict)
{
    if (step == SASL_ASK_SALT || step == SASL_ASK_PROOF)
        step = ask_scram(c, sasl, step, verdict);
    if (step == SASL_ASK) {
        *verdict =
            gate_authenticate(c->session->gate, sasl->mechanism, sasl->user, sasl->password);
        step = SASL_DONE;
    } else if (step == SASL_REFUSED) {
        *verdict = ask_nothing(c, sasl);
        step = SASL_DONE;
    } else {
        return step;
    }
    bool told = auth_mechanism_has_token(sasl->mechanism) &&
                (*verdict == VERDICT_FAILED || *verdict == VERDICT_TOO_MANY);
    return told ? sasl_token_failed(sasl) : step;
}

/* BAD to an exchange that the client has left, or made no sense of. After the parent has said
 * yes (the client does not believe SCRAM's signature) no other can begin here. */
static void give_up(struct command *c, const char *why)
{
    if (c->session->gate->accepted) {
        stream_puts(c->session->io, "* BYE The login was not finished\r\n");
        c->bye = true;
    }
    command_bad(c, why);
}

/* The next response. False: the command is ended. */
static bool next_response(struct command *c, const struct sasl *sasl, bool failed,
                          struct text *line_r)
{
    if (!converse(c, sasl, line_r)) {
        give_up(c,
                c->lexer->failure == LEXER_END ? "The connection has ended" : c->lexer->error);
        c->rest_unread = true;
        return false;
    }
    /* RFC 3501 section 6.2.2: BAD; to a token's failure it is an answer like any other (RFC
     * 7628 section 4.3). */
    if (failed || strcmp(line_r->octets, "*") != 0)
        return true;
    give_up(c, "AUTHENTICATE cancelled");
    return false;
}

/* The exchange; true when it has come to a verdict. */
static bool exchange(struct command *c, struct sasl *sasl, const struct text *initial,
                     enum auth_verdict *verdict)
{
    static const struct text empty = { "", 0 };
    struct text line;
    const struct text *response = initial->octets == NULL ? NULL : initial;
    if (response != NULL && strcmp(initial->octets, "=") == 0)
        response = &empty;
    for (;;) {
        enum sasl_step step = respond(sasl, response);
        if (response != NULL && response->n > 0)
            explicit_bzero((void *)response->octets, response->n);
        bool failed = false;
        if (step != SASL_CHALLENGE && step != SASL_MALFORMED && step != SASL_DONE) {
            step = ask_parent(c, sasl, step, verdict);
            failed = *verdict != VERDICT_OK;
        }
        if (step == SASL_DONE)
            return true;
        if (step == SASL_MALFORMED) {
            give_up(c, "The response is no valid base64, or no message of this mechanism");
            return false;
        }
        if (!next_response(c, sasl, failed, &line))
            return false;
        if (failed)
            return true;
        response = &line;
    }
}

/* Whether it is a mechanism that this client may use; if not the command is ended. */
static bool find_mechanism(struct command *c, const char *name, const struct sasl_terms *terms,
                           enum auth_mechanism *mechanism_r)
{
    struct sasl_terms private = *terms;
    private.password_refused = false;
    if (!sasl_find(name, mechanism_r) || !sasl_offered(&private, *mechanism_r)) {
        command_no(c, NULL, "There is no such mechanism here");
        return false;
    }
    return sasl_offered(terms, *mechanism_r) || login_allowed(c);
}

void run_authenticate(struct command *c)
{
    const struct session *s = c->session;
    const struct sasl_terms terms = { s->settings, s->gate->tls, s->password_refused };
    struct authenticate_args args = *(struct authenticate_args *)c->args;
    enum auth_verdict verdict = VERDICT_UNAVAILABLE;
    enum auth_mechanism mechanism;
    struct sasl sasl;
    if (!find_mechanism(c, args.mechanism.octets, &terms, &mechanism))
        return;
    sasl_begin(&sasl, mechanism, &terms);
    if (exchange(c, &sasl, &args.initial, &verdict))
        login_answer(c, verdict);
    sasl_end(&sasl);
}
