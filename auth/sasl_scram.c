/*
 * SCRAM's messages (RFC 5802 sections 5 to 7), as the gate reads and writes them:
 *
 *     C: n,,n=user,r=<client's nonce>
 *     S: r=<both nonces>,s=<salt>,i=<iterations>
 *     C: c=<gs2-header and channel binding>,r=<both nonces>,p=<proof>
 *     S: v=<signature>
 *     C: (empty)
 *
 * The gate compares what the client repeats; whether the proof fits is the checker's to say. To
 * it goes AuthMessage: the first message without its header, the second, and the third without
 * its proof, with commas between.
 */
#include "auth/sasl_steps.h"
#include "auth/saslprep.h"

#include <string.h>

/* Characters of the client's part of the nonce; clients send 18 to 64. */
#define CLIENT_NONCE_MAX 256

/* One attribute up to the next comma or the end: its letter must be `name`. */
static bool attribute(struct piece *rest, char name, struct piece *value_r)
{
    const char *comma = memchr(rest->octets, ',', rest->n);
    size_t n = comma == NULL ? rest->n : (size_t)(comma - rest->octets);
    if (n < 2 || rest->octets[0] != name || rest->octets[1] != '=' || n + 1 == rest->n)
        return false; /* a comma has something behind it */
    *value_r = (struct piece){ rest->octets + 2, n - 2 };
    n += comma != NULL;
    *rest = (struct piece){ rest->octets + n, rest->n - n };
    return true;
}

/* Extensions that we do not know are passed over (section 5.1); each is a letter, "=" and a
 * value. */
static bool extensions(struct piece rest)
{
    while (rest.n > 0) {
        struct piece value;
        char name = (char)(rest.octets[0] | 0x20);
        if (name < 'a' || name > 'z' || !attribute(&rest, rest.octets[0], &value) ||
            value.n == 0)
            return false;
    }
    return true;
}

/* Adds to AuthMessage. False: it is too long, which no honest exchange is. */
static bool add(struct sasl_scram *x, const void *octets, size_t n)
{
    if (n > sizeof x->message - 1 - x->message_n)
        return false;
    memcpy(x->message + x->message_n, octets, n);
    x->message_n += n;
    return true;
}

/* gs2-cbind-flag (section 7). "y" says that the client could bind but was offered nothing to
 * bind with: where it was, somebody between us has taken it away (section 6). */
static enum sasl_step take_flag(struct sasl *s, const struct piece *flag)
{
    const struct tls_facts *tls = s->terms->tls;
    bool plus = s->mechanism == MECHANISM_SCRAM_PLUS;
    if (sasl_is(flag, "n", false) || sasl_is(flag, "y", false)) {
        bool downgraded =
            flag->octets[0] == 'y' && sasl_offered(s->terms, MECHANISM_SCRAM_PLUS);
        return plus || downgraded ? SASL_REFUSED : SASL_DONE;
    }
    if (flag->n < 3 || memcmp(flag->octets, "p=", 2) != 0)
        return SASL_MALFORMED;
    const struct piece type = { flag->octets + 2, flag->n - 2 };
    if (!plus || tls == NULL)
        return SASL_REFUSED;
    if (sasl_is(&type, "tls-exporter", false)) {
        s->scram.binding = tls->exporter;
        s->scram.binding_n = tls->exporter_n;
    } else if (sasl_is(&type, "tls-server-end-point", false)) {
        s->scram.binding = tls->end_point;
        s->scram.binding_n = tls->end_point_n;
    }
    return s->scram.binding_n > 0 ? SASL_DONE : SASL_REFUSED;
}

/* gs2-header: the flag, and whom to act as, which must be the user. *authzid_r: "" or that. */
static enum sasl_step take_header(struct sasl *s, struct piece *rest,
                                  char authzid_r[AUTH_USER_MAX + 1])
{
    struct piece all = *rest;
    struct piece flag;
    struct piece authzid;
    authzid_r[0] = '\0';
    if (!sasl_until(rest, ',', &flag) || !sasl_until(rest, ',', &authzid))
        return SASL_MALFORMED;
    all.n -= rest->n;
    if (all.n > sizeof s->scram.header)
        return SASL_REFUSED;
    memcpy(s->scram.header, all.octets, all.n);
    s->scram.header_n = all.n;
    if (authzid.n > 0) {
        if (authzid.n < 2 || memcmp(authzid.octets, "a=", 2) != 0)
            return SASL_MALFORMED;
        authzid = (struct piece){ authzid.octets + 2, authzid.n - 2 };
        enum sasl_step step = sasl_take_name(authzid_r, AUTH_USER_MAX + 1, &authzid);
        if (step != SASL_DONE)
            return step;
    }
    return take_flag(s, &flag);
}

/* The name is looked up in its prepared form (section 5.1), and stands in AuthMessage as it
 * came. */
static enum sasl_step take_user(struct sasl *s, const struct piece *name, const char *authzid)
{
    char user[AUTH_USER_MAX + 1];
    enum sasl_step step = sasl_take_name(user, sizeof user, name);
    if (step != SASL_DONE)
        return step;
    if ((authzid[0] != '\0' && strcmp(authzid, user) != 0) ||
        !saslprep(user, SASLPREP_QUERY, s->user, sizeof s->user))
        return SASL_REFUSED;
    return SASL_DONE;
}

