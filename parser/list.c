#include "parser/list.h"

#include "parser/status.h"

#include <string.h>

/* The longest option and its NUL. */
#define WORD_MAX 16

struct option {
    const char *word;
    unsigned bit;
};

static const struct option selections[] = {
    { "SUBSCRIBED", LIST_SUBSCRIBED },
    { "REMOTE", LIST_REMOTE },
    { "RECURSIVEMATCH", LIST_RECURSIVEMATCH },
    { "SPECIAL-USE", LIST_SPECIAL_USE },
    { NULL, 0 },
};

static const struct option returns[] = {
    { "SUBSCRIBED", LIST_RETURN_SUBSCRIBED },
    { "CHILDREN", LIST_RETURN_CHILDREN },
    { "STATUS", LIST_RETURN_STATUS },
    { "SPECIAL-USE", LIST_RETURN_SPECIAL_USE },
    { NULL, 0 },
};

static bool option(struct lexer *lx, const struct option *options, unsigned *bit_r)
{
    char word[WORD_MAX];
    if (!lexer_word(lx, word, sizeof word))
        return false;
    for (const struct option *o = options; o->word != NULL; o++) {
        if (strcmp(word, o->word) == 0) {
            *bit_r = o->bit;
            return true;
        }
    }
    return lexer_fail(lx, LEXER_SYNTAX, "unknown option %s", word);
}

/* "(" [selection *(SP selection)] ")" SP. RECURSIVEMATCH wants another that selects. */
static bool select_options(struct lexer *lx, unsigned *select)
{
    unsigned bit = 0;
    if (!lexer_accept(lx, ')')) {
        do {
            if (!option(lx, selections, &bit))
                return false;
            *select |= bit;
        } while (lexer_accept(lx, ' '));
        if (!lexer_expect(lx, ')'))
            return false;
    }
    if ((*select & LIST_RECURSIVEMATCH) != 0 &&
        (*select & ~(unsigned)LIST_REMOTE) == LIST_RECURSIVEMATCH)
        return lexer_fail(lx, LEXER_SYNTAX, "RECURSIVEMATCH alone selects nothing");
    return lexer_space(lx);
}

/* " RETURN (" [option *(SP option)] ")", behind the space. */
static bool return_options(struct lexer *lx, struct list_request *r)
{
    char word[WORD_MAX];
    unsigned bit = 0;
    if (!lexer_word(lx, word, sizeof word))
        return false;
    if (strcmp(word, "RETURN") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "expected RETURN, found %s", word);
    if (!lexer_space(lx) || !lexer_expect(lx, '('))
        return false;
    if (lexer_accept(lx, ')'))
        return true;
    do {
        if (!option(lx, returns, &bit))
            return false;
        r->returns |= bit;
        if (bit == LIST_RETURN_STATUS &&
            (!lexer_space(lx) || !parse_status_items(lx, &r->status)))
            return false;
    } while (lexer_accept(lx, ' '));
    return lexer_expect(lx, ')');
}

static bool one_pattern(struct lexer *lx, struct list_request *r, size_t *room)
{
    if (r->patterns == *room) {
        *room = *room == 0 ? 8 : *room * 2;
        struct text *larger = arena_array(&lx->arena, *room, sizeof *larger);
        if (larger == NULL)
            return lexer_fail(lx, LEXER_LIMIT, "too many patterns");
        if (r->patterns > 0)
            memcpy(larger, r->pattern, r->patterns * sizeof *larger);
        r->pattern = larger;
    }
    return lexer_list_mailbox(lx, &r->pattern[r->patterns++]);
}

/* A pattern, or "(" pattern *(SP pattern) ")". */
static bool patterns(struct lexer *lx, struct list_request *r)
{
    size_t room = 0;
    if (!lexer_accept(lx, '('))
        return one_pattern(lx, r, &room);
    r->extended = true;
    do {
        if (!one_pattern(lx, r, &room))
            return false;
    } while (lexer_accept(lx, ' '));
    return lexer_expect(lx, ')');
}

bool parse_list_request(struct lexer *lx, struct list_request *request_r)
{
    *request_r = (struct list_request){ 0 };
    if (!lexer_space(lx))
        return false;
    if (lexer_accept(lx, '(')) {
        request_r->extended = true;
        if (!select_options(lx, &request_r->select))
            return false;
    }
    if (!lexer_astring(lx, &request_r->reference) || !lexer_space(lx) ||
        !patterns(lx, request_r))
        return false;
    if (lexer_accept(lx, ' ')) {
        request_r->extended = true;
        if (!return_options(lx, request_r))
            return false;
    }
    return lx->failure != LEXER_LIMIT;
}
