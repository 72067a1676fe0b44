#include "auth/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* The user database's strings for one user: a name, a home, a long gecos field. */
#define ACCOUNT_OCTETS_MAX 65536

static bool refuse(const char **why_r, const char *why)
{
    *why_r = why;
    return false;
}

bool identity_valid(const struct identity *id)
{
    return memchr(id->user, '\0', sizeof id->user) != NULL && id->user[0] != '\0' &&
           memchr(id->home, '\0', sizeof id->home) != NULL &&
           (id->home[0] == '\0' || id->home[0] == '/') && id->uid != (uid_t)-1 &&
           id->gid != (gid_t)-1 && id->group_count <= IDENTITY_GROUPS_MAX &&
           id->backend < AUTH_BACKENDS;
}

bool identity_plausible(const char *user)
{
    for (const char *p = user; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '/' || *p == ':')
            return false;
    }
    return user[0] != '\0' && user[0] != '-' && user[0] != '.';
}

bool identity_find_groups(struct identity *id, const char **why_r)
{
    int n = IDENTITY_GROUPS_MAX;
    if (getgrouplist(id->user, id->gid, id->group, &n) < 0)
        return refuse(why_r, "too-many-groups");
    id->group_count = (uint32_t)n;
    return true;
}

static bool copy(char *to, size_t size, const char *from)
{
    size_t n = from == NULL ? 0 : strlen(from);
    if (n >= size)
        return false;
    if (n > 0)
        memcpy(to, from, n);
    to[n] = '\0';
    return true;
}

bool identity_of_account(struct identity *id, const char *user, const char **why_r)
{
    char *strings = malloc(ACCOUNT_OCTETS_MAX);
    if (strings == NULL)
        return refuse(why_r, "no-memory");
    struct passwd account, *found = NULL;
    int err = getpwnam_r(user, &account, strings, ACCOUNT_OCTETS_MAX, &found);
    bool ok = found != NULL;
    if (!ok)
        *why_r = err == 0 ? "no-account" : "account-lookup";
    if (ok && !(copy(id->user, sizeof id->user, account.pw_name) &&
                copy(id->home, sizeof id->home, account.pw_dir)))
        ok = refuse(why_r, "account-too-long");
    if (ok) {
        id->uid = account.pw_uid;
        id->gid = account.pw_gid;
    }
    free(strings);
    return ok && identity_find_groups(id, why_r);
}

const char *identity_refused(const struct identity *id, const struct settings *s, uid_t own)
{
    if (id->uid == 0)
        return "root";
    if (id->uid < s->first_valid_uid)
        return "below-first-valid-uid";
    if (own != 0 && id->uid != own)
        return "not-our-uid-and-not-root";
    struct settings_user user = { .user = id->user, .home = id->home };
    char *mail_root = settings_mail_root(s, &user);
    if (mail_root == NULL)
        return "no-mail-root";
    free(mail_root);
    return NULL;
}
