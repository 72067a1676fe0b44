/*
 * A command: what came, how it is read, what it does, how it ends.
 *
 * A command is one line in the table (command/table.c) and one file: a parser that reads its
 * arguments into `args`, and a handler that sends the untagged responses and sets the result.
 * The loop (command/server.c) does the rest: states, errors of syntax, the untagged news of the
 * selected folder, the tagged response.
 */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "parser/lexer.h"
#include "session/session.h"

struct command;

/* What may be told of the selected folder before the tagged response (RFC 3501 section 7.4.1).
 */
enum command_news {
    NEWS_NONE,       /* nothing */
    NEWS_NO_EXPUNGE, /* FETCH, STORE and SEARCH by number: numbers must not move */
    NEWS_ALL
};

struct command_entry {
    const char *name; /* in upper case; "UID FETCH" */
    unsigned states;  /* enum session_state, those in which it is valid */
    enum command_news news;
    bool (*parse)(struct command *c); /* false: the lexer says what was wrong */
    void (*run)(struct command *c);
};

enum command_ending {
    ENDING_OK,
    ENDING_NO,
    ENDING_BAD,
    ENDING_SILENT /* no tagged response: the connection goes to another process, or is gone */
};

struct command {
    struct session *session;
    struct lexer *lexer;
    const struct command_entry *entry;
    char tag[TAG_MAX + 1];
    bool by_uid;         /* the UID form */
    bool foreign;        /* no IMAP client begins a command so */
    void *args;          /* what the parser read; the lexer's arena */
    struct view_own own; /* flags that this command changed and answered; the loop frees it */

    enum command_ending ending;
    const char *code;   /* a response code without its brackets, or NULL */
    const char *text;   /* for a person */
    bool keeps_numbers; /* by UID, but sequence numbers are among the arguments: no EXPUNGE */
    bool puts_highest;  /* messages were expunged: HIGHESTMODSEQ belongs to the answer */
    bool rest_unread;   /* the handler has left the command's line to lexer_recover */
    bool bye;           /* after the tagged response the connection ends */
    char made[160];     /* where a code or text that is made up is kept */
};

/* The table; ends with a NULL name. */
extern const struct command_entry command_table[];

/* Memory for the arguments, zeroed; NULL (and the lexer's error set) when there is none. */
void *command_args(struct command *c, size_t size);

/* How the command ends. The texts are constants, or in c->made. */
void command_ok(struct command *c, const char *code, const char *text);
void command_no(struct command *c, const char *code, const char *text);
void command_bad(struct command *c, const char *text);
/* BAD with what the lexer has against the command. */
void command_bad_syntax(struct command *c);
/* NO with the response code (RFC 5530) and the text that a failure of the store deserves. */
void command_store_error(struct command *c, enum store_error error);

/* No arguments: the line ends here. */
bool parse_nothing(struct command *c);

/* A mailbox name as the protocol has it (modified UTF-7 or raw UTF-8; from a client that speaks
 * UTF-8 that alone, with no meaning to "&") to the store's form.
 * FOLDER_NAME_MAX + 1 octets in out. STORE_CANNOT: it can be no folder's name. */
enum store_error mailbox_from_wire(const struct session *s, const struct text *wire, char *out);
/* The same for the name of what is to be made: STORE_CANNOT also for UTF-8 that is not in
 * Normalization Form C (RFC 9051 section 5.1). Not for modified UTF-7, which macOS's clients
 * have always sent decomposed. */
enum store_error mailbox_to_create(const struct session *s, const struct text *wire, char *out);
/* " mailbox" of a command, as it came; to be made a name when the command runs. */
bool parse_mailbox(struct lexer *lx, struct text *wire_r);

/* Sends a mailbox name as an astring, in modified UTF-7 or, to a client that speaks it (RFC
 * 6855 section 3), in UTF-8. */
void put_mailbox(const struct session *s, const char *name);
/* Sends octets as a quoted string or, where that can't be, as a literal. UTF-8 can be quoted
 * for a client that speaks it. */
void put_string(const struct session *s, const char *octets, size_t n);

