/* What FETCH asks for: its label in the answer, asked for, is the same question. */
#include "tests/fuzz/parse.h"

#include "parser/fetch.h"

static const char *const names[] = { [FETCH_UID] = "UID",
                                     [FETCH_FLAGS] = "FLAGS",
                                     [FETCH_INTERNALDATE] = "INTERNALDATE",
                                     [FETCH_SIZE] = "RFC822.SIZE",
                                     [FETCH_MODSEQ] = "MODSEQ",
                                     [FETCH_ENVELOPE] = "ENVELOPE",
                                     [FETCH_BODY] = "BODY",
                                     [FETCH_BODYSTRUCTURE] = "BODYSTRUCTURE",
                                     [FETCH_PREVIEW] = "PREVIEW",
                                     [FETCH_EMAILID] = "EMAILID",
                                     [FETCH_THREADID] = "THREADID",
                                     [FETCH_SAVEDATE] = "SAVEDATE" };

/* The label has literals for names of octets above 127, which a client sends as
 * non-synchronizing ones; and the length of a partial is not in it. */
static void put_section(struct buffer *out, const struct fetch_item *item)
{
    const struct section *s = item->section;
    const char *label = item->label;
    CHECK(s->depth <= SECTION_DEPTH_MAX);
    CHECK((s->text == SECTION_HEADER_FIELDS || s->text == SECTION_HEADER_FIELDS_NOT) ==
          (s->fields > 0));
    if (strncmp(label, "RFC822", 6) == 0) {
        buffer_puts(out, label);
        return;
    }
    const char *word = item->kind == FETCH_SECTION  ? "BODY"
                       : item->kind == FETCH_BINARY ? "BINARY"
                                                    : "BINARY.SIZE";
    const char *p = label + strlen(word);
    CHECK(strncmp(label, word, strlen(word)) == 0 && *p == '[');
    CHECK(item->kind == FETCH_SECTION || s->text == SECTION_ALL);
    CHECK(item->kind != FETCH_BINARY_SIZE || (item->peek && !item->partial));
    buffer_puts(out, word);
    if (item->peek && item->kind != FETCH_BINARY_SIZE)
        buffer_puts(out, ".PEEK");
    const char *end = strrchr(label, ']');
    CHECK(end != NULL);
    if (s->fields == 0) {
        buffer_append(out, p, (size_t)(end + 1 - p));
    } else {
        const char *list = strchr(label, '(');
        CHECK(list != NULL);
        buffer_append(out, p, (size_t)(list - p));
        for (size_t i = 0; i < s->fields; i++) {
            buffer_putc(out, i == 0 ? '(' : ' ');
            parse_put_literal(out, s->field[i], strlen(s->field[i]));
        }
        buffer_puts(out, ")]");
    }
    if (item->partial)
        buffer_printf(out, "<%" PRIu64 ".%" PRIu64 ">", item->first, item->count);
}

static bool parse(struct lexer *lx, struct buffer *out)
{
    struct fetch_request request;
    if (!parse_fetch(lx, &request))
        return false;
    CHECK(request.count > 0 && request.count <= request.room);
    for (size_t i = 0; i < request.count; i++) {
        buffer_putc(out, i == 0 ? '(' : ' ');
        if (request.item[i].section != NULL)
            put_section(out, &request.item[i]);
        else
            buffer_puts(out, names[request.item[i].kind]);
        CHECK(!request.item[i].lazy || request.item[i].kind == FETCH_PREVIEW);
        if (request.item[i].lazy)
            buffer_puts(out, " (LAZY)");
    }
    buffer_putc(out, ')');
    return true;
}

static bool parse_modifiers(struct lexer *lx, struct buffer *out)
{
    struct fetch_modifiers m;
    if (!parse_fetch_modifiers(lx, "", &m))
        return false;
    CHECK(m.partial || m.changed);
    CHECK(m.changed || !m.vanished);
    const char *sign = m.range.from_end ? "-" : "";
    buffer_putc(out, '(');
    if (m.partial)
        buffer_printf(out, "PARTIAL %s%" PRIu32 ":%s%" PRIu32 "%s", sign, m.range.first, sign,
                      m.range.last, m.changed ? " " : "");
    if (m.changed)
        buffer_printf(out, "CHANGEDSINCE %" PRIu64 "%s", m.since,
                      m.vanished ? " VANISHED" : "");
    buffer_putc(out, ')');
    return true;
}

static bool parse_uid(struct lexer *lx, struct buffer *out)
{
    struct fetch_request request;
    (void)out;
    if (!parse_fetch(lx, &request) || !fetch_add_uid(lx, &request))
        return false;
    size_t uids = 0;
    for (size_t i = 0; i < request.count; i++)
        uids += request.item[i].kind == FETCH_UID;
    CHECK(uids == 1);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer out;
    parse_check(parse_modifiers, data, size);
    parse_check(parse, data, size);
    fuzz_buffer(&out);
    (void)parse_plain(parse_uid, data, size, &out);
    buffer_free(&out);
    return 0;
}
