#include "parser/search_return.h"

#include <string.h>

/* The longest option and its NUL. */
#define WORD_MAX 16

static const struct {
    const char *word;
    enum search_return_option option;
} words[] = {
    { "MIN", RETURN_MIN },
    { "MAX", RETURN_MAX },
    { "ALL", RETURN_ALL },
    { "COUNT", RETURN_COUNT },
    { "SAVE", RETURN_SAVE },
    { "PARTIAL", RETURN_PARTIAL },
    { "RELEVANCY", RETURN_RELEVANCY },
    { "CONTEXT", RETURN_CONTEXT },
    { "UPDATE", RETURN_UPDATE },
};

static bool option(struct lexer *lx, struct search_return *r)
{
    char word[WORD_MAX];
    if (!lexer_word(lx, word, sizeof word))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i].word) != 0)
            continue;
        if (words[i].option == RETURN_PARTIAL && (r->options & RETURN_PARTIAL) != 0)
            return lexer_fail(lx, LEXER_SYNTAX, "PARTIAL twice");
        r->options |= words[i].option;
        return words[i].option != RETURN_PARTIAL ||
               (lexer_space(lx) && parse_partial_range(lx, &r->partial));
    }
    return lexer_fail(lx, LEXER_SYNTAX, "unknown return option %s", word);
}

bool parse_search_return(struct lexer *lx, struct search_return *return_r)
{
    *return_r = (struct search_return){ .given = true };
    if (!lexer_expect(lx, '('))
        return false;
    if (lexer_accept(lx, ')')) {
        return_r->options = RETURN_ALL;
        return true;
    }
    do {
        if (!option(lx, return_r))
            return false;
    } while (lexer_accept(lx, ' '));
    if ((return_r->options & RETURN_ALL) != 0 && (return_r->options & RETURN_PARTIAL) != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "ALL and PARTIAL exclude each other");
    return lexer_expect(lx, ')');
}

bool parse_partial_range(struct lexer *lx, struct partial_range *range_r)
{
    range_r->from_end = lexer_accept(lx, '-');
    return lexer_nz_number(lx, &range_r->first) && lexer_expect(lx, ':') &&
           (!range_r->from_end || lexer_expect(lx, '-')) && lexer_nz_number(lx, &range_r->last);
}

void partial_bounds(const struct partial_range *range, size_t n, size_t *from_r, size_t *to_r)
{
    size_t low = range->first < range->last ? range->first : range->last;
    size_t high = range->first < range->last ? range->last : range->first;
    if (high > n)
        high = n;
    if (low > n) {
        *from_r = *to_r = 0;
        return;
    }
    *from_r = range->from_end ? n - high : low - 1;
    *to_r = range->from_end ? n - low + 1 : high;
}
