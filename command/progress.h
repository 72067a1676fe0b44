/* Telling how far a command is that takes long: INPROGRESS (RFC 9585). */
#ifndef COMMAND_PROGRESS_H
#define COMMAND_PROGRESS_H

#include "session/session.h"

struct progress {
    struct session *session;
    const char *tag; /* the command's, as long as this is in use */
    int64_t due;     /* CLOCK_MONOTONIC milliseconds: not to be told before */
    uint64_t before; /* what the parts of the command have done that are over */
    uint64_t done;   /* and this one, so far */
};

/* From now on, until progress_end, the session's store tells the client now and then, as the
 * setting progress_interval says. Without a store nothing happens. */
void progress_begin(struct progress *p, struct session *s, const char *tag);
void progress_end(const struct progress *p);

#endif
