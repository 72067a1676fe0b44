/*
 * adopt.h.
 *
 * THE FILE IS READ TWICE. First to learn the UID of each message, then to take over those that
 * are new; so what is known already costs no write. A file that has changed in between (its
 * size or time) ends it.
 *
 * UIDS are those that c-client would give: X-UID where it ascends and is no higher than
 * X-IMAPbase says the last one was, else the next behind that. So also a message that arrived
 * since the file was last opened by it has the UID that it will get.
 *
 * WITHOUT X-IMAPbase nobody has given UIDs yet, and the messages get their place. To know at a
 * second time that these places still mean the same, the folder keeps what was taken: the
 * octets of the file, and their digest (imapd-adopted).
 */
#include "mailstore/adopt.h"

#include "mailstore/account.h"
#include "mailstore/append.h"
#include "mailstore/dirs.h"
#include "mailstore/dotlock.h"
#include "mailstore/keywords_pick.h"
#include "mailstore/mailbox.h"
#include "mailstore/small_file.h"
#include "mailstore/sys.h"
#include "mailstore/uidlist.h"

#include "message/mbox.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUFFER_OCTETS ((size_t)65536)

/* Messages that are committed at once: a bound for memory and for what waits in tmp/. */
#define BATCH 10000

/* FNV-1a's. */
#define DIGEST_BEGIN 0xcbf29ce484222325U

#define STATE_FILE "imapd-adopted"
#define STATE_MAX  8192

struct adoption {
    struct store *store;
    const char *folder;
    int fd;
    struct stat st;
    struct adopted *out;
    enum adopt_result result;
    enum store_error error;
    /* Of the first reading. */
    uint32_t *uid; /* of each message */
    size_t count, room;
    uint32_t last; /* the highest that was given */
    uint32_t before;
    bool based;
    uint64_t digest;
    uint64_t octets; /* that were digested */
    uint64_t stop;   /* so many octets are digested as `digest_before`, too */
    uint64_t digest_before;
    /* Of the second. */
    struct append *append;
    struct keywords_pick keywords;
    size_t at;
    size_t batch;
    size_t begun;  /* the pseudo message included */
    uint32_t next; /* of the folder, before */
    size_t taken;  /* messages, where they have no UIDs */
    bool pseudo;   /* the first is none */
    bool taking;
};

static bool stop(struct adoption *ad, enum adopt_result result, enum store_error error)
{
    if (ad->result == ADOPT_DONE) {
        ad->result = result;
        ad->error = error;
    }
    return false;
}

static bool store_failed(struct adoption *ad, enum store_error error)
{
    return stop(ad, ADOPT_FAILED, error);
}

/* --- Reading. --------------------------------------------------------------------------------
 */

/* FNV-1a: not against anybody, since the file and the Maildir are one user's. */
static uint64_t digest(uint64_t h, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3U;
    return h;
}

static void digest_piece(struct adoption *ad, const char *p, size_t n)
{
    if (ad->octets < ad->stop && ad->stop - ad->octets <= n)
        ad->digest_before = digest(ad->digest, p, (size_t)(ad->stop - ad->octets));
    ad->digest = digest(ad->digest, p, n);
    ad->octets += n;
}

static bool read_file(struct adoption *ad, const struct mbox_sink *sink, bool digests)
{
    struct mbox_reader *r = mbox_reader_new(sink);
    char *buf = malloc(BUFFER_OCTETS);
    enum mbox_status s = r == NULL || buf == NULL ? MBOX_NOMEM : MBOX_OK;
    ssize_t n = 0;
    for (off_t off = 0; s == MBOX_OK && off < ad->st.st_size; off += n) {
        off_t left = ad->st.st_size - off;
        n = sys_pread(ad->fd, buf, left < (off_t)BUFFER_OCTETS ? (size_t)left : BUFFER_OCTETS,
                      off);
        if (n <= 0)
            break;
        if (digests)
            digest_piece(ad, buf, (size_t)n);
        s = mbox_read(r, buf, (size_t)n);
    }
    int err = errno;
    if (s == MBOX_OK && n >= 0)
        s = mbox_end(r);
    mbox_reader_free(r);
    free(buf);
    if (n < 0)
        return store_failed(ad, store_error_from_errno(err));
    if (s == MBOX_NOMEM)
        return store_failed(ad, STORE_UNAVAILABLE);
    return s == MBOX_NONE ? stop(ad, ADOPT_NO_MBOX, STORE_OK)
                          : s == MBOX_OK && ad->result == ADOPT_DONE;
}

