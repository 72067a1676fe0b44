/* Commands with random damage, in random pieces: whatever the parsers make of them, nothing is
 * read out of bounds (the sanitizers watch), and after recovery the next command is found where
 * the damage left a line end for it. The seed is fixed; IMAPD_SEED replays another. */
#include "parser/date.h"
#include "parser/fetch.h"
#include "parser/flags.h"
#include "parser/search.h"

#include "text_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

enum { ROUNDS = 200000, SIZE = 600 };

static const struct lexer_limits limits = { .line = 300, .literal = 40, .memory = 8192 };

static const char *const seeds[] = {
    "1:*,4 (FLAGS UID BODY.PEEK[1.2.HEADER.FIELDS (From \"a b\" {3}\r\nabc)]<5.6> RFC822)\r\n",
    "CHARSET UTF-8 OR (FROM x NOT TEXT {3+}\r\nabc) SINCE 1-Feb-1994 1:3,* UID 4:*\r\n",
    "(\\Seen $Forwarded foo) \" 7-Feb-1994 21:52:25 -0800\" {10}\r\n0123456789\r\n",
    "\"quoted \\\" \\\\ string\" NIL 4294967295 {2}\r\nab {0+}\r\n {5+}\r\nhello\r\n",
};

static unsigned long state_;

static unsigned rnd(unsigned below)
{
    state_ = state_ * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(state_ >> 33) % below;
}

static size_t damage(unsigned char *out, const char *seed)
{
    static const char often[] = "{}()[]<>\"\\*%+-:., \r\n0123456789";
    size_t n = strlen(seed);
    memcpy(out, seed, n);
    for (unsigned hits = rnd(6); hits > 0; hits--) {
        size_t at = rnd((unsigned)n);
        switch (rnd(3)) {
        case 0:
            out[at] = (unsigned char)(rnd(2) ? often[rnd(sizeof often - 1)] : (int)rnd(256));
            break;
        case 1:
            memmove(out + at, out + at + 1, n - at - 1);
            n -= n > 1;
            break;
        default:
            memmove(out + at + 1, out + at, n - at);
            out[at] = (unsigned char)often[rnd(sizeof often - 1)];
            n++;
        }
    }
    return n;
}

static void parse_any(struct lexer *lx, struct fetch_request *fetch)
{
    struct search_program search;
    struct sequence_set set;
    struct flag_names flags;
    struct text t;
    int64_t n;
    uint64_t octets;
    uint32_t number;
    switch (rnd(4)) {
    case 0:
        (void)(parse_sequence_set(lx, &set) && lexer_space(lx) && parse_fetch(lx, fetch));
        break;
    case 1:
        (void)parse_search(lx, &search);
        break;
    case 2:
        (void)(parse_flag_list(lx, &flags) && lexer_space(lx) && parse_date_time(lx, &n) &&
               lexer_space(lx) && lexer_literal_head(lx, &octets));
        break;
    default:
        (void)(lexer_string(lx, &t) && lexer_space(lx) && lexer_nstring(lx, &t) &&
               lexer_space(lx) && lexer_number(lx, &number) && lexer_space(lx) &&
               lexer_string(lx, &t) && lexer_space(lx) && lexer_astring(lx, &t));
    }
}

static void test_random(void **state)
{
    static struct fetch_request fetch;
    static const char next[] = "\r\nNEXT\r\n";
    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned char octets[SIZE];
        struct text_source source;
        struct lexer lx;
        struct text line;
        size_t n = damage(octets, seeds[rnd(sizeof seeds / sizeof *seeds)]);
        memcpy(octets + n, next, sizeof next - 1);
        text_source_init(&source, octets, n + sizeof next - 1, 1 + rnd(40));
        lexer_init(&lx, &source.source, &limits);
        lexer_begin(&lx);
        parse_any(&lx, &fetch);
        /* Each recovery moves on, until the end of the octets is reached. */
        for (unsigned lines = 0; lexer_recover(&lx); lines++) {
            assert_true(lines < SIZE);
            lexer_begin(&lx);
            if (lexer_line(&lx, &line))
                assert_true(line.n < SIZE);
            else if (lx.failure == LEXER_END)
                break;
        }
        lexer_free(&lx);
    }
}

int main(void)
{
    const char *seed = getenv("IMAPD_SEED");
    state_ = seed != NULL ? strtoul(seed, NULL, 10) : 20260101;
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
