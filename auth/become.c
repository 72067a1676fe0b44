#include "auth/become.h"
#include "auth/process.h"
#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool failed(const char *what)
{
    log_error("becoming another user: %s: %s", what, strerror(errno));
    return false;
}

static bool wrong(const char *what)
{
    log_error("becoming another user: %s", what);
    return false;
}

static int by_number(const void *a, const void *b)
{
    gid_t x = *(const gid_t *)a;
    gid_t y = *(const gid_t *)b;
    return (x > y) - (x < y);
}

/* The kernel gives the groups back in its own order, each as often as it was set. */
static bool groups_are(const gid_t *group, size_t n)
{
    gid_t want[IDENTITY_GROUPS_MAX];
    gid_t have[IDENTITY_GROUPS_MAX];
    int got = getgroups(IDENTITY_GROUPS_MAX, have);
    if (got < 0 || (size_t)got != n || n > IDENTITY_GROUPS_MAX)
        return false;
    if (n == 0)
        return true;
    memcpy(want, group, n * sizeof *want);
    qsort(want, n, sizeof *want, by_number);
    qsort(have, n, sizeof *have, by_number);
    return memcmp(want, have, n * sizeof *want) == 0;
}

static bool ids_are(uid_t uid, gid_t gid)
{
    uid_t u[3];
    gid_t g[3];
    return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 &&
           u[0] == uid && u[1] == uid && u[2] == uid && g[0] == gid && g[1] == gid &&
           g[2] == gid;
}

/* The change of uid takes them away, unless a "securebits" flag that we inherited says not. */
static bool no_capabilities(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0xff, sizeof data);
    if (syscall(SYS_capget, &head, data) < 0)
        return false;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        if (data[i].effective != 0 || data[i].permitted != 0)
            return false;
    }
    return true;
}

static bool no_way_back(gid_t gid)
{
    if (setuid(0) == 0 || seteuid(0) == 0 || setreuid(0, 0) == 0 || setresuid(0, 0, 0) == 0)
        return false;
    return gid == 0 || (setgid(0) != 0 && setegid(0) != 0 && setresgid(0, 0, 0) != 0);
}

bool become(uid_t uid, gid_t gid, const gid_t *group, size_t group_count)
{
    if (uid == 0)
        return wrong("it is root");
    if (group_count > IDENTITY_GROUPS_MAX)
        return wrong("too many groups");
    if (setgroups(group_count, group) < 0)
        return failed("setgroups");
    if (setresgid(gid, gid, gid) < 0)
        return failed("setresgid");
    if (setresuid(uid, uid, uid) < 0)
        return failed("setresuid");
    if (!ids_are(uid, gid))
        return wrong("uid or gid is not what was set");
    if (!groups_are(group, group_count))
        return wrong("the groups are not what was set");
    if (!no_capabilities())
        return wrong("capabilities are left");
    if (!no_way_back(gid))
        return wrong("root could be had again");
    return process_hide() || failed("PR_SET_DUMPABLE");
}

bool become_user(const struct identity *id)
{
    if (geteuid() == 0)
        return become(id->uid, id->gid, id->group, id->group_count);
    if (id->uid == 0 || getuid() != id->uid || geteuid() != id->uid)
        return wrong("without root, and it is not our own");
    return true;
}
