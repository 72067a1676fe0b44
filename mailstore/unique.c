#include "mailstore/unique.h"

#include "mailstore/sys.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

void unique_name(char out[UNIQUE_NAME_MAX])
{
    struct timespec now = { 0 };
    sys_clock(&now);
    snprintf(out, UNIQUE_NAME_MAX, "%jd.N%09ldP%jd", (intmax_t)now.tv_sec, now.tv_nsec,
             (intmax_t)getpid());
}
