#include "auth/capability.h"
#include "base/log.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (UINT64_C(1) << (capability))

/* To become login_user and the user; to end the gate, which is another user by then; the gate's
 * empty directory; to read a key or a password file that is another user's or of mode 0000. */
static const uint64_t always = BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_KILL) |
                               BIT(CAP_SYS_CHROOT) | BIT(CAP_DAC_READ_SEARCH);

/* What modules that check passwords do besides: libpam tells the kernel's audit, which as root
 * must succeed; pam_faillock and pam_google_authenticator keep files that are the user's. */
static const uint64_t pam =
    BIT(CAP_AUDIT_WRITE) | BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER);

static bool asks_pam(const struct settings *s)
{
    for (size_t i = 0; i < s->auth_count; i++) {
        if (s->auth[i] == AUTH_BACKEND_PAM)
            return true;
    }
    return false;
}

uint64_t capability_needed(const struct settings *s)
{
    if (!asks_pam(s))
        return always;
    return s->pam_session ? UINT64_MAX : always | pam;
}

bool capability_keep(uint64_t set)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    bool ok = syscall(SYS_capget, &head, data) == 0;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        uint32_t part = (uint32_t)(set >> (32 * i));
        data[i].permitted &= part;
        data[i].effective &= part;
        data[i].inheritable &= part;
    }
    if (ok && syscall(SYS_capset, &head, data) == 0)
        return true;
    log_error("capabilities can't be given up: %s", strerror(errno));
    return false;
}

bool capability_limit_parent(const struct settings *s)
{
    if (!asks_pam(s) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        log_error("PR_SET_NO_NEW_PRIVS: %s", strerror(errno));
        return false;
    }
    uint64_t needed = capability_needed(s);
    return needed == UINT64_MAX || capability_keep(needed);
}
