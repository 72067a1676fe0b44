/*
 * STORE: a flag change is one rename.
 *
 * CONCURRENT CHANGES. The new name is made from the name the file has, and rename(2) from
 * exactly that name succeeds only while it is still true: a compare-and-swap. When it is not
 * (ENOENT), the file is looked for and the change applied to the flags it has then, so that a
 * flag that somebody else has set meanwhile stays. RENAME_NOREPLACE: a second file by the new
 * name is never overwritten; EEXIST is looked into like ENOENT, and the look puts the two names
 * right.
 *
 * LOCK. None is needed among ourselves. Dovecot reads cur/ with dovecot-uidlist.lock held,
 * since readdir(3) may miss a file that is renamed meanwhile, and takes what it misses for
 * expunged; found again it gets a new UID. So renames are done under that lock
 * (tests/interop/dovecot shows the difference); where it is not to be had soon (no
 * space, no right, somebody is slow) without it.
 *
 * A message in new/ goes to cur/: only there a name has flags. Nothing is renamed when nothing
 * changes. Nothing is synced: STORE promises no more than rename does (CHECK syncs).
 */
#include "mailstore/mailbox_private.h"

#include "mailstore/dotlock.h"
#include "mailstore/sys.h"
#include "mailstore/witness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Longer than anybody who is at work holds the lock. */
#define LOCK_SECONDS 2

/* When it was not to be had, this session does without it for so long: FETCH, which sets \Seen
 * message by message, must not wait for each. */
#define WITHOUT_LOCK_MS 60000

/* How many renames until the lock is looked after: a few milliseconds. */
#define KEEP_EVERY 256

/* How many changes go into the index at once. */
#define SAVE_EVERY 4096

void keyword_names(const struct mailbox *mb, uint32_t indexes, const char **name, size_t *n_r)
{
    *n_r = 0;
    for (unsigned i = 0; i < KEYWORDS_MAX; i++) {
        const char *known = (indexes & (1U << i)) != 0 ? keywords_name(&mb->keywords, i) : NULL;
        if (known != NULL)
            name[(*n_r)++] = known;
    }
}

/* Makes the keywords that this folder does not have yet. */
static enum store_error make_keywords(struct mailbox *mb, const struct flag_change *change)
{
    struct dotlock lock;
    uint32_t renamed = 0;
    index_release(mb->index);
    enum store_error e = dotlock_take(&lock, mb->dirs.dir, UIDLIST_LOCK);
    if (e != STORE_OK)
        return e;
    e = keywords_look(&mb->keywords, mb->dirs.dir, &renamed);
    if (e == STORE_OK)
        e = keywords_add(&mb->keywords, mb->dirs.dir, mb->dirs.cur, mb->dirs.new,
                         change->keyword, change->keywords);
    dotlock_drop(&lock);
    return e;
}

static enum store_error find_keywords(struct mailbox *mb, const struct flag_change *change,
                                      uint32_t *indexes_r)
{
    bool missing = false;
    for (size_t i = 0; i < change->keywords; i++)
        missing = missing || keywords_index(&mb->keywords, change->keyword[i]) < 0;
    if (missing && change->op != FLAGS_REMOVE) {
        enum store_error e = make_keywords(mb, change);
        if (e != STORE_OK)
            return e;
    }
    *indexes_r = 0;
    for (size_t i = 0; i < change->keywords; i++) {
        int index = keywords_index(&mb->keywords, change->keyword[i]);
        if (index >= 0)
            *indexes_r |= 1U << index;
    }
    return STORE_OK;
}

static uint32_t apply(enum flag_op op, uint32_t old, uint32_t given)
{
    switch (op) {
    case FLAGS_ADD:
        return old | given;
    case FLAGS_REMOVE:
        return old & ~given;
    case FLAGS_REPLACE:
        break;
    }
    return given;
}

