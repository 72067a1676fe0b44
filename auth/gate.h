/*
 * What the command loop asks of the gate role: to try a password, and to hand the connection
 * over. The gate speaks with the root parent in fixed frames (auth/frame.h).
 */
#ifndef AUTH_GATE_H
#define AUTH_GATE_H

#include "auth/scram.h"

#include <stdbool.h>
#include <stddef.h>

/* Octets of a user name and of a password, without the NUL; longer ones are refused alike. */
#define AUTH_USER_MAX     255
#define AUTH_PASSWORD_MAX 1023
/* Octets of a bearer token (RFC 6750): what a line of 8 KiB can carry in base64. */
#define AUTH_TOKEN_MAX 6000
/* Octets of SCRAM's AuthMessage (RFC 5802 section 3): a name of AUTH_USER_MAX in its longest
 * form, the nonce three times, salt and channel binding in base64, with room. */
#define AUTH_SCRAM_MESSAGE_MAX 4095
/* Octets of a command's tag that the hand-over can carry. */
#define AUTH_TAG_MAX 255
/* Octets read ahead that it can carry: the stream's whole read buffer. */
#define AUTH_AHEAD_MAX 16384

enum auth_mechanism {
    MECHANISM_COMMAND,     /* the LOGIN command */
    MECHANISM_LOGIN,       /* AUTHENTICATE LOGIN */
    MECHANISM_PLAIN,       /* AUTHENTICATE PLAIN (RFC 4616) */
    MECHANISM_EXTERNAL,    /* RFC 4422 appendix A: the TLS certificate's user */
    MECHANISM_SCRAM,       /* SCRAM-SHA-256 (RFC 7677) */
    MECHANISM_SCRAM_PLUS,  /* the same, bound to the TLS connection */
    MECHANISM_OAUTHBEARER, /* RFC 7628 */
    MECHANISM_XOAUTH2,     /* Google's forerunner of it */
    MECHANISMS
};

enum auth_verdict {
    VERDICT_OK,
    VERDICT_FAILED,  /* NO [AUTHENTICATIONFAILED]: no such user, wrong password, not allowed */
    VERDICT_EXPIRED, /* NO [EXPIRED]: the password was right and must be changed first */
    VERDICT_UNAVAILABLE, /* NO [UNAVAILABLE]: the checker could not do its work */
    VERDICT_TOO_MANY,    /* as FAILED, and no more tries: BYE */
    VERDICT_LIMIT, /* NO [LIMIT]: the password was right, the user has max_user_connections */
    VERDICTS
};

struct tls_facts;

/* The gate's end of the channel to the parent. */
struct gate {
    int channel; /* a SOCK_SEQPACKET socket */
    /* What is known of the connection's TLS (net/tls.h); NULL: it is in the clear. With TLS the
     * gate stays after the login, to carry octets between the client and the session. */
    const struct tls_facts *tls;
    bool starttls;    /* STARTTLS can be had */
    bool accepted;    /* VERDICT_OK was heard */
    bool handed_over; /* nothing can be asked any more */
};

/* Asks the parent about a user and a password (a token with OAUTHBEARER and XOAUTH2, nothing
 * with EXTERNAL), and waits for it. Takes auth_fail_delay at least where it fails, longer with
 * each time. The caller
 * still owns, and wipes, both strings; one that is too long is asked for as an empty one, which
 * can never succeed. VERDICT_UNAVAILABLE also when the parent does not answer: the next try
 * will end alike. */
enum auth_verdict gate_authenticate(struct gate *gate, enum auth_mechanism mechanism,
                                    const char *user, const char *password);

/* What SCRAM's first message to the client is made of. */
struct gate_salt {
    unsigned iterations;
    size_t salt_n;
    unsigned char salt[SCRAM_SALT_MAX];
    char nonce[SCRAM_NONCE + 1]; /* the server's part */
};

/* Begins SCRAM for a user (1 to AUTH_USER_MAX octets; there or not, the answer looks alike).
 * VERDICT_OK: *salt_r is filled, and gate_scram_prove must follow; an exchange that is given up
 * instead counts as a failed try. Else the try is over, as with gate_authenticate. */
enum auth_verdict gate_scram_begin(struct gate *gate, enum auth_mechanism mechanism,
                                   const char *user, struct gate_salt *salt_r);

/* The second half: the n octets of AuthMessage and the client's proof over it. n 0, or more
 * than AUTH_SCRAM_MESSAGE_MAX: a try that fails. VERDICT_OK: *signature_r is the server's. */
enum auth_verdict gate_scram_prove(struct gate *gate, const char *message, size_t n,
                                   const unsigned char proof[SCRAM_KEY],
                                   unsigned char signature_r[SCRAM_KEY]);

/* After VERDICT_OK: gives the parent the tag (1 to AUTH_TAG_MAX octets) of the command to be
 * answered and the octets (n <= AUTH_AHEAD_MAX) that were read ahead. What the gate had to say
 * to the client must have been sent before. True: the gate has nothing left to do but exit, and
 * soon. False: out of these bounds, or the parent is gone; the connection can't go on. */
bool gate_hand_over(struct gate *gate, const char *tag, const void *ahead, size_t n);

/* Leaves the connection, after the client was told to begin TLS, to another gate. As above. */
bool gate_starttls(struct gate *gate);

#endif