/* Section 7, "printable": what is visible in ASCII, but for the comma. */
static enum sasl_step take_nonce(struct sasl *s, const struct piece *nonce)
{
    for (size_t i = 0; i < nonce->n; i++) {
        if (nonce->octets[i] <= ' ' || nonce->octets[i] > '~')
            return SASL_MALFORMED;
    }
    if (nonce->n == 0)
        return SASL_MALFORMED;
    return sasl_take(s->scram.nonce, CLIENT_NONCE_MAX + 1, nonce);
}

static enum sasl_step client_first(struct sasl *s, const struct piece *response)
{
    char authzid[AUTH_USER_MAX + 1];
    struct piece rest = *response;
    struct piece name;
    struct piece nonce;
    enum sasl_step step = take_header(s, &rest, authzid);
    if (step != SASL_DONE)
        return step;
    struct piece bare = rest;
    if (rest.n > 1 && memcmp(rest.octets, "m=", 2) == 0)
        return SASL_REFUSED; /* section 5.1: an extension that must be understood, and is not */
    if (!attribute(&rest, 'n', &name) || !attribute(&rest, 'r', &nonce) || !extensions(rest))
        return SASL_MALFORMED;
    step = take_user(s, &name, authzid);
    if (step == SASL_DONE)
        step = take_nonce(s, &nonce);
    if (step != SASL_DONE)
        return step;
    return add(&s->scram, bare.octets, bare.n) && add(&s->scram, ",", 1) ? SASL_ASK_SALT
                                                                         : SASL_REFUSED;
}

enum sasl_step sasl_scram_salt(struct sasl *s, const struct gate_salt *salt)
{
    struct sasl_scram *x = &s->scram;
    char base64[BASE64_ENCODED(SCRAM_SALT_MAX) + 1];
    size_t n = strlen(x->nonce);
    memcpy(x->nonce + n, salt->nonce, sizeof salt->nonce);
    base64_encode(salt->salt, salt->salt_n, base64);
    s->round = 1;
    if (sasl_challenge(s, "r=%s,s=%s,i=%u", x->nonce, base64, salt->iterations) !=
            SASL_CHALLENGE ||
        !add(x, s->challenge, s->challenge_n) || !add(x, ",", 1))
        return SASL_REFUSED;
    return SASL_CHALLENGE;
}

/* Whether "c" is gs2-header and the channel binding data, in base64. That is not a secret. */
static bool is_bound(const struct sasl_scram *x, const struct piece *c)
{
    unsigned char octets[sizeof x->header + sizeof((struct tls_facts *)0)->end_point];
    char base64[BASE64_ENCODED(sizeof octets) + 1];
    memcpy(octets, x->header, x->header_n);
    if (x->binding_n > 0)
        memcpy(octets + x->header_n, x->binding, x->binding_n);
    base64_encode(octets, x->header_n + x->binding_n, base64);
    return sasl_is(c, base64, false);
}

static bool take_proof(struct sasl_scram *x, const struct piece *base64)
{
    unsigned char octets[SCRAM_KEY + 1];
    if (base64->n != BASE64_ENCODED(sizeof x->proof) ||
        base64_decode(base64->octets, base64->n, octets) != SCRAM_KEY)
        return false;
    memcpy(x->proof, octets, SCRAM_KEY);
    return true;
}

static enum sasl_step client_final(struct sasl *s, const struct piece *response)
{
    const char *comma = memrchr(response->octets, ',', response->n);
    if (comma == NULL)
        return SASL_MALFORMED;
    struct piece rest = { response->octets, (size_t)(comma - response->octets) };
    struct piece last = { comma + 1, response->n - rest.n - 1 };
    const struct piece without_proof = rest;
    struct piece binding;
    struct piece nonce;
    struct piece proof;
    if (!attribute(&rest, 'c', &binding) || !attribute(&rest, 'r', &nonce) ||
        !extensions(rest) || !attribute(&last, 'p', &proof) || !take_proof(&s->scram, &proof))
        return SASL_MALFORMED;
    s->round = 2;
    if (!is_bound(&s->scram, &binding) || !sasl_is(&nonce, s->scram.nonce, false) ||
        !add(&s->scram, without_proof.octets, without_proof.n))
        return SASL_REFUSED;
    return SASL_ASK_PROOF;
}

enum sasl_step sasl_scram_signed(struct sasl *s, const unsigned char signature[SCRAM_KEY])
{
    char base64[BASE64_ENCODED(SCRAM_KEY) + 1];
    base64_encode(signature, SCRAM_KEY, base64);
    return sasl_challenge(s, "v=%s", base64);
}

enum sasl_step sasl_scram(struct sasl *s, const struct piece *response)
{
    if (memchr(response->octets, '\0', response->n) != NULL)
        return SASL_MALFORMED;
    switch (s->round) {
    case 0:
        return client_first(s, response);
    case 1:
        return client_final(s, response);
    default:
        return response->n == 0 ? SASL_DONE : SASL_MALFORMED;
    }
}
