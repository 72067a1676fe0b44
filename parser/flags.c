#include "parser/flags.h"

#include <string.h>

bool parse_flag(struct lexer *lx, const char **name_r)
{
    struct text t;
    bool system = lexer_accept(lx, '\\');
    if (!lexer_atom(lx, &t))
        return false;
    for (size_t i = 0; i < t.n; i++) /* it is told again in FLAGS, where it must be an atom */
        if ((unsigned char)t.octets[i] >= 0x80)
            return lexer_fail(lx, LEXER_SYNTAX, "a flag is of US-ASCII alone");
    if (!system) {
        *name_r = t.octets;
        return true;
    }
    char *name = arena_take(&lx->arena, t.n + 2);
    if (name == NULL)
        return lexer_fail(lx, LEXER_LIMIT, "the arguments are too long");
    name[0] = '\\';
    memcpy(name + 1, t.octets, t.n);
    *name_r = name;
    return true;
}

static bool add_flag(struct lexer *lx, struct flag_names *flags, size_t *room)
{
    if (flags->count == *room) {
        *room = *room == 0 ? 8 : *room * 2;
        const char **larger = arena_array(&lx->arena, *room, sizeof *larger);
        if (larger == NULL)
            return lexer_fail(lx, LEXER_LIMIT, "too many flags");
        if (flags->count > 0)
            memcpy(larger, flags->name, flags->count * sizeof *larger);
        flags->name = larger;
    }
    return parse_flag(lx, &flags->name[flags->count++]);
}

bool parse_flag_list(struct lexer *lx, struct flag_names *flags_r)
{
    size_t room = 0;
    *flags_r = (struct flag_names){ 0 };
    if (!lexer_expect(lx, '('))
        return false;
    if (lexer_accept(lx, ')'))
        return true;
    do {
        if (!add_flag(lx, flags_r, &room))
            return false;
    } while (lexer_accept(lx, ' '));
    return lexer_expect(lx, ')');
}

bool parse_store_flags(struct lexer *lx, struct flag_names *flags_r)
{
    if (lexer_peek(lx) == '(')
        return parse_flag_list(lx, flags_r);
    size_t room = 0;
    *flags_r = (struct flag_names){ 0 };
    do {
        if (!add_flag(lx, flags_r, &room))
            return false;
    } while (lexer_accept(lx, ' '));
    return lx->failure != LEXER_LIMIT; /* which a space may hit */
}
