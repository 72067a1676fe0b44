/* APPEND: RFC 3501 section 6.3.11; literal8: RFC 3516 section 4.4, non-synchronizing too by RFC
 * 7888 section 6; APPENDUID: RFC 4315 section 3. The message goes from the
 * network to the disk through the stream's buffer, never whole in memory. */
#include "command/command.h"

#include "config/settings.h"
#include "mailstore/append.h"
#include "parser/date.h"
#include "parser/flags.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct append_args {
    struct text mailbox;
    struct flag_names flags;
    bool dated;
    int64_t date; /* seconds since the epoch */
    bool binary;  /* the message is a literal8 */
    uint64_t octets;
};

/* Up to the literal's head: whether the literal may come is for the handler to say. */
bool parse_append(struct command *c)
{
    struct lexer *lx = c->lexer;
    struct append_args *args = command_args(c, sizeof *args);
    if (args == NULL || !parse_mailbox(lx, &args->mailbox) || !lexer_space(lx))
        return false;
    if (lexer_peek(lx) == '(' && (!parse_flag_list(lx, &args->flags) || !lexer_space(lx)))
        return false;
    args->dated = lexer_peek(lx) == '"';
    if (args->dated && (!parse_date_time(lx, &args->date) || !lexer_space(lx)))
        return false;
    args->binary = lexer_accept(lx, '~');
    return lexer_literal_head(lx, &args->octets);
}

/* Everything that can refuse the message before it is sent. False: the command is ended. */
static bool prepare(struct command *c, const struct append_args *args, char *name,
                    struct append **append_r)
{
    struct flag_change flags;
    if (args->octets > c->session->settings->max_message) {
        command_no(c, "TOOBIG", "The message is larger than this server takes");
        return false;
    }
    if (!command_flags(c, &args->flags, FLAGS_REPLACE, &flags))
        return false;
    enum store_error error = mailbox_from_wire(&args->mailbox, name);
    if (error == STORE_OK) {
        error = append_open(c->session->store, name, append_r);
        if (error == STORE_NONEXISTENT) {
            command_no(c, "TRYCREATE", "There is no such mailbox");
            return false;
        }
    }
    if (error == STORE_OK) {
        error =
            append_message(*append_r, &flags, args->dated ? (time_t)args->date : time(NULL));
        if (error == STORE_OK && args->binary)
            append_verbatim(*append_r);
        if (error != STORE_OK)
            append_cancel(*append_r);
    }
    if (error != STORE_OK)
        command_store_error(c, error);
    return error == STORE_OK;
}

/* Reads the whole literal, also when it can't be written (a full disk): the client is sending
 * it. A literal has no NUL (RFC 3501 section 4.3), a literal8 may. False: the connection has
 * ended within it. */
static bool receive(struct command *c, struct append *append, enum store_error *error_r,
                    bool *nul_r)
{
    const unsigned char *octets;
    long n;
    *error_r = STORE_OK;
    *nul_r = false;
    if (!lexer_literal_accept(c->lexer))
        return false;
    while ((n = lexer_literal_read(c->lexer, &octets)) > 0) {
        *nul_r = *nul_r || memchr(octets, '\0', (size_t)n) != NULL;
        if (*error_r == STORE_OK)
            *error_r = append_write(append, octets, (size_t)n);
    }
    return n == 0;
}

void run_append(struct command *c)
{
    struct append *append = NULL;
    enum store_error error;
    uint32_t uidvalidity, uid;
    bool nul;
    const struct append_args *args = c->args;
    char name[FOLDER_NAME_MAX + 1];
    if (!prepare(c, args, name, &append)) {
        c->rest_unread = true;
        return;
    }
    if (!receive(c, append, &error, &nul) || !lexer_end(c->lexer)) {
        append_cancel(append);
        c->rest_unread = true;
        command_bad(c, c->lexer->error);
        return;
    }
    if (nul && !args->binary) {
        append_cancel(append);
        command_bad(c, "A literal can't hold NUL");
        return;
    }
    if (error != STORE_OK)
        append_cancel(append);
    else
        error = append_commit(append, &uidvalidity, &uid);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    c->session->counts.appended++;
    snprintf(c->made, sizeof c->made, "APPENDUID %u %u", uidvalidity, uid);
    command_ok(c, c->made, "APPEND completed");
}
