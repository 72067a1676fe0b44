/*
 * What a folder is for: what clients have said of it goes first, then what its name says.
 *
 * The names that clients and servers give to these folders when they make them: Thunderbird,
 * Apple Mail, Outlook, Roundcube, K-9, Gmail's import, and their Russian and German ones, as
 * Maildirs have them. US-ASCII letters in any case.
 */
#include "session/special_use.h"

#include "mailstore/name.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The most usual first. */
static const struct {
    enum special_use use;
    const char *name;
} usual[] = {
    { USE_ARCHIVE, "Archive" },
    { USE_ARCHIVE, "Archives" },
    { USE_ARCHIVE, "Архив" },
    { USE_ARCHIVE, "Archiv" },
    { USE_DRAFTS, "Drafts" },
    { USE_DRAFTS, "Draft" },
    { USE_DRAFTS, "Черновики" },
    { USE_DRAFTS, "Entwürfe" },
    { USE_JUNK, "Junk" },
    { USE_JUNK, "Spam" },
    { USE_JUNK, "Junk E-mail" },
    { USE_JUNK, "Junk Email" },
    { USE_JUNK, "Bulk Mail" },
    { USE_JUNK, "Спам" },
    { USE_SENT, "Sent" },
    { USE_SENT, "Sent Messages" },
    { USE_SENT, "Sent Items" },
    { USE_SENT, "Sent Mail" },
    { USE_SENT, "sent-mail" },
    { USE_SENT, "Отправленные" },
    { USE_SENT, "Gesendet" },
    { USE_TRASH, "Trash" },
    { USE_TRASH, "Deleted Messages" },
    { USE_TRASH, "Deleted Items" },
    { USE_TRASH, "Корзина" },
    { USE_TRASH, "Удаленные" },
    { USE_TRASH, "Papierkorb" },
};

#define USUAL (sizeof usual / sizeof *usual)

static size_t place_of(const char *name)
{
    size_t i = 0;
    while (i < USUAL && strcasecmp(usual[i].name, name) != 0)
        i++;
    return i;
}

unsigned special_use_usual(const char *name)
{
    size_t place = strchr(name, '/') == NULL ? place_of(name) : USUAL;
    return place < USUAL ? usual[place].use : 0;
}

static int by_name(const void *name, const void *folder)
{
    return name_compare(name, ((const struct listed *)folder)->name);
}

/* What clients have said. Returns which uses are given so; told[i]: something was said of the
 * i-th folder. */
static unsigned mark_said(struct listed_folders *l, const struct special_uses *said, bool *told)
{
    unsigned taken = 0;
    for (size_t i = 0; i < said->count && l->count > 0; i++) {
        struct listed *f =
            bsearch(said->entry[i].name, l->folder, l->count, sizeof *l->folder, by_name);
        if (f == NULL || !f->selectable)
            continue;
        f->use |= said->entry[i].uses & ~taken;
        taken |= said->entry[i].uses;
        told[f - l->folder] = true;
    }
    return taken;
}

static void mark_usual(struct listed_folders *l, unsigned taken, const bool *told)
{
    size_t best[USUAL];
    for (size_t i = 0; i < USUAL; i++)
        best[i] = l->count;
    for (size_t i = 0; i < l->count; i++) {
        const struct listed *f = &l->folder[i];
        if (!f->selectable || told[i] || special_use_usual(f->name) == 0)
            continue;
        size_t place = place_of(f->name);
        if (best[place] == l->count)
            best[place] = i;
    }
    for (size_t i = 0; i < USUAL; i++) {
        if (best[i] == l->count || (taken & usual[i].use) != 0)
            continue;
        taken |= usual[i].use;
        l->folder[best[i]].use = usual[i].use;
    }
}

void special_uses_mark(struct store *store, struct listed_folders *l)
{
    struct special_uses said;
    bool *told = calloc(l->count + 1, sizeof *told);
    if (told == NULL)
        return;
    if (special_uses_read(store, &said) != STORE_OK)
        special_uses_free(&said); /* what of it could be read is no whole either */
    mark_usual(l, mark_said(l, &said, told), told);
    special_uses_free(&said);
    free(told);
}

/* The whole list is read only for those that it matters for. */
unsigned special_uses_of(struct store *store, const char *name)
{
    struct special_uses said;
    struct listed_folders all;
    unsigned uses = special_use_usual(name);
    if (special_uses_read(store, &said) == STORE_OK)
        for (size_t i = 0; i < said.count; i++)
            if (strcmp(said.entry[i].name, name) == 0)
                uses |= said.entry[i].uses;
    special_uses_free(&said);
    if (uses == 0)
        return 0;
    uses = 0;
    if (listed_folders_read(store, false, &all) == STORE_OK)
        special_uses_mark(store, &all);
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.folder[i].name, name) == 0)
            uses = all.folder[i].use;
    listed_folders_free(&all);
    return uses;
}
