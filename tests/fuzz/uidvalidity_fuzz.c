/* The file dovecot-uidvalidity, any octets at all: values that follow each other, in bounds. */
#include "tests/fuzz/scratch.h"

#include "mailstore/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store *store;
    uint32_t last = 0;
    const char *root = scratch_begin();
    int dir = scratch_open(root);
    scratch_file(dir, "dovecot-uidvalidity", 0, data, size);
    CHECK(store_open(root, LAYOUT_MAILDIRPP, &store) == STORE_OK);
    for (int i = 0; i < 3; i++) {
        uint32_t now;
        enum store_error error = uidvalidity_next(store, &now);
        if (error == STORE_LIMIT)
            break;
        CHECK(error == STORE_OK && now > last && now < 0x80000000U);
        last = now;
    }
    store_close(store);
    close(dir);
    return 0;
}
