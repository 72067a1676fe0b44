/*
 * The names that clients and servers give to these folders when they make them: Thunderbird,
 * Apple Mail, Outlook, Roundcube, K-9, Gmail's import, and their Russian and German ones, as
 * Maildirs have them. US-ASCII letters in any case.
 */
#include "session/special_use.h"

#include <string.h>
#include <strings.h>

const char *const special_use_name[SPECIAL_USES] = { "\\Archive", "\\Drafts", "\\Junk",
                                                     "\\Sent", "\\Trash" };

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

bool special_use_possible(const char *name)
{
    return strchr(name, '/') == NULL && place_of(name) < USUAL;
}

void special_uses_mark(struct listed_folders *l)
{
    size_t best[USUAL];
    for (size_t i = 0; i < USUAL; i++)
        best[i] = l->count;
    for (size_t i = 0; i < l->count; i++) {
        const struct listed *f = &l->folder[i];
        size_t place =
            f->selectable && special_use_possible(f->name) ? place_of(f->name) : USUAL;
        if (place < USUAL && best[place] == l->count)
            best[place] = i;
    }
    unsigned taken = 0;
    for (size_t i = 0; i < USUAL; i++) {
        if (best[i] == l->count || (taken & usual[i].use) != 0)
            continue;
        taken |= usual[i].use;
        l->folder[best[i]].use = usual[i].use;
    }
}
