#include "command/append_data.h"

#include "config/settings.h"
#include "parser/date.h"

#include <string.h>
#include <time.h>

/* append-data */
static bool parse_form(struct lexer *lx, struct append_message *m)
{
    char word[16];
    int c = lexer_peek(lx);
    if (c == '{' || c == '~') {
        m->form = lexer_accept(lx, '~') ? APPEND_LITERAL8 : APPEND_LITERAL;
        return lexer_literal_head(lx, &m->octets);
    }
    m->form = APPEND_CATENATE;
    if (!lexer_word(lx, word, sizeof word))
        return false;
    if (strcmp(word, "CATENATE") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "expected a literal or CATENATE");
    return lexer_space(lx) && lexer_expect(lx, '(');
}

bool parse_append_message(struct lexer *lx, struct append_message *m)
{
    *m = (struct append_message){ .dated = false };
    if (lexer_peek(lx) == '(' && (!parse_flag_list(lx, &m->flags) || !lexer_space(lx)))
        return false;
    m->dated = lexer_peek(lx) == '"';
    if (m->dated && (!parse_date_time(lx, &m->date) || !lexer_space(lx)))
        return false;
    return parse_form(lx, m);
}

/* Opens the folder, for the first message. False: the command is ended. */
static bool open_folder(struct appending *a, const struct text *mailbox)
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

bool append_data_fits(struct appending *a, uint64_t octets)
{
    uint64_t max = a->c->session->settings->max_message;
    if (octets > max || a->octets > max - octets) {
        command_no(a->c, "TOOBIG", "The message is larger than this server takes");
        return false;
    }
    a->octets += octets;
    return true;
}

/* An empty message is how a client gives up (RFC 3502 section 6.3.11). */
static bool refuse_empty(struct appending *a)
{
    command_no(a->c, NULL, "An empty message can't be appended");
    return false;
}

/* Everything that can refuse a message before it is sent. False: the command is ended. */
static bool prepare(struct appending *a, const struct text *mailbox,
                    const struct append_message *m)
{
    struct command *c = a->c;
    struct flag_change flags;
    a->octets = 0;
    if (m->octets == 0 && m->form != APPEND_CATENATE)
        return refuse_empty(a);
    if (!append_data_fits(a, m->octets) ||
        !command_flags(c, &m->flags, FLAGS_REPLACE, &flags) ||
        (a->append == NULL && !open_folder(a, mailbox)))
        return false;
    enum store_error error =
        append_message(a->append, &flags, m->dated ? (time_t)m->date : time(NULL));
    if (error == STORE_OK && m->form == APPEND_LITERAL8)
        append_verbatim(a->append);
    if (error != STORE_OK)
        command_store_error(c, error);
    a->count++;
    return error == STORE_OK;
}

/* A literal has no NUL (RFC 3501 section 4.3), a literal8 may. */
bool append_data_literal(struct appending *a, bool nul)
{
    struct command *c = a->c;
    const unsigned char *octets;
    long n = -1;
    enum store_error error = STORE_OK;
    bool fine = true;
    bool accepted = lexer_literal_accept(c->lexer);
    while (accepted && (n = lexer_literal_read(c->lexer, &octets)) > 0) {
        fine = fine && (nul || memchr(octets, '\0', (size_t)n) == NULL);
        if (error == STORE_OK)
            error = append_write(a->append, octets, (size_t)n);
    }
    if (n != 0)
        command_bad(c, c->lexer->error);
    else if (!fine)
        command_bad(c, "A literal can't hold NUL");
    else if (error != STORE_OK)
        command_store_error(c, error);
    return n == 0 && error == STORE_OK && fine;
}

bool append_data(struct appending *a, const struct text *mailbox,
                 const struct append_message *m)
{
    if (!prepare(a, mailbox, m))
        return false;
    if (m->form != APPEND_CATENATE)
        return append_data_literal(a, m->form == APPEND_LITERAL8);
    return append_data_catenate(a) && (a->octets > 0 || refuse_empty(a));
}
