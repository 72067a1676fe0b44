/*
 * What the command loop asks of the gate role: to try a password, and to hand the connection
 * over. The gate speaks with the root parent in fixed frames (auth/frame.h).
 */
#ifndef AUTH_GATE_H
#define AUTH_GATE_H

#include <stdbool.h>
#include <stddef.h>

/* Octets of a user name and of a password, without the NUL; longer ones are refused alike. */
#define AUTH_USER_MAX     255
#define AUTH_PASSWORD_MAX 1023
/* Octets of a command's tag that the hand-over can carry. */
#define AUTH_TAG_MAX 255
/* Octets read ahead that it can carry: the stream's whole read buffer. */
#define AUTH_AHEAD_MAX 16384

enum auth_mechanism {
    MECHANISM_COMMAND, /* the LOGIN command */
    MECHANISM_LOGIN,   /* AUTHENTICATE LOGIN */
    MECHANISM_PLAIN,   /* AUTHENTICATE PLAIN (RFC 4616) */
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

/* What the connection's TLS vouches for, filled in by the gate after the handshake. */
struct gate_tls {
    /* tls-exporter (RFC 9266): 32 octets for the label "EXPORTER-Channel-Binding" with an empty
     * context; with TLS 1.2 only where the extended master secret was agreed on. None: n 0. */
    size_t exporter_n;
    unsigned char exporter[32];
    /* tls-server-end-point (RFC 5929 section 4): the certificate's hash. None: n 0. */
    size_t end_point_n;
    unsigned char end_point[64];
    /* The user that a client certificate names, one that tls_client_ca vouches for; else "". */
    char user[AUTH_USER_MAX + 1];
};

/* The gate's end of the channel to the parent. */
struct gate {
    int channel;                /* a SOCK_SEQPACKET socket */
    const struct gate_tls *tls; /* NULL: a connection in the clear */
    bool accepted;              /* VERDICT_OK was heard */
    bool handed_over;           /* nothing can be asked any more */
};

/* Asks the parent, and waits for it. Takes auth_fail_delay at least where it
 * fails, longer with each time. The caller
 * still owns, and wipes, both strings; one that is too long is asked for as an empty one, which
 * can never succeed. VERDICT_UNAVAILABLE also when the parent does not answer: the next try
 * will end alike. */
enum auth_verdict gate_authenticate(struct gate *gate, enum auth_mechanism mechanism,
                                    const char *user, const char *password);

/* After VERDICT_OK: gives the parent the tag (1 to AUTH_TAG_MAX octets) of the command to be
 * answered and the octets (n <= AUTH_AHEAD_MAX) that were read ahead. What the gate had to say
 * to the client must have been sent before. True: the gate has nothing left to do but exit, and
 * soon. False: out of these bounds, or the parent is gone; the connection can't go on. */
bool gate_hand_over(struct gate *gate, const char *tag, const void *ahead, size_t n);

#endif
