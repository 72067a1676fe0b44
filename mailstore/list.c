/* LIST's material: the folders, and the levels between that are none. */
#include "mailstore/listing.h"
#include "mailstore/name.h"

#include <stdlib.h>
#include <string.h>

void folder_list_free(struct folder_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->folder[i].name);
    free(list->folder);
    *list = (struct folder_list){ .folder = NULL };
}

/* Appends a folder, taking over its name (NULL: no memory). */
static bool append(struct folder_list *list, size_t *room, char *name, bool selectable)
{
    if (name != NULL && list->count == *room) {
        size_t more = *room == 0 ? 64 : *room * 2;
        struct folder *folder = realloc(list->folder, more * sizeof *folder);
        if (folder != NULL) {
            list->folder = folder;
            *room = more;
        }
    }
    if (name == NULL || list->count == *room) {
        free(name);
        return false;
    }
    list->folder[list->count++] = (struct folder){ .name = name, .selectable = selectable };
    return true;
}

/* Whether the list's last folder is `name` (n octets) or below it. All that is below a name
 * stands together, so this tells whether the name is in the list already. */
static bool is_open(const struct folder_list *list, const char *name, size_t n)
{
    if (list->count == 0)
        return false;
    const char *last = list->folder[list->count - 1].name;
    return strncmp(last, name, n) == 0 && (last[n] == '\0' || last[n] == '/');
}

/* Appends a folder after those levels above it that are not there yet. */
static bool append_with_levels(struct folder_list *list, size_t *room, struct entry *e)
{
    for (size_t n = strcspn(e->name, "/"); e->name[n] != '\0';
         n += 1 + strcspn(e->name + n + 1, "/")) {
        if (!is_open(list, e->name, n) && !append(list, room, strndup(e->name, n), false))
            return false;
    }
    char *name = e->name;
    e->name = NULL;
    return append(list, room, name, e->selectable);
}

enum store_error folder_list(struct store *store, struct folder_list *list_r)
{
    *list_r = (struct folder_list){ .folder = NULL };
    struct listing l;
    enum store_error e = listing_read(store, &l);
    if (e != STORE_OK)
        return e;
    size_t room = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < l.count; i++)
        ok = append_with_levels(list_r, &room, &l.entry[i]);
    listing_free(&l);
    if (!ok) {
        folder_list_free(list_r);
        return STORE_UNAVAILABLE;
    }
    for (size_t i = 0; i + 1 < list_r->count; i++)
        list_r->folder[i].has_children =
            name_is_below(list_r->folder[i + 1].name, list_r->folder[i].name);
    return STORE_OK;
}