static bool begin_none(void *ctx)
{
    (void)ctx;
    return true;
}

static bool octets_none(void *ctx, const char *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return true;
}

static bool end_none(void *ctx, const struct mbox_message *m)
{
    (void)ctx;
    (void)m;
    return true;
}

/* Whether the file begins as an mbox does: of what is none, no folder is made. */
static bool begins(struct adoption *ad)
{
    const struct mbox_sink nobody = { begin_none, octets_none, end_none, NULL };
    const off_t size = ad->st.st_size;
    if (size > (off_t)BUFFER_OCTETS)
        ad->st.st_size = (off_t)BUFFER_OCTETS;
    bool is = read_file(ad, &nobody, false);
    ad->st.st_size = size;
    return is;
}

static bool is_unchanged(const struct adoption *ad)
{
    struct stat st;
    return sys_fstat(ad->fd, &st) == 0 && st.st_size == ad->st.st_size &&
           st.st_mtim.tv_sec == ad->st.st_mtim.tv_sec &&
           st.st_mtim.tv_nsec == ad->st.st_mtim.tv_nsec;
}

/* --- The first time: UIDs. -------------------------------------------------------------------
 */

static void keep_base(struct adoption *ad, const struct mbox_message *m)
{
    if (ad->count > 0 || ad->based || m->uidvalidity == 0 || m->uidvalidity > UID_LIMIT ||
        m->last_uid > UID_LIMIT)
        return;
    ad->based = true;
    ad->out->uidvalidity = m->uidvalidity;
    ad->last = m->last_uid;
}

static bool first_end(void *ctx, const struct mbox_message *m)
{
    struct adoption *ad = ctx;
    ad->pseudo = ad->pseudo || m->pseudo;
    keep_base(ad, m);
    if (m->pseudo)
        return true;
    if (ad->count == ad->room) {
        size_t room = ad->room * 2 + 1024;
        uint32_t *larger = reallocarray(ad->uid, room, sizeof *larger);
        if (larger == NULL)
            return store_failed(ad, STORE_UNAVAILABLE);
        ad->uid = larger;
        ad->room = room;
    }
    uint32_t uid = m->uid;
    if (!ad->based || uid <= ad->before || uid > ad->last) {
        if (ad->last >= UID_LIMIT)
            return store_failed(ad, STORE_LIMIT);
        uid = ++ad->last;
    }
    ad->before = ad->uid[ad->count++] = uid;
    return true;
}

/* --- The second: messages. -------------------------------------------------------------------
 */

static bool commit(struct adoption *ad)
{
    if (ad->append == NULL)
        return true;
    struct append *a = ad->append;
    uint32_t *uid = calloc(ad->batch + 1, sizeof *uid);
    ad->append = NULL;
    if (uid == NULL || !is_unchanged(ad)) {
        append_cancel(a);
        free(uid);
        return uid == NULL ? store_failed(ad, STORE_UNAVAILABLE)
                           : stop(ad, ADOPT_CHANGED, STORE_OK);
    }
    enum store_error e = append_commit(a, &ad->out->folder_uidvalidity, uid);
    free(uid);
    if (e != STORE_OK)
        return e == STORE_CANNOT ? stop(ad, ADOPT_VALIDITY, e) : store_failed(ad, e);
    ad->out->added += ad->batch;
    ad->batch = 0;
    return true;
}

static bool open_batch(struct adoption *ad)
{
    if (ad->append != NULL)
        return true;
    enum store_error e = append_open(ad->store, ad->folder, &ad->append);
    if (e != STORE_OK)
        return store_failed(ad, e);
    if (ad->based)
        append_uidvalidity(ad->append, ad->out->uidvalidity);
    return true;
}

