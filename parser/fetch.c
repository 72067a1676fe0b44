#include "parser/fetch.h"

#include "base/buffer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A label holds the client's field names again: no longer than the line they came in, but for
 * the quotes. */
#define LABEL_MAX 262144

static bool add(struct lexer *lx, struct fetch_request *request, const struct fetch_item *item)
{
    /* UID and FLAGS may be asked for twice, by a macro and by UID FETCH: once is enough. */
    for (size_t i = 0; item->section == NULL && i < request->count; i++) {
        if (request->item[i].kind != item->kind)
            continue;
        request->item[i].lazy &= item->lazy;
        return true;
    }
    if (request->count == request->room) {
        size_t room = request->room == 0 ? 16 : request->room * 2;
        struct fetch_item *larger = arena_array(&lx->arena, room, sizeof *larger);
        if (larger == NULL)
            return lexer_fail(lx, LEXER_LIMIT, "too many items to fetch");
        if (request->count > 0)
            memcpy(larger, request->item, request->count * sizeof *larger);
        request->item = larger;
        request->room = room;
    }
    request->item[request->count++] = *item;
    return true;
}

/* A field name of HEADER.FIELDS as it is told again: as an atom where it can be one, else
 * quoted; a literal where that can't be either. */
static void put_field(struct buffer *label, const char *name)
{
    bool atom = *name != '\0', eight_bit = false;
    for (const char *p = name; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        atom &= c > ' ' && c < 0x7f && strchr("(){%*\"\\]", c) == NULL;
        eight_bit |= c >= 0x80;
    }
    if (eight_bit)
        buffer_printf(label, "{%zu}\r\n", strlen(name));
    if (atom || eight_bit) {
        buffer_puts(label, name);
        return;
    }
    buffer_putc(label, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            buffer_putc(label, '\\');
        buffer_putc(label, *name);
    }
    buffer_putc(label, '"');
}

/* " (" field-name *(" " field-name) ")" */
static bool header_list(struct lexer *lx, struct section *section, struct buffer *label)
{
    const char **names = NULL;
    size_t room = 0;
    section->fields = 0;
    if (!lexer_space(lx) || !lexer_expect(lx, '('))
        return false;
    buffer_puts(label, " (");
    do {
        struct text name;
        if (section->fields == room) {
            room = room == 0 ? 16 : room * 2;
            const char **larger = arena_array(&lx->arena, room, sizeof *larger);
            if (larger == NULL)
                return lexer_fail(lx, LEXER_LIMIT, "too many header fields");
            if (section->fields > 0)
                memcpy(larger, names, section->fields * sizeof *larger);
            names = larger;
        }
        if (!lexer_astring(lx, &name))
            return false;
        if (strpbrk(name.octets, "\r\n") != NULL)
            return lexer_fail(lx, LEXER_SYNTAX, "a header field's name can't hold a line end");
        if (section->fields > 0)
            buffer_putc(label, ' ');
        put_field(label, name.octets);
        names[section->fields++] = name.octets;
    } while (lexer_accept(lx, ' '));
    section->field = names;
    buffer_putc(label, ')');
    return lexer_expect(lx, ')');
}

static bool section_text(struct lexer *lx, struct section *section, struct buffer *label)
{
    static const struct {
        const char *word;
        enum section_text text;
    } words[] = {
        { "HEADER", SECTION_HEADER },
        { "HEADER.FIELDS", SECTION_HEADER_FIELDS },
        { "HEADER.FIELDS.NOT", SECTION_HEADER_FIELDS_NOT },
        { "TEXT", SECTION_TEXT },
        { "MIME", SECTION_MIME },
    };
    char word[24];
    if (!lexer_word(lx, word, sizeof word))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i].word) != 0)
            continue;
        section->text = words[i].text;
        if (section->text == SECTION_MIME && section->depth == 0)
            return lexer_fail(lx, LEXER_SYNTAX, "MIME needs a part number before it");
        buffer_puts(label, word);
        if (section->text == SECTION_HEADER_FIELDS ||
            section->text == SECTION_HEADER_FIELDS_NOT)
            return header_list(lx, section, label);
        return true;
    }
    return lexer_fail(lx, LEXER_SYNTAX, "unknown section %s", word);
}

