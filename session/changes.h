/*
 * What has changed since a mod-sequence: for a client that was away, or asks (RFC 7162 sections
 * 3.1.4.1, 3.2.5 and 3.2.6).
 */
#ifndef SESSION_CHANGES_H
#define SESSION_CHANGES_H

#include "session/vanished.h"
#include "session/view.h"

struct qresync;

struct changes {
    uint32_t *uid; /* owned: changed messages that are there, ascending; perhaps some that the
                      view does not show yet */
    size_t count;
    struct uid_ranges gone; /* expunged, and not in the view */
    bool gone_known;        /* these are exactly they; else all UIDs that no message has */
};

/* What changed after `since`. `gone`: the expunged ones are wanted, too. False: no memory, or
 * an index that fails again and again. To be freed in any case. */
bool changes_since(struct view *v, uint64_t since, bool gone, struct changes *changes_r);
void changes_free(struct changes *changes);

/* Leaves of changes->gone what is in the set, which is normalized, and above `above`. False: no
 * memory. */
bool changes_limit_gone(struct changes *changes, const struct sequence_set *set,
                        uint32_t above);

/* The highest UID of which the client knows rightly which sequence number it has, from its
 * sample (RFC 7162 section 3.2.5.2): it then knows of all expunges below. 0: there is none. */
uint32_t changes_matched(const struct view *v, const struct qresync *sample);

#endif
