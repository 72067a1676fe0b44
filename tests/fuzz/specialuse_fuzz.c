/* The file of special uses, any octets at all: the names are folders' names, each with a use;
 * one folder can be given uses, renamed, and forgotten. */
#include "tests/fuzz/scratch.h"

#include "mailstore/name.h"
#include "mailstore/special_use.h"

/* Which uses the name has, and all others together have. */
static void uses_of(struct store *store, const char *name, unsigned *uses_r, unsigned *others_r)
{
    struct special_uses all;
    *uses_r = *others_r = 0;
    CHECK(special_uses_read(store, &all) == STORE_OK);
    for (size_t i = 0; i < all.count; i++) {
        char normal[FOLDER_NAME_MAX + 1];
        const struct special_use_entry *e = &all.entry[i];
        CHECK(name_check(e->name, normal) == STORE_OK && strcmp(normal, e->name) == 0);
        CHECK(e->uses != 0 && e->uses < 1U << SPECIAL_USES);
        if (strcmp(e->name, name) == 0)
            *uses_r |= e->uses;
        else
            *others_r |= e->uses;
    }
    special_uses_free(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store *store;
    unsigned uses, others, before;
    const char *root = scratch_begin();
    int dir = scratch_open(root);
    scratch_file(dir, "imapd-special-use", 0, data, size);
    CHECK(store_open(root, LAYOUT_MAILDIRPP, &store) == STORE_OK);
    uses_of(store, "fuzz/added", &uses, &before);
    CHECK(special_use_assign(store, "fuzz/added", USE_SENT | USE_JUNK) == STORE_OK);
    uses_of(store, "fuzz/added", &uses, &others);
    CHECK(uses == (USE_SENT | USE_JUNK));
    CHECK(others == before);
    CHECK(special_uses_follow(store, "fuzz", "moved") == STORE_OK);
    uses_of(store, "moved/added", &uses, &others);
    CHECK(uses == (USE_SENT | USE_JUNK) && (others & uses) == uses);
    CHECK(special_uses_forget(store, "fuzz") == STORE_OK);
    uses_of(store, "fuzz/added", &uses, &others);
    CHECK(uses == 0 && (others & USE_SENT) != 0);
    CHECK(special_use_assign(store, "moved/added", 0) == STORE_OK);
    uses_of(store, "moved/added", &uses, &others);
    CHECK(uses == 0);
    store_close(store);
    close(dir);
    return 0;
}
