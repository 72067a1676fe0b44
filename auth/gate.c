/* The gate's end of the channel to the parent: asks in one frame, waits for one. */
#include "auth/gate.h"
#include "auth/frame.h"

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
    ask.password_n = put(ask.password, sizeof ask.password, password);
    bool sent = frame_send(gate->channel, &ask, sizeof ask);
    explicit_bzero(&ask, sizeof ask);

    struct frame_verdict answer;
    size_t n = 0;
    if (!sent || frame_receive(gate->channel, &answer, sizeof answer, &n, NULL) != FRAME_GOT ||
        !frame_verdict_valid(&answer, n))
        return VERDICT_UNAVAILABLE;
    gate->accepted = answer.verdict == VERDICT_OK;
    return (enum auth_verdict)answer.verdict;
}

bool gate_hand_over(struct gate *gate, const char *tag, const void *ahead, size_t n)
{
    size_t tag_n = strlen(tag);
    if (!gate->accepted || gate->handed_over || n > AUTH_AHEAD_MAX || !frame_is_tag(tag, tag_n))
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
