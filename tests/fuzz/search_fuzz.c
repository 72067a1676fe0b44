/* A SEARCH program: its tree is no deeper than is promised, and written down is the same tree.
 */
#include "tests/fuzz/parse.h"

#include "parser/search.h"

#include <time.h>

#define DAY_SECONDS 86400

static void put_key(struct buffer *out, const struct search_key *key, unsigned depth);

static void put_all(struct buffer *out, const struct search_key *key, unsigned depth)
{
    CHECK(key != NULL);
    for (const struct search_key *k = key; k != NULL; k = k->next) {
        if (k != key)
            buffer_putc(out, ' ');
        put_key(out, k, depth);
    }
}

/* OR of many, as clients write it. */
static void put_any(struct buffer *out, const struct search_key *key, unsigned depth)
{
    CHECK(key != NULL && key->next != NULL);
    for (const struct search_key *k = key; k != NULL; k = k->next) {
        buffer_puts(out, k == key ? "OR " : k->next != NULL ? " OR " : " ");
        put_key(out, k, depth);
    }
}

static void put_date(struct buffer *out, const char *word, int64_t day)
{
    static const char month[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct tm tm;
    time_t seconds = (time_t)(day * DAY_SECONDS);
    CHECK(gmtime_r(&seconds, &tm) != NULL);
    CHECK(tm.tm_year + 1900 >= 0 && tm.tm_year + 1900 <= 9999);
    buffer_printf(out, "%s %d-%s-%04d", word, tm.tm_mday, month[tm.tm_mon], tm.tm_year + 1900);
}

static void put_set(struct buffer *out, const struct sequence_set *set)
{
    CHECK(set->saved == (set->count == 0));
    buffer_puts(out, set->saved ? "$" : "");
    for (size_t i = 0; i < set->count; i++) {
        const uint32_t n[2] = { set->range[i].first, set->range[i].last };
        for (int j = 0; j < 2; j++) {
            buffer_puts(out, j == 1 ? ":" : i > 0 ? "," : "");
            if (n[j] == SEQUENCE_STAR)
                buffer_putc(out, '*');
            else
                buffer_printf(out, "%" PRIu32, n[j]);
        }
    }
}

static void put_named(struct buffer *out, const struct search_key *key)
{
    if (key->kind == SEARCH_KEYWORD)
        buffer_printf(out, "KEYWORD %s", key->name);
    else
        buffer_printf(out, "%s", key->name + 1); /* a system flag's word is its name */
}

static void put_text(struct buffer *out, const char *word, const struct search_key *key)
{
    buffer_puts(out, word);
    if (key->kind == SEARCH_HEADER) {
        parse_put_literal(out, key->name, strlen(key->name));
        buffer_putc(out, ' ');
    }
    parse_put_literal(out, key->text.octets, key->text.n);
}

static void put_key(struct buffer *out, const struct search_key *key, unsigned depth)
{
    static const char *const word[] = {
        [SEARCH_BEFORE] = "BEFORE",     [SEARCH_ON] = "ON",
        [SEARCH_SINCE] = "SINCE",       [SEARCH_SENTBEFORE] = "SENTBEFORE",
        [SEARCH_SENTON] = "SENTON",     [SEARCH_SENTSINCE] = "SENTSINCE",
        [SEARCH_LARGER] = "LARGER",     [SEARCH_SMALLER] = "SMALLER",
        [SEARCH_HEADER] = "HEADER ",    [SEARCH_BODY] = "BODY ",
        [SEARCH_TEXT] = "TEXT ",        [SEARCH_OLDER] = "OLDER",
        [SEARCH_YOUNGER] = "YOUNGER",   [SEARCH_EMAILID] = "EMAILID",
        [SEARCH_THREADID] = "THREADID", [SEARCH_SAVEDBEFORE] = "SAVEDBEFORE",
        [SEARCH_SAVEDON] = "SAVEDON",   [SEARCH_SAVEDSINCE] = "SAVEDSINCE"
    };
    CHECK(depth <= SEARCH_DEPTH_MAX + 2);
    switch (key->kind) {
    case SEARCH_ALL:
        buffer_puts(out, "ALL");
        break;
    case SEARCH_AND:
        buffer_putc(out, '(');
        put_all(out, key->child, depth + 1);
        buffer_putc(out, ')');
        break;
    case SEARCH_OR:
        put_any(out, key->child, depth + 1);
        break;
    case SEARCH_NOT:
    case SEARCH_FUZZY:
        buffer_puts(out, key->kind == SEARCH_NOT ? "NOT " : "FUZZY ");
        CHECK(key->child != NULL && key->child->next == NULL);
        put_key(out, key->child, depth + 1);
        break;
    case SEARCH_UID:
        buffer_puts(out, "UID ");
        put_set(out, &key->set);
        break;
    case SEARCH_SEQUENCE:
        put_set(out, &key->set);
        break;
    case SEARCH_FLAG:
    case SEARCH_KEYWORD:
        put_named(out, key);
        break;
    case SEARCH_LARGER:
    case SEARCH_SMALLER:
        buffer_printf(out, "%s %" PRIu64, word[key->kind], key->size);
        break;
    case SEARCH_OLDER:
    case SEARCH_YOUNGER:
        buffer_printf(out, "%s %" PRIu32, word[key->kind], key->interval);
        break;
    case SEARCH_MODSEQ:
        buffer_printf(out, "MODSEQ %" PRIu64, key->modseq);
        break;
    case SEARCH_EMAILID:
    case SEARCH_THREADID:
        buffer_printf(out, "%s %s", word[key->kind], key->name);
        break;
    case SEARCH_HEADER:
    case SEARCH_BODY:
    case SEARCH_TEXT:
        put_text(out, word[key->kind], key);
        break;
    default:
        put_date(out, word[key->kind], key->day);
    }
}

static void put_returns(struct buffer *out, const struct search_return *r)
{
    static const char *const word[] = { "MIN",     "MAX",       "ALL",     "COUNT", "SAVE",
                                        "PARTIAL", "RELEVANCY", "CONTEXT", "UPDATE" };
    const char *before = "RETURN (";
    CHECK(r->options != 0 && r->options < 1U << sizeof word / sizeof *word);
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        if ((r->options & 1U << i) == 0)
            continue;
        buffer_printf(out, "%s%s", before, word[i]);
        before = " ";
        if (1U << i == RETURN_PARTIAL) {
            const char *sign = r->partial.from_end ? "-" : "";
            size_t from, to;
            buffer_printf(out, " %s%" PRIu32 ":%s%" PRIu32, sign, r->partial.first, sign,
                          r->partial.last);
            partial_bounds(&r->partial, 100, &from, &to);
            CHECK(from <= to && to <= 100);
        }
    }
    buffer_puts(out, ") ");
}

static bool parse(struct lexer *lx, struct buffer *out)
{
    struct search_program program;
    if (!parse_search(lx, &program))
        return false;
    CHECK(program.root->kind == SEARCH_AND);
    if (program.returns.given)
        put_returns(out, &program.returns);
    if (program.charset != NULL) {
        buffer_puts(out, "CHARSET ");
        parse_put_literal(out, program.charset, strlen(program.charset));
        buffer_putc(out, ' ');
    }
    put_all(out, program.root->child, 1);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_check(parse, data, size);
    return 0;
}
