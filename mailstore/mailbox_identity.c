/*
 * Who a folder is, whatever it is called, and who a message is, wherever it is copied: what
 * MAILBOXID and EMAILID (RFC 8474) are made of.
 *
 * A FOLDER is the GUID of its uidlist's header, which stays where the folder is renamed or
 * moved to another machine, and goes with its UIDVALIDITY. Only where there is no list and none
 * can be written it is made of UIDVALIDITY and inode.
 *
 * A MESSAGE is
 *   - the GUID of its line, where that has one: COPY and MOVE write it there for the copy. A
 *     GUID that is another message's base name (ours, and Dovecot's) counts up to its first
 *     ',': what follows changes in the hands of other programs;
 *   - else the unique part of its name, which no two deliveries have in common and which stays
 *     while the message does. So a file that somebody moves to another folder is the same
 *     message there;
 *   - or, where the name is not of the kind that is unique (`1`, `mail.eml`: each folder may
 *     have one), its folder and UID.
 *
 * The index keeps the GUIDs of lines (index_guid.c): what it lacks after it was lost is in the
 * list, and the other way round.
 */
#include "mailstore/mailbox_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void folder_identity(const struct index_folder *f, char id_r[FOLDER_IDENTITY_SIZE])
{
    if (uidlist_guid(&f->list, id_r))
        return;
    snprintf(id_r, FOLDER_IDENTITY_SIZE, "%08x%08x%016llx", f->uidvalidity,
             (unsigned)(f->key.dev ^ f->key.dev >> 32), (unsigned long long)f->key.ino);
}

void mailbox_folder_identity(const struct mailbox *mb, char identity_r[FOLDER_IDENTITY_SIZE])
{
    folder_identity(&mb->folder, identity_r);
}

/* What a message's GUID is where it is not that of another; NAME_MAX is GUID_MAX. */
static void own_guid(const struct mailbox *mb, const struct located *at, char *guid_r)
{
    char folder[FOLDER_IDENTITY_SIZE];
    uint64_t seconds;
    if (maildir_name_seconds(at->name, &seconds)) {
        size_t n = strcspn(at->name, ":");
        if (memchr(at->name, ' ', n) != NULL) /* behind the unique part */
            n = strcspn(at->name, ",:");
        memcpy(guid_r, at->name, n);
        guid_r[n] = '\0';
        return;
    }
    folder_identity(&mb->folder, folder);
    snprintf(guid_r, GUID_MAX + 1, "F%s.%u", folder, at->m.uid);
}

/* Twice where the index fails in between. */
enum store_error mailbox_guid(struct mailbox *mb, uint32_t uid, char *guid_r)
{
    struct located at;
    for (int i = 0; i < 2; i++) {
        if (!mailbox_locate(mb, uid, &at))
            return mailbox_is_gone(mb, uid) ? STORE_EXPUNGED : STORE_UNAVAILABLE;
        if ((at.m.bits & INDEX_GUID) == 0) {
            own_guid(mb, &at, guid_r);
            return STORE_OK;
        }
        if (index_message_guid(mb->index, mb->folder.id, uid, guid_r))
            return STORE_OK;
    }
    return STORE_UNAVAILABLE;
}

enum store_error mailbox_identity(struct mailbox *mb, uint32_t uid,
                                  char identity_r[IDENTITY_MAX + 1])
{
    _Static_assert(IDENTITY_MAX == GUID_MAX, "an identity is a GUID, or its beginning");
    enum store_error e = mailbox_guid(mb, uid, identity_r);
    if (e == STORE_OK)
        identity_r[strcspn(identity_r + 1, ",") + 1] = '\0';
    return e;
}

/* --- In a look. ------------------------------------------------------------------------------
 */

static const char *note(struct look *l, uint32_t uid, const char *guid, size_t n)
{
    if (l->guids == l->guids_allocated) {
        size_t more = l->guids_allocated == 0 ? 16 : l->guids_allocated * 2;
        struct line_guid *grown = reallocarray(l->guid, more, sizeof *grown);
        if (grown == NULL)
            return NULL;
        l->guid = grown;
        l->guids_allocated = more;
    }
    char *field = malloc(n + sizeof "G ");
    if (field == NULL)
        return NULL;
    field[0] = 'G';
    memcpy(field + 1, guid, n);
    memcpy(field + 1 + n, " ", sizeof " ");
    l->guid[l->guids++] = (struct line_guid){ uid, field };
    return field;
}

bool look_note_guid(struct look *l, const struct uidlist_line *line)
{
    const char *guid;
    size_t n = uidlist_line_guid(line, &guid);
    return n == 0 || n > GUID_MAX || note(l, line->uid, guid, n) != NULL;
}

bool look_save_guids(const struct look *l, uint32_t folder)
{
    char guid[GUID_MAX + 1];
    for (size_t i = 0; i < l->guids; i++) {
        size_t n = strlen(l->guid[i].field) - 2;
        memcpy(guid, l->guid[i].field + 1, n);
        guid[n] = '\0';
        if (!index_message_set_guid(l->mb->index, folder, l->guid[i].uid, guid))
            return false;
    }
    return true;
}

const char *look_guid_field(struct look *l, uint32_t uid, bool *ok_r)
{
    struct index *ix = l->mb->index;
    struct index_message m;
    char guid[GUID_MAX + 1];
    bool found = false;
    *ok_r = true;
    if (!l->indexed)
        return NULL;
    l->failed = l->failed || !index_read(ix) ||
                !index_message_get(ix, l->base.id, uid, &m, NULL, &found);
    if (!l->failed && (!found || (m.bits & INDEX_GUID) == 0))
        return NULL;
    l->failed = l->failed || !index_message_guid(ix, l->base.id, uid, guid);
    const char *field = l->failed ? NULL : note(l, uid, guid, strlen(guid));
    *ok_r = field != NULL;
    return field;
}

void look_guids_free(struct look *l)
{
    for (size_t i = 0; i < l->guids; i++)
        free(l->guid[i].field);
    free(l->guid);
}
