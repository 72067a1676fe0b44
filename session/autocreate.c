/*
 * Two sessions of a new user may do this at once: of two that make a folder one is told that it
 * is there, and leaves it so.
 *
 * A folder for sent mail is not made beside another one that has that use, under whatever name:
 * who came from another server has his own, and two are one too many.
 */
#include "session/autocreate.h"

#include "session/special_use.h"

#include "base/log.h"

#include <unistd.h>

static bool is_there(struct store *store, const char *name)
{
    int fd;
    if (folder_open_dir(store, name, &fd) != STORE_OK)
        return false;
    close(fd);
    return true;
}

/* Which uses any folder has. */
static unsigned uses_taken(struct store *store)
{
    struct listed_folders all;
    unsigned taken = 0;
    if (listed_folders_read(store, false, &all) == STORE_OK)
        special_uses_mark(store, &all);
    for (size_t i = 0; i < all.count; i++)
        taken |= all.folder[i].use;
    listed_folders_free(&all);
    return taken;
}

static void make(struct store *store, const char *name, unsigned uses)
{
    unsigned usual = special_use_usual(name);
    unsigned wanted = uses != 0 ? uses : usual;
    if ((uses_taken(store) & wanted) != 0)
        return;
    enum store_error error = folder_create_for(store, name, wanted != usual ? uses : 0);
    if (error == STORE_EXISTS)
        return;
    if (error == STORE_OK)
        error = subscriptions_change(store, name, true);
    if (error != STORE_OK)
        log_error("autocreate: %s: %s", name, store_error_text(error));
}

void autocreate(struct store *store, const char *name, size_t n, unsigned uses)
{
    char normal[FOLDER_NAME_MAX + 1];
    if (folder_name_normalize(name, n, normal) != STORE_OK)
        log_error("autocreate: %.*s can be no folder's name", (int)(n < 256 ? n : 256), name);
    else if (!is_there(store, normal))
        make(store, normal, uses);
}
