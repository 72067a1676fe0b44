#include "auth/sandbox.h"
#include "auth/filter.h"
#include "auth/landlock.h"
#include "base/log.h"
#include "mailstore/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What of the system a session reads after its beginning. A link among them stands for what it
 * leads to. One that is not there is not needed. */
static const char *const of_the_system[] = {
    "/usr/lib",                        /* iconv(3): its modules and their list */
    "/usr/lib64",                      /* the same elsewhere than at Debian */
    "/proc/sys/kernel/random/boot_id", /* the index: was there a crash since? */
    "/proc/self/maps" /* the index, once: where is its map, should a page be bad? */
};

#define OF_THE_SYSTEM (sizeof of_the_system / sizeof *of_the_system)

static bool no_new_privileges(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        return true;
    log_error("PR_SET_NO_NEW_PRIVS: %s", strerror(errno));
    return false;
}

bool sandbox_gate(bool tls)
{
    return filter_install(tls ? &filter_gate_tls : &filter_gate);
}

static int place(const char *path)
{
    return open(path, O_PATH | O_CLOEXEC);
}

static enum landlock_result confine_to(int mail_root, const char *index_dir)
{
    struct landlock_place places[2 + OF_THE_SYSTEM];
    size_t n = 0;
    places[n++] = (struct landlock_place){ mail_root, LANDLOCK_MAY_CHANGE };
    size_t opened = n;
    if (index_dir != NULL && path_make(index_dir) == 0)
        places[n++] = (struct landlock_place){ place(index_dir), LANDLOCK_MAY_CHANGE };
    for (size_t i = 0; i < OF_THE_SYSTEM; i++)
        places[n++] = (struct landlock_place){ place(of_the_system[i]), LANDLOCK_MAY_READ };
    enum landlock_result result = landlock_confine(places, n);
    for (; opened < n; opened++) {
        if (places[opened].fd >= 0)
            close(places[opened].fd);
    }
    return result;
}

bool sandbox_session(int mail_root, const char *index_dir)
{
    if (!no_new_privileges())
        return false;
    if (!filter_is_built())
        return true;
    switch (confine_to(mail_root, index_dir)) {
    case LANDLOCK_FAILED:
        return false;
    case LANDLOCK_ABSENT:
        log_info("this kernel has no Landlock: the session can reach all files of its user");
        break;
    case LANDLOCK_CONFINED:
        break;
    }
    return filter_install(&filter_session);
}
