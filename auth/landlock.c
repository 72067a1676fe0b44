#include "auth/landlock.h"
#include "base/log.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What kernels have added since the header of Debian 12. */
#define FS_TRUNCATE         (1ULL << 14)
#define FS_IOCTL_DEV        (1ULL << 15)
#define NET_BIND_TCP        (1ULL << 0)
#define NET_CONNECT_TCP     (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX (1ULL << 0)
#define SCOPE_SIGNAL        (1ULL << 1)

/* Version 1 (Linux 5.13) lets no file be renamed or linked from one directory into another,
 * which is all that a Maildir does. */
#define ABI_MIN      2
#define ABI_TRUNCATE 3 /* Linux 6.2 */
#define ABI_NET      4 /* 6.7 */
#define ABI_IOCTL    5 /* 6.10 */
#define ABI_SCOPE    6 /* 6.12 */

/* struct landlock_ruleset_attr of ABI_SCOPE. An older kernel takes the longer one if what it
 * does not know is zero. */
struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scope;
};

static const uint64_t fs_file = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNCATE | FS_IOCTL_DEV;

static const uint64_t fs_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

static const uint64_t fs_change =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER |
    FS_TRUNCATE;

/* All that a kernel of this version can take away. */
static struct ruleset all_of(long abi)
{
    struct ruleset r = { .fs = (LANDLOCK_ACCESS_FS_REFER << 1) - 1 };
    if (abi >= ABI_TRUNCATE)
        r.fs |= FS_TRUNCATE;
    if (abi >= ABI_NET)
        r.net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (abi >= ABI_IOCTL)
        r.fs |= FS_IOCTL_DEV;
    if (abi >= ABI_SCOPE)
        r.scope = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
    return r;
}

static bool allow(int rules, const struct ruleset *handled, const struct landlock_place *place)
{
    struct stat st;
    if (fstat(place->fd, &st) < 0)
        return false;
    uint64_t access = place->may == LANDLOCK_MAY_CHANGE ? fs_change : fs_read;
    if (!S_ISDIR(st.st_mode))
        access &= fs_file;
    struct landlock_path_beneath_attr rule = { .allowed_access = access & handled->fs,
                                               .parent_fd = place->fd };
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool restrict_self(int rules, const struct ruleset *handled,
                          const struct landlock_place *place, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (place[i].fd >= 0 && !allow(rules, handled, &place[i]))
            return false;
    }
    return syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}

enum landlock_result landlock_confine(const struct landlock_place *place, size_t n)
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < ABI_MIN)
        return LANDLOCK_ABSENT; /* ENOSYS: not known; EOPNOTSUPP: switched off; too old */
    struct ruleset handled = all_of(abi);
    long rules = syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    bool ok = rules >= 0 && restrict_self((int)rules, &handled, place, n);
    if (!ok)
        log_error("landlock: %s", strerror(errno));
    if (rules >= 0)
        close((int)rules);
    return ok ? LANDLOCK_CONFINED : LANDLOCK_FAILED;
}
