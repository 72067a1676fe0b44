#include "net/relay.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* To the client goes all the mail: four full records of TLS at once. */
#define TO_CLIENT_SIZE  65536
#define TO_SESSION_SIZE 16384

/* Rounds of one direction before the other is looked at. */
#define ROUNDS 16

/* From the session's end until the client has its last words, in seconds: a bad line, not a
 * stubborn client. */
#define LAST_WORDS 60
/* And then until the client hangs up: see stream_part. */
#define PARTING_MS 1000

struct half {
    unsigned char *octets;
    size_t begin, end; /* what was read and not yet taken */
    bool open;         /* more may come */
};

struct relay {
    struct transport *t;
    int client, session;
    short client_events, session_events; /* to be waited for */
    struct half to_client, to_session;
    bool unsent;       /* the transport has octets that the client does not take */
    bool again;        /* a direction stopped for the other's sake, not for want of octets */
    bool session_gone; /* nobody hears what is sent to it */
    bool hung_up;      /* it has ended; what it said may still be on its way */
    bool broken;       /* the client is gone */
};

static bool empty(const struct half *half)
{
    return half->begin == half->end;
}

/* The transport said no. True: it only can't yet. */
static bool client_can_later(struct relay *r)
{
    if (errno != EAGAIN) {
        r->broken = true;
        return false;
    }
    r->client_events = (short)(r->client_events | r->t->waits);
    return true;
}

/* More from the session. False: not now. */
static bool hear_session(struct relay *r)
{
    struct half *half = &r->to_client;
    ssize_t n = recv(r->session, half->octets, TO_CLIENT_SIZE, MSG_DONTWAIT);
    if (n > 0) {
        half->begin = 0;
        half->end = (size_t)n;
        return true;
    }
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        r->session_events |= POLLIN;
    else
        half->open = false; /* ended, or killed with input unread: all the same */
    return false;
}

/* One buffer of the session's words, or what is left of it. False: no more for now. */
static bool carry_to_client(struct relay *r)
{
    struct half *half = &r->to_client;
    if (empty(half) && (!half->open || !hear_session(r)))
        return false;
    if (empty(half))
        return true; /* interrupted */
    ssize_t n = r->t->write(r->t, half->octets + half->begin, half->end - half->begin);
    if (n < 0) {
        r->unsent = client_can_later(r);
        return false;
    }
    half->begin += (size_t)n;
    return true;
}

static void pump_to_client(struct relay *r)
{
    unsigned round = 0;
    r->unsent = false;
    while (round < ROUNDS && carry_to_client(r))
        round++;
    r->again |= round == ROUNDS;
    if (!r->unsent && !r->broken)
        r->unsent = !r->t->flush(r->t) && client_can_later(r);
}

/* More from the client. False: not now. */
static bool hear_client(struct relay *r)
{
    struct half *half = &r->to_session;
    ssize_t n = r->t->read(r->t, half->octets, TO_SESSION_SIZE);
    if (n > 0) {
        half->begin = 0;
        half->end = (size_t)n;
        return true;
    }
    if (n == 0) {
        half->open = false;
        shutdown(r->session, SHUT_WR);
        return false;
    }
    client_can_later(r);
    return false;
}

static bool carry_to_session(struct relay *r)
{
    struct half *half = &r->to_session;
    if (empty(half) && (!half->open || !hear_client(r)))
        return false;
    if (r->session_gone) { /* it hears no more: dropped */
        half->begin = half->end;
        return true;
    }
    ssize_t n = send(r->session, half->octets + half->begin, half->end - half->begin,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
        half->begin += (size_t)n;
    } else if (errno == EAGAIN) {
        r->session_events |= POLLOUT;
        return false;
    } else if (errno != EINTR) {
        r->session_gone = true;
    }
    return true;
}

static void pump_to_session(struct relay *r)
{
    unsigned round = 0;
    while (round < ROUNDS && !r->broken && carry_to_session(r))
        round++;
    r->again |= round == ROUNDS;
}

/* Whether all that the session said has been sent. */
static bool done(const struct relay *r)
{
    return !r->to_client.open && empty(&r->to_client) && !r->unsent;
}

/* Of the session its end is of interest even where its words are not, because then the client's
 * time is shorter; but only once: it would be told for ever. */
static bool wait_for_either(struct relay *r, int milliseconds, bool *late_r)
{
    bool deaf = r->session_events == 0 && r->hung_up;
    struct pollfd fds[2] = { { .fd = r->client_events == 0 ? -1 : r->client,
                               .events = r->client_events },
                             { .fd = deaf ? -1 : r->session, .events = r->session_events } };
    int ready = poll(fds, 2, milliseconds);
    *late_r = ready == 0;
    r->hung_up |= ready > 0 && (fds[1].revents & (POLLHUP | POLLERR)) != 0;
    return ready >= 0 || errno == EINTR;
}

/* How long the client may take to make room; -1: it owes none, or for ever. */
static int patience_of(const struct relay *r, unsigned patience)
{
    if (!r->unsent)
        return -1;
    if (!r->to_client.open || r->hung_up)
        return LAST_WORDS * 1000;
    return patience == 0 ? -1 : (int)(patience > INT_MAX / 1000 ? INT_MAX : patience * 1000);
}

static enum relay_end carry(struct relay *r, unsigned patience)
{
    for (;;) {
        bool late = false;
        r->client_events = r->session_events = 0;
        r->again = false;
        pump_to_client(r);
        pump_to_session(r);
        if (r->broken)
            return RELAY_CLIENT;
        if (done(r))
            return RELAY_SESSION;
        if (!wait_for_either(r, r->again ? 0 : patience_of(r, patience), &late))
            return RELAY_FAILED;
        if (late && !r->again)
            return RELAY_STALLED;
    }
}

/* The client is told that this is the end, and is given time to hear it: octets of its own that
 * nobody read would make the kernel break the connection off, last words and all. */
static void part(struct relay *r)
{
    struct timespec began;
    struct timespec now;
    r->t->finish(r->t);
    if (shutdown(r->client, SHUT_WR) < 0 || clock_gettime(CLOCK_MONOTONIC, &began) < 0)
        return;
    for (long left = PARTING_MS; left > 0;) {
        struct pollfd fd = { .fd = r->client, .events = POLLIN };
        if (poll(&fd, 1, (int)left) <= 0 ||
            recv(r->client, r->to_session.octets, TO_SESSION_SIZE, MSG_DONTWAIT) <= 0 ||
            clock_gettime(CLOCK_MONOTONIC, &now) < 0)
            return;
        left = PARTING_MS -
               ((now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000);
    }
}

enum relay_end relay(struct transport *t, int client, int session, unsigned patience)
{
    struct relay r = { .t = t,
                       .client = client,
                       .session = session,
                       .to_client = { .octets = malloc(TO_CLIENT_SIZE), .open = true },
                       .to_session = { .octets = malloc(TO_SESSION_SIZE), .open = true } };
    enum relay_end end = RELAY_FAILED;
    if (r.to_client.octets != NULL && r.to_session.octets != NULL)
        end = carry(&r, patience);
    close(session); /* the session learns of a lost client by this */
    if (end == RELAY_SESSION)
        part(&r);
    free(r.to_client.octets);
    free(r.to_session.octets);
    return end;
}
