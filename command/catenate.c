/*
 * CATENATE (RFC 4469), with URL-PARTIAL (RFC 5550 section 5.7.1): a message put together from
 * literals and from parts of messages that are here already, which are named by URLs.
 *
 * What a URL names is taken as FETCH BODY.PEEK[...]<...> would send it.
 */
#include "command/append_data.h"

#include "base/buffer.h"
#include "message/message.h"
#include "parser/imap_url.h"
#include "session/content.h"

#include <string.h>

/* The folder that the last URL named, which is mostly the next one's, too. */
struct source_folder {
    struct mailbox *mailbox; /* NULL: none */
    char name[FOLDER_NAME_MAX + 1];
};

struct append_sink {
    struct message_sink sink; /* first: the two are one address */
    struct appending *appending;
    enum store_error error;
};

static bool sink_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct append_sink *to = (struct append_sink *)sink;
    to->error = append_data_write(to->appending, octets, n);
    return to->error == STORE_OK;
}

/* BADURL names the first URL that could not be had (section 4.1). Octets that its grammar has
 * no place for are percent-encoded. */
static bool bad_url(struct command *c, const struct text *url)
{
    struct buffer code;
    buffer_init(&code, url->n * 3 + 16);
    buffer_puts(&code, "BADURL ");
    for (size_t i = 0; i < url->n; i++) {
        unsigned char o = (unsigned char)url->octets[i];
        bool plain = o >= ' ' && o < 0x7f && o != ']' && o != '\\';
        buffer_printf(&code, plain ? "%c" : "%%%02X", o);
    }
    const char *kept = NULL;
    if (!code.failed && url->n > 0)
        kept = arena_copy(&c->lexer->arena, code.data, code.len);
    buffer_free(&code);
    command_no(c, kept, "The URL names no message or part of one here");
    return false;
}

/* What the store can't give because it is not there is the URL's fault. */
static bool failed(struct command *c, const struct text *url, enum store_error error)
{
    if (error == STORE_NONEXISTENT || error == STORE_CANNOT || error == STORE_EXPUNGED ||
        error == STORE_NOPERM || error == STORE_LIMIT)
        return bad_url(c, url);
    command_store_error(c, error);
    return false;
}

static void leave(struct source_folder *from)
{
    if (from->mailbox != NULL)
        mailbox_close(from->mailbox);
    from->mailbox = NULL;
}

/* As EXAMINE would: nothing is \Recent, or moved, for it. */
static enum store_error enter(struct source_folder *from, const struct session *s,
                              const struct imap_url *url)
{
    char name[FOLDER_NAME_MAX + 1];
    const char *selected = s->state == STATE_SELECTED ? s->view.name : NULL;
    enum store_error error = STORE_OK;
    if (url->mailbox.octets != NULL)
        error = folder_name_normalize(url->mailbox.octets, url->mailbox.n, name);
    else if (selected != NULL)
        memcpy(name, selected, strlen(selected) + 1);
    else
        error = STORE_NONEXISTENT;
    if (error != STORE_OK || (from->mailbox != NULL && strcmp(name, from->name) == 0))
        return error;
    leave(from);
    memcpy(from->name, name, strlen(name) + 1);
    error = mailbox_open(s->store, name, false, &from->mailbox);
    if (error != STORE_OK)
        from->mailbox = NULL;
    return error;
}

/* Of a section's octets those that the URL names. False: the command is ended. */
static bool write_section(struct appending *a, struct message_input *in,
                          const struct section_data *data, const struct imap_url *url)
{
    uint64_t count = data->octets > url->first ? data->octets - url->first : 0;
    if (count > url->count)
        count = url->count;
    if (!append_data_fits(a, count))
        return false;
    struct append_sink to = { { sink_write }, a, STORE_OK };
    enum store_error error =
        count == 0 ? STORE_OK
                   : content_error(message_send(in, data, url->first, count, &to.sink));
    if (to.error != STORE_OK)
        error = to.error;
    if (error != STORE_OK)
        command_store_error(a->c, error);
    return error == STORE_OK;
}

/* The section of an open message, parsed as deep as it asks. */
static enum store_error find_section(struct message_input *in, const struct section *section,
                                     struct message **msg_r, struct section_data *data_r)
{
    bool own = section->depth == 0;
    if (own && section->text == SECTION_ALL)
        return content_error(message_whole(in, data_r));
    enum message_depth depth =
        own && section->text != SECTION_TEXT ? MESSAGE_HEADER : MESSAGE_WHOLE;
    enum message_status status = message_parse(in, depth, msg_r);
    if (status == MESSAGE_OK)
        status = message_section(*msg_r, section, data_r);
    return content_error(status);
}

/* The snapshot is not held while the message is read and written. */
static bool write_message(struct appending *a, const struct text *text,
                          const struct imap_url *url, struct mailbox *mb)
{
    struct message_input *in = NULL;
    struct message *msg = NULL;
    struct section_data data = { .exists = false };
    bool ok;
    enum store_error error = mailbox_message_open(mb, url->uid, &in);
    if (error != STORE_OK)
        return failed(a->c, text, error);
    store_release(a->c->session->store);
    error = find_section(in, &url->section, &msg, &data);
    if (error != STORE_OK)
        ok = failed(a->c, text, error);
    else if (!data.exists)
        ok = bad_url(a->c, text);
    else
        ok = write_section(a, in, &data, url);
    section_data_free(&data);
    message_free(msg);
    mailbox_message_close(in);
    return ok;
}

static bool write_url(struct appending *a, struct source_folder *from, const struct text *text)
{
    struct command *c = a->c;
    struct imap_url *url = arena_take(&c->lexer->arena, sizeof *url);
    if (url == NULL || !imap_url_parse(text, &c->lexer->arena, url))
        return bad_url(c, text);
    enum store_error error = enter(from, c->session, url);
    if (error != STORE_OK)
        return failed(c, text, error);
    if (url->uidvalidity != 0 && url->uidvalidity != mailbox_uidvalidity(from->mailbox))
        return bad_url(c, text);
    return write_message(a, text, url, from->mailbox);
}

static bool bad(struct command *c)
{
    command_bad_syntax(c);
    return false;
}

/* cat-part */
static bool take_part(struct appending *a, struct source_folder *from)
{
    struct lexer *lx = a->c->lexer;
    char word[16];
    struct text url;
    uint64_t octets;
    if (!lexer_word(lx, word, sizeof word) || !lexer_space(lx))
        return bad(a->c);
    if (strcmp(word, "TEXT") == 0) {
        if (!lexer_literal_head(lx, &octets))
            return bad(a->c);
        return append_data_fits(a, octets) && append_data_literal(a, false);
    }
    if (strcmp(word, "UTF8") == 0) {
        if (!parse_utf8_literal(lx, &octets))
            return bad(a->c);
        return append_data_fits(a, octets) && append_data_literal(a, false) &&
               append_data_close(a);
    }
    if (strcmp(word, "URL") != 0)
        lexer_fail(lx, LEXER_SYNTAX, "expected TEXT, UTF8 or URL");
    else if (lexer_astring(lx, &url))
        return write_url(a, from, &url);
    return bad(a->c);
}

bool append_data_catenate(struct appending *a)
{
    struct lexer *lx = a->c->lexer;
    struct source_folder from = { .mailbox = NULL };
    bool ok;
    do
        ok = take_part(a, &from);
    while (ok && lexer_accept(lx, ' '));
    leave(&from);
    if (ok && !lexer_expect(lx, ')'))
        ok = bad(a->c);
    return ok;
}