bool parse_section(struct lexer *lx, struct section *section, bool numbers,
                   struct buffer *label)
{
    if (!lexer_expect(lx, '['))
        return false;
    buffer_putc(label, '[');
    bool more = lexer_peek(lx) != ']';
    while (more) {
        int c = lexer_peek(lx);
        if (!numbers && (c < '0' || c > '9')) {
            if (!section_text(lx, section, label))
                return false;
            break;
        }
        uint32_t part;
        if (!lexer_nz_number(lx, &part))
            return false;
        if (section->depth == SECTION_DEPTH_MAX)
            return lexer_fail(lx, LEXER_LIMIT, "a part deeper than %d", SECTION_DEPTH_MAX);
        section->part[section->depth++] = part;
        buffer_printf(label, "%u", part);
        more = lexer_accept(lx, '.');
        if (more)
            buffer_putc(label, '.');
    }
    buffer_putc(label, ']');
    return lexer_expect(lx, ']');
}

/* ["<" number64 "." nz-number64 ">"]; the answer names the first octet alone. */
static bool partial(struct lexer *lx, struct fetch_item *item, struct buffer *label)
{
    if (!lexer_accept(lx, '<'))
        return lx->failure == LEXER_FINE;
    item->partial = true;
    if (!lexer_number64(lx, &item->first) || !lexer_expect(lx, '.') ||
        !lexer_number64(lx, &item->count) || !lexer_expect(lx, '>'))
        return false;
    if (item->count == 0)
        return lexer_fail(lx, LEXER_SYNTAX, "the number can't be 0");
    buffer_printf(label, "<%" PRIu64 ">", item->first);
    return true;
}

/* BODY[...]<...>, BINARY[...]<...> and BINARY.SIZE[...], from the bracket on. */
static bool body_section(struct lexer *lx, struct fetch_request *request, enum fetch_kind kind,
                         bool peek)
{
    struct fetch_item item = { .kind = kind, .peek = peek };
    struct buffer label;
    bool binary = kind != FETCH_SECTION;
    buffer_init(&label, LABEL_MAX);
    item.section = arena_take(&lx->arena, sizeof *item.section);
    bool ok = item.section != NULL &&
              buffer_puts(&label, !binary                     ? "BODY"
                                  : kind == FETCH_BINARY_SIZE ? "BINARY.SIZE"
                                                              : "BINARY") &&
              parse_section(lx, item.section, binary, &label) &&
              (kind == FETCH_BINARY_SIZE || partial(lx, &item, &label));
    if (ok && buffer_string(&label) != NULL)
        item.label = arena_copy(&lx->arena, label.data, label.len);
    buffer_free(&label);
    if (!ok)
        return lexer_fail(lx, LEXER_LIMIT, "the arguments are too long");
    if (item.label == NULL)
        return lexer_fail(lx, LEXER_LIMIT, "the arguments are too long");
    return add(lx, request, &item);
}

static bool rfc822(struct lexer *lx, struct fetch_request *request, const char *label,
                   enum section_text text)
{
    struct fetch_item item = { .kind = FETCH_SECTION, .label = label };
    item.peek = text == SECTION_HEADER; /* RFC822.HEADER does not set \Seen */
    item.section = arena_take(&lx->arena, sizeof *item.section);
    if (item.section == NULL)
        return lexer_fail(lx, LEXER_LIMIT, "the arguments are too long");
    item.section->text = text;
    return add(lx, request, &item);
}

static bool simple(struct lexer *lx, struct fetch_request *request, enum fetch_kind kind)
{
    return add(lx, request, &(struct fetch_item){ .kind = kind });
}

