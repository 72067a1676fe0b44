#include "auth/parent.h"
#include "auth/checker.h"
#include "auth/slots.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The gate keeps login_timeout itself, and says BYE; this is added where it does not. */
#define SLACK_SECONDS 10
/* Failures in one connection take longer and longer, up to this: a person who has mistyped
 * twice notices the wait already, and login_timeout is not far. */
#define FAIL_DELAY_MAX 30
/* From the hand-over until the gate has ended. */
#define GATE_END_SECONDS 2

/* What the parent remembers of a connection. */
struct tries {
    unsigned failed;
    bool accepted;
    bool over; /* VERDICT_TOO_MANY was said: nothing but the gate's end is expected */
};

/* Not being able to look is our failure, not the client's, and neither that nor a user's many
 * devices must get an address banned: contrib/fail2ban looks for "failure". */
static const char *outcome(enum auth_verdict verdict)
{
    return verdict == VERDICT_UNAVAILABLE ? "unavailable"
           : verdict == VERDICT_LIMIT     ? "limited"
                                          : "failure";
}

static void log_failure(const struct parent *p, const struct frame_try *try,
                        enum auth_verdict verdict, const char *reason)
{
    char user[LOG_QUOTE_MAX + 1];
    log_info("authentication %s: user=<%s> rip=%s mech=%s reason=%s", outcome(verdict),
             log_quote(user, sizeof user, try->user), p->peer,
             auth_mechanism_name((enum auth_mechanism)try->mechanism), reason);
}

static void log_login(const struct parent *p, const struct login *login)
{
    char user[LOG_QUOTE_MAX + 1];
    log_info("login: user=<%s> rip=%s mech=%s",
             log_quote(user, sizeof user, login->identity.user), p->peer,
             auth_mechanism_name(login->mechanism));
}

/* A name that no backend needs to see: it is no user's, and PAM modules, some of which build
 * files' names and queries of it, are not to be tried with it. */
static bool plausible(const char *user)
{
    for (const char *p = user; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '/' || *p == ':')
            return false;
    }
    return user[0] != '\0' && user[0] != '-' && user[0] != '.';
}

/* One more connection of the user. Where they can't be counted it is let in: that must not keep
 * everybody from their mail. */
static bool take_slot(const struct parent *p, const char *user, struct login *login)
{
    unsigned max = p->settings->max_user_connections;
    return p->slots == NULL || max == 0 ||
           slots_take(p->slots, user, max, &login->slot) != SLOTS_FULL;
}

static void wipe_password(void *ctx)
{
    struct frame_try *try = ctx;
    explicit_bzero(try->password, sizeof try->password);
}

static enum auth_verdict check(const struct parent *p, struct frame_try *try,
                               struct login *login)
{
    if (!plausible(try->user) || try->password_n == 0) {
        log_failure(p, try, VERDICT_FAILED,
                    try->password_n == 0 ? "empty-password" : "bad-user-name");
        return VERDICT_FAILED;
    }
    struct credentials c = { .user = try->user, .password = try->password, .rhost = p->rhost };
    struct frame_checked checked;
    checker_run(p->settings, &c, wipe_password, try, &checked);
    const char *reason = checked.reason;
    enum auth_verdict verdict = (enum auth_verdict)checked.verdict;
    if (verdict == VERDICT_OK) {
        const char *refused = identity_refused(&checked.identity, p->settings, geteuid());
        if (refused != NULL) {
            reason = refused;
            verdict = VERDICT_FAILED;
        }
    }
    if (verdict == VERDICT_OK && !take_slot(p, checked.identity.user, login)) {
        reason = "max-user-connections";
        verdict = VERDICT_LIMIT;
    }
    if (verdict != VERDICT_OK) {
        log_failure(p, try, verdict, reason);
        return verdict;
    }
    login->identity = checked.identity;
    login->mechanism = (enum auth_mechanism)try->mechanism;
    log_login(p, login);
    return VERDICT_OK;
}

/* Seconds that a failure takes: auth_fail_delay, twice that, four times that. */
static unsigned fail_delay(const struct settings *s, unsigned failed_before)
{
    unsigned most = s->auth_fail_delay > FAIL_DELAY_MAX ? s->auth_fail_delay : FAIL_DELAY_MAX;
    unsigned seconds = s->auth_fail_delay;
    for (unsigned i = 0; i < failed_before && seconds < most; i++)
        seconds *= 2;
    return seconds < most ? seconds : most;
}

