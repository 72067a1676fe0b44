/*
 * What the letters of a folder's keywords mean, as far as the index was told: so that when
 * somebody gives another name to a letter, the messages that have it count as changed, once and
 * for all sessions.
 */
#include "mailstore/mailbox_private.h"

#include <string.h>

/* FNV-1a; never 0. */
static uint32_t hash_of(const char *name)
{
    uint32_t h = 0x811c9dc5U;
    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 0x01000193U;
    return h == 0 ? 1 : h;
}

/* Which letters have another name than when the index last heard of it. */
static uint32_t renamed_letters(struct index_folder *f, const struct keywords *kw)
{
    uint32_t renamed = 0;
    for (unsigned i = 0; i < LETTERS_COUNTED; i++) {
        uint32_t hash = kw->name[i] != NULL ? hash_of(kw->name[i]) : 0;
        if (hash == f->keyword_hash[i])
            continue;
        f->keyword_hash[i] = hash;
        renamed |= 1U << i;
    }
    return renamed;
}

/* Returns the letters whose names have changed since the index last heard of them. */
static uint32_t remember(struct index_folder *f, const struct keywords *kw)
{
    struct index_stamp now;
    memset(&now, 0, sizeof now);
    if (kw->present) {
        now.dev = kw->dev;
        now.ino = kw->ino;
        now.sec = kw->mtime.tv_sec;
        now.nsec = kw->mtime.tv_nsec;
        now.size = kw->size;
    }
    if (memcmp(&now, &f->keywords, sizeof now) == 0)
        return 0;
    f->keywords = now;
    return renamed_letters(f, kw);
}

void folder_remember_keywords(struct index_folder *f, const struct keywords *kw)
{
    struct index_folder told = *f;
    if ((remember(&told, kw) & f->letters) == 0)
        *f = told;
}

/* A keyword file that can't be read costs the names, not the mail. A letter that is on messages
 * and means something else now has changed all of them. */
bool look_at_keywords(struct look *l)
{
    struct mailbox *mb = l->mb;
    uint32_t ignored = 0;
    mb->keywords_unread = keywords_look(&mb->keywords, mb->dirs.dir, &ignored);
    if (mb->keywords_unread != STORE_OK)
        return true;
    uint32_t renamed = remember(&mb->folder, &mb->keywords) & mb->folder.letters;
    if (renamed == 0)
        return true;
    if (!look_load_whole(l))
        return false;
    for (size_t i = 0; i < mb->table.count; i++) {
        struct record *rec = &mb->table.rec[i];
        if (rec->state == RECORD_SHOWN && (rec->letters & renamed) != 0)
            record_changed(rec);
    }
    return true;
}

void mailbox_learn_letters(struct mailbox *mb, uint32_t letters)
{
    uint32_t ignored = 0;
    uint32_t unheard = letters & LETTERS_AZ & ~mb->keywords.used;
    if (unheard == 0)
        return;
    mb->keywords_unread = keywords_look(&mb->keywords, mb->dirs.dir, &ignored);
    mb->keywords.used |= unheard;
}
