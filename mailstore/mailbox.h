/*
 * One folder and the messages in it.
 *
 * A mailbox is what is on disk, as far as anybody has looked: mailbox_refresh looks again. What
 * is learnt is in the index (mailstore/index.h), for all sessions of the user. Each thing (a
 * message, an expunge, a flag) gets a number, the mod-sequence, higher than any before, so that
 * a session can ask what changed since it last told its client. Messages are named by UID;
 * sequence numbers are the session's affair.
 *
 * Answers come from a snapshot of the index, which must not be held while the client is waited
 * for: store_release (mailstore/store.h).
 */
#ifndef MAILSTORE_MAILBOX_H
#define MAILSTORE_MAILBOX_H

#include "mailstore/error.h"
#include "mailstore/store.h"

#include "base/buffer.h"
#include "message/input.h"

#include <time.h>

enum message_flag {
    FLAG_ANSWERED = 1 << 0,
    FLAG_FLAGGED = 1 << 1,
    FLAG_DELETED = 1 << 2,
    FLAG_SEEN = 1 << 3,
    FLAG_DRAFT = 1 << 4
};

/* The letters a to z of a file name (dovecot-keywords), and $Forwarded, which is the
 * letter P. A keyword's index is its bit in message_info.keywords. */
#define KEYWORDS_MAX       27
#define KEYWORD_LENGTH_MAX 64

#define MESSAGE_SIZE_UNKNOWN UINT64_MAX
#define MESSAGE_DATE_UNKNOWN INT64_MIN

struct message_info {
    uint32_t uid;
    uint8_t flags;     /* enum message_flag */
    bool recent;       /* first shown to this session (RFC 3501 2.3.2) */
    bool expunged;     /* gone: what is said of it is what was true before */
    uint32_t keywords; /* bit i: the keyword mailbox_keyword(mb, i) */
    uint64_t modseq;   /* of its last change (RFC 7162); 0 never */
    uint64_t size;     /* as mailbox_size; MESSAGE_SIZE_UNKNOWN: it must be asked for */
    int64_t date;      /* as mailbox_internaldate; MESSAGE_DATE_UNKNOWN: it must be asked for */
};

struct mailbox;

/* Opens a folder and looks at it once. `writable`: for SELECT; mail in new/ is moved to cur/
 * and is \Recent here and nowhere else. Otherwise (EXAMINE, STATUS) nothing is moved. A folder
 * whose files can't be written is opened all the same: see mailbox_writable. A missing cur/,
 * new/ or tmp/ is made. */
enum store_error mailbox_open(struct store *store, const char *name, bool writable,
                              struct mailbox **mb_r);
void mailbox_close(struct mailbox *mb);

bool mailbox_writable(const struct mailbox *mb);
/* False where there is no uidlist and none can be written: the UIDs are this session's alone
 * (RFC 4315 section 3, UIDNOTSTICKY). */
bool mailbox_uids_sticky(const struct mailbox *mb);
uint32_t mailbox_uidvalidity(const struct mailbox *mb); /* never 0, below 2^31 */
uint32_t mailbox_uidnext(const struct mailbox *mb);
uint64_t mailbox_modseq(const struct mailbox *mb); /* the highest given so far */

/* Whether what is given as mod-sequences now is good in other sessions: not in a private index
 * (mailstore/index.h), where nothing orders them among those that others give, nor where the
 * UIDs are not sticky (RFC 7162 section 3.1.2.2, NOMODSEQ). It may come and go. */
bool mailbox_modseqs_kept(const struct mailbox *mb);

/* The name of a keyword, NULL where there is none. Indexes keep their meaning while the mailbox
 * is open. */
const char *mailbox_keyword(const struct mailbox *mb, unsigned index);
/* Whether one more keyword can be made here: \* of PERMANENTFLAGS. */
bool mailbox_keywords_free(const struct mailbox *mb);