/* Failures end so long after they began, or as soon as the check is done if that took longer:
 * so the time of an answer says little about what was checked. */
static void delay(unsigned seconds, const struct timespec *began)
{
    struct timespec until = *began;
    until.tv_sec += (time_t)seconds;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

/* What a failure is to the gate. One that says more than FAILED is still heard when it was the
 * last; the try after it is then not looked at. */
static enum auth_verdict count_failure(const struct settings *s, struct tries *tries,
                                       enum auth_verdict verdict)
{
    tries->failed++;
    if (tries->failed < s->max_auth_tries || verdict != VERDICT_FAILED)
        return verdict;
    tries->over = true;
    return VERDICT_TOO_MANY;
}

/* One try. False: the gate is gone. */
static bool answer_try(const struct parent *p, struct frame_try *try, struct tries *tries,
                       struct login *login)
{
    struct timespec began;
    if (clock_gettime(CLOCK_MONOTONIC, &began) < 0)
        return false;
    enum auth_verdict verdict = VERDICT_FAILED;
    if (tries->failed < p->settings->max_auth_tries)
        verdict = check(p, try, login);
    else
        log_failure(p, try, VERDICT_FAILED, "too-many-tries");
    wipe_password(try);
    tries->accepted = verdict == VERDICT_OK;
    if (!tries->accepted) {
        delay(fail_delay(p->settings, tries->failed), &began);
        verdict = count_failure(p->settings, tries, verdict);
    }
    struct frame_verdict answer = { .head = { FRAME_MAGIC, FRAME_VERDICT },
                                    .verdict = (uint32_t)verdict };
    return frame_send(p->channel, &answer, sizeof answer);
}

static enum parent_end broken(const struct parent *p, const char *what)
{
    log_error("gate: %s; the connection is ended: rip=%s", what, p->peer);
    return PARENT_BROKEN;
}

static void take_hand_over(const struct frame_hand_over *over, struct login *login)
{
    memcpy(login->tag, over->tag, sizeof login->tag);
    memcpy(login->ahead, over->ahead, over->ahead_n);
    login->ahead_n = over->ahead_n;
}

static enum parent_end serve(const struct parent *p, const struct timespec *deadline,
                             union frame_from_gate *frame, struct login *login)
{
    struct tries tries = { 0, false, false };
    for (;;) {
        size_t n = 0;
        switch (frame_receive(p->channel, frame, sizeof *frame, &n, deadline)) {
        case FRAME_CLOSED:
            return PARENT_CLOSED;
        case FRAME_LATE:
            return PARENT_LATE;
        case FRAME_TOO_LONG:
            return broken(p, "a frame that is too long");
        case FRAME_GOT:
            break;
        }
        if (tries.accepted) {
            if (!frame_hand_over_valid(&frame->hand_over, n))
                return broken(p, "a frame that is no hand-over after a login");
            take_hand_over(&frame->hand_over, login);
            return PARENT_LOGGED_IN;
        }
        if (tries.over || !frame_try_valid(&frame->try, n))
            return broken(p, tries.over ? "a try too many" : "a frame that is no try");
        if (!answer_try(p, &frame->try, &tries, login))
            return PARENT_CLOSED;
    }
}

enum parent_end parent_serve(const struct parent *p, struct login *login_r)
{
    struct timespec deadline;
    login_r->slot = -1;
    if (clock_gettime(CLOCK_MONOTONIC, &deadline) < 0)
        return PARENT_LATE;
    /* The gate may be waiting for us when its time is up. */
    deadline.tv_sec += (time_t)p->settings->login_timeout +
                       fail_delay(p->settings, p->settings->max_auth_tries) + CHECKER_SECONDS +
                       SLACK_SECONDS;
    union frame_from_gate frame;
    enum parent_end end = serve(p, &deadline, &frame, login_r);
    explicit_bzero(&frame, sizeof frame);
    return end;
}

bool parent_gate_ended(const struct parent *p)
{
    struct timespec deadline;
    if (clock_gettime(CLOCK_MONOTONIC, &deadline) < 0)
        return false;
    deadline.tv_sec += GATE_END_SECONDS;
    union frame_from_gate ignored;
    size_t n = 0;
    return frame_receive(p->channel, &ignored, sizeof ignored, &n, &deadline) == FRAME_CLOSED;
}
