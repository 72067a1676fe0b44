/*
 * The loop: read a tag and a name, find the command in the table, let it read its arguments,
 * run it, tell the news, answer. Whatever goes wrong in between, one tagged BAD (or untagged,
 * without a tag) is the answer, the rest of the command is thrown away, and the next one is
 * read.
 */
#include "command/server.h"

#include "auth/gate.h"
#include "base/log.h"
#include "command/command.h"
#include "command/progress.h"
#include "config/autocreate_list.h"
#include "config/settings.h"
#include "net/deflate.h"
#include "session/autocreate.h"
#include "session/modseq.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct limits {
    struct lexer_limits lexer;
    unsigned commands; /* 0: any number */
    uint64_t octets;   /* 0: any number */
};

/* Before login a name and a password, or a base64 of both, is the longest argument. A client
 * says CAPABILITY and ID, and has max_auth_tries, twenty at the most, of two literals each: all
 * that is far more than they need, and little enough that nobody keeps a processor busy until
 * login_timeout. */
static const struct limits gate_limits = {
    .lexer = { .line = 8192, .literal = 4096, .memory = 65536, .literals = 128 },
    .commands = 100,
    .octets = 262144,
};

/* After it: sets of tens of thousands of UIDs and long searches. 64 KiB of line is what Dovecot
 * takes, so no client sends more. */
static const struct limits user_limits = {
    .lexer = { .line = 65536, .literal = 65536, .memory = 1048576 },
};

/* LITERAL- (RFC 7888 section 5). */
#define LITERAL_MINUS_OCTETS 4096

/* So many commands in a row that made no sense: this is no IMAP client (or one that goes on
 * after its LOGIN failed), and it is told to go. */
#define BAD_IN_A_ROW_MAX 50

/* "UID FETCH" and its NUL. */
#define NAME_MAX_OCTETS 32

static const struct command_entry *find(const char *name)
{
    for (const struct command_entry *e = command_table; e->name != NULL; e++)
        if (strcmp(e->name, name) == 0)
            return e;
    return NULL;
}

/* What only begins like a tag must not be answered as if it were one: the client may have used
 * it elsewhere. */
static bool parse_tag(struct command *c)
{
    struct lexer *lx = c->lexer;
    int first = lexer_peek(lx);
    c->foreign = first >= 0 && first < ' ' && first != '\r' && first != '\n';
    bool tag = lexer_tag(lx, c->tag) && (lexer_at_end(lx) || lexer_peek(lx) == ' ');
    if (tag && lexer_space(lx))
        return true;
    if (!tag) {
        c->tag[0] = '\0';
        lexer_fail(lx, LEXER_SYNTAX, "this is no tag");
    }
    return false;
}

/* Version 1 of the PROXY protocol, "PROXY TCP4 ...", from an address that proxy_from does not
 * name. (Version 2 begins with two empty lines and a NUL.) */
static bool is_proxy_header(const char *tag, const char *name)
{
    return strcmp(tag, "PROXY") == 0 &&
           (strcmp(name, "TCP4") == 0 || strcmp(name, "TCP6") == 0 ||
            strcmp(name, "UNKNOWN") == 0);
}

static bool parse_name(struct command *c)
{
    char name[NAME_MAX_OCTETS];
    struct lexer *lx = c->lexer;
    if (!parse_tag(c) || !lexer_word(lx, name, sizeof name / 2))
        return false;
    if (strcmp(name, "UID") == 0) {
        c->by_uid = true;
        name[3] = ' ';
        if (!lexer_space(lx) || !lexer_word(lx, name + 4, sizeof name - 4))
            return false;
    }
    c->entry = find(name);
    c->foreign = is_proxy_header(c->tag, name);
    return c->entry != NULL || lexer_fail(lx, LEXER_SYNTAX, "unknown command %s", name);
}

static bool check_state(struct command *c)
{
    if (c->entry->states & c->session->state)
        return true;
    const char *why =
        c->session->state == STATE_NOT_AUTHENTICATED ? "log in first"
        : c->session->state == STATE_AUTHENTICATED && c->entry->states == STATE_SELECTED
            ? "select a mailbox first"
            : "already logged in";
    return lexer_fail(c->lexer, LEXER_SYNTAX, "%s is not valid now: %s", c->entry->name, why);
}

