#include "auth/mechanism.h"
#include "auth/sasl_steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The strongest first: clients that have no opinion take the first that they know. */
const enum auth_mechanism sasl_order[] = {
    MECHANISM_EXTERNAL, MECHANISM_SCRAM_PLUS, MECHANISM_SCRAM, MECHANISM_OAUTHBEARER,
    MECHANISM_XOAUTH2,  MECHANISM_PLAIN,      MECHANISM_LOGIN, MECHANISMS,
};

static bool has_scram(const struct settings *s)
{
    for (size_t i = 0; i < s->auth_count; i++) {
        if (s->auth[i] == AUTH_BACKEND_PASSWD_FILE)
            return s->scram;
    }
    return false;
}

bool sasl_offered(const struct sasl_terms *t, enum auth_mechanism mechanism)
{
    switch (mechanism) {
    case MECHANISM_PLAIN:
    case MECHANISM_LOGIN:
        return !t->password_refused;
    case MECHANISM_EXTERNAL:
        return t->tls != NULL && t->tls->client[0] != '\0';
    case MECHANISM_SCRAM:
        return has_scram(t->settings);
    case MECHANISM_SCRAM_PLUS:
        return has_scram(t->settings) && t->tls != NULL &&
               (t->tls->exporter_n > 0 || t->tls->end_point_n > 0);
    case MECHANISM_OAUTHBEARER:
    case MECHANISM_XOAUTH2:
        return !t->password_refused && t->settings->oauth_helper[0] != '\0';
    default:
        return false;
    }
}

bool sasl_find(const char *name, enum auth_mechanism *mechanism_r)
{
    for (size_t i = 0; sasl_order[i] != MECHANISMS; i++) {
        if (strcasecmp(name, auth_mechanism_name(sasl_order[i])) == 0) {
            *mechanism_r = sasl_order[i];
            return true;
        }
    }
    return false;
}

void sasl_begin(struct sasl *s, enum auth_mechanism mechanism, const struct sasl_terms *terms)
{
    memset(s, 0, sizeof *s);
    s->mechanism = mechanism;
    s->terms = terms;
}

void sasl_end(struct sasl *s)
{
    explicit_bzero(s, sizeof *s);
}

/* --- What the mechanisms have in common. ----------------------------------------------------
 */

bool sasl_until(struct piece *rest, char c, struct piece *taken_r)
{
    const char *end = memchr(rest->octets, c, rest->n);
    if (end == NULL)
        return false;
    *taken_r = (struct piece){ rest->octets, (size_t)(end - rest->octets) };
    *rest = (struct piece){ end + 1, rest->n - taken_r->n - 1 };
    return true;
}

bool sasl_is(const struct piece *p, const char *text, bool any_case)
{
    return p->n == strlen(text) && (any_case ? strncasecmp(p->octets, text, p->n) == 0
                                             : memcmp(p->octets, text, p->n) == 0);
}

enum sasl_step sasl_take(char *to, size_t size, const struct piece *p)
{
    if (memchr(p->octets, '\0', p->n) != NULL)
        return SASL_MALFORMED;
    if (p->n >= size)
        return SASL_REFUSED;
    memcpy(to, p->octets, p->n);
    to[p->n] = '\0';
    return SASL_DONE;
}

enum sasl_step sasl_take_name(char *to, size_t size, const struct piece *p)
{
    size_t n = 0;
    if (p->n == 0 || memchr(p->octets, '\0', p->n) != NULL)
        return SASL_MALFORMED;
    for (size_t i = 0; i < p->n; i++) {
        char c = p->octets[i];
        if (c == '=') {
            if (p->n - i < 3 ||
                (memcmp(p->octets + i, "=2C", 3) != 0 && memcmp(p->octets + i, "=3D", 3) != 0))
                return SASL_MALFORMED;
            c = p->octets[i + 2] == 'C' ? ',' : '=';
            i += 2;
        }
        if (n + 1 >= size)
            return SASL_REFUSED;
        to[n++] = c;
    }
    to[n] = '\0';
    return SASL_DONE;
}

