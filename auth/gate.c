/* The gate's end of the channel to the parent: asks in one frame, waits for one. */
#include "auth/gate.h"
#include "auth/frame.h"
#include "auth/mechanism.h"
#include "auth/process.h"
#include "auth/saslprep.h"

#include <string.h>

/* Copies a string into a frame's array, which is all zeros. What does not fit is left empty. */
static uint32_t put(char *to, size_t size, const char *from)
{
    size_t n = strlen(from);
    if (n >= size)
        n = 0;
    memcpy(to, from, n); // NOLINT(bugprone-not-null-terminated-result): zeros follow
    return (uint32_t)n;
}

/* SCRAM's verifiers are made of this form; whether the user has one, the gate does not know. */
static void put_prepared(struct frame_try *ask)
{
    if (auth_mechanism_has_token(ask->mechanism) ||
        !saslprep(ask->password, SASLPREP_STORED, ask->prepared, sizeof ask->prepared))
        return;
    ask->prepared_n = (uint32_t)strlen(ask->prepared);
}

static enum auth_verdict hear_verdict(struct gate *gate, struct frame_verdict *answer)
{
    size_t n = 0;
    if (frame_receive(gate->channel, answer, sizeof *answer, &n, NULL) != FRAME_GOT ||
        !frame_verdict_valid(answer, n))
        return VERDICT_UNAVAILABLE;
    gate->accepted = answer->verdict == VERDICT_OK;
    return (enum auth_verdict)answer->verdict;
}

enum auth_verdict gate_authenticate(struct gate *gate, enum auth_mechanism mechanism,
                                    const char *user, const char *password)
{
    if (gate->accepted)
        return VERDICT_UNAVAILABLE; /* the parent takes no further try */
    struct frame_try ask;
    memset(&ask, 0, sizeof ask);
    ask.head = (struct frame_head){ FRAME_MAGIC, FRAME_TRY };
    ask.mechanism = (uint32_t)mechanism;
    ask.user_n = put(ask.user, sizeof ask.user, user);
    size_t room = auth_mechanism_has_token(ask.mechanism) ? AUTH_TOKEN_MAX : AUTH_PASSWORD_MAX;
    ask.password_n = put(ask.password, room + 1, password);
    put_prepared(&ask);
    bool sent = frame_send(gate->channel, &ask, sizeof ask);
    explicit_bzero(&ask, sizeof ask);
    struct frame_verdict answer;
    return sent ? hear_verdict(gate, &answer) : VERDICT_UNAVAILABLE;
}

enum auth_verdict gate_scram_begin(struct gate *gate, enum auth_mechanism mechanism,
                                   const char *user, struct gate_salt *salt_r)
{
    struct frame_scram_begin ask;
    struct frame_scram_begun answer;
    size_t n = 0;
    memset(&ask, 0, sizeof ask);
    ask.head = (struct frame_head){ FRAME_MAGIC, FRAME_SCRAM_BEGIN };
    ask.mechanism = (uint32_t)mechanism;
    ask.user_n = put(ask.user, sizeof ask.user, user);
    if (gate->accepted || !frame_send(gate->channel, &ask, sizeof ask) ||
        frame_receive(gate->channel, &answer, sizeof answer, &n, NULL) != FRAME_GOT ||
        !frame_scram_begun_valid(&answer, n))
        return VERDICT_UNAVAILABLE;
    if (answer.verdict == VERDICT_OK) {
        salt_r->iterations = answer.iterations;
        salt_r->salt_n = answer.salt_n;
        memcpy(salt_r->salt, answer.salt, answer.salt_n);
        memcpy(salt_r->nonce, answer.nonce, sizeof salt_r->nonce);
    }
    return (enum auth_verdict)answer.verdict;
}

enum auth_verdict gate_scram_prove(struct gate *gate, const char *message, size_t n,
                                   const unsigned char proof[SCRAM_KEY],
                                   unsigned char signature_r[SCRAM_KEY])
{
    struct frame_scram_proof ask;
    struct frame_verdict answer;
    memset(&ask, 0, sizeof ask);
    ask.head = (struct frame_head){ FRAME_MAGIC, FRAME_SCRAM_PROOF };
    if (n > 0 && n <= AUTH_SCRAM_MESSAGE_MAX) {
        ask.message_n = (uint32_t)n;
        memcpy(ask.message, message, n);
        memcpy(ask.proof, proof, sizeof ask.proof);
    }
    if (gate->accepted || !frame_send(gate->channel, &ask, sizeof ask))
        return VERDICT_UNAVAILABLE;
    enum auth_verdict verdict = hear_verdict(gate, &answer);
    if (verdict == VERDICT_OK)
        memcpy(signature_r, answer.signature, SCRAM_KEY);
    return verdict;
}

bool gate_hand_over(struct gate *gate, const char *tag, const void *ahead, size_t n)
{
    size_t tag_n = strlen(tag);
    if (!gate->accepted || gate->handed_over || n > AUTH_AHEAD_MAX || !frame_is_tag(tag, tag_n))
        return false;
    if (gate->tls != NULL && !process_outlive())
        return false;
    struct frame_hand_over over;
    memset(&over, 0, sizeof over);
    over.head = (struct frame_head){ FRAME_MAGIC, FRAME_HAND_OVER };
    over.tag_n = (uint32_t)tag_n;
    over.ahead_n = (uint32_t)n;
    memcpy(over.tag, tag, tag_n);
    if (n > 0)
        memcpy(over.ahead, ahead, n);
    gate->handed_over = frame_send(gate->channel, &over, sizeof over);
    return gate->handed_over;
}

bool gate_starttls(struct gate *gate)
{
    struct frame_starttls ask = { .head = { FRAME_MAGIC, FRAME_STARTTLS } };
    if (!gate->starttls || gate->accepted || gate->handed_over)
        return false;
    gate->handed_over = frame_send(gate->channel, &ask, sizeof ask);
    return gate->handed_over;
}
