/* Between replay.c and growth.c. */
#ifndef TESTS_FUZZ_REPLAY_H
#define TESTS_FUZZ_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_target {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
};

/* All of them; ends with a NULL name. The Makefile's list is FUZZ_TARGETS. */
extern const struct replay_target replay_targets[];

/* NULL: there is none of that name. */
const struct replay_target *replay_find(const char *name);

/* Measures the cases of one target (NULL: all). Returns an exit status. */
int replay_growth(const char *only);

#endif