enum sasl_step sasl_challenge(struct sasl *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(s->challenge, sizeof s->challenge, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof s->challenge)
        return SASL_REFUSED;
    s->challenge_n = (size_t)n;
    return SASL_CHALLENGE;
}

/* --- PLAIN, LOGIN, EXTERNAL. ----------------------------------------------------------------
 */

/* RFC 4616 section 2: [authzid] NUL authcid NUL passwd. One user can't act for another here,
 * so an authzid must be the authcid. */
static enum sasl_step plain(struct sasl *s, const struct piece *response)
{
    struct piece authzid;
    struct piece user;
    struct piece password = *response;
    if (!sasl_until(&password, '\0', &authzid) || !sasl_until(&password, '\0', &user))
        return SASL_MALFORMED;
    if (user.n == 0 || password.n == 0)
        return SASL_REFUSED; /* section 2: what is empty fails to verify */
    enum sasl_step step = sasl_take(s->password, AUTH_PASSWORD_MAX + 1, &password);
    if (step == SASL_DONE)
        step = sasl_take(s->user, sizeof s->user, &user);
    if (step != SASL_DONE)
        return step;
    if (authzid.n > 0 && !sasl_is(&authzid, s->user, false))
        return SASL_REFUSED;
    return SASL_ASK;
}

/* The NUL that ends each challenge is part of it: some clients compare it. */
static enum sasl_step login(struct sasl *s, const struct piece *response)
{
    static const char ask_password[] = "Password";
    if (s->round++ > 0) {
        enum sasl_step step = sasl_take(s->password, AUTH_PASSWORD_MAX + 1, response);
        return step == SASL_DONE ? SASL_ASK : step;
    }
    enum sasl_step step = sasl_take(s->user, sizeof s->user, response);
    if (step != SASL_DONE)
        return step;
    memcpy(s->challenge, ask_password, sizeof ask_password);
    s->challenge_n = sizeof ask_password;
    return SASL_CHALLENGE;
}

/* RFC 4422 appendix A: the response is whom to act as, and empty: whom the certificate names.
 */
static enum sasl_step external(struct sasl *s, const struct piece *response)
{
    if (memchr(response->octets, '\0', response->n) != NULL)
        return SASL_MALFORMED;
    if (response->n > 0 && !sasl_is(response, s->terms->tls->client, false))
        return SASL_REFUSED;
    memcpy(s->user, s->terms->tls->client, sizeof s->user);
    return SASL_ASK;
}

/* No initial response came: the mechanisms in which the client speaks first get an empty
 * challenge (RFC 4422 section 3), and LOGIN begins with ours. */
static enum sasl_step first_challenge(struct sasl *s)
{
    static const char ask_user[] = "User Name";
    if (s->round > 0)
        return SASL_MALFORMED;
    s->challenge_n = s->mechanism == MECHANISM_LOGIN ? sizeof ask_user : 0;
    memcpy(s->challenge, ask_user, s->challenge_n);
    return SASL_CHALLENGE;
}

static enum sasl_step step(struct sasl *s, const struct piece *response)
{
    switch (s->mechanism) {
    case MECHANISM_PLAIN:
        return plain(s, response);
    case MECHANISM_LOGIN:
        return login(s, response);
    case MECHANISM_EXTERNAL:
        return external(s, response);
    case MECHANISM_SCRAM:
    case MECHANISM_SCRAM_PLUS:
        return sasl_scram(s, response);
    case MECHANISM_OAUTHBEARER:
        return sasl_oauthbearer(s, response);
    case MECHANISM_XOAUTH2:
        return sasl_xoauth2(s, response);
    default:
        return SASL_MALFORMED;
    }
}

enum sasl_step sasl_respond(struct sasl *s, const unsigned char *response, size_t n)
{
    const struct piece p = { (const char *)response, n };
    s->challenge_n = 0;
    enum sasl_step got = response == NULL ? first_challenge(s) : step(s, &p);
    if (got == SASL_MALFORMED || got == SASL_REFUSED) {
        explicit_bzero(s->user, sizeof s->user);
        explicit_bzero(s->password, sizeof s->password);
    }
    return got;
}
