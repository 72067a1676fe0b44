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

enum frame_kind { FRAME_TRY = 1, FRAME_VERDICT, FRAME_HAND_OVER, FRAME_CHECKED, FRAME_CLIENT };

struct frame_head {
    uint32_t magic;
    uint32_t kind; /* enum frame_kind */
};

/* gate to parent: is this user's password this? */
struct frame_try {
    struct frame_head head;
    uint32_t mechanism; /* enum auth_mechanism */
    uint32_t user_n;    /* octets of user, without the NUL behind it */
    uint32_t password_n;
    char user[AUTH_USER_MAX + 1];
    char password[AUTH_PASSWORD_MAX + 1];
};

/* parent to gate: the answer. */
struct frame_verdict {
    struct frame_head head;
    uint32_t verdict; /* enum auth_verdict */
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
    struct identity identity; /* where the verdict is OK */
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
    struct frame_hand_over hand_over;
};

/* Whether the n octets at the frame are a whole and sane frame of its kind: exact size, magic,
 * kind, enums in range, lengths in bounds, a NUL where the length says and none before; the tag
 * of 1 to AUTH_TAG_MAX characters that a tag can have (RFC 3501 section 9, "tag"). */
bool frame_try_valid(const struct frame_try *f, size_t n);
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
