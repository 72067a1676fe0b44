/*
 * Who a user is to the system: what the checker finds out and the session becomes.
 */
#ifndef AUTH_IDENTITY_H
#define AUTH_IDENTITY_H

#include "auth/gate.h"
#include "config/settings.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Octets of a home directory: PATH_MAX without its NUL. */
#define IDENTITY_HOME_MAX 4095
/* Supplementary groups. The kernel allows 65,536; a user in more than these is refused rather
 * than made a member of some of them. */
#define IDENTITY_GROUPS_MAX 1024

/* Of fixed size, because it travels in a frame from the checker to the parent. */
struct identity {
    char user[AUTH_USER_MAX + 1];
    char home[IDENTITY_HOME_MAX + 1]; /* empty: none known */
    uid_t uid;
    gid_t gid;
    uint32_t group_count;
    gid_t group[IDENTITY_GROUPS_MAX]; /* all of them, gid among them */
    uint32_t backend;                 /* enum auth_backend: who vouched for the password */
};

/* Whether each member is within its bounds and the strings end. */
bool identity_valid(const struct identity *id);

/* Whether a name can be a user's at all: not empty, no control character, '/' or ':', no '.' or
 * '-' at its front. No backend needs to see another: PAM modules, some of which build files'
 * names and queries of it, are not to be tried with it. */
bool identity_plausible(const char *user);

/* Fills all but `backend` from the system's user database. False: no such user, a name or home
 * that is too long, too many groups; *why_r then says which, for the log. */
bool identity_of_account(struct identity *id, const char *user, const char **why_r);

/* Fills the groups from the group database, for a user of that name with id->gid. */
bool identity_find_groups(struct identity *id, const char **why_r);

/* Why this user may not log in whatever the password; NULL: nothing against it. uid 0 and those
 * below first_valid_uid never; without root (own != 0) only the user that this process is; and
 * none whose mail_root can't be made. */
const char *identity_refused(const struct identity *id, const struct settings *s, uid_t own);

#endif
