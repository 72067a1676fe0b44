/*
 * Folder names. From the client's side: whatever it asks for, the path stays below the root,
 * has no level that is not a folder's, and leads back to the name. From the disk's side:
 * whatever is there can be shown.
 */
#include "tests/fuzz/stage.h"

#include "mailstore/name.h"

static void check_entry(const char *entry, size_t n, enum store_layout layout)
{
    char *copy = fuzz_string((const uint8_t *)entry, n);
    CHECK(n > 0 && strlen(copy) == n);
    CHECK(!name_is_hidden(copy));
    if (layout == LAYOUT_FS)
        CHECK(!name_is_reserved(copy));
    for (size_t i = 0; i < n; i++)
        CHECK(copy[i] > 0x1f && copy[i] < 0x7f && copy[i] != '/');
    free(copy);
}

static void check_path(const char *name, enum store_layout layout, enum storing how)
{
    struct buffer path;
    fuzz_buffer(&path);
    CHECK(name_store(layout, name, how, &path));
    CHECK(path.len > 0 && path.len <= PATH_ROOM);
    if (layout == LAYOUT_MAILDIRPP) {
        CHECK(path.data[0] == '.' && memchr(path.data, '/', path.len) == NULL);
        check_entry(path.data, path.len, layout);
    }
    for (size_t begin = 0; layout == LAYOUT_FS && begin <= path.len;) {
        const char *slash =
            begin < path.len ? memchr(path.data + begin, '/', path.len - begin) : NULL;
        size_t end = slash == NULL ? path.len : (size_t)(slash - path.data);
        check_entry(path.data + begin, end - begin, layout);
        begin = end + 1;
    }
    buffer_free(&path);
}

static void check_level(const char *level, size_t n, enum store_layout layout, enum storing how)
{
    struct buffer stored;
    struct buffer shown;
    fuzz_buffer(&stored);
    fuzz_buffer(&shown);
    CHECK(level_store(layout, level, n, how, &stored));
    CHECK(level_show(stored.data, stored.len, &shown));
    CHECK(shown.len == n && memcmp(shown.data, level, n) == 0);
    buffer_free(&stored);
    buffer_free(&shown);
}

static void check_name(const uint8_t *data, size_t size)
{
    char name[FOLDER_NAME_MAX + 1];
    char again[FOLDER_NAME_MAX + 1];
    if (folder_name_normalize((const char *)data, size, name) != STORE_OK)
        return;
    CHECK(folder_name_normalize(name, strlen(name), again) == STORE_OK);
    CHECK(strcmp(name, again) == 0 && name_compare(name, again) == 0);
    CHECK(name_levels(name) >= 1 && name_levels(name) <= FOLDER_LEVELS_MAX);
    CHECK(!name_is_below(name, name));
    for (int layout = LAYOUT_MAILDIRPP; layout <= LAYOUT_FS; layout++) {
        for (int how = STORED_CANONICALLY; how <= STORED_OTHERWISE; how++) {
            if (strcmp(name, "INBOX") != 0)
                check_path(name, (enum store_layout)layout, (enum storing)how);
            const char *level = name;
            for (size_t n; *level != '\0'; level += n + (level[n] == '/')) {
                n = strcspn(level, "/");
                check_level(level, n, (enum store_layout)layout, (enum storing)how);
            }
        }
    }
}

/* A directory entry holds at most ENTRY_MAX octets, none of them NUL or '/'. */
static void check_stored(const uint8_t *data, size_t size)
{
    struct buffer shown;
    struct buffer stored;
    char name[FOLDER_NAME_MAX + 1];
    const char *entry = (const char *)data;
    if (size == 0 || size > ENTRY_MAX || memchr(data, '\0', size) != NULL ||
        memchr(data, '/', size) != NULL)
        return;
    fuzz_buffer(&shown);
    fuzz_buffer(&stored);
    bool plainly = level_show(entry, size, &shown);
    CHECK(plainly || shown.len == 0);
    if (plainly) {
        CHECK(folder_name_normalize(shown.data, shown.len, name) == STORE_OK);
        CHECK(memchr(shown.data, '/', shown.len) == NULL);
    }
    buffer_clear(&shown);
    CHECK(level_show_opaque(entry, size, &shown));
    CHECK(is_utf8(shown.data, shown.len) && shown.len <= 3 * size);
    CHECK(folder_name_normalize(shown.data, shown.len, name) == STORE_OK);
    buffer_clear(&shown);
    CHECK(level_show_somehow(entry, size, &shown));
    CHECK(folder_name_normalize(shown.data, shown.len, name) == STORE_OK);
    buffer_free(&shown);
    buffer_free(&stored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_name(data, size);
    check_stored(data, size);
    return 0;
}
