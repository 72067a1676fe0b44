/*
 * Summaries: what clients ask of a message again and again, made once and kept by the caller
 * (in the index, mailstore/index_cache.h), each in a form from which an answer is a copy or a
 * comparison.
 *
 * A value begins with an octet that says by which rules it was made: SUMMARY_FORMAT, one more
 * with each change of message/ that makes another value of the same message. The readers here
 * take any octets at all, since what was kept may have been damaged: a value that is not sound,
 * or was made by other rules, is as good as none.
 */
#ifndef MESSAGE_SUMMARY_H
#define MESSAGE_SUMMARY_H

#include "message/message.h"
#include "message/search.h"

#define SUMMARY_FORMAT 3

enum summary_kind {
    SUMMARY_ENVELOPE,  /* as FETCH sends it */
    SUMMARY_FIELDS,    /* the header lines by which clients list, as sent */
    SUMMARY_SEARCH,    /* From, To, Cc, Bcc and Subject as SEARCH compares them, and the Date */
    SUMMARY_STRUCTURE, /* BODYSTRUCTURE as FETCH sends it */
    SUMMARY_BODY,      /* BODY as FETCH sends it */
    SUMMARY_SORT,      /* what SORT orders by, and THREAD as well */
    SUMMARY_THREAD,    /* the message's id, and those that it refers to */
    SUMMARY_PREVIEW,   /* as FETCH sends it */
    SUMMARY_KINDS
};

/* Octets of a value. What is longer is rare (a list of hundreds of recipients or parts), and is
 * made anew from the message each time. */
#define SUMMARY_MAX 8192

/* How deep a message must be parsed for this kind. */
enum message_depth summary_depth(enum summary_kind kind);

/* Whether a value of this kind is worth keeping when nobody has asked for it, only because the
 * message is parsed already. The others are asked for by few, who ask again. */
bool summary_kept_unasked(enum summary_kind kind);

/* Appends the value of a kind to *out. `fields`: for SUMMARY_FIELDS, see below. MESSAGE_NOMEM:
 * it does not fit into *out (whose ceiling is the caller's: SUMMARY_MAX), or no memory. Reads
 * the input no more than message_envelope and message_structure do, but for SUMMARY_PREVIEW,
 * which reads bodies: MESSAGE_IO, MESSAGE_CHANGED. */
enum message_status summary_make(const struct message *msg, enum summary_kind kind,
                                 uint64_t fields, struct buffer *out);

/* ENVELOPE, STRUCTURE and BODY: what is to be sent. It points into the value. False: the value
 * is none. */
bool summary_text(const void *value, size_t n, const char **text_r, size_t *len_r);

/* PREVIEW: its text, UTF-8 (message/preview.h); nothing where there is none. It points into the
 * value. False: the value is none. */
bool summary_preview(const void *value, size_t n, const char **text_r, size_t *len_r);

/* --- SUMMARY_FIELDS. -------------------------------------------------------------------------
 *
 * There are at most 64 names of fields that can be kept, those that known clients list by; a
 * set of them is the bits of a number. A value says which names it covers, present in the
 * message or not.
 */

/* What is kept without having been asked for: the fields that most clients ask for. The others
 * are long (DKIM-Signature, Authentication-Results), or one client's. */
uint64_t summary_fields_common(void);

/* Whether a section is HEADER.FIELDS of the whole message, and of no other names than these;
 * *fields_r is then the set of them. */
bool summary_fields_wanted(const struct section *section, uint64_t *fields_r);

/* The names that a value covers; 0: it is not sound. */
uint64_t summary_fields_covered(const void *value, size_t n);

/* Appends what message_section makes of HEADER.FIELDS with these names. False: the value does
 * not cover them, is not sound, or out has failed. */
bool summary_fields_select(const void *value, size_t n, uint64_t fields, struct buffer *out);

/* The set of one name (any case), where it is among the common ones; else 0. */
uint64_t summary_fields_common_of(const char *name);

/* What message_search_header would find for that field. False: that can't be said, because the
 * value does not cover it, is not sound, has an octet that a NUL may have been, or for want of
 * memory. */
bool summary_fields_search(const void *value, size_t n, const char *name,
                           const struct search_text *text, bool *found_r);

/* --- SUMMARY_SEARCH. -------------------------------------------------------------------------
 */

/* The number of a field (any case) that is in SUMMARY_SEARCH; -1: it is not. */
int summary_search_field(const char *wanted);

/* What message_search_header would find for that field. False: the value is not sound. */
bool summary_search_header(const void *value, size_t n, int field,
                           const struct search_text *text, bool *found_r);

/* What message_sent_day would return. False: the value is not sound; *dated_r: what it would
 * return. */
bool summary_sent_day(const void *value, size_t n, bool *dated_r, int64_t *day_r);

/* --- SUMMARY_SORT. ---------------------------------------------------------------------------
 */

/* What SORT compares as text. */
enum sort_key_kind {
    SORT_SUBJECT, /* the base subject (message/base_subject.h) */
    SORT_FROM,    /* the mailbox of the first address as ENVELOPE has it: of a group its name */
    SORT_TO,
    SORT_CC,
    SORT_DISPLAYFROM, /* its display name, or else its mailbox@host (RFC 5957 section 3) */
    SORT_DISPLAYTO,
    SORT_KEYS
};

/* Empty where the message has none. In the form of i;unicode-casemap: one is before another as
 * its octets are, and the same where they are the same. */
struct sort_key {
    const char *p; /* in the value */
    size_t n;
};

struct summary_sort {
    bool dated;     /* it has a Date that can be read: else its INTERNALDATE counts */
    int64_t second; /* since 1970-01-01, UTC (RFC 5256 section 2.2); 0 if not dated */
    bool reply;     /* a reply or forward, by its subject (RFC 5256 section 3) */
    struct sort_key key[SORT_KEYS];
};

/* False: the value is not sound. */
bool summary_sort(const void *value, size_t n, struct summary_sort *sort_r);

/* --- SUMMARY_THREAD. -------------------------------------------------------------------------
 *
 * Only the ids, as numbers (message_id_hash): THREAD needs the dates of all messages, and the
 * subjects, and has both from SUMMARY_SORT; THREAD=ORDEREDSUBJECT needs nothing else.
 */

struct summary_thread {
    uint64_t id;           /* of the Message-ID; 0: it has none that is one */
    size_t references;     /* how many: those of References, else one of In-Reply-To */
    const char *reference; /* in the value */
};

/* False: the value is not sound. */
bool summary_thread(const void *value, size_t n, struct summary_thread *thread_r);

/* The i-th reference (from 0), the oldest first. */
uint64_t summary_thread_reference(const struct summary_thread *thread, size_t i);

#endif
