/*
 * What of root's power the parent keeps while it answers the gate, and the checkers with it.
 */
#ifndef AUTH_CAPABILITY_H
#define AUTH_CAPABILITY_H

#include "config/settings.h"

#include <stdbool.h>
#include <stdint.h>

/* The set, as bits 1 << CAP_..., for these settings; UINT64_MAX: all, because PAM sessions are
 * opened, of which any module may need anything. doc/security.md has the reason for each. */
uint64_t capability_needed(const struct settings *s);

/* Gives up, of what this process has, all that is not in the set: effective, permitted and
 * inheritable. False: not to be had; logged. */
bool capability_keep(uint64_t set);

/* As root, before the gate is forked: capability_keep of what is needed; and where PAM is not
 * asked, no_new_privs, so that no program gives back what was given up. (With PAM it could
 * stand in the way of a module's helper.) False: not to be had, and the process must end. */
bool capability_limit_parent(const struct settings *s);

#endif
