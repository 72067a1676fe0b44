#include "parser/sort.h"

#include <string.h>

/* The longest word of the grammar and its NUL. */
#define WORD_MAX 16

static const char *const words[SORT_BYS] = {
    [SORT_BY_ARRIVAL] = "ARRIVAL",     [SORT_BY_CC] = "CC",
    [SORT_BY_DATE] = "DATE",           [SORT_BY_DISPLAYFROM] = "DISPLAYFROM",
    [SORT_BY_DISPLAYTO] = "DISPLAYTO", [SORT_BY_FROM] = "FROM",
    [SORT_BY_RELEVANCY] = "RELEVANCY", [SORT_BY_SIZE] = "SIZE",
    [SORT_BY_SUBJECT] = "SUBJECT",     [SORT_BY_TO] = "TO",
};

static void add(struct sort_program *p, enum sort_by by, bool reverse)
{
    for (size_t i = 0; i < p->criteria; i++)
        if (p->criterion[i].by == by)
            return;
    p->criterion[p->criteria++] = (struct sort_criterion){ by, reverse };
}

/* ["REVERSE" SP] key */
static bool criterion(struct lexer *lx, struct sort_program *p)
{
    char word[WORD_MAX];
    if (!lexer_word(lx, word, sizeof word))
        return false;
    bool reverse = strcmp(word, "REVERSE") == 0;
    if (reverse && (!lexer_space(lx) || !lexer_word(lx, word, sizeof word)))
        return false;
    for (enum sort_by by = 0; by < SORT_BYS; by++) {
        if (strcmp(word, words[by]) == 0) {
            add(p, by, reverse);
            return true;
        }
    }
    return lexer_fail(lx, LEXER_SYNTAX, "unknown sort key %s", word);
}

static bool criteria(struct lexer *lx, struct sort_program *p)
{
    if (!lexer_expect(lx, '('))
        return false;
    do {
        if (!criterion(lx, p))
            return false;
    } while (lexer_accept(lx, ' '));
    return lexer_expect(lx, ')') && lexer_space(lx);
}

static bool returns(struct lexer *lx, struct search_return *returns_r)
{
    char word[WORD_MAX];
    if (!lexer_word(lx, word, sizeof word))
        return false;
    if (strcmp(word, "RETURN") != 0)
        return lexer_fail(lx, LEXER_SYNTAX, "expected RETURN, found %s", word);
    return lexer_space(lx) && parse_search_return(lx, returns_r) && lexer_space(lx);
}

bool parse_sort(struct lexer *lx, struct sort_program *program_r)
{
    struct search_return returned = { 0 };
    *program_r = (struct sort_program){ 0 };
    if (lexer_peek(lx) != '(' && !returns(lx, &returned))
        return false;
    if (!criteria(lx, program_r) || !parse_search_criteria(lx, &program_r->search))
        return false;
    returned.modseq = program_r->search.returns.modseq;
    program_r->search.returns = returned;
    bool relevancy = (returned.options & RETURN_RELEVANCY) != 0;
    for (size_t i = 0; i < program_r->criteria; i++)
        relevancy = relevancy || program_r->criterion[i].by == SORT_BY_RELEVANCY;
    return !relevancy || search_has_key(program_r->search.root, SEARCH_FUZZY) ||
           lexer_fail(lx, LEXER_SYNTAX, "RELEVANCY wants FUZZY");
}

bool parse_thread(struct lexer *lx, struct thread_program *program_r)
{
    static const char *const algorithms[] = { [THREAD_ORDEREDSUBJECT] = "ORDEREDSUBJECT",
                                              [THREAD_REFERENCES] = "REFERENCES",
                                              [THREAD_REFS] = "REFS" };
    char word[WORD_MAX];
    *program_r = (struct thread_program){ 0 };
    if (!lexer_word(lx, word, sizeof word))
        return false;
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        if (strcmp(word, algorithms[i]) == 0) {
            program_r->algorithm = (enum thread_algorithm)i;
            return lexer_space(lx) && parse_search_criteria(lx, &program_r->search);
        }
    }
    return lexer_fail(lx, LEXER_SYNTAX, "unknown algorithm %s", word);
}
