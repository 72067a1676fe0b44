#include "session/folders.h"

#include "mailstore/name.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return name_compare(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

/* Adds a copy of a name (n octets). */
static struct listed *add(struct listed_folders *l, size_t *room, const char *name, size_t n)
{
    if (l->count == *room) {
        size_t more = *room * 2 + 64;
        struct listed *larger = reallocarray(l->folder, more, sizeof *larger);
        if (larger == NULL)
            return NULL;
        l->folder = larger;
        *room = more;
    }
    struct listed *f = &l->folder[l->count];
    *f = (struct listed){ .name = strndup(name, n) };
    if (f->name == NULL)
        return NULL;
    l->count++;
    return f;
}

static bool add_folders(struct listed_folders *l, size_t *room, const struct folder_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct folder *from = &list->folder[i];
        struct listed *f = add(l, room, from->name, strlen(from->name));
        if (f == NULL)
            return false;
        f->exists = true;
        f->selectable = from->selectable;
        f->has_children = from->has_children;
    }
    return true;
}

/* Each name, and the levels above it, of which many come several times. */
static bool add_subscribed(struct listed_folders *l, size_t *room,
                           const struct folder_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->folder[i].name;
        for (size_t n = strcspn(name, "/"); name[n] != '\0';
             n += 1 + strcspn(name + n + 1, "/"))
            if (add(l, room, name, n) == NULL)
                return false;
        struct listed *f = add(l, room, name, strlen(name));
        if (f == NULL)
            return false;
        f->subscribed = true;
    }
    return true;
}

/* Makes one of those with the same name. */
static void merge(struct listed_folders *l)
{
    size_t n = 0;
    if (l->count > 1)
        qsort(l->folder, l->count, sizeof *l->folder, by_name);
    for (size_t i = 0; i < l->count; i++) {
        struct listed *f = &l->folder[i];
        struct listed *last = n > 0 ? &l->folder[n - 1] : NULL;
        if (last == NULL || name_compare(last->name, f->name) != 0) {
            l->folder[n++] = *f;
            continue;
        }
        last->exists |= f->exists;
        last->selectable |= f->selectable;
        last->has_children |= f->has_children;
        last->subscribed |= f->subscribed;
        free(f->name);
    }
    l->count = n;
}

enum store_error listed_folders_read(struct store *store, bool subscriptions,
                                     struct listed_folders *l_r)
{
    struct folder_list list;
    size_t room = 0;
    *l_r = (struct listed_folders){ .folder = NULL };
    enum store_error error = folder_list(store, &list);
    if (error != STORE_OK)
        return error;
    bool ok = add_folders(l_r, &room, &list);
    folder_list_free(&list);
    if (!ok)
        return STORE_UNAVAILABLE;
    if (!subscriptions)
        return STORE_OK;
    error = subscriptions_read(store, &list);
    if (error != STORE_OK)
        return error;
    ok = add_subscribed(l_r, &room, &list);
    folder_list_free(&list);
    merge(l_r);
    return ok ? STORE_OK : STORE_UNAVAILABLE;
}

void listed_folders_free(struct listed_folders *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->folder[i].name);
    free(l->folder);
    *l = (struct listed_folders){ .folder = NULL };
}
