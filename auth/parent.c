#include "auth/parent.h"
#include "auth/checker.h"
#include "auth/mechanism.h"
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
    /* SCRAM between its two halves: checker.pid is not 0. */
    struct checker checker;
    struct frame_scram_begin scram;
    struct timespec scram_began;
};

/* Who tries, for the log. */
struct who {
    const char *user;
    uint32_t mechanism; /* enum auth_mechanism */
};

/* Not being able to look is our failure, not the client's, and neither that nor a user's many
 * devices must get an address banned: contrib/fail2ban looks for "failure". */
static const char *outcome(enum auth_verdict verdict)
{
    return verdict == VERDICT_UNAVAILABLE ? "unavailable"
           : verdict == VERDICT_LIMIT     ? "limited"
                                          : "failure";
}

static void log_failure(const struct parent *p, const struct who *who,
                        enum auth_verdict verdict, const char *reason)
{
    char user[LOG_QUOTE_MAX + 1];
    log_info("authentication %s: user=<%s> rip=%s mech=%s reason=%s", outcome(verdict),
             log_quote(user, sizeof user, who->user), p->peer,
             auth_mechanism_name(who->mechanism), reason);
}

static void log_login(const struct parent *p, const struct login *login)
{
    char user[LOG_QUOTE_MAX + 1];
    log_info("login: user=<%s> rip=%s mech=%s%s",
             log_quote(user, sizeof user, login->identity.user), p->peer,
             auth_mechanism_name(login->mechanism), p->tls ? " tls=yes" : "");
}

/* A try of which nobody needs to be asked; NULL: ask. */
static const char *refused_at_once(const struct parent *p, const struct frame_try *try)
{
    bool token = auth_mechanism_has_token(try->mechanism);
    if (try->mechanism == MECHANISM_SCRAM || try->mechanism == MECHANISM_SCRAM_PLUS)
        return "no-exchange"; /* the client has said what can't begin one */
    if ((try->user_n > 0 || !token) && !identity_plausible(try->user))
        return "bad-user-name";
    if (try->mechanism == MECHANISM_EXTERNAL)
        return p->certificates ? NULL : "external-off";
    if (token && p->settings->oauth_helper[0] == '\0')
        return "oauth-off";
    return try->password_n == 0 ? "empty-password" : NULL;
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
    explicit_bzero(try->prepared, sizeof try->prepared);
}

/* What the checker has found out, made a login or a failure. */
static enum auth_verdict conclude(const struct parent *p, const struct who *who,
                                  const struct frame_checked *checked, struct login *login)
{
    const char *reason = checked->reason;
    enum auth_verdict verdict = (enum auth_verdict)checked->verdict;
    if (verdict == VERDICT_OK) {
        const char *refused = identity_refused(&checked->identity, p->settings, geteuid());
        if (refused != NULL) {
            reason = refused;
            verdict = VERDICT_FAILED;
        }
    }
    if (verdict == VERDICT_OK && !take_slot(p, checked->identity.user, login)) {
        reason = "max-user-connections";
        verdict = VERDICT_LIMIT;
    }
    if (verdict != VERDICT_OK) {
        log_failure(p, who, verdict, reason);
        return verdict;
    }
    login->identity = checked->identity;
    login->mechanism = (enum auth_mechanism)who->mechanism;
    log_login(p, login);
    return VERDICT_OK;
}