/* preview-mod *(SP preview-mod) ")", the first word of it read. */
static bool preview_modifiers(struct lexer *lx, char word[FETCH_WORD_MAX])
{
    while (strcmp(word, "LAZY") == 0) {
        if (!lexer_accept(lx, ' '))
            return lexer_expect(lx, ')');
        if (!lexer_word(lx, word, FETCH_WORD_MAX))
            return false;
    }
    return lexer_fail(lx, LEXER_SYNTAX, "unknown modifier %s", word);
}

/* PREVIEW [SP "(" preview-mod *(SP preview-mod) ")"] in a list. *next_r: the space was that
 * before the next item. */
static bool preview_in_list(struct lexer *lx, struct fetch_request *request, bool *next_r)
{
    struct fetch_item item = { .kind = FETCH_PREVIEW };
    char word[FETCH_WORD_MAX];
    bool space = lexer_accept(lx, ' ');
    item.lazy = space && lexer_accept(lx, '(');
    *next_r = space && !item.lazy;
    if (item.lazy && (!lexer_word(lx, word, sizeof word) || !preview_modifiers(lx, word)))
        return false;
    return add(lx, request, &item);
}

/* The same where it is the only item: the parenthesis may be that of FETCH's modifiers. */
static bool preview_alone(struct lexer *lx, struct fetch_request *request)
{
    struct fetch_item item = { .kind = FETCH_PREVIEW };
    char *word = request->modifier;
    if (lexer_accept(lx, ' ')) {
        if (!lexer_expect(lx, '(') || !lexer_word(lx, word, FETCH_WORD_MAX))
            return false;
        item.lazy = strcmp(word, "LAZY") == 0;
        if (item.lazy && !preview_modifiers(lx, word))
            return false;
        if (item.lazy)
            word[0] = '\0';
    }
    return add(lx, request, &item);
}

static bool attribute(struct lexer *lx, struct fetch_request *request, const char *word)
{
    static const struct {
        const char *word;
        enum fetch_kind kind;
    } words[] = {
        { "UID", FETCH_UID },           { "FLAGS", FETCH_FLAGS },
        { "RFC822.SIZE", FETCH_SIZE },  { "INTERNALDATE", FETCH_INTERNALDATE },
        { "ENVELOPE", FETCH_ENVELOPE }, { "BODYSTRUCTURE", FETCH_BODYSTRUCTURE },
        { "MODSEQ", FETCH_MODSEQ },     { "EMAILID", FETCH_EMAILID },
        { "THREADID", FETCH_THREADID }, { "SAVEDATE", FETCH_SAVEDATE },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0)
            return simple(lx, request, words[i].kind);
    if (strcmp(word, "BODY") == 0 || strcmp(word, "BODY.PEEK") == 0) {
        if (lexer_peek(lx) == '[')
            return body_section(lx, request, FETCH_SECTION, word[4] == '.');
        if (word[4] == '\0')
            return simple(lx, request, FETCH_BODY);
    }
    if (strcmp(word, "BINARY") == 0 || strcmp(word, "BINARY.PEEK") == 0)
        return body_section(lx, request, FETCH_BINARY, word[6] == '.');
    if (strcmp(word, "BINARY.SIZE") == 0)
        return body_section(lx, request, FETCH_BINARY_SIZE, true);
    if (strcmp(word, "RFC822") == 0)
        return rfc822(lx, request, "RFC822", SECTION_ALL);
    if (strcmp(word, "RFC822.HEADER") == 0)
        return rfc822(lx, request, "RFC822.HEADER", SECTION_HEADER);
    if (strcmp(word, "RFC822.TEXT") == 0)
        return rfc822(lx, request, "RFC822.TEXT", SECTION_TEXT);
    return lexer_fail(lx, LEXER_SYNTAX, "unknown item %s", word);
}