static bool second_begin(void *ctx)
{
    struct adoption *ad = ctx;
    static const struct flag_change none = { FLAGS_REPLACE, 0, NULL, 0 };
    bool pseudo = ad->pseudo && ad->begun == 0;
    ad->begun++;
    if (ad->at == ad->count && !pseudo)
        return stop(ad, ADOPT_CHANGED, STORE_OK);
    ad->taking = !pseudo && (ad->based ? ad->uid[ad->at] >= ad->next : ad->at >= ad->taken);
    if (!ad->taking)
        return true;
    if (!open_batch(ad))
        return false;
    enum store_error e = append_message(ad->append, &none, 0);
    if (e != STORE_OK)
        return store_failed(ad, e);
    append_uid(ad->append, ad->based ? ad->uid[ad->at] : 0);
    ad->batch++;
    return true;
}

static bool second_octets(void *ctx, const char *p, size_t n)
{
    struct adoption *ad = ctx;
    if (!ad->taking)
        return true;
    enum store_error e = append_write(ad->append, p, n);
    return e == STORE_OK || store_failed(ad, e);
}

static unsigned flags_of(unsigned mbox)
{
    return ((mbox & MBOX_SEEN) != 0 ? FLAG_SEEN : 0U) |
           ((mbox & MBOX_DELETED) != 0 ? FLAG_DELETED : 0U) |
           ((mbox & MBOX_FLAGGED) != 0 ? FLAG_FLAGGED : 0U) |
           ((mbox & MBOX_ANSWERED) != 0 ? FLAG_ANSWERED : 0U) |
           ((mbox & MBOX_DRAFT) != 0 ? FLAG_DRAFT : 0U);
}

/* The separator's time, which mostly is local. */
static time_t date_of(const struct mbox_message *m)
{
    time_t when = (time_t)m->second;
    struct tm tm;
    if (m->zoned || gmtime_r(&when, &tm) == NULL)
        return when;
    tm.tm_isdst = -1;
    time_t local = mktime(&tm);
    return local == (time_t)-1 ? when : local;
}

static bool finish_message(struct adoption *ad, const struct mbox_message *m)
{
    const char *word[KEYWORDS_PICK_MAX];
    struct flag_change flags = { FLAGS_REPLACE, (uint8_t)flags_of(m->flags), word, 0 };
    char *words = strdup(m->keywords);
    enum store_error e = STORE_UNAVAILABLE;
    if (words != NULL && keywords_pick_words(&ad->keywords, words, word, &flags.keywords))
        e = append_flags(ad->append, &flags);
    if (e == STORE_OK)
        append_date(ad->append, date_of(m));
    free(words);
    return e == STORE_OK || store_failed(ad, e);
}

static bool second_end(void *ctx, const struct mbox_message *m)
{
    struct adoption *ad = ctx;
    if (m->pseudo)
        return true;
    ad->out->known += !ad->taking;
    ad->at++;
    if (!ad->taking)
        return true;
    return finish_message(ad, m) && (ad->batch < BATCH || commit(ad));
}

/* --- The folder. -----------------------------------------------------------------------------
 */

/* What was taken of a file without UIDs. */
struct state {
    uint64_t octets;
    uint64_t digest;
    uint64_t messages;
};

static bool read_state(int dir, struct state *state_r)
{
    struct buffer text;
    mode_t mode;
    buffer_init(&text, STATE_MAX);
    bool ok = small_file_read(dir, STATE_FILE, &text, &mode) == STORE_OK &&
              sscanf(buffer_string(&text), "%" SCNu64 " %" SCNx64 " %" SCNu64, &state_r->octets,
                     &state_r->digest, &state_r->messages) == 3;
    buffer_free(&text);
    return ok;
}

static enum store_error write_state(struct adoption *ad, int dir, struct dotlock *lock)
{
    struct buffer text;
    buffer_init(&text, STATE_MAX);
    buffer_printf(&text, "%" PRIu64 " %016" PRIx64 " %zu\n", ad->octets, ad->digest, ad->count);
    enum store_error e =
        small_file_replace(dir, STATE_FILE, STATE_FILE ".new", &text, 0600, lock);
    buffer_free(&text);
    return e;
}

/* The UIDs that the file has given and that no message has any more are spent, too. */
static enum store_error raise_next(const struct adoption *ad, int dir)
{
    struct uidlist list = { 0 };
    struct uidlist_lines lines;
    enum store_error e = uidlist_load(&list, dir, &lines);
    if (e == STORE_OK && list.next <= ad->last) {
        list.next = ad->last + 1;
        e = uidlist_rewrite(&list, dir, lines.line, lines.count);
    }
    uidlist_lines_free(&lines);
    return e;
}