/* The letters of a message whose keywords become `indexes`. $Forwarded may be written as P or
 * as a letter; as long as it does not change it stays as it is. */
static uint32_t letters_for(const struct mailbox *mb, const struct index_message *m,
                            uint32_t indexes)
{
    uint32_t old = keywords_from_letters(&mb->keywords, m->letters);
    uint32_t letters = keywords_to_letters(&mb->keywords, indexes);
    uint32_t forwarded = keywords_to_letters(&mb->keywords, LETTER_P);
    if (((old ^ indexes) & LETTER_P) == 0)
        letters = (letters & ~forwarded) | (m->letters & forwarded);
    return letters;
}

/* What a change makes of a message. */
struct outcome {
    uint8_t flags;
    uint32_t letters;
    char name[NAME_MAX + 1];
};

/* Returns whether there is anything to do. */
static bool make_outcome(const struct mailbox *mb, const struct located *at,
                         const struct flag_change *change, uint32_t given,
                         struct outcome *outcome, enum store_error *e_r)
{
    uint32_t old = keywords_from_letters(&mb->keywords, at->m.letters);
    uint32_t indexes = apply(change->op, old, given);
    outcome->flags = (uint8_t)apply(change->op, at->m.flags, change->flags);
    outcome->letters = letters_for(mb, &at->m, indexes);
    *e_r = STORE_OK;
    if (outcome->flags == at->m.flags && indexes == old)
        return false;
    if (!maildir_name_with_flags(at->name, outcome->flags, outcome->letters, outcome->name))
        *e_r = STORE_LIMIT;
    return *e_r == STORE_OK;
}

/* A STORE under way. */
struct storing {
    struct mailbox *mb;
    const struct flag_change *change;
    uint32_t given; /* the change's keywords, by index */
    struct own_change own;
    unsigned looks;
    struct done *done; /* renamed, but not in the index yet */
    size_t count;
    uint64_t since;     /* what was changed after this is left alone */
    uint32_t *modified; /* and listed here */
    size_t modifieds;
};

/* Brings the index up to what was done. When it can't be written the disk is looked at: this
 * session must know its own changes. */
static enum store_error save(struct storing *s)
{
    bool ok = mailbox_own_save(s->mb, &s->own, s->done, s->count);
    s->count = 0;
    return ok ? STORE_OK : mailbox_look(s->mb, LOOK_CHANGED);
}

static void note(struct storing *s, const struct located *at, const struct outcome *outcome)
{
    bool within = (at->m.bits & INDEX_IN_NEW) == 0;
    witness_expect(s->mb->witness, within ? 2 : 1);
    s->mb->keywords.used |= outcome->letters & LETTERS_AZ;
    s->done[s->count++] = (struct done){ .uid = at->m.uid,
                                         .letters = outcome->letters,
                                         .modseq = at->m.modseq,
                                         .flags = outcome->flags };
}

/* Whether the message was changed after `since`. 0 asks whether what is to be changed exists:
 * a keyword where the message has it, a system flag always (RFC 7162 section 3.1.3). */
static bool is_newer(const struct storing *s, const struct index_message *m)
{
    const struct flag_change *change = s->change;
    bool of_keywords =
        change->op != FLAGS_REPLACE && change->flags == 0 && change->keywords > 0;
    if (s->since == 0 && of_keywords)
        return (keywords_from_letters(&s->mb->keywords, m->letters) & s->given) != 0;
    return m->modseq > s->since;
}

