/* What SORT and THREAD have beside a search: criteria and algorithms, each once. */
#include "tests/fuzz/parse.h"

#include "parser/sort.h"

static bool parse(struct lexer *lx, struct buffer *out)
{
    static const char *const word[SORT_BYS] = { "ARRIVAL",   "CC",   "DATE",      "DISPLAYFROM",
                                                "DISPLAYTO", "FROM", "RELEVANCY", "SIZE",
                                                "SUBJECT",   "TO" };
    struct sort_program p;
    unsigned seen = 0;
    if (!parse_sort(lx, &p))
        return false;
    CHECK(p.criteria > 0 && p.criteria <= SORT_BYS);
    CHECK(p.search.charset != NULL && p.search.root->kind == SEARCH_AND);
    CHECK((p.search.returns.options & RETURN_SAVE) == 0);
    for (size_t i = 0; i < p.criteria; i++) {
        CHECK(p.criterion[i].by < SORT_BYS && (seen & 1U << p.criterion[i].by) == 0);
        seen |= 1U << p.criterion[i].by;
        buffer_printf(out, "%c%s%s", i == 0 ? '(' : ' ',
                      p.criterion[i].reverse ? "REVERSE " : "", word[p.criterion[i].by]);
    }
    buffer_puts(out, ") US-ASCII FUZZY ALL");
    return true;
}

static bool parse_threads(struct lexer *lx, struct buffer *out)
{
    static const char *const word[] = { "ORDEREDSUBJECT", "REFERENCES", "REFS" };
    struct thread_program p;
    if (!parse_thread(lx, &p))
        return false;
    CHECK(p.algorithm < sizeof word / sizeof *word);
    buffer_printf(out, "%s US-ASCII ALL", word[p.algorithm]);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_check(parse, data, size);
    parse_check(parse_threads, data, size);
    return 0;
}
