/* APPEND: RFC 3501 section 6.3.11; several messages: RFC 3502; literal8: RFC 3516 section 4.4,
 * non-synchronizing too by RFC 7888 section 6; APPENDUID: RFC 4315 section 3. A message goes
 * from the network to the disk through the stream's buffer, never whole in memory. */
#include "command/command.h"

#include "config/settings.h"
#include "mailstore/append.h"
#include "parser/date.h"
#include "parser/flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One message, without its octets. */
struct append_message {
    struct flag_names flags;
    bool dated;
    int64_t date; /* seconds since the epoch */
    bool binary;  /* it is a literal8 */
    uint64_t octets;
};

struct append_args {
    struct text mailbox;
    struct append_message message; /* the one that comes next */
};

/* An APPEND under way. */
struct appender {
    struct command *c;
    struct append *append; /* NULL: none is open */
    size_t count;          /* messages begun */
};

/* What comes before a message, up to its literal's head: whether the literal may come is for
 * the handler to say. */
static bool parse_message(struct lexer *lx, struct append_message *m)
{
    *m = (struct append_message){ .dated = false };
    if (lexer_peek(lx) == '(' && (!parse_flag_list(lx, &m->flags) || !lexer_space(lx)))
        return false;
    m->dated = lexer_peek(lx) == '"';
    if (m->dated && (!parse_date_time(lx, &m->date) || !lexer_space(lx)))
        return false;
    m->binary = lexer_accept(lx, '~');
    return lexer_literal_head(lx, &m->octets);
}

bool parse_append(struct command *c)
{
    struct append_args *args = command_args(c, sizeof *args);
    return args != NULL && parse_mailbox(c->lexer, &args->mailbox) && lexer_space(c->lexer) &&
           parse_message(c->lexer, &args->message);
}

/* Opens the folder, for the first message. False: the command is ended. */
static bool open_folder(struct appender *a, const struct text *mailbox)
{
    char name[FOLDER_NAME_MAX + 1];
    enum store_error error = mailbox_from_wire(mailbox, name);
    if (error == STORE_OK)
        error = append_open(a->c->session->store, name, &a->append);
    if (error == STORE_NONEXISTENT)
        command_no(a->c, "TRYCREATE", "There is no such mailbox");
    else if (error != STORE_OK)
        command_store_error(a->c, error);
    return error == STORE_OK;
}

/* Everything that can refuse a message before it is sent; an empty one is how a client gives up
 * (RFC 3502 section 6.3.11). False: the command is ended. */
static bool prepare(struct appender *a, const struct append_args *args)
{
    struct command *c = a->c;
    const struct append_message *m = &args->message;
    struct flag_change flags;
    if (m->octets == 0) {
        command_no(c, NULL, "An empty message can't be appended");
        return false;
    }
    if (m->octets > c->session->settings->max_message) {
        command_no(c, "TOOBIG", "The message is larger than this server takes");
        return false;
    }
    if (!command_flags(c, &m->flags, FLAGS_REPLACE, &flags) ||
        (a->append == NULL && !open_folder(a, &args->mailbox)))
        return false;
    enum store_error error =
        append_message(a->append, &flags, m->dated ? (time_t)m->date : time(NULL));
    if (error == STORE_OK && m->binary)
        append_verbatim(a->append);
    if (error != STORE_OK)
        command_store_error(c, error);
    a->count++;
    return error == STORE_OK;
}

/* Reads the whole literal, also when it can't be written (a full disk): the client is sending
 * it. A literal has no NUL (RFC 3501 section 4.3), a literal8 may. False: the command is ended.
 */
static bool receive(struct appender *a, const struct append_message *m)
{
    struct command *c = a->c;
    const unsigned char *octets;
    long n = -1;
    enum store_error error = STORE_OK;
    bool nul = false;
    bool accepted = lexer_literal_accept(c->lexer);
    while (accepted && (n = lexer_literal_read(c->lexer, &octets)) > 0) {
        nul = nul || memchr(octets, '\0', (size_t)n) != NULL;
        if (error == STORE_OK)
            error = append_write(a->append, octets, (size_t)n);
    }
    if (n != 0)
        command_bad(c, c->lexer->error);
    else if (nul && !m->binary)
        command_bad(c, "A literal can't hold NUL");
    else if (error != STORE_OK)
        command_store_error(c, error);
    return n == 0 && error == STORE_OK && (!nul || m->binary);
}

/* All messages, one after the other. False: the command is ended, in the midst of its line. */
static bool take_all(struct appender *a, struct append_args *args)
{
    struct lexer *lx = a->c->lexer;
    for (;;) {
        if (!prepare(a, args) || !receive(a, &args->message))
            return false;
        if (!lexer_accept(lx, ' '))
            break;
        if (!parse_message(lx, &args->message)) {
            command_bad(a->c, lx->error);
            return false;
        }
    }
    if (lexer_end(lx))
        return true;
    command_bad(a->c, lx->error);
    return false;
}

/* All or none. The UIDs are consecutive. */
static void commit(struct appender *a)
{
    struct command *c = a->c;
    uint32_t uidvalidity;
    uint32_t *uid = calloc(a->count, sizeof *uid);
    enum store_error error = STORE_UNAVAILABLE;
    if (uid != NULL)
        error = append_commit(a->append, &uidvalidity, uid);
    else
        append_cancel(a->append);
    if (error == STORE_OK) {
        c->session->counts.appended += a->count;
        snprintf(c->made, sizeof c->made,
                 a->count > 1 ? "APPENDUID %u %u:%u" : "APPENDUID %u %u", uidvalidity, uid[0],
                 uid[a->count - 1]);
        command_ok(c, c->made, "APPEND completed");
    } else {
        command_store_error(c, error);
    }
    free(uid);
}

void run_append(struct command *c)
{
    struct appender a = { .c = c };
    if (take_all(&a, c->args)) {
        commit(&a);
        return;
    }
    if (a.append != NULL)
        append_cancel(a.append);
    c->rest_unread = true;
}