/* Tells what happened to the selected folder. False: it is gone, and so is the session. */
static bool tell_news(struct command *c)
{
    struct session *s = c->session;
    if (s->state != STATE_SELECTED || c->entry->news == NEWS_NONE)
        return true;
    struct view_sync how = command_news(c);
    enum store_error error = view_sync(&s->view, s->io, &how);
    return !view_lost(error, s->io); /* other trouble passes: the news waits */
}

/* What the client takes for the highest mod-sequence is put right in the answer itself where
 * that has room for it (RFC 7162 section 6). */
static void answer(struct command *c)
{
    static const char *const word[] = { "OK", "NO", "BAD" };
    if (c->ending == ENDING_SILENT)
        return;
    struct session *s = c->session;
    bool highest = must_put_highest(c);
    bool within = highest && c->ending == ENDING_OK && c->code == NULL;
    if (highest && !within)
        put_highest_modseq(s);
    stream_printf(s->io, "%s %s ", c->tag, word[c->ending]);
    if (within) {
        stream_puts(s->io, "[");
        view_put_highest_modseq(&s->view, s->io);
        stream_puts(s->io, "] ");
    } else if (c->code != NULL) {
        stream_printf(s->io, "[%s] ", c->code);
    }
    stream_printf(s->io, "%s\r\n", c->text);
}

/* The answer to what could not be read. */
static void answer_bad(struct command *c)
{
    struct stream *io = c->session->io;
    command_bad_syntax(c);
    stream_printf(io, "%s BAD ", c->tag[0] != '\0' ? c->tag : "*");
    if (c->code != NULL)
        stream_printf(io, "[%s] ", c->code);
    stream_printf(io, "%s\r\n", c->text);
}

enum next { NEXT_COMMAND, NEXT_BAD, NEXT_FOREIGN, NEXT_END };

static enum next one_command(struct session *s, struct lexer *lx)
{
    struct command c = { .session = s, .lexer = lx, .text = "Done" };
    struct progress progress;
    lexer_begin(lx);
    if (!parse_name(&c) || !check_state(&c) || !c.entry->parse(&c)) {
        if (lx->failure == LEXER_END)
            return NEXT_END;
        if (c.foreign && s->gate != NULL)
            return NEXT_FOREIGN;
        answer_bad(&c);
        return lexer_recover(lx) ? NEXT_BAD : NEXT_END;
    }
    progress_begin(&progress, s, c.tag);
    c.entry->run(&c);
    bool going_on = (!c.rest_unread || lexer_recover(lx)) && tell_news(&c);
    progress_end(&progress);
    view_own_free(&c.own);
    if (!going_on)
        return NEXT_END;
    answer(&c);
    if (c.bye || s->state == STATE_LOGOUT || s->handed_over)
        return NEXT_END;
    return c.ending == ENDING_BAD ? NEXT_BAD : NEXT_COMMAND;
}

static enum server_end how_it_ended(const struct session *s)
{
    if (s->handed_over)
        return SERVER_HANDED_OVER;
    if (s->state == STATE_LOGOUT)
        return SERVER_LOGOUT;
    if (s->io->state == STREAM_TIMEOUT)
        return SERVER_TIMEOUT;
    if (s->io->state == STREAM_LIMIT)
        return SERVER_REFUSED;
    return s->io->state == STREAM_OPEN ? SERVER_REFUSED : SERVER_DISCONNECTED;
}

/* A client that said nothing for too long is told so (RFC 3501 section 5.4), and one that said
 * too much before a login. The stream has ended for its users; this one line is sent past it.
 */
static void say_why_ended(struct session *s)
{
    enum stream_state state = s->io->state;
    s->io->state = STREAM_OPEN;
    stream_set_deadline(s->io, 1);
    stream_puts(s->io, state == STREAM_TIMEOUT ? "* BYE Autologout: idle for too long\r\n"
                                               : "* BYE Too much before a login\r\n");
    stream_part(s->io);
    s->io->state = state;
}

/* Commands until the client or we have had enough. Why we have, for the log; NULL: we have not.
 */
static const char *commands(struct session *s, struct lexer *lx, const struct limits *limits)
{
    unsigned bad = 0;
    unsigned all = 0;
    for (;;) {
        enum next next = one_command(s, lx);
        bad = next == NEXT_BAD ? bad + 1 : 0;
        if (next == NEXT_END)
            return NULL;
        if (next == NEXT_FOREIGN) {
            stream_puts(s->io, "* BYE This is an IMAP server\r\n");
            return "not-imap";
        }
        if (bad == BAD_IN_A_ROW_MAX) {
            stream_puts(s->io, "* BYE Too many commands that make no sense\r\n");
            return "nonsense";
        }
        if (limits->commands != 0 && ++all == limits->commands) {
            stream_puts(s->io, "* BYE Too many commands before a login\r\n");
            return "commands";
        }
    }
}