/* Looks at the disk and takes in what changed. STORE_NONEXISTENT: the folder itself is gone.
 * STORE_CORRUPT: it was given another UIDVALIDITY meanwhile; it must be closed and opened anew.
 * On any failure what was known stays as it was. To be called every half minute while waiting,
 * too: what changed in the same clock tick as a change of our own shows no sooner. */
enum store_error mailbox_refresh(struct mailbox *mb);

/* The same folder is selected once more (RFC 3501 section 6.3.1): nothing is \Recent here any
 * more but what comes now; then as mailbox_refresh. */
enum store_error mailbox_reopen(struct mailbox *mb);

/* Whether the folder of that name is this one: it may have been renamed, or deleted and made
 * again. */
bool mailbox_is_at(struct mailbox *mb, const char *name);

/* Which folder it is, whatever its name (RFC 8474, MAILBOXID): 32 hexadecimal digits in lower
 * case, the same as long as its UIDVALIDITY is. */
#define FOLDER_IDENTITY_SIZE 33
void mailbox_folder_identity(const struct mailbox *mb, char identity_r[FOLDER_IDENTITY_SIZE]);

/* Writes the uidlist of a folder that was just made, and tells the identity that it has from
 * now on. An error: the list can't be written now; the next who opens the folder tries again.
 */
enum store_error mailbox_begin(struct store *store, const char *name,
                               char identity_r[FOLDER_IDENTITY_SIZE]);

/* Numbers about the whole folder, as of the last look. */
struct mailbox_counts {
    uint32_t messages;
    uint32_t recent;
    uint32_t unseen;
    uint32_t deleted;
    uint32_t uidnext;
    uint32_t uidvalidity;
    uint64_t modseq; /* as mailbox_modseq; 0: they are not kept (mailbox_modseqs_kept) */
    uint64_t octets; /* mailbox_octets alone sets it */
    char identity[FOLDER_IDENTITY_SIZE];
};
void mailbox_counts(struct mailbox *mb, struct mailbox_counts *counts_r);

/* The sum of mailbox_size over all messages (RFC 8438), into counts->octets: a walk at the
 * speed of memory once all sizes are known. */
enum store_error mailbox_octets(struct mailbox *mb, struct mailbox_counts *counts);

/* STATUS of a folder that need not be open: as mailbox_open for EXAMINE, mailbox_counts, with
 * `octets` mailbox_octets, and mailbox_close, but where nothing has changed and octets are not
 * wanted it costs three stats. */
enum store_error mailbox_status(struct store *store, const char *name, bool octets,
                                struct mailbox_counts *counts_r);

/* The UID of the first message without \Seen, 0: none. */
uint32_t mailbox_first_unseen(struct mailbox *mb);

/* What is known of one message; false: nothing, it is not there (any more). */
bool mailbox_get(struct mailbox *mb, uint32_t uid, struct message_info *info_r);
/* Whether a message is provably not there any more. (mailbox_get may also fail for want of
 * memory.) */
bool mailbox_is_gone(struct mailbox *mb, uint32_t uid);
/* The first message with a UID of at least `uid`, expunged ones passed over; false: there is
 * none. For walks through the folder, or a part of it, at the speed of memory. */
bool mailbox_next(struct mailbox *mb, uint32_t uid, struct message_info *info_r);

/* The UIDs from `uid` on of the messages that are there, up to `max` of them, each with
 * MAILBOX_UID_RECENT where it is \Recent here; *n_r counts them, and is below max when those
 * were the last. *recent_r false: none has the mark. False: it can't be said what is there. */
#define MAILBOX_UID_RECENT 0x80000000U
bool mailbox_uids(struct mailbox *mb, uint32_t uid, uint32_t *uid_r, size_t max, size_t *n_r,
                  bool *recent_r);

/* What is known of this folder contradicts itself: forgets all of it and looks anew. Errors as
 * mailbox_refresh. */
