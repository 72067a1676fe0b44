/*
 * OAUTHBEARER (RFC 7628 section 3.1) and its forerunner XOAUTH2:
 *
 *     n,a=user@example.com,^Ahost=server.example.com^Aport=143^Aauth=Bearer token^A^A
 *     user=user@example.com^Aauth=Bearer token^A^A
 *
 * where ^A is the octet 1.
 */
#include "auth/sasl_steps.h"

#include <string.h>

#define SEPARATOR '\x01'

/* RFC 6750 section 2.1, b64token. The helper, which may well be a shell script, sees no other
 * characters. */
static bool is_token(const struct piece *p)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    size_t n = p->n;
    while (n > 0 && p->octets[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++) {
        if (p->octets[i] == '\0' || strchr(characters, p->octets[i]) == NULL)
            return false;
    }
    return n > 0;
}

/* "Bearer" in any case (RFC 7235 section 2.1), one space or more, the token. An empty value is
 * how a client asks what is needed (RFC 7628 section 4.3). */
static enum sasl_step take_token(struct sasl *s, const struct piece *value)
{
    struct piece token = *value;
    struct piece scheme;
    if (!sasl_until(&token, ' ', &scheme) || !sasl_is(&scheme, "Bearer", true))
        return SASL_REFUSED;
    while (token.n > 0 && token.octets[0] == ' ')
        token = (struct piece){ token.octets + 1, token.n - 1 };
    if (!is_token(&token))
        return SASL_REFUSED;
    return sasl_take(s->password, sizeof s->password, &token);
}

/* *(key "=" value ^A) ^A, and nothing behind it. Keys but auth and, with XOAUTH2, user are
 * passed over (section 3.1: host, port and others to come). */
static enum sasl_step take_pairs(struct sasl *s, struct piece rest)
{
    enum sasl_step got = SASL_MALFORMED; /* without auth */
    struct piece value;
    struct piece key;
    bool seen = false;
    for (;;) {
        if (!sasl_until(&rest, SEPARATOR, &value))
            return SASL_MALFORMED;
        if (value.n == 0)
            return rest.n == 0 ? got : SASL_MALFORMED;
        if (!sasl_until(&value, '=', &key) || key.n == 0)
            return SASL_MALFORMED;
        if (sasl_is(&key, "auth", false)) {
            if (seen)
                return SASL_MALFORMED;
            seen = true;
            got = take_token(s, &value);
        }
    }
}

/* Each is one message. */
static enum sasl_step finish(struct sasl *s, enum sasl_step got)
{
    s->round = 1;
    return got == SASL_DONE ? SASL_ASK : got;
}

/* RFC 5801 section 4's gs2-header, without channel binding: RFC 7628 section 3.1 has none. */
enum sasl_step sasl_oauthbearer(struct sasl *s, const struct piece *response)
{
    struct piece rest = *response;
    struct piece flag;
    struct piece authzid;
    struct piece end;
    if (s->round > 0)
        return SASL_MALFORMED;
    if (!sasl_until(&rest, ',', &flag) || !sasl_until(&rest, ',', &authzid) ||
        (!sasl_is(&flag, "n", false) && !sasl_is(&flag, "y", false)) ||
        !sasl_until(&rest, SEPARATOR, &end) || end.n > 0)
        return SASL_MALFORMED;
    if (authzid.n > 0) {
        if (authzid.n < 2 || memcmp(authzid.octets, "a=", 2) != 0)
            return SASL_MALFORMED;
        authzid = (struct piece){ authzid.octets + 2, authzid.n - 2 };
        enum sasl_step step = sasl_take_name(s->user, sizeof s->user, &authzid);
        if (step != SASL_DONE)
            return step;
    }
    return finish(s, take_pairs(s, rest));
}

enum sasl_step sasl_xoauth2(struct sasl *s, const struct piece *response)
{
    struct piece rest = *response;
    struct piece user;
    struct piece key;
    if (s->round > 0)
        return SASL_MALFORMED;
    if (!sasl_until(&rest, SEPARATOR, &user) || !sasl_until(&user, '=', &key) ||
        !sasl_is(&key, "user", false))
        return SASL_MALFORMED;
    enum sasl_step step = sasl_take(s->user, sizeof s->user, &user);
    return step == SASL_DONE ? finish(s, take_pairs(s, rest)) : step;
}

/* Scope and the provider's place are the administrator's and the client's affair. */
enum sasl_step sasl_token_failed(struct sasl *s)
{
    s->round = 1;
    return sasl_challenge(s, "%s",
                          s->mechanism == MECHANISM_XOAUTH2
                              ? "{\"status\":\"401\",\"schemes\":\"bearer\"}"
                              : "{\"status\":\"invalid_token\"}");
}
