/*
 * The directories of a folder, and what their timestamps prove.
 */
#ifndef MAILSTORE_DIRS_H
#define MAILSTORE_DIRS_H

#include "mailstore/error.h"
#include "mailstore/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

struct folder_dirs {
    int dir;
    int cur;
    int new;
    int tmp; /* -1: there is none, and it can't be made: nothing can be added here */
};

/* Opens a folder with its three directories; a missing one is made. Errors as folder_open_dir.
 */
enum store_error folder_dirs_open(struct store *store, const char *name,
                                  struct folder_dirs *dirs_r);
void folder_dirs_close(struct folder_dirs *dirs);

/* Milliseconds of the monotonic clock. */
int64_t monotonic_ms(void);

bool same_time(const struct timespec *a, const struct timespec *b);

/* How old a timestamp must be before it proves that nothing was changed since. */
struct grain {
    bool remote; /* the timestamps come from another machine's clock */
};

struct grain grain_of(int fd);

/* How long to wait so that what is young now is not young any more. */
unsigned grain_ms(struct grain grain);

/* What was last seen of a directory. Begins zeroed. */
struct dir_stamp {
    bool known; /* all that was in the directory at this mtime has been taken in */
    dev_t dev;
    ino_t ino;
    struct timespec mtime;
    int64_t since; /* monotonic_ms: this mtime was first seen */
    int64_t
        verify_at; /* not 0: what others did may hide behind a change of our own; look then */
};

/* Stats a directory and brings the stamp up to date. *same_r: nothing differs from what the
 * stamp said (which says nothing yet about a stamp that is not `known`). *settled_r: any change
 * from now on will show in the mtime. */
enum store_error dir_stamp_take(struct dir_stamp *stamp, int fd, struct grain grain,
                                bool *same_r, bool *settled_r);

/* When the time that a file has will prove that it was not changed since: 0, it does so
 * already; else monotonic_ms. `now`: the clock before the file's time was read. */
int64_t grain_passes_at(const struct timespec *t, const struct timespec *now,
                        struct grain grain);

/* Whether a stamp's verify_at lies in the future. */
bool verify_later(int64_t verify_at);

/* Whether a directory need not be read, given that dir_stamp_take said `same`. */
bool dir_stamp_holds(const struct dir_stamp *stamp);

/* Whether the directory is as the stamp says, and the stamp holds. Brings it up to date. */
bool dir_stamp_unchanged(struct dir_stamp *stamp, int fd, struct grain grain);

/* After a change of our own to a directory that was as the stamp said: takes its mtime over,
 * good for the while, to be read once more later (verify_at). scan_ms: how long reading it
 * takes. */
void dir_stamp_take_over(struct dir_stamp *stamp, int fd, struct grain grain, uint32_t scan_ms);

/* Calls each() with the name of each regular file, but dot files; in_ctx is handed through.
 * False from each() ends it with STORE_UNAVAILABLE (no memory). */
enum store_error dir_scan(int fd, bool (*each)(void *ctx, const char *name), void *ctx);

#endif
