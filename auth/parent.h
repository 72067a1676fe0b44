/*
 * The parent's side of a connection that is not logged in yet.
 *
 * It runs as root and reads nothing but the gate's frames. It counts the tries and delays the
 * failures itself, so that a gate that was taken over can try no faster than its client could.
 */
#ifndef AUTH_PARENT_H
#define AUTH_PARENT_H

#include "auth/frame.h"
#include "config/settings.h"

struct parent {
    const struct settings *settings;
    const char *peer;  /* for the log */
    const char *rhost; /* the client's address for PAM; NULL: a local client */
    const char *slots; /* the directory of auth/slots.h; NULL: connections are not counted */
    bool certificates; /* what the gate says of a TLS certificate's user counts (EXTERNAL) */
    int channel;       /* to the gate */
    /* What outlives a gate, where STARTTLS makes another: zeros at first. */
    struct timespec deadline; /* CLOCK_MONOTONIC: for the login */
    unsigned failed;          /* tries */
    bool starttls;            /* may be asked for */
    bool tls;                 /* this gate speaks it */
};

enum parent_end {
    PARENT_LOGGED_IN, /* go on as the user */
    PARENT_STARTTLS,  /* make a gate that speaks TLS, once this one has ended */
    PARENT_CLOSED,    /* the gate has ended */
    PARENT_LATE,      /* the time for a login is over; the gate should have known */
    PARENT_BROKEN     /* the gate said what no gate says; logged */
};

struct login {
    struct identity identity;
    enum auth_mechanism mechanism;
    int slot;                   /* keeps the user's slot while it is open; -1: not counted */
    char tag[AUTH_TAG_MAX + 1]; /* of the command to be answered */
    size_t ahead_n;
    unsigned char ahead[AUTH_AHEAD_MAX]; /* what the gate had read beyond it */
};

/* Answers the gate until there is a login, or none can come any more. *login_r is filled where
 * there is one. Logs each login and each failure. The caller ends and reaps the gate.
 * login_r->slot is set in every case, and the caller's. */
enum parent_end parent_serve(struct parent *p, struct login *login_r);

/* Whether nothing more comes through the channel because the gate has ended, within a second or
 * two; a frame that comes all the same is thrown away. */
bool parent_gate_ended(const struct parent *p);

#endif