enum store_error mailbox_rebuild(struct mailbox *mb);

enum changes_told {
    CHANGES_TOLD,         /* all of them */
    CHANGES_BUT_EXPUNGED, /* which messages are gone is not known (the index was lost meanwhile,
                             or it is too long ago): each() was called for those that are there,
                             and the caller must ask mailbox_is_gone of each that it knows of */
    CHANGES_BROKEN_OFF /* the index has failed: each() has not heard of all. What it has heard
                          is to be forgotten, and the question put anew */
};

/* Calls each() for the messages changed after mod-sequence `since`, expunged ones included, in
 * order of UID. each() may call mailbox_get. What it costs is what has changed. */
enum changes_told mailbox_changes(struct mailbox *mb, uint64_t since,
                                  void (*each)(void *ctx, const struct message_info *info),
                                  void *ctx);

/* Calls each() for the UIDs below UIDNEXT that no message has any more, or never had, as
 * ranges, ascending. What it costs is what exists. False: broken off, as above. */
bool mailbox_gaps(struct mailbox *mb, void (*each)(void *ctx, uint32_t first, uint32_t last),
                  void *ctx);

/* For those who go through many messages: tells who wants to know (store_on_progress). */
void mailbox_progress(const struct mailbox *mb, uint64_t done, uint64_t goal);

/* --- Reading. STORE_EXPUNGED when the message is gone. ------------------------------------ */

/* Opens a message. *in_r is the caller's, closed with mailbox_message_close before the mailbox
 * is.
 */
enum store_error mailbox_message_open(struct mailbox *mb, uint32_t uid,
                                      struct message_input **in_r);
void mailbox_message_close(struct message_input *in);

/* For those who go through many messages: uid[0] is opened next, if at all, then the others, in
 * ascending order (all that are left, of which only the first are looked at). To be called
 * before each is opened, and with n = 0 at the end. Where the disk must be waited for, the
 * files of some are opened and the kernel is asked to begin reading them; where all is in
 * memory this does nothing. */
void mailbox_message_ahead(struct mailbox *mb, const uint32_t *uid, size_t n);

/* The octets of BODY[] (RFC822.SIZE): from the file's name, or counted; once, then the index
 * has it. */
enum store_error mailbox_size(struct mailbox *mb, uint32_t uid, uint64_t *octets_r);
/* INTERNALDATE: the file's mtime, seconds since the epoch; asked once, then the index has it.
 */
enum store_error mailbox_internaldate(struct mailbox *mb, uint32_t uid, time_t *date_r);

/* SAVEDATE (RFC 8514): when the message came into this folder, seconds since the epoch: what
 * the file's name begins with, or INTERNALDATE where that is no time (doc/store.md). Errors as
 * mailbox_internaldate. */
enum store_error mailbox_savedate(struct mailbox *mb, uint32_t uid, time_t *date_r);

/* Who the message is: the same for it and all copies that COPY, MOVE and RENAME of INBOX have
 * made of it, in any folder and for ever, and for no other message. Text, 1 to IDENTITY_MAX
 * octets. STORE_EXPUNGED; STORE_UNAVAILABLE. */
#define IDENTITY_MAX 255
enum store_error mailbox_identity(struct mailbox *mb, uint32_t uid,
                                  char identity_r[IDENTITY_MAX + 1]);

/* --- What was made of messages, kept in the index for the next request and session. Which
 * kinds there are (from 0, below INDEX_CACHE_KINDS of mailstore/index_cache.h) is the caller's
 * affair.
 */

/* The value of a kind that was kept for a message, in the place of what is in *out. False:
 * there is none, or no memory. */
bool mailbox_kept(struct mailbox *mb, uint32_t uid, unsigned kind, struct buffer *out);

/* Keeps a value of n octets; what is empty, or longer than INDEX_CACHE_MAX, or has no room, is
 * not kept. It is written to the index some time later. */
