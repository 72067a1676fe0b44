#include "auth/filter.h"
#include "base/log.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

bool filter_is_built(void)
{
    return filter_gate.n > 0;
}

/* It is the kernel's struct sock_fprog, whose pointer is to what could be changed. */
_Static_assert(sizeof(struct filter) == sizeof(struct sock_fprog) &&
                   offsetof(struct filter, code) == offsetof(struct sock_fprog, filter),
               "struct filter is what the kernel takes");

bool filter_install(const struct filter *filter)
{
    if (filter->n == 0)
        return true;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0) == 0)
        return true;
    log_error("seccomp: %s (a kernel with CONFIG_SECCOMP_FILTER is needed)", strerror(errno));
    return false;
}
