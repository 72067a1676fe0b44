/* LIST's arguments and STATUS's items: written down again they are the same question. */
#include "tests/fuzz/parse.h"

#include "parser/list.h"
#include "parser/status.h"

static void put_items(struct buffer *out, unsigned items)
{
    const char *before = "(";
    CHECK(items != 0 && items < 1U << STATUS_ITEMS);
    for (unsigned i = 0; i < STATUS_ITEMS; i++) {
        if ((items & 1U << i) == 0)
            continue;
        buffer_printf(out, "%s%s", before, status_item_name[i]);
        before = " ";
    }
    buffer_putc(out, ')');
}

static void put_options(struct buffer *out, unsigned options, const char *const *word, size_t n)
{
    const char *before = "";
    CHECK(options < 1U << n);
    buffer_putc(out, '(');
    for (size_t i = 0; i < n; i++) {
        if ((options & 1U << i) == 0)
            continue;
        buffer_printf(out, "%s%s", before, word[i]);
        before = " ";
    }
}

static bool parse(struct lexer *lx, struct buffer *out)
{
    static const char *const select[] = { "SUBSCRIBED", "REMOTE", "RECURSIVEMATCH",
                                          "SPECIAL-USE" };
    static const char *const returns[] = { "SUBSCRIBED", "CHILDREN", "", "SPECIAL-USE" };
    struct list_request r;
    if (!parse_list_request(lx, &r))
        return false;
    CHECK(r.patterns > 0);
    CHECK(r.extended || (r.patterns == 1 && r.select == 0 && r.returns == 0));
    buffer_putc(out, ' ');
    if (r.extended) {
        put_options(out, r.select, select, sizeof select / sizeof *select);
        buffer_puts(out, ") ");
    }
    parse_put_literal(out, r.reference.octets, r.reference.n);
    buffer_puts(out, r.extended ? " (" : " ");
    for (size_t i = 0; i < r.patterns; i++) {
        buffer_puts(out, i > 0 ? " " : "");
        parse_put_literal(out, r.pattern[i].octets, r.pattern[i].n);
    }
    if (!r.extended)
        return true;
    buffer_puts(out, ") RETURN ");
    put_options(out, r.returns & ~(unsigned)LIST_RETURN_STATUS, returns,
                sizeof returns / sizeof *returns);
    if ((r.returns & LIST_RETURN_STATUS) != 0) {
        buffer_puts(out,
                    (r.returns & ~(unsigned)LIST_RETURN_STATUS) != 0 ? " STATUS " : "STATUS ");
        put_items(out, r.status);
    }
    buffer_putc(out, ')');
    return true;
}

static bool parse_items(struct lexer *lx, struct buffer *out)
{
    unsigned items;
    if (!parse_status_items(lx, &items))
        return false;
    put_items(out, items);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_check(parse, data, size);
    parse_check(parse_items, data, size);
    return 0;
}