/* The macros ALL, FAST and FULL stand alone (RFC 3501 section 6.4.5). */
static bool macro(struct lexer *lx, struct fetch_request *request, const char *word,
                  bool *is_one)
{
    bool all = strcmp(word, "ALL") == 0, full = strcmp(word, "FULL") == 0;
    *is_one = all || full || strcmp(word, "FAST") == 0;
    if (!*is_one)
        return true;
    return simple(lx, request, FETCH_FLAGS) && simple(lx, request, FETCH_INTERNALDATE) &&
           simple(lx, request, FETCH_SIZE) &&
           (!(all || full) || simple(lx, request, FETCH_ENVELOPE)) &&
           (!full || simple(lx, request, FETCH_BODY));
}

static bool one_item(struct lexer *lx, struct fetch_request *request)
{
    char word[FETCH_WORD_MAX];
    bool is_macro;
    if (!lexer_word(lx, word, sizeof word) || !macro(lx, request, word, &is_macro))
        return false;
    if (strcmp(word, "PREVIEW") == 0)
        return preview_alone(lx, request);
    return is_macro || attribute(lx, request, word);
}

bool parse_fetch(struct lexer *lx, struct fetch_request *request_r)
{
    char word[FETCH_WORD_MAX];
    bool next;
    *request_r = (struct fetch_request){ 0 };
    if (!lexer_accept(lx, '('))
        return one_item(lx, request_r);
    do {
        next = false;
        if (!lexer_word(lx, word, sizeof word))
            return false;
        if (strcmp(word, "PREVIEW") == 0 ? !preview_in_list(lx, request_r, &next)
                                         : !attribute(lx, request_r, word))
            return false;
    } while (next || lexer_accept(lx, ' '));
    return lexer_expect(lx, ')');
}

static bool modifier(struct lexer *lx, const char *word, struct fetch_modifiers *m)
{
    if (strcmp(word, "CHANGEDSINCE") == 0) {
        if (m->changed)
            return lexer_fail(lx, LEXER_SYNTAX, "CHANGEDSINCE twice");
        m->changed = true;
        return lexer_space(lx) && lexer_number64(lx, &m->since);
    }
    if (strcmp(word, "VANISHED") == 0) {
        m->vanished = true;
        return true;
    }
    if (strcmp(word, "PARTIAL") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "unknown modifier %s", word);
    if (m->partial)
        return lexer_fail(lx, LEXER_SYNTAX, "PARTIAL twice");
    m->partial = true;
    return lexer_space(lx) && parse_partial_range(lx, &m->range);
}

bool parse_fetch_modifiers(struct lexer *lx, const char *begun,
                           struct fetch_modifiers *modifiers_r)
{
    char word[FETCH_WORD_MAX];
    *modifiers_r = (struct fetch_modifiers){ 0 };
    if (begun[0] == '\0' && (!lexer_expect(lx, '(') || !lexer_word(lx, word, sizeof word)))
        return false;
    if (!modifier(lx, begun[0] != '\0' ? begun : word, modifiers_r))
        return false;
    while (lexer_accept(lx, ' '))
        if (!lexer_word(lx, word, sizeof word) || !modifier(lx, word, modifiers_r))
            return false;
    if (modifiers_r->vanished && !modifiers_r->changed)
        return lexer_fail(lx, LEXER_SYNTAX, "VANISHED needs CHANGEDSINCE");
    return lexer_expect(lx, ')');
}

bool fetch_add_modseq(struct lexer *lx, struct fetch_request *request)
{
    return simple(lx, request, FETCH_MODSEQ);
}

bool fetch_add_uid(struct lexer *lx, struct fetch_request *request)
{
    size_t before = request->count;
    if (!simple(lx, request, FETCH_UID))
        return false;
    if (request->count > before) {
        struct fetch_item uid = request->item[before];
        memmove(request->item + 1, request->item, before * sizeof *request->item);
        request->item[0] = uid;
    }
    return true;
}