/* What the administrator learns of those who could have logged in and never tried. */
static void log_no_login(const struct session *s, const char *why)
{
    if (s->io->state == STREAM_TIMEOUT)
        why = "timeout";
    else if (s->io->state == STREAM_LIMIT)
        why = "octets";
    if (s->gate != NULL && why != NULL)
        log_info("no login: rip=%s reason=%s", s->peer, why);
}

static enum server_end loop(struct session *s, const struct limits *limits)
{
    struct lexer lx;
    lexer_init(&lx, &s->io->source, &limits->lexer);
    lx.limits.literal_plus = s->settings->literal_minus ? LITERAL_MINUS_OCTETS : 0;
    s->io->in_max = limits->octets;
    const char *why = commands(s, &lx, limits);
    lexer_free(&lx);
    stream_flush(s->io);
    log_no_login(s, why);
    enum server_end end = how_it_ended(s);
    if (s->io->state == STREAM_TIMEOUT || s->io->state == STREAM_LIMIT)
        say_why_ended(s);
    else if (end == SERVER_REFUSED)
        stream_part(s->io);
    return end;
}

static void tell_ready(const struct session *s, const char *status, const char *text)
{
    stream_printf(s->io, "%s [CAPABILITY ", status);
    put_capabilities(s, s->io);
    stream_printf(s->io, "] %s\r\n", text);
}

enum server_end serve_gate(struct session *s, bool greets)
{
    s->state = STATE_NOT_AUTHENTICATED;
    s->io->wipes = true;
    if (greets)
        tell_ready(s, "* OK", "imapd ready");
    return loop(s, &gate_limits);
}

static void release_snapshot(void *store)
{
    store_release(store);
}

static void rest(void *ctx)
{
    struct session *s = ctx;
    if (s->view.mailbox != NULL)
        mailbox_rest(s->view.mailbox);
    if (s->parked.mailbox != NULL)
        mailbox_rest(s->parked.mailbox);
    store_idle(s->store);
}

bool serve_open(struct session *s, const char *tag, const char *mail_root,
                const char *index_dir)
{
    enum store_error error = store_open(mail_root, s->settings->layout, &s->store);
    if (error == STORE_OK &&
        !store_index_at(s->store, index_dir, s->settings->index_max_size)) {
        store_close(s->store);
        s->store = NULL;
        error = STORE_UNAVAILABLE;
    }
    if (error == STORE_OK)
        return true;
    log_error("can't open the mail at %s: %s", mail_root, store_error_text(error));
    if (tag != NULL)
        stream_printf(s->io, "%s NO [UNAVAILABLE] The mail can't be opened now\r\n", tag);
    stream_puts(s->io, "* BYE [UNAVAILABLE] The mail can't be opened now\r\n");
    stream_flush(s->io);
    return false;
}

static void make_folders(const struct session *s)
{
    struct autocreate_item item;
    for (const char *p = s->settings->autocreate; *p != '\0';)
        if (autocreate_next(&p, &item))
            autocreate(s->store, item.name, item.n, item.uses);
}

enum server_end serve_user(struct session *s, const char *tag)
{
    char greeting[TAG_MAX + 16];
    stream_before_wait(s->io, release_snapshot, s->store);
    stream_when_idle(s->io, rest, s);
    s->state = STATE_AUTHENTICATED;
    make_folders(s);
    snprintf(greeting, sizeof greeting, "%s %s", tag != NULL ? tag : "*",
             tag != NULL ? "OK" : "PREAUTH");
    tell_ready(s, greeting, tag != NULL ? "Logged in" : "imapd ready");
    if (stream_flush(s->io))
        store_prepare(s->store);
    enum server_end end = loop(s, &user_limits);
    stream_before_wait(s->io, NULL, NULL);
    stream_when_idle(s->io, NULL, NULL);
    view_close(&s->view);
    view_close(&s->parked);
    store_close(s->store);
    s->store = NULL;
    s->io->transport = NULL;
    deflate_end(s->deflate);
    s->deflate = NULL;
    return end;
}
