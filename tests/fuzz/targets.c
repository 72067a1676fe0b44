/* The table of the targets, whose names the Makefile knows. */
#include "tests/fuzz/targets.h"

#include <string.h>

#define X(name) int fuzz_##name(const uint8_t *data, size_t size);
FUZZ_TARGETS
#undef X

#define X(name) { #name, fuzz_##name },
const struct fuzz_target fuzz_targets[] = { FUZZ_TARGETS{ NULL, NULL } };
#undef X

const struct fuzz_target *fuzz_find(const char *name)
{
    const struct fuzz_target *t = fuzz_targets;
    while (t->name != NULL && strcmp(t->name, name) != 0)
        t++;
    return t->name == NULL ? NULL : t;
}