/* The messages that a command's set names; false, and the command ended, where that fails. */
bool command_messages(struct command *c, struct sequence_set *set,
                      struct view_messages *messages_r);

/* What view_resolve said: true, or the command is ended. */
bool command_resolved(struct command *c, enum view_resolved resolved);

/* Flags as the store takes them. `change` then points into the arena. False (and the command
 * ended BAD) for a system flag that there is not; \Recent is passed over (nobody can set it).
 */
struct flag_names;
bool command_flags(struct command *c, const struct flag_names *names, enum flag_op op,
                   struct flag_change *change_r);

/* Formats UIDs as a uid-set for APPENDUID and COPYUID (RFC 4315 section 3): runs made ranges.
 */
struct buffer;
void put_uid_set(struct buffer *out, const uint32_t *uid, size_t n);

/* The capabilities now (RFC 3501 section 7.2.1), without "CAPABILITY ". */
void put_capabilities(const struct session *s, struct stream *io);

/* Whether the client has enabled IMAP4rev2 (RFC 9051). */
bool is_rev2(const struct session *s);

/* What of the selected folder may be told during this command, and how. */
struct view_sync command_news(const struct command *c);

/* The client is CONDSTORE-aware from now on (RFC 7162 section 3.1); the first time with a
 * folder selected it is told HIGHESTMODSEQ. */
void enable_condstore(struct session *s);
/* Sends HIGHESTMODSEQ or NOMODSEQ of the selected folder, untagged. */
void put_highest_modseq(struct session *s);
/* Sends HIGHESTMODSEQ where the client takes it for another one than it is. */
void correct_highest_modseq(struct session *s);
/* Whether this command's answer is to have it. */
bool must_put_highest(struct command *c);
/* The command uses mod-sequences, and so enables CONDSTORE. False: the folder was selected with
 * NOMODSEQ, and the command is ended BAD (RFC 7162 section 3.1.2.2). */
bool command_uses_modseqs(struct command *c);

/* One per command, or close family: see the table. */
bool parse_create(struct command *c);
bool parse_compress(struct command *c);
void run_compress(struct command *c);
bool parse_enable(struct command *c);
void run_enable(struct command *c);
bool parse_id(struct command *c);
void run_id(struct command *c);
void run_capability(struct command *c);
void run_noop(struct command *c);
void run_logout(struct command *c);
bool parse_login(struct command *c);
void run_login(struct command *c);
void run_starttls(struct command *c);
bool parse_authenticate(struct command *c);
void run_authenticate(struct command *c);
bool parse_select(struct command *c);
void run_select(struct command *c);
void run_examine(struct command *c);
bool parse_one_mailbox(struct command *c);
void run_create(struct command *c);
void run_delete(struct command *c);
bool parse_rename(struct command *c);
void run_rename(struct command *c);
void run_subscribe(struct command *c);
void run_unsubscribe(struct command *c);
bool parse_list(struct command *c);
void run_list(struct command *c);
bool parse_lsub(struct command *c);
void run_lsub(struct command *c);
void run_namespace(struct command *c);
bool parse_status(struct command *c);
void run_status(struct command *c);
bool parse_append(struct command *c);
void run_append(struct command *c);
void run_idle(struct command *c);
void run_check(struct command *c);
void run_close(struct command *c);
void run_unselect(struct command *c);
void run_expunge(struct command *c);
bool parse_uid_expunge(struct command *c);
void run_uid_expunge(struct command *c);
bool parse_search_command(struct command *c);
void run_search(struct command *c);
bool parse_cancelupdate(struct command *c);
void run_cancelupdate(struct command *c);
bool parse_sort_command(struct command *c);
void run_sort(struct command *c);
bool parse_thread_command(struct command *c);
void run_thread(struct command *c);
bool parse_fetch_command(struct command *c);
void run_fetch(struct command *c);
bool parse_store(struct command *c);
void run_store(struct command *c);
bool parse_copy(struct command *c);
void run_copy(struct command *c);
void run_move(struct command *c);
bool parse_replace(struct command *c);
void run_replace(struct command *c);

#endif
