/* SELECT and EXAMINE: RFC 3501 sections 6.3.1 and 6.3.2; CONDSTORE and QRESYNC: RFC 7162
 * sections 3.1.8 and 3.2.5; MAILBOXID: RFC 8474 section 4.2. */
#include "command/list.h"
#include "command/status.h"

#include "parser/qresync.h"
#include "session/changes.h"
#include "session/flags.h"
#include "session/modseq.h"
#include "session/select.h"

#include <string.h>

struct select_args {
    struct text mailbox;
    bool condstore;
    bool resync; /* QRESYNC */
    struct qresync qresync;
};

static bool parameter(struct command *c, struct select_args *args)
{
    struct lexer *lx = c->lexer;
    char word[16];
    if (!lexer_word(lx, word, sizeof word))
        return false;
    if (strcmp(word, "CONDSTORE") == 0) {
        args->condstore = true;
        return true;
    }
    if (strcmp(word, "QRESYNC") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "unknown parameter %s", word);
    if (args->resync)
        return lexer_fail(lx, LEXER_SYNTAX, "QRESYNC twice");
    args->resync = true;
    if (!lexer_space(lx) || !parse_qresync(lx, &args->qresync))
        return false;
    return (c->session->enabled & EXTENSION_QRESYNC) != 0 ||
           lexer_fail(lx, LEXER_SYNTAX, "QRESYNC needs ENABLE QRESYNC");
}

/* SP "(" parameter *(SP parameter) ")" (RFC 4466 section 2.1), behind the space. */
static bool parameters(struct command *c, struct select_args *args)
{
    if (!lexer_expect(c->lexer, '('))
        return false;
    do {
        if (!parameter(c, args))
            return false;
    } while (lexer_accept(c->lexer, ' '));
    return lexer_expect(c->lexer, ')');
}

bool parse_select(struct command *c)
{
    struct select_args *args = command_args(c, sizeof *args);
    if (args == NULL || !parse_mailbox(c->lexer, &args->mailbox))
        return false;
    if (lexer_accept(c->lexer, ' ') && !parameters(c, args))
        return false;
    return lexer_end(c->lexer);
}

/* Limits what is missed to what the client has in its cache. */
static bool limit(const struct view *v, struct qresync *q, struct changes *changes)
{
    struct sequence_range whole = { 1, UINT32_MAX };
    const struct sequence_set all = { .range = &whole, .count = 1 };
    uint32_t matched = changes->gone_known ? 0 : changes_matched(v, q);
    return changes_limit_gone(changes, q->known ? &q->uids : &all, matched);
}

/* What a client that was away has missed; nothing where UIDVALIDITY is another (RFC 7162
 * section 3.2.5). A mod-sequence above all that were given is from a time that nothing is known
 * of. False: out of memory. */
static bool find_missed(struct view *v, struct qresync *q, struct changes *changes_r)
{
    *changes_r = (struct changes){ 0 };
    if (!v->modseqs.kept || q->uidvalidity != mailbox_uidvalidity(v->mailbox))
        return true;
    uint64_t since = q->modseq <= view_highest_modseq(v) ? q->modseq : 0;
    return changes_since(v, since, true, changes_r) && limit(v, q, changes_r);
}

static void tell_missed(struct command *c, const struct qresync *q,
                        const struct changes *changes)
{
    struct view *v = &c->session->view;
    const struct view_sync how = command_news(c);
    struct flags_text text = { 0 };
    struct message_info info;
    size_t at = 0;
    put_vanished(c->session->io, true, &changes->gone);
    for (size_t i = 0; i < changes->count && c->session->io->state == STREAM_OPEN; i++) {
        uint32_t uid = changes->uid[i];
        if (q->known && !sequence_contains(&q->uids, uid))
            continue;
        uint32_t sequence = view_sequence_next(v, uid, &at);
        if (sequence != 0 && mailbox_get(v->mailbox, uid, &info) && !info.expunged)
            flags_tell(v, c->session->io, sequence, &how, &info, &text);
    }
}

/* IMAP4rev2 has no UNSEEN, but LIST (RFC 9051 section 6.3.2). */
static void tell_selected(struct command *c)
{
    const struct select_args *args = c->args;
    const struct view_sync how = command_news(c);
    struct session *s = c->session;
    struct view *v = &s->view;
    struct stream *io = s->io;
    char identity[FOLDER_IDENTITY_SIZE];
    view_tell_flags(v, io);
    view_tell_counts(v, io, &how);
    if (is_rev2(s))
        list_selected(s, &args->mailbox);
    uint32_t unseen = is_rev2(s) ? 0 : view_first_unseen(v);
    if (unseen != 0)
        stream_printf(io, "* OK [UNSEEN %u] First unseen message\r\n", unseen);
    stream_printf(io, "* OK [UIDVALIDITY %u] UIDs are valid\r\n",
                  mailbox_uidvalidity(v->mailbox));
    stream_printf(io, "* OK [UIDNEXT %u] Predicted next UID\r\n", mailbox_uidnext(v->mailbox));
    mailbox_folder_identity(v->mailbox, identity);
    stream_printf(io, "* OK [" MAILBOX_ID "] Stays when the name changes\r\n", identity);
    put_highest_modseq(s);
    if (!mailbox_uids_sticky(v->mailbox))
        stream_puts(
            io, "* NO [UIDNOTSTICKY] The UIDs can't be kept: the folder is not writable\r\n");
}

/* Opens the folder and finds what is to be told of it. */
static enum store_error open_mailbox(struct command *c, bool examine, struct changes *missed_r)
{
    char name[FOLDER_NAME_MAX + 1];
    struct select_args *args = c->args;
    struct session *s = c->session;
    enum store_error error = mailbox_from_wire(c->session, &args->mailbox, name);
    if (error == STORE_OK)
        error = select_folder(&s->view, &s->parked, s->store, name, examine);
    else
        select_leave(&s->view, &s->parked);
    if (error == STORE_OK && args->resync && !find_missed(&s->view, &args->qresync, missed_r)) {
        select_leave(&s->view, &s->parked);
        error = STORE_UNAVAILABLE;
    }
    return error;
}

/* What was selected is left first, and stays left if the new one can't be opened. */
static void select_mailbox(struct command *c, bool examine)
{
    const struct select_args *args = c->args;
    struct session *s = c->session;
    struct changes missed = { 0 };
    if (s->state == STATE_SELECTED) /* RFC 7162 section 3.2.11 */
        stream_puts(s->io, "* OK [CLOSED] The mailbox before is closed\r\n");
    s->state = STATE_AUTHENTICATED;
    if (args->condstore)
        enable_condstore(s);
    enum store_error error = open_mailbox(c, examine, &missed);
    if (error == STORE_OK) {
        s->state = STATE_SELECTED;
        tell_selected(c);
        tell_missed(c, &args->qresync, &missed);
        command_ok(c, s->view.read_only ? "READ-ONLY" : "READ-WRITE",
                   examine ? "EXAMINE completed" : "SELECT completed");
    } else {
        command_store_error(c, error);
    }
    changes_free(&missed);
}

void run_select(struct command *c)
{
    select_mailbox(c, false);
}

void run_examine(struct command *c)
{
    select_mailbox(c, true);
}
