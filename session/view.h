/*
 * The selected folder as this client sees it: which message has which sequence number, and
 * what the client has been told of each.
 *
 * It is a snapshot. It changes only in view_sync, which tells the client of each change in the
 * same breath (RFC 3501 section 7.4.1: of expunges only where the command allows it). A message
 * that is gone keeps its number until then.
 */
#ifndef SESSION_VIEW_H
#define SESSION_VIEW_H

#include "mailstore/mailbox.h"
#include "parser/sequence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;
struct view;

/* Who follows what happens to a view: session/context.h, which the view need not know. */
struct view_follower {
    /* Before the EXPUNGEs of these messages are told, while their numbers are valid. UIDs,
     * ascending; not all of them need be in the view. */
    void (*gone)(struct view *v, struct stream *io, const uint32_t *uid, size_t n);
    /* Behind EXISTS and the flags: these messages came or were changed. */
    void (*changed)(struct view *v, struct stream *io, const uint32_t *uid, size_t n);
    /* In place of `changed`, which messages is not known for want of memory. */
    void (*lost)(struct view *v, struct stream *io);
    /* The view is closed, or opened anew. */
    void (*end)(struct view *v);
};

/* HIGHESTMODSEQ: what a client that knows mod-sequences may take as known to it
 * (session/modseq.h). */
struct view_modseqs {
    bool kept;      /* they outlast the session; else the folder was selected with NOMODSEQ */
    uint64_t known; /* the client was told of everything up to here */
    uint64_t withheld; /* but not of a message that changed at this one; 0: there is none */
    uint64_t copy;     /* the client's own, by the rule of RFC 7162 section 6 */
    uint64_t fetched;  /* the highest MODSEQ in FETCH responses since it was last made out */
};

struct view {
    struct mailbox *mailbox; /* NULL: nothing is selected */
    char *name;              /* of the folder, UTF-8 */
    bool examined;           /* by EXAMINE */
    bool read_only;          /* EXAMINE, or the folder can't be written */
    uint32_t *uid;           /* uid[n - 1]: the message with sequence number n; ascending */
    size_t count, allocated;
    size_t recent; /* how many of these are \Recent: the RECENT count last told */
    struct sequence_range *fresh; /* the UIDs of these, ascending; those that were expunged
                                     since are still among them */
    size_t fresh_count, fresh_allocated;
    uint32_t *saved; /* "$" (RFC 5182): UIDs, ascending; some may have been expunged since */
    size_t saved_count;
    const struct view_follower *follower; /* or NULL */
    struct context *contexts;             /* the follower's */
    uint64_t told;          /* flags and new messages up to this mod-sequence were told */
    uint64_t expunges_told; /* and expunges up to this one */
    struct view_modseqs modseqs;
    unsigned keywords; /* how many keywords the FLAGS response last told of */
};

/* Opens a folder, `examine` as EXAMINE does. *v is overwritten. On an error nothing is
 * selected.
 */
enum store_error view_open(struct view *v, struct store *store, const char *name, bool examine);
/* Looks at the folder once more, as if it had been closed and opened. On an error it is to be
 * closed. */
enum store_error view_reopen(struct view *v);
/* Closes what is selected, if anything. */
void view_close(struct view *v);

/* The messages that a set names, in ascending order, each once. */
struct view_messages {
    uint32_t *uid;
    size_t count;
};

/* Flags that the client knows because its own command set them: answered, or SILENT. view_sync
 * does not repeat them. */
struct view_known {
    uint32_t uid;
    uint64_t modseq; /* of the change that it knows; later ones are news */
};
struct view_own {
    struct view_known *known; /* ascending by UID */
    size_t count, allocated;
};
/* Without memory nothing is added: the client is then told twice. */
void view_own_add(struct view_own *own, const struct message_info *info);
void view_own_free(struct view_own *own);

struct view_sync {
    bool expunges;              /* may be told now; else they are kept for later */
    bool uids;                  /* name the UID in each FETCH response */
    bool recent;                /* tell of \Recent: not in IMAP4rev2 (RFC 9051 appendix E) */
    bool modseqs;               /* and the mod-sequence (RFC 7162 section 3.1) */
    bool vanished;              /* VANISHED in place of EXPUNGE (RFC 7162 section 3.2.10) */
    const struct view_own *own; /* or NULL */
};

/* Looks at the disk, brings the view up to date and tells the client: FLAGS, EXPUNGE or
 * VANISHED, EXISTS, RECENT, FETCH. On a failure of the store nothing is told;
 * STORE_NONEXISTENT: the folder is gone. STORE_UNAVAILABLE: no memory, or an index that fails
 * again and again; the news waits.
 */
enum store_error view_sync(struct view *v, struct stream *io, const struct view_sync *how);

/* Whether view_sync's result means that the folder is no longer what was selected: deleted, or
 * given another UIDVALIDITY. Then the client is told BYE (RFC 2180 section 3.3), and the
 * connection must end: to report every message as expunged would make clients delete their
 * copies. */
bool view_lost(enum store_error error, struct stream *io);

/* The sequence number of a UID; 0 when it is not in the view. */
uint32_t view_sequence(const struct view *v, uint32_t uid);
/* The same for one UID after the other, best in ascending order: *at remembers where the last
 * one was. 0 at first. */
uint32_t view_sequence_next(const struct view *v, uint32_t uid, size_t *at);

/* The sequence number of the first message without \Seen (RFC 3501 section 7.1, UNSEEN), 0:
 * none. */
uint32_t view_first_unseen(const struct view *v);

enum view_resolved {
    VIEW_RESOLVED,
    VIEW_NO_SUCH_NUMBER, /* a sequence number beyond the last message: BAD (RFC 3501 section 9)
                          */
    VIEW_NO_MEMORY
};

/* How many messages a normalized set names. */
size_t view_span(const struct view *v, const struct sequence_set *set, bool by_uid);

/* What "$" stands for from now on: n UIDs, ascending. False: no memory, and it is empty. */
bool view_save(struct view *v, const uint32_t *uid, size_t n);

/* Finds the messages that a set names; `set` is normalized on the way. UIDs that do not exist
 * are passed over (RFC 3501 section 6.4.8). Free with view_messages_free. */
enum view_resolved view_resolve(const struct view *v, struct sequence_set *set, bool by_uid,
                                struct view_messages *messages_r);
void view_messages_free(struct view_messages *messages);

/* The same, but only of n given UIDs, which ascend: those that the set names. The work is
 * theirs and the set's, not of the messages that it names. */
enum view_resolved view_resolve_among(const struct view *v, struct sequence_set *set,
                                      bool by_uid, const uint32_t *uid, size_t n,
                                      struct view_messages *messages_r);

/* Tells EXISTS and, if wanted, RECENT. */
void view_tell_counts(const struct view *v, struct stream *io, const struct view_sync *how);

/* Tells the FLAGS and PERMANENTFLAGS of the folder (RFC 3501 sections 7.2.6, 7.1). */
void view_tell_flags(struct view *v, struct stream *io);

#endif
