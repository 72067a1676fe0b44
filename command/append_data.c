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
    if (!lexer_word(lx, word, sizeof word) || !lexer_space(lx))
        return false;
    m->form = strcmp(word, "UTF8") == 0 ? APPEND_UTF8 : APPEND_CATENATE;
    if (m->form == APPEND_UTF8)
        return parse_utf8_literal(lx, &m->octets);
    if (strcmp(word, "CATENATE") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "expected a literal, UTF8 or CATENATE");
    return lexer_expect(lx, '(');
}

bool parse_utf8_literal(struct lexer *lx, uint64_t *octets_r)
{
    return lexer_expect(lx, '(') && lexer_expect(lx, '~') && lexer_literal_head(lx, octets_r);
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
    enum store_error error = mailbox_from_wire(a->c->session, mailbox, name);
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

bool append_data_close(struct appending *a)
{
    if (!lexer_expect(a->c->lexer, ')')) {
        command_bad_syntax(a->c);
        return false;
    }
    return true;
}

/* Everything that can refuse a message before it is sent. False: the command is ended. */
static bool prepare(struct appending *a, const struct text *mailbox,
                    const struct append_message *m)
{
    struct command *c = a->c;
    struct flag_change flags;
    a->octets = 0;
    a->header = (struct header_watch){ .at_line = true };
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

static bool has_eight_bit(const unsigned char *octets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (octets[i] >= 0x80)
            return true;
    return false;
}

/* An empty line ends the header, and so does a message that has none. */
static void watch_header(struct header_watch *w, const unsigned char *octets, size_t n)
{
    while (n > 0 && !w->ended) {
        const unsigned char *end = memchr(octets, '\n', n);
        size_t line = end != NULL ? (size_t)(end - octets) + 1 : n;
        bool empty = w->at_line && (octets[0] == '\n' || octets[0] == '\r');
        w->ended = empty;
        w->refused = w->refused || has_eight_bit(octets, line);
        w->at_line = end != NULL;
        octets += line;
        n -= line;
    }
}

enum store_error append_data_write(struct appending *a, const void *octets, size_t n)
{
    const struct session *s = a->c->session;
    if ((s->enabled & EXTENSION_UTF8) == 0 && !s->settings->append_8bit_header)
        watch_header(&a->header, octets, n);
    return append_write(a->append, octets, n);
}

/* RFC 6855 section 4. */
static bool header_is_fine(struct appending *a)
{
    if (a->header.refused)
        command_no(a->c, "CANNOT",
                   "8-bit octets in the header need ENABLE UTF8=ACCEPT, or encoded-words");
    return !a->header.refused;
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
            error = append_data_write(a, octets, (size_t)n);
    }
    if (n != 0)
        command_bad_syntax(c);
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
    if (m->form == APPEND_CATENATE)
        return append_data_catenate(a) && (a->octets > 0 || refuse_empty(a)) &&
               header_is_fine(a);
    if (!append_data_literal(a, m->form == APPEND_LITERAL8) || !header_is_fine(a))
        return false;
    return m->form != APPEND_UTF8 || append_data_close(a);
}
