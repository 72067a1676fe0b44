/* Arguments that several commands have. */
#include "command/command.h"

#include "base/buffer.h"
#include "parser/flags.h"
#include "session/flags.h"

#include <string.h>

/* Modified UTF-7 (RFC 3501 section 5.1.3). Names that are plain UTF-8 are taken too: no
 * modified UTF-7 has an 8-bit octet, so nothing is ambiguous, and clients that forget to encode
 * mean it. */
static bool uses_utf8(const struct session *s)
{
    return (s->enabled & EXTENSION_UTF8) != 0;
}

enum store_error mailbox_from_wire(const struct session *s, const struct text *wire, char *out)
{
    struct buffer name;
    buffer_init(&name, (size_t)FOLDER_NAME_MAX * 4);
    bool utf8 = uses_utf8(s);
    for (size_t i = 0; i < wire->n; i++)
        utf8 |= (unsigned char)wire->octets[i] >= 0x80;
    bool decoded = utf8 ? buffer_append(&name, wire->octets, wire->n)
                        : mutf7_to_utf8(wire->octets, wire->n, &name);
    enum store_error error = name.failed ? STORE_LIMIT : STORE_CANNOT;
    if (decoded)
        error = folder_name_normalize(name.data != NULL ? name.data : "", name.len, out);
    buffer_free(&name);
    return error;
}

enum store_error mailbox_to_create(const struct session *s, const struct text *wire, char *out)
{
    enum store_error error = mailbox_from_wire(s, wire, out);
    if (error == STORE_OK && uses_utf8(s) && !folder_name_is_composed(out))
        error = STORE_CANNOT;
    return error;
}

bool parse_mailbox(struct lexer *lx, struct text *wire_r)
{
    return lexer_space(lx) && lexer_astring(lx, wire_r);
}

bool parse_one_mailbox(struct command *c)
{
    struct text *wire = command_args(c, sizeof *wire);
    return wire != NULL && parse_mailbox(c->lexer, wire) && lexer_end(c->lexer);
}

static bool must_be_literal(const struct session *s, const char *octets, size_t n)
{
    bool eight_bit = false;
    for (size_t i = 0; i < n; i++) {
        unsigned char o = (unsigned char)octets[i];
        eight_bit |= o >= 0x80;
        if (o == '\r' || o == '\n')
            return true;
    }
    return eight_bit && !(uses_utf8(s) && is_utf8(octets, n));
}

void put_string(const struct session *s, const char *octets, size_t n)
{
    struct stream *io = s->io;
    if (must_be_literal(s, octets, n)) {
        stream_printf(io, "{%zu}\r\n", n);
        stream_write(io, octets, n);
        return;
    }
    stream_puts(io, "\"");
    for (size_t i = 0; i < n; i++) {
        if (octets[i] == '"' || octets[i] == '\\')
            stream_puts(io, "\\");
        stream_write(io, octets + i, 1);
    }
    stream_puts(io, "\"");
}

/* As an atom where it can be one, which is how people read transcripts. */
void put_mailbox(const struct session *s, const char *name)
{
    struct buffer wire;
    const char *octets = name;
    buffer_init(&wire, (size_t)FOLDER_NAME_MAX * 4);
    if (!uses_utf8(s) && utf8_to_mutf7(name, strlen(name), &wire) &&
        buffer_string(&wire) != NULL)
        octets = buffer_string(&wire);
    size_t n = strlen(octets);
    bool atom = n > 0 && strcasecmp(octets, "NIL") != 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char o = (unsigned char)octets[i];
        atom &= o > ' ' && o < 0x7f && strchr("(){%*\"\\]", o) == NULL;
    }
    if (atom)
        stream_write(s->io, octets, n);
    else
        put_string(s, octets, n);
    buffer_free(&wire);
}

bool command_resolved(struct command *c, enum view_resolved resolved)
{
    switch (resolved) {
    case VIEW_RESOLVED:
        return true;
    case VIEW_NO_SUCH_NUMBER:
        command_bad(c, "There is no message with that number");
        return false;
    default:
        command_no(c, "UNAVAILABLE", "Out of memory");
        return false;
    }
}

bool command_messages(struct command *c, struct sequence_set *set,
                      struct view_messages *messages_r)
{
    return command_resolved(c, view_resolve(&c->session->view, set, c->by_uid, messages_r));
}

bool command_flags(struct command *c, const struct flag_names *names, enum flag_op op,
                   struct flag_change *change_r)
{
    *change_r = (struct flag_change){ .op = op };
    const char **keyword = arena_array(&c->lexer->arena, names->count + 1, sizeof *keyword);
    if (keyword == NULL) {
        command_no(c, "LIMIT", "Too many flags");
        return false;
    }
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->name[i];
        if (name[0] != '\\') {
            if (strlen(name) > KEYWORD_LENGTH_MAX) {
                command_no(c, "LIMIT", "The keyword is too long");
                return false;
            }
            keyword[change_r->keywords++] = name;
        } else if (flags_system_bit(name) != 0) {
            change_r->flags |= flags_system_bit(name);
        } else if (strcasecmp(name, "\\Recent") != 0) {
            command_bad(c, "Unknown system flag");
            return false;
        }
    }
    change_r->keyword = keyword;
    return true;
}

void put_uid_set(struct buffer *out, const uint32_t *uid, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t last = i;
        while (last + 1 < n && uid[last + 1] == uid[last] + 1)
            last++;
        buffer_printf(out, last > i ? "%s%u:%u" : "%s%u", i > 0 ? "," : "", uid[i], uid[last]);
        i = last + 1;
    }
}
