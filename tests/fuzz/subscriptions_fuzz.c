/* The file of subscriptions, Dovecot's or (where the first octet is 'c') Courier's, any octets
 * at all: the names are folders' names, sorted, each once; one more can be added where the file
 * is not of a version that we don't know, and taken out again. */
#include "tests/fuzz/scratch.h"

#include "mailstore/name.h"

static void read_names(struct store *store, struct folder_list *list, struct buffer *out)
{
    CHECK(subscriptions_read(store, list) == STORE_OK);
    for (size_t i = 0; i < list->count; i++) {
        char name[FOLDER_NAME_MAX + 1];
        CHECK(name_check(list->folder[i].name, name) == STORE_OK);
        CHECK(strcmp(name, list->folder[i].name) == 0);
        CHECK(i == 0 || name_compare(list->folder[i - 1].name, name) < 0);
        if (strcmp(name, "fuzz/added") != 0)
            buffer_printf(out, "%s\n", name);
    }
}

static void check_change(struct store *store, const struct buffer *before, bool subscribe)
{
    struct folder_list list;
    struct buffer after;
    bool found = false;
    enum store_error error = subscriptions_change(store, "fuzz/added", subscribe);
    if (error == STORE_CORRUPT || error == STORE_LIMIT)
        return;
    CHECK(error == STORE_OK);
    fuzz_buffer(&after);
    read_names(store, &list, &after);
    for (size_t i = 0; i < list.count; i++)
        found = found || strcmp(list.folder[i].name, "fuzz/added") == 0;
    CHECK(found == subscribe);
    CHECK(fuzz_same(before, &after));
    folder_list_free(&list);
    buffer_free(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store *store;
    struct folder_list list;
    struct buffer before;
    const char *root = scratch_begin();
    int dir = scratch_open(root);
    bool courier = size > 0 && data[0] == 'c';
    if (size > 0)
        scratch_file(dir, courier ? "courierimapsubscribed" : "subscriptions", 0, data + 1,
                     size - 1);
    fuzz_buffer(&before);
    CHECK(store_open(root, size % 2 == 0 ? LAYOUT_MAILDIRPP : LAYOUT_FS, &store) == STORE_OK);
    read_names(store, &list, &before);
    folder_list_free(&list);
    check_change(store, &before, true);
    check_change(store, &before, false);
    store_close(store);
    buffer_free(&before);
    close(dir);
    return 0;
}
