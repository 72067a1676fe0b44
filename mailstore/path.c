#include "mailstore/path.h"

#include "mailstore/account.h"
#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

int path_make(const char *path)
{
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n >= sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        part[i] = '\0';
        if (sys_mkdirat(AT_FDCWD, part, MODE_DIR) < 0 && errno != EEXIST) {
            /* Directories that we may not make (/, /home) may be there all the same. */
            struct stat st;
            int saved = errno;
            if (sys_fstatat(AT_FDCWD, part, &st, 0) < 0) {
                errno = saved;
                return -1;
            }
        }
        part[i] = path[i];
    }
    return 0;
}