static bool finish(struct adoption *ad)
{
    struct folder_dirs dirs = { -1, -1, -1, -1 };
    struct dotlock lock;
    struct mailbox_counts counts;
    enum store_error e = folder_dirs_open(ad->store, ad->folder, &dirs);
    if (e == STORE_OK)
        e = dotlock_take(&lock, dirs.dir, UIDLIST_LOCK);
    if (e == STORE_OK) {
        e = ad->based ? raise_next(ad, dirs.dir) : write_state(ad, dirs.dir, &lock);
        dotlock_drop(&lock);
    }
    folder_dirs_close(&dirs);
    if (e == STORE_OK && ad->out->added > 0) /* now, while nobody waits for the index */
        e = mailbox_status(ad->store, ad->folder, false, &counts);
    return e == STORE_OK || store_failed(ad, e);
}

/* Makes the folder where there is none, and learns what it has given. */
static bool look_at_folder(struct adoption *ad, struct state *state)
{
    struct mailbox_counts counts;
    struct folder_dirs dirs = { -1, -1, -1, -1 };
    enum store_error e = folder_create(ad->store, ad->folder);
    if (e == STORE_OK || e == STORE_EXISTS)
        e = mailbox_status(ad->store, ad->folder, false, &counts);
    if (e == STORE_OK)
        e = folder_dirs_open(ad->store, ad->folder, &dirs);
    if (e == STORE_OK && read_state(dirs.dir, state))
        ad->stop = state->octets;
    uint32_t renamed;
    if (e == STORE_OK)
        e = keywords_look(&ad->keywords.kw, dirs.dir, &renamed);
    folder_dirs_close(&dirs);
    if (e != STORE_OK)
        return store_failed(ad, e);
    ad->next = counts.uidnext;
    ad->out->folder_uidvalidity = counts.uidvalidity;
    return true;
}

/* Whether what the file says of UIDs goes with the folder. */
static bool agree(struct adoption *ad, const struct state *state)
{
    if (ad->based) {
        bool same = ad->out->uidvalidity == ad->out->folder_uidvalidity;
        if (!same && ad->next > 1)
            return stop(ad, ADOPT_VALIDITY, STORE_OK);
        ad->next = same ? ad->next : 1;
        return true;
    }
    ad->taken = (size_t)state->messages;
    bool grown = state->octets == 0 ||
                 (state->octets <= ad->octets && state->digest == ad->digest_before &&
                  state->messages <= ad->count);
    return grown || stop(ad, ADOPT_UNNUMBERED, STORE_OK);
}

enum adopt_result adopt_mbox(struct store *store, int fd, const char *folder,
                             struct adopted *adopted_r)
{
    struct adoption ad = {
        .store = store, .folder = folder, .fd = fd, .out = adopted_r, .digest = DIGEST_BEGIN
    };
    const struct mbox_sink first = { begin_none, octets_none, first_end, &ad };
    const struct mbox_sink second = { second_begin, second_octets, second_end, &ad };
    struct state state = { 0 };
    *adopted_r = (struct adopted){ .error = STORE_OK };
    keywords_pick_init(&ad.keywords);
    if (sys_fstat(fd, &ad.st) < 0)
        store_failed(&ad, store_error_from_errno(errno));
    else if (!S_ISREG(ad.st.st_mode))
        stop(&ad, ADOPT_NO_MBOX, STORE_OK);
    else if (begins(&ad) && look_at_folder(&ad, &state) && read_file(&ad, &first, true) &&
             agree(&ad, &state)) {
        adopted_r->messages = ad.count;
        if (read_file(&ad, &second, false) && commit(&ad))
            (void)finish(&ad);
    }
    append_cancel(ad.append);
    free(ad.uid);
    adopted_r->error = ad.error;
    const char *left = buffer_string(&ad.keywords.left);
    snprintf(adopted_r->keywords_left, sizeof adopted_r->keywords_left, "%.*s",
             ad.keywords.left.len < 2 ? 0 : (int)ad.keywords.left.len - 2,
             left == NULL ? "" : left);
    keywords_pick_free(&ad.keywords);
    return ad.result;
}
