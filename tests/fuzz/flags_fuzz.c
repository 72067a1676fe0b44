/* Flags, as APPEND and as STORE take them: names that can be told again. */
#include "tests/fuzz/parse.h"

#include "parser/flags.h"

static void put(struct buffer *out, const struct flag_names *flags)
{
    buffer_putc(out, '(');
    for (size_t i = 0; i < flags->count; i++) {
        const char *name = flags->name[i];
        CHECK(name[0] != '\0' && strcmp(name, "\\") != 0);
        for (const char *p = name + (name[0] == '\\'); *p != '\0'; p++)
            CHECK(*p > ' ' && *p < 0x7f && strchr("(){%*\"\\]", *p) == NULL);
        buffer_printf(out, "%s%s", i > 0 ? " " : "", name);
    }
    buffer_putc(out, ')');
}

static bool parse_list(struct lexer *lx, struct buffer *out)
{
    struct flag_names flags;
    bool ok = parse_flag_list(lx, &flags);
    if (ok)
        put(out, &flags);
    return ok;
}

static bool parse_stored(struct lexer *lx, struct buffer *out)
{
    struct flag_names flags;
    bool ok = parse_store_flags(lx, &flags);
    if (ok)
        put(out, &flags);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_check(parse_list, data, size);
    parse_check(parse_stored, data, size);
    return 0;
}
