/*
 * Landlock (landlock(7)): from some moment on a process can open, make, rename and remove files
 * only below the directories that it named before, and can signal and trace only itself and
 * what it starts.
 */
#ifndef AUTH_LANDLOCK_H
#define AUTH_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

enum landlock_may {
    LANDLOCK_MAY_READ,  /* files and directories */
    LANDLOCK_MAY_CHANGE /* all that mail needs: no devices, sockets, pipes or links by name */
};

/* A directory, or a file, with what may be done there and below. */
struct landlock_place {
    int fd; /* -1: not there, so nothing is allowed there */
    enum landlock_may may;
};

enum landlock_result {
    LANDLOCK_CONFINED,
    LANDLOCK_ABSENT, /* not in this kernel, or in too old a form: nothing was changed */
    LANDLOCK_FAILED  /* it is there and could not be had; logged */
};

/* From now on, for good, these places and no other. Whatever is open stays open with the rights
 * it has. The descriptors stay the caller's. The caller has set no_new_privs. */
enum landlock_result landlock_confine(const struct landlock_place *place, size_t n);

#endif