static enum auth_verdict check(const struct parent *p, struct frame_try *try,
                               struct login *login)
{
    const struct who who = { try->user, try->mechanism };
    const char *refused = refused_at_once(p, try);
    if (refused != NULL) {
        log_failure(p, &who, VERDICT_FAILED, refused);
        return VERDICT_FAILED;
    }
    bool vouched = try->mechanism == MECHANISM_EXTERNAL;
    struct credentials c = { .user = try->user,
                             .password = vouched ? NULL : try->password,
                             .prepared = try->prepared,
                             .token = auth_mechanism_has_token(try->mechanism),
                             .rhost = p->rhost };
    struct frame_checked checked;
    checker_run(p->settings, &c, wipe_password, try, &checked);
    return conclude(p, &who, &checked, login);
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

/* A try is over: what the gate is to hear of it, in its time. */
static enum auth_verdict end_try(const struct parent *p, struct tries *tries,
                                 const struct timespec *began, enum auth_verdict verdict)
{
    tries->accepted = verdict == VERDICT_OK;
    if (tries->accepted)
        return VERDICT_OK;
    delay(fail_delay(p->settings, tries->failed), began);
    return count_failure(p->settings, tries, verdict);
}

static bool may_try(const struct parent *p, const struct tries *tries, const struct who *who)
{
    if (tries->failed < p->settings->max_auth_tries)
        return true;
    log_failure(p, who, VERDICT_FAILED, "too-many-tries");
    return false;
}

static bool send_verdict(const struct parent *p, enum auth_verdict verdict,
                         const unsigned char signature[SCRAM_KEY])
{
    struct frame_verdict answer = { .head = { FRAME_MAGIC, FRAME_VERDICT },
                                    .verdict = (uint32_t)verdict };
    if (verdict == VERDICT_OK && signature != NULL)
        memcpy(answer.signature, signature, SCRAM_KEY);
    return frame_send(p->channel, &answer, sizeof answer);
}

/* One try. False: the gate is gone. */
static bool answer_try(const struct parent *p, struct frame_try *try, struct tries *tries,
                       struct login *login)
{
    const struct who who = { try->user, try->mechanism };
    struct timespec began;
    if (clock_gettime(CLOCK_MONOTONIC, &began) < 0)
        return false;
    enum auth_verdict verdict = VERDICT_FAILED;
    if (may_try(p, tries, &who))
        verdict = check(p, try, login);
    wipe_password(try);
    return send_verdict(p, end_try(p, tries, &began, verdict), NULL);
}

/* SCRAM's first half. The try is over where there can be no second. */
static bool answer_begin(const struct parent *p, const struct frame_scram_begin *begin,
                         struct tries *tries)
{
    const struct who who = { begin->user, begin->mechanism };
    struct frame_scram_begun begun = { .head = { FRAME_MAGIC, FRAME_SCRAM_BEGUN } };
    struct frame_checked checked;
    enum auth_verdict verdict = VERDICT_FAILED;
    if (clock_gettime(CLOCK_MONOTONIC, &tries->scram_began) < 0)
        return false;
    tries->scram = *begin;
    if (may_try(p, tries, &who)) {
        if (checker_scram_begin(p->settings, begin, &tries->checker, &begun, &checked))
            return frame_send(p->channel, &begun, sizeof begun);
        verdict = (enum auth_verdict)checked.verdict;
        log_failure(p, &who, verdict, checked.reason);
    }
    begun.verdict = (uint32_t)end_try(p, tries, &tries->scram_began, verdict);
    return frame_send(p->channel, &begun, sizeof begun);
}

/* The second. A name that can't be a user's went the whole way, like every other. */
static bool answer_proof(const struct parent *p, const struct frame_scram_proof *proof,
                         struct tries *tries, struct login *login)
{
    const struct who who = { tries->scram.user, tries->scram.mechanism };
    struct frame_checked checked;
    checker_scram_prove(&tries->checker, proof, &checked);
    if (!identity_plausible(who.user))
        checker_set(&checked, VERDICT_FAILED, "bad-user-name");
    enum auth_verdict verdict = conclude(p, &who, &checked, login);
    return send_verdict(p, end_try(p, tries, &tries->scram_began, verdict), checked.signature);
}

/* The client has given up SCRAM between its halves, or said what is no second half. That costs
 * what a wrong proof does, or it would be a free way to make checkers. */
static void end_abandoned(const struct parent *p, struct tries *tries)
{
    const struct who who = { tries->scram.user, tries->scram.mechanism };
    if (tries->checker.pid == 0)
        return;
    checker_end(&tries->checker);
    log_failure(p, &who, VERDICT_FAILED, "given-up");
    delay(fail_delay(p->settings, tries->failed), &tries->scram_began);
    tries->failed++;
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

/* A frame of a gate that has not logged in. False: the gate is gone, or *broken_r says what it
 * has done. */
static bool answer(const struct parent *p, union frame_from_gate *frame, size_t n,
                   struct tries *tries, struct login *login, const char **broken_r)
{
    if (tries->over) {
        *broken_r = "a try too many";
        return false;
    }
    if (tries->checker.pid != 0 && frame_scram_proof_valid(&frame->proof, n))
        return answer_proof(p, &frame->proof, tries, login);
    end_abandoned(p, tries);
    if (frame_try_valid(&frame->try, n))
        return answer_try(p, &frame->try, tries, login);
    if (frame_scram_begin_valid(&frame->begin, n))
        return answer_begin(p, &frame->begin, tries);
    *broken_r = "a frame that is no try";
    return false;
}

static enum parent_end serve(const struct parent *p, union frame_from_gate *frame,
                             struct tries *tries, struct login *login)
{
    for (;;) {
        size_t n = 0;
        const char *what = NULL;
        switch (frame_receive(p->channel, frame, sizeof *frame, &n, &p->deadline)) {
        case FRAME_CLOSED:
            return PARENT_CLOSED;
        case FRAME_LATE:
            return PARENT_LATE;
        case FRAME_TOO_LONG:
            return broken(p, "a frame that is too long");
        case FRAME_GOT:
            break;
        }
        if (tries->accepted) {
            if (!frame_hand_over_valid(&frame->hand_over, n))
                return broken(p, "a frame that is no hand-over after a login");
            take_hand_over(&frame->hand_over, login);
            return PARENT_LOGGED_IN;
        }
        if (p->starttls && !p->tls && !tries->over &&
            frame_starttls_valid(&frame->starttls, n)) {
            end_abandoned(p, tries);
            return PARENT_STARTTLS;
        }
        if (!answer(p, frame, n, tries, login, &what))
            return what == NULL ? PARENT_CLOSED : broken(p, what);
    }
}

/* The gate may be waiting for us when its time is up. */
static bool set_deadline(struct parent *p)
{
    if (p->deadline.tv_sec != 0)
        return true; /* a second gate has no more time than the first had left */
    if (clock_gettime(CLOCK_MONOTONIC, &p->deadline) < 0)
        return false;
    p->deadline.tv_sec += (time_t)p->settings->login_timeout +
                          fail_delay(p->settings, p->settings->max_auth_tries) +
                          CHECKER_SECONDS + SLACK_SECONDS;
    return true;
}

enum parent_end parent_serve(struct parent *p, struct login *login_r)
{
    login_r->slot = -1;
    if (!set_deadline(p))
        return PARENT_LATE;
    union frame_from_gate frame;
    struct tries tries = { .failed = p->failed, .checker = { .channel = -1 } };
    enum parent_end end = serve(p, &frame, &tries, login_r);
    p->failed = tries.failed;
    explicit_bzero(&frame, sizeof frame);
    checker_end(&tries.checker);
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
