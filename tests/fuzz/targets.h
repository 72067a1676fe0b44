/* All targets, for replay.c and growth.c. */
#ifndef TESTS_FUZZ_TARGETS_H
#define TESTS_FUZZ_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
};

/* All of them; ends with a NULL name. The Makefile's list is FUZZ_TARGETS. */
extern const struct fuzz_target fuzz_targets[];

/* NULL: there is none of that name. */
const struct fuzz_target *fuzz_find(const char *name);

#endif
