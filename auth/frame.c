#include "auth/frame.h"
#include "auth/mechanism.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static bool head_valid(const struct frame_head *head, enum frame_kind kind)
{
    return head->magic == FRAME_MAGIC && head->kind == (uint32_t)kind;
}

/* `text` of `size` octets is a string of exactly n. */
static bool string_valid(const char *text, size_t size, uint32_t n)
{
    return n < size && memchr(text, '\0', size) == text + n;
}

bool frame_try_valid(const struct frame_try *f, size_t n)
{
    return n == sizeof *f && head_valid(&f->head, FRAME_TRY) && f->mechanism < MECHANISMS &&
           string_valid(f->user, sizeof f->user, f->user_n) &&
           string_valid(f->password, sizeof f->password, f->password_n) &&
           (f->password_n <= AUTH_PASSWORD_MAX || auth_mechanism_has_token(f->mechanism)) &&
           string_valid(f->prepared, sizeof f->prepared, f->prepared_n);
}

bool frame_scram_begin_valid(const struct frame_scram_begin *f, size_t n)
{
    return n == sizeof *f && head_valid(&f->head, FRAME_SCRAM_BEGIN) &&
           (f->mechanism == MECHANISM_SCRAM || f->mechanism == MECHANISM_SCRAM_PLUS) &&
           string_valid(f->user, sizeof f->user, f->user_n);
}

/* The nonce is base64's characters alone: it becomes part of a message with commas. */
static bool nonce_valid(const char nonce[SCRAM_NONCE + 1])
{
    static const char base64[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return memchr(nonce, '\0', SCRAM_NONCE + 1) == nonce + SCRAM_NONCE &&
           strspn(nonce, base64) == SCRAM_NONCE;
}

bool frame_scram_begun_valid(const struct frame_scram_begun *f, size_t n)
{
    if (n != sizeof *f || !head_valid(&f->head, FRAME_SCRAM_BEGUN) ||
        f->verdict > VERDICT_TOO_MANY)
        return false;
    return f->verdict != VERDICT_OK ||
           (f->iterations >= 1 && f->iterations <= SCRAM_ITERATIONS_MAX &&
            f->salt_n >= SCRAM_SALT_MIN && f->salt_n <= SCRAM_SALT_MAX &&
            nonce_valid(f->nonce));
}

bool frame_scram_proof_valid(const struct frame_scram_proof *f, size_t n)
{
    return n == sizeof *f && head_valid(&f->head, FRAME_SCRAM_PROOF) &&
           string_valid(f->message, sizeof f->message, f->message_n);
}

bool frame_starttls_valid(const struct frame_starttls *f, size_t n)
{
    return n == sizeof *f && head_valid(&f->head, FRAME_STARTTLS);
}

bool frame_verdict_valid(const struct frame_verdict *f, size_t n)
{
    return n == sizeof *f && head_valid(&f->head, FRAME_VERDICT) && f->verdict < VERDICTS;
}

bool frame_is_tag(const char *tag, size_t n)
{
    if (n == 0 || n > AUTH_TAG_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (tag[i] <= ' ' || tag[i] > '~' || strchr("(){%*\"\\+", tag[i]) != NULL)
            return false;
    }
    return true;
}

bool frame_hand_over_valid(const struct frame_hand_over *f, size_t n)
{
    return n == sizeof *f && head_valid(&f->head, FRAME_HAND_OVER) &&
           string_valid(f->tag, sizeof f->tag, f->tag_n) && frame_is_tag(f->tag, f->tag_n) &&
           f->ahead_n <= sizeof f->ahead;
}

bool frame_checked_valid(const struct frame_checked *f, size_t n)
{
    return n == sizeof *f && head_valid(&f->head, FRAME_CHECKED) &&
           f->verdict <= VERDICT_UNAVAILABLE &&
           memchr(f->reason, '\0', sizeof f->reason) != NULL &&
           (f->verdict != VERDICT_OK || identity_valid(&f->identity));
}

bool frame_client_valid(const struct frame_client *f, size_t n)
{
    static const unsigned char zeros[sizeof f->address];
    return n == sizeof *f && head_valid(&f->head, FRAME_CLIENT) &&
           (f->address_n == 0 || f->address_n == 4 || f->address_n == 16) &&
           memcmp(f->address + f->address_n, zeros, sizeof zeros - f->address_n) == 0;
}

bool frame_send(int fd, const void *frame, size_t n)
{
    ssize_t done;
    do
        done = send(fd, frame, n, MSG_NOSIGNAL);
    while (done < 0 && errno == EINTR);
    return done >= 0 && (size_t)done == n;
}

int frame_milliseconds_until(const struct timespec *t)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return 0;
    long long ns =
        (long long)(t->tv_sec - now.tv_sec) * 1000000000 + (t->tv_nsec - now.tv_nsec);
    if (ns <= 0)
        return 0;
    long long ms = (ns + 999999) / 1000000;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

enum frame_got frame_receive(int fd, void *frame, size_t size, size_t *n_r,
                             const struct timespec *deadline)
{
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int ready = poll(&p, 1, deadline == NULL ? -1 : frame_milliseconds_until(deadline));
        if (ready == 0)
            return FRAME_LATE;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return FRAME_CLOSED;
        ssize_t n = recv(fd, frame, size, MSG_TRUNC | MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return FRAME_CLOSED;
        *n_r = (size_t)n;
        return (size_t)n > size ? FRAME_TOO_LONG : FRAME_GOT;
    }
}
