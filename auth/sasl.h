/*
 * SASL's server side, free of I/O: responses in, challenges out (RFC 4422; PLAIN: RFC 4616;
 * LOGIN: as the clients of draft-murchison-sasl-login expect it; EXTERNAL: RFC 4422 appendix A;
 * SCRAM: RFC 5802 and 7677; OAUTHBEARER: RFC 7628; XOAUTH2: as Google describes it). Runs in
 * the gate: what needs a secret is asked of the parent by whoever calls this.
 */
#ifndef AUTH_SASL_H
#define AUTH_SASL_H

#include "auth/gate.h"
#include "config/settings.h"
#include "net/tls.h"

#include <stdbool.h>
#include <stddef.h>

enum sasl_step {
    SASL_CHALLENGE, /* send the challenge, wait for the response */
    SASL_ASK,       /* user and password (token; nothing with EXTERNAL) are there: ask about
                       them, and with a token, where that fails, go on with sasl_token_failed */
    SASL_ASK_SALT,  /* SCRAM: ask for the user's salt, and go on with sasl_scram_salt */
    SASL_ASK_PROOF, /* SCRAM: ask about message and proof, and go on with sasl_scram_signed */
    SASL_DONE,      /* nothing more is to be said: what was heard last counts */
    SASL_MALFORMED, /* the response is no message of this mechanism: BAD */
    SASL_REFUSED    /* well-formed, but can never succeed (other authzid, too long): as a failed
                       try, after asking the parent all the same, with nothing in it */
};

/* What decides which mechanisms there are. */
struct sasl_terms {
    const struct settings *settings;
    const struct tls_facts *tls; /* NULL: none */
    bool password_refused;       /* no password or token may be sent on this connection */
};

/* Octets of the longest challenge: SCRAM's first, with the client's nonce in it. */
#define SASL_CHALLENGE_MAX 1023
/* Octets of the longest response: a token with what stands round it. */
#define SASL_RESPONSE_MAX 6143

/* SCRAM between the client's messages. */
struct sasl_scram {
    char header[512]; /* gs2-header, for the client to repeat */
    size_t header_n;
    const unsigned char *binding; /* NULL: not bound */
    size_t binding_n;
    char nonce[256 + SCRAM_NONCE + 1];        /* the client's part, then both */
    char message[AUTH_SCRAM_MESSAGE_MAX + 1]; /* AuthMessage as far as it goes */
    size_t message_n;
    unsigned char proof[SCRAM_KEY];
};

struct sasl {
    enum auth_mechanism mechanism;
    const struct sasl_terms *terms;
    unsigned round;
    char user[AUTH_USER_MAX + 1];
    char password[AUTH_TOKEN_MAX + 1];
    struct sasl_scram scram;
    char challenge[SASL_CHALLENGE_MAX + 1];
    size_t challenge_n;
};

/* Whether a client may use it now: what AUTH= lists, and what AUTHENTICATE takes. */
bool sasl_offered(const struct sasl_terms *terms, enum auth_mechanism mechanism);

/* Whether we have a mechanism of that name (any case), offered or not. */
bool sasl_find(const char *name, enum auth_mechanism *mechanism_r);

/* The mechanisms in the order in which AUTH= lists them; MECHANISMS at the end. */
extern const enum auth_mechanism sasl_order[];

/* Begins an exchange; the terms must outlive it. */
void sasl_begin(struct sasl *s, enum auth_mechanism mechanism, const struct sasl_terms *terms);

/* One step. After MALFORMED and REFUSED user and password are empty. response NULL: none came
 * yet (no initial response); else n decoded octets. With SASL_CHALLENGE s->challenge has
 * s->challenge_n octets to send, base64 still to be made. */
enum sasl_step sasl_respond(struct sasl *s, const unsigned char *response, size_t n);

/* After SASL_ASK_SALT. */
enum sasl_step sasl_scram_salt(struct sasl *s, const struct gate_salt *salt);

/* After SASL_ASK_PROOF and VERDICT_OK. */
enum sasl_step sasl_scram_signed(struct sasl *s, const unsigned char signature[SCRAM_KEY]);

/* After SASL_ASK of a token that failed: the challenge tells why (RFC 7628 section 3.2.2), and
 * whatever the client responds, it has failed. */
enum sasl_step sasl_token_failed(struct sasl *s);

/* Wipes it all. */
void sasl_end(struct sasl *s);

/* Strict base64 (RFC 4648 section 4). Decoding: -1 for anything that is not exactly that, else
 * the octets written to out, which holds 3 for each 4 of in. Encoding: out holds
 * BASE64_ENCODED(n) + 1; NUL-terminated. */
#define BASE64_ENCODED(n) (((n) + 2) / 3 * 4)
#define BASE64_DECODE_MAX 65536 /* characters in one piece; more is refused */
long base64_decode(const char *in, size_t n, unsigned char *out);
void base64_encode(const void *in, size_t n, char *out);

#endif
