/*
 * The frames between gate, parent and checker.
 *
 * Each is a struct of fixed size, one packet of a SOCK_SEQPACKET socket (or one write to a
 * pipe), with a magic number and its kind at the head. Both ends are the same binary, so the
 * layout is the compiler's; but the sender may have been taken over by a client, so that a
 * frame received is octets until its frame_..._valid has said yes. Nothing in a frame has a
 * meaning beyond its bounds: no pointers, no lengths of things that are elsewhere.
 */
#ifndef AUTH_FRAME_H
#define AUTH_FRAME_H

#include "auth/gate.h"
#include "auth/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define FRAME_MAGIC 0x694d4150u /* "iMAP"; also stops a frame of zeros */

enum frame_kind {
    FRAME_TRY = 1,
    FRAME_VERDICT,
    FRAME_HAND_OVER,
    FRAME_CHECKED,
    FRAME_CLIENT,
    FRAME_SCRAM_BEGIN,
    FRAME_SCRAM_BEGUN,
    FRAME_SCRAM_PROOF,
    FRAME_STARTTLS
};

struct frame_head {
    uint32_t magic;
    uint32_t kind; /* enum frame_kind */
};

/* gate to parent: is this user's password this? SASLprep is the gate's to do, since it reads
 * what came from the client as text. With EXTERNAL there is no password, with OAUTHBEARER and
 * XOAUTH2 there is a token in its place, and the user may be empty. */
struct frame_try {
    struct frame_head head;
    uint32_t mechanism; /* enum auth_mechanism */
    uint32_t user_n;    /* octets of user, without the NUL behind it */
    uint32_t password_n;
    uint32_t prepared_n;
    char user[AUTH_USER_MAX + 1];
    char password[AUTH_TOKEN_MAX + 1];    /* a password: up to AUTH_PASSWORD_MAX */
    char prepared[AUTH_PASSWORD_MAX + 1]; /* after SASLprep; empty: it has no such form */
};

/* gate to parent to checker: what is this user's salt? */
struct frame_scram_begin {
    struct frame_head head;
    uint32_t mechanism; /* MECHANISM_SCRAM or MECHANISM_SCRAM_PLUS */
    uint32_t user_n;
    char user[AUTH_USER_MAX + 1];
};

/* checker to parent to gate: this. */
struct frame_scram_begun {
    struct frame_head head;
    uint32_t verdict; /* enum auth_verdict; but for OK the rest is empty */
    uint32_t iterations;
    uint32_t salt_n;
    unsigned char salt[SCRAM_SALT_MAX];
    char nonce[SCRAM_NONCE + 1];
};

/* gate to parent to checker: does this prove that the client has the password? Answered with a
 * verdict. */
struct frame_scram_proof {
    struct frame_head head;
    uint32_t message_n;
    char message[AUTH_SCRAM_MESSAGE_MAX + 1];
    unsigned char proof[SCRAM_KEY];
};

/* parent to gate: the answer. */
struct frame_verdict {
    struct frame_head head;
    uint32_t verdict;                   /* enum auth_verdict */
    unsigned char signature[SCRAM_KEY]; /* the server's, where SCRAM succeeded */
};

/* gate to parent: the client wants TLS, and has been told to go on; this gate is at its end. */
struct frame_starttls {
    struct frame_head head;
};

/* gate to parent: go on with this. */
struct frame_hand_over {
    struct frame_head head;
    uint32_t tag_n;
    uint32_t ahead_n;
    char tag[AUTH_TAG_MAX + 1];
    unsigned char ahead[AUTH_AHEAD_MAX];
};

/* Why a check ended as it did: for the log, a word of the list in imapd(8). */
#define FRAME_REASON_MAX 31

/* checker to parent. */
struct frame_checked {
    struct frame_head head;
    uint32_t verdict; /* OK, FAILED, EXPIRED or UNAVAILABLE */
    char reason[FRAME_REASON_MAX + 1];
    unsigned char signature[SCRAM_KEY]; /* as in frame_verdict */
    struct identity identity;           /* where the verdict is OK */
};

/* gate to parent, before all others, where the connection comes through a proxy: from whom. */
struct frame_client {
    struct frame_head head;
    uint32_t address_n;        /* 4 or 16; 0: from the proxy, as the kernel says */
    unsigned char address[16]; /* in network order; zeros behind it */
};

/* The largest frame that the gate may send. */
union frame_from_gate {
    struct frame_head head;
    struct frame_try try;
    struct frame_scram_begin begin;
    struct frame_scram_proof proof;
    struct frame_starttls starttls;
    struct frame_hand_over hand_over;
};

/* Whether the n octets at the frame are a whole and sane frame of its kind: exact size, magic,
 * kind, enums in range, lengths in bounds, a NUL where the length says and none before; the tag
 * of 1 to AUTH_TAG_MAX characters that a tag can have (RFC 3501 section 9, "tag"). */
bool frame_try_valid(const struct frame_try *f, size_t n);
bool frame_scram_begin_valid(const struct frame_scram_begin *f, size_t n);
bool frame_scram_begun_valid(const struct frame_scram_begun *f, size_t n);
bool frame_scram_proof_valid(const struct frame_scram_proof *f, size_t n);
bool frame_starttls_valid(const struct frame_starttls *f, size_t n);
bool frame_verdict_valid(const struct frame_verdict *f, size_t n);
bool frame_hand_over_valid(const struct frame_hand_over *f, size_t n);
bool frame_checked_valid(const struct frame_checked *f, size_t n);
bool frame_client_valid(const struct frame_client *f, size_t n);

/* Whether n octets can be a tag: 1 to AUTH_TAG_MAX of visible ASCII without ( ) { % * " \ and
 * +. */
bool frame_is_tag(const char *tag, size_t n);

/* Sends one frame whole. False: the other end is gone. */
bool frame_send(int fd, const void *frame, size_t n);

enum frame_got {
    FRAME_GOT,     /* *n_r octets; not yet looked at */
    FRAME_CLOSED,  /* the other end is gone */
    FRAME_LATE,    /* nothing came by the deadline */
    FRAME_TOO_LONG /* more than fits: nobody sends that */
};

/* Receives one packet of at most `size` octets, waiting until `deadline` (CLOCK_MONOTONIC;
 * NULL: for ever). Descriptors that come with it are dropped by the kernel. */
enum frame_got frame_receive(int fd, void *frame, size_t size, size_t *n_r,
                             const struct timespec *deadline);

/* Milliseconds from now until t, rounded up; 0: it is past. */
int frame_milliseconds_until(const struct timespec *t);

#endif
