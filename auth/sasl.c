#include "auth/sasl.h"

#include <string.h>
#include <strings.h>

/* In the order of preference in which they are listed; the enum's values beside them. */
const char *const sasl_mechanisms[] = { "PLAIN", "LOGIN", NULL };
static const enum auth_mechanism mechanism_of[] = { MECHANISM_PLAIN, MECHANISM_LOGIN };

bool sasl_find(const char *name, enum auth_mechanism *mechanism_r)
{
    for (size_t i = 0; sasl_mechanisms[i] != NULL; i++) {
        if (strcasecmp(name, sasl_mechanisms[i]) == 0) {
            *mechanism_r = mechanism_of[i];
            return true;
        }
    }
    return false;
}

const char *auth_mechanism_name(enum auth_mechanism mechanism)
{
    static const char *const names[] = { [MECHANISM_COMMAND] = "command",
                                         [MECHANISM_LOGIN] = "LOGIN",
                                         [MECHANISM_PLAIN] = "PLAIN" };
    return (size_t)mechanism < sizeof names / sizeof *names ? names[mechanism] : "unknown";
}

void sasl_begin(struct sasl *s, enum auth_mechanism mechanism)
{
    memset(s, 0, sizeof *s);
    s->mechanism = mechanism;
}

void sasl_end(struct sasl *s)
{
    explicit_bzero(s, sizeof *s);
}

/* Copies n octets as a string into `to` of `size` octets. */
static enum sasl_step take(char *to, size_t size, const unsigned char *from, size_t n)
{
    if (memchr(from, '\0', n) != NULL)
        return SASL_MALFORMED;
    if (n >= size)
        return SASL_REFUSED;
    memcpy(to, from, n);
    to[n] = '\0';
    return SASL_DONE;
}

/* RFC 4616 section 2: [authzid] NUL authcid NUL passwd. One user can't act for another here,
 * so an authzid must be the authcid. */
static enum sasl_step plain(struct sasl *s, const unsigned char *response, size_t n)
{
    const unsigned char *first = memchr(response, '\0', n);
    if (first == NULL)
        return SASL_MALFORMED;
    size_t authzid = (size_t)(first - response);
    const unsigned char *user = first + 1;
    size_t left = n - authzid - 1;
    const unsigned char *second = memchr(user, '\0', left);
    if (second == NULL)
        return SASL_MALFORMED;
    size_t user_n = (size_t)(second - user);
    const unsigned char *password = second + 1;
    size_t password_n = left - user_n - 1;
    if (user_n == 0 || password_n == 0)
        return SASL_REFUSED; /* section 2: what is empty fails to verify */
    enum sasl_step step = take(s->password, sizeof s->password, password, password_n);
    if (step != SASL_DONE)
        return step;
    step = take(s->user, sizeof s->user, user, user_n);
    if (step == SASL_DONE && authzid > 0 &&
        (authzid != user_n || memcmp(response, user, user_n) != 0))
        step = SASL_REFUSED;
    return step;
}

static enum sasl_step step(struct sasl *s, const unsigned char *response, size_t n,
                           const char **challenge_r, size_t *challenge_n_r)
{
    /* The NUL that ends each is part of the challenge: some clients of this mechanism
     * compare it. */
    static const char ask_user[] = "User Name";
    static const char ask_password[] = "Password";

    if (response == NULL) {
        bool login = s->mechanism == MECHANISM_LOGIN;
        *challenge_r = login ? ask_user : "";
        *challenge_n_r = login ? sizeof ask_user : 0;
        return s->round == 0 ? SASL_CHALLENGE : SASL_MALFORMED;
    }
    if (s->mechanism == MECHANISM_PLAIN)
        return plain(s, response, n);
    if (s->mechanism != MECHANISM_LOGIN)
        return SASL_MALFORMED;
    if (s->round++ > 0)
        return take(s->password, sizeof s->password, response, n);
    enum sasl_step got = take(s->user, sizeof s->user, response, n);
    if (got != SASL_DONE)
        return got;
    *challenge_r = ask_password;
    *challenge_n_r = sizeof ask_password;
    return SASL_CHALLENGE;
}

enum sasl_step sasl_respond(struct sasl *s, const unsigned char *response, size_t n,
                            const char **challenge_r, size_t *challenge_n_r)
{
    *challenge_r = "";
    *challenge_n_r = 0;
    enum sasl_step got = step(s, response, n, challenge_r, challenge_n_r);
    if (got == SASL_MALFORMED || got == SASL_REFUSED) {
        explicit_bzero(s->user, sizeof s->user);
        explicit_bzero(s->password, sizeof s->password);
    }
    return got;
}