/* Changes one message. STORE_EXPUNGED: it is gone. */
static enum store_error store_one(struct storing *s, uint32_t uid)
{
    struct mailbox *mb = s->mb;
    for (;;) {
        struct outcome outcome;
        struct located at;
        enum store_error e = STORE_OK;
        if (!mailbox_locate(mb, uid, &at))
            return STORE_EXPUNGED;
        if (is_newer(s, &at.m)) {
            s->modified[s->modifieds++] = uid;
            return STORE_OK;
        }
        if (!make_outcome(mb, &at, s->change, s->given, &outcome, &e))
            return e;
        if (sys_rename_new(located_dir(mb, &at), at.name, mb->dirs.cur, outcome.name) == 0) {
            note(s, &at, &outcome);
            return STORE_OK;
        }
        if (errno != ENOENT && errno != EEXIST)
            return store_error_from_errno(errno);
        e = save(s);
        if (e == STORE_OK)
            e = mailbox_relocate(mb, &at, &s->looks);
        s->own = mailbox_own_begin(mb);
        if (e != STORE_OK)
            return e;
    }
}

bool mailbox_lock_briefly(struct mailbox *mb, struct dotlock *lock)
{
    index_release(mb->index);
    if (monotonic_ms() < mb->without_lock_until)
        return false;
    if (dotlock_take_within(lock, mb->dirs.dir, UIDLIST_LOCK, LOCK_SECONDS) == STORE_OK)
        return true;
    mb->without_lock_until = monotonic_ms() + WITHOUT_LOCK_MS;
    return false;
}

static enum store_error store_all(struct storing *s, const uint32_t *uid, size_t n,
                                  struct dotlock *lock, size_t *gone)
{
    enum store_error e = STORE_OK;
    s->own = mailbox_own_begin(s->mb);
    for (size_t i = 0; i < n && e == STORE_OK; i++) {
        if (lock != NULL && i % KEEP_EVERY == 0)
            (void)dotlock_keep(lock);
        if (i % WITNESS_TAKE_EVERY == 0)
            witness_take(s->mb->witness);
        e = store_one(s, uid[i]);
        *gone += e == STORE_EXPUNGED;
        if (e == STORE_EXPUNGED)
            e = STORE_OK;
        if (e == STORE_OK && s->count == SAVE_EVERY) {
            e = save(s);
            s->own = mailbox_own_begin(s->mb);
        }
    }
    enum store_error saved = save(s);
    return e != STORE_OK ? e : saved;
}

static enum store_error run(struct storing *s, const uint32_t *uid, size_t n, size_t *gone_r)
{
    struct mailbox *mb = s->mb;
    size_t gone = 0;
    struct dotlock lock;
    enum store_error e = find_keywords(mb, s->change, &s->given);
    if (e == STORE_OK && n > 0) {
        s->done = calloc(n < SAVE_EVERY ? n : SAVE_EVERY, sizeof *s->done);
        e = s->done == NULL ? STORE_UNAVAILABLE : STORE_OK;
    }
    if (e == STORE_OK && n > 0) {
        mb->has_lock = mailbox_lock_briefly(mb, &lock);
        e = store_all(s, uid, n, mb->has_lock ? &lock : NULL, &gone);
        if (mb->has_lock)
            dotlock_drop(&lock);
        mb->has_lock = false;
    }
    free(s->done);
    if (gone_r != NULL)
        *gone_r = gone;
    return e;
}

enum store_error mailbox_store(struct mailbox *mb, const uint32_t *uid, size_t n,
                               const struct flag_change *change, size_t *gone_r)
{
    struct storing s = {
        .mb = mb, .change = change, .looks = LOOKS_PER_CALL, .since = UINT64_MAX
    };
    return run(&s, uid, n, gone_r);
}

enum store_error mailbox_store_unchanged(struct mailbox *mb, const uint32_t *uid, size_t n,
                                         const struct flag_change *change, uint64_t since,
                                         size_t *gone_r, uint32_t *modified, size_t *modified_r)
{
    struct storing s = { .mb = mb,
                         .change = change,
                         .looks = LOOKS_PER_CALL,
                         .since = since,
                         .modified = modified };
    enum store_error e = mailbox_look(mb, LOOK_CHANGED);
    if (e == STORE_OK)
        e = run(&s, uid, n, gone_r);
    *modified_r = s.modifieds;
    return e;
}
