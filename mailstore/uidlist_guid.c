/*
 * GUIDs in dovecot-uidlist: that of the folder, the header's G, which is its MAILBOXID; and
 * those of messages, the G of a line, which only copies have. A folder keeps its GUID as long
 * as its UIDVALIDITY: where the file is lost, or has lost it, what was read before holds.
 */
#include "mailstore/uidlist.h"

#include <ctype.h>
#include <string.h>
#include <sys/random.h>

#define DIGITS "0123456789abcdef"

/* Where the header's G field begins, with its space; NULL: it has none that is sound. */
static const char *find(const struct uidlist *list)
{
    const char *g = strstr(list->fields, " G");
    bool sound = g != NULL && strspn(g + 2, DIGITS "ABCDEF") == UIDLIST_GUID &&
                 (g[2 + UIDLIST_GUID] == '\0' || g[2 + UIDLIST_GUID] == ' ');
    return sound ? g : NULL;
}

bool uidlist_has_guid(const struct uidlist *list)
{
    return find(list) != NULL;
}

bool uidlist_guid(const struct uidlist *list, char guid_r[UIDLIST_GUID + 1])
{
    const char *g = find(list);
    if (g == NULL)
        return false;
    for (size_t i = 0; i < UIDLIST_GUID; i++)
        guid_r[i] = (char)tolower((unsigned char)g[2 + i]);
    guid_r[UIDLIST_GUID] = '\0';
    return true;
}

/* Puts a G field in the place of whatever there is of one. Where the header has no room for it,
 * fields that we don't know go, the last ones first. */
static void put(struct uidlist *list, const char guid[UIDLIST_GUID])
{
    char *old = strstr(list->fields, " G");
    if (old != NULL) {
        size_t n = 1 + strcspn(old + 1, " ");
        memmove(old, old + n, strlen(old + n) + 1);
    }
    size_t have = strlen(list->fields);
    while (have + 2 + UIDLIST_GUID >= sizeof list->fields) {
        char *last = strrchr(list->fields, ' ');
        have = last == NULL ? 0 : (size_t)(last - list->fields);
        list->fields[have] = '\0';
    }
    memmove(list->fields + 2 + UIDLIST_GUID, list->fields, have + 1);
    list->fields[0] = ' ';
    list->fields[1] = 'G';
    memcpy(list->fields + 2, guid, UIDLIST_GUID);
}

enum store_error uidlist_make_guid(struct uidlist *list)
{
    unsigned char octet[UIDLIST_GUID / 2];
    char guid[UIDLIST_GUID];
    if (getrandom(octet, sizeof octet, 0) != (ssize_t)sizeof octet)
        return STORE_UNAVAILABLE;
    for (size_t i = 0; i < sizeof octet; i++) {
        guid[2 * i] = DIGITS[octet[i] >> 4];
        guid[2 * i + 1] = DIGITS[octet[i] & 15];
    }
    put(list, guid);
    return STORE_OK;
}

void uidlist_keep_guid(struct uidlist *list, const struct uidlist *was)
{
    const char *g = find(was);
    if (g != NULL && find(list) == NULL)
        put(list, g + 2);
}

size_t uidlist_line_guid(const struct uidlist_line *line, const char **guid_r)
{
    const char *p = line->fields;
    const char *end = p + line->fields_len;
    while (p < end) {
        const char *space = memchr(p, ' ', (size_t)(end - p));
        const char *stop = space != NULL ? space : end;
        if (*p == 'G') {
            *guid_r = p + 1;
            return (size_t)(stop - p) - 1;
        }
        p = stop + 1;
    }
    return 0;
}