void mailbox_keep(struct mailbox *mb, uint32_t uid, unsigned kind, const void *value, size_t n);

/* The client has been silent for a while: what waits is written, and what was kept of expunged
 * messages is removed. */
void mailbox_rest(struct mailbox *mb);

/* --- Changing. -----------------------------------------------------------------------------
 */

enum flag_op { FLAGS_REPLACE, FLAGS_ADD, FLAGS_REMOVE };

struct flag_change {
    enum flag_op op;
    uint8_t flags;              /* enum message_flag */
    const char *const *keyword; /* names, any case */
    size_t keywords;
};

/* STORE: changes the flags of `n` messages, in ascending order of UID. Messages that are gone
 * are passed over and counted in *gone_r. STORE_LIMIT, nothing changed: no room for the
 * keyword. On another error those before the failing one are changed. */
enum store_error mailbox_store(struct mailbox *mb, const uint32_t *uid, size_t n,
                               const struct flag_change *change, size_t *gone_r);

/* The same, but of messages that were changed after mod-sequence `since` nothing is changed
 * (RFC 7162 section 3.1.3): their UIDs, ascending, go to modified, which has room for n;
 * *modified_r counts them. Whether a message was changed is looked at right before its file is
 * renamed from exactly the name that it had then. 0, and a change that adds or removes nothing
 * but keywords: of messages that have one of them. */
enum store_error mailbox_store_unchanged(struct mailbox *mb, const uint32_t *uid, size_t n,
                                         const struct flag_change *change, uint64_t since,
                                         size_t *gone_r, uint32_t *modified,
                                         size_t *modified_r);

/* EXPUNGE: of `n` messages (with n EXPUNGE_ALL, and no list: of all) removes those that carry
 * \Deleted on disk now. They are then marked expunged. *removed_r (or NULL) counts them. */
#define EXPUNGE_ALL SIZE_MAX
enum store_error mailbox_expunge(struct mailbox *mb, const uint32_t *uid, size_t n,
                                 size_t *removed_r);

/* MOVE (RFC 6851): `n` messages, in ascending order of UID, with flags, keywords and date. The
 * new UIDs are written to new_uid (room for n), 0 for those that were not moved; *moved_r
 * counts those that are not here any more. OK means all, durably. On another error some may
 * have been moved; each is in one of the folders, but for what had to be copied, which may be
 * in both. STORE_EXPUNGED: one was not there, and none was moved (or one went in that moment).
 */
enum store_error mailbox_move(struct mailbox *mb, const uint32_t *uid, size_t n, const char *to,
                              uint32_t *uidvalidity_r, uint32_t *new_uid, size_t *moved_r);

/* COPY: all `n` messages, in this order, with flags, keywords and date, or none. The new UIDs
 * are consecutive and are written to new_uid (room for n). OK means: durable, as COPY's
 * answer must be. */
enum store_error mailbox_copy(struct mailbox *mb, const uint32_t *uid, size_t n, const char *to,
                              uint32_t *uidvalidity_r, uint32_t *new_uid);

/* CHECK (RFC 3501 6.4.1): what of this folder may still be in the kernel's hands is on disk. */
enum store_error mailbox_check(struct mailbox *mb);

/* --- Waiting (IDLE). ------------------------------------------------------------------------
 */

/* An inotify descriptor that becomes readable when the folder may have changed; -1 when there
 * is none to be had: then poll mailbox_refresh. The mailbox's; one at a time. */
int mailbox_watch(struct mailbox *mb);
/* Milliseconds after which to look even if the descriptor has told nothing: what the last look
 * took on trust can be verified then. -1: nothing is in doubt. */
int mailbox_watch_ms(const struct mailbox *mb);
/* Empties the descriptor after it became readable. */
void mailbox_watch_drain(struct mailbox *mb);
void mailbox_unwatch(struct mailbox *mb);

#endif
