/*
 * The tokenizer. Up to the first LF the input says which tokens are asked for, a letter each;
 * what is behind it is what the client sends. All that comes of it (tokens, failures, where the
 * next command begins) is the same in whatever pieces the octets come.
 */
#include "tests/fuzz/parse.h"

static const uint8_t *ops;
static size_t ops_n;

static void put_text(struct buffer *out, const struct text *t)
{
    if (t->octets == NULL) {
        buffer_puts(out, "NIL ");
        return;
    }
    CHECK(t->octets[t->n] == '\0');
    buffer_printf(out, "%zu:", t->n);
    buffer_append(out, t->octets, t->n);
    buffer_putc(out, ' ');
}

static bool read_literal(struct lexer *lx, struct buffer *out)
{
    uint64_t n;
    uint64_t have = 0;
    const unsigned char *octets;
    if (!lexer_literal_head(lx, &n))
        return false;
    buffer_printf(out, "{%" PRIu64 "}", n);
    if (!lexer_literal_accept(lx))
        return false;
    for (;;) {
        long got = lexer_literal_read(lx, &octets);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        buffer_append(out, octets, (size_t)got);
        have += (uint64_t)got;
    }
    CHECK(have == n);
    return true;
}

static bool number(struct lexer *lx, char op, struct buffer *out)
{
    uint32_t n = 0;
    uint64_t n64 = 0;
    bool ok = op == 'd'   ? lexer_number(lx, &n)
              : op == 'z' ? lexer_nz_number(lx, &n)
                          : lexer_number64(lx, &n64);
    CHECK(!ok || op != 'z' || n > 0);
    CHECK(n64 <= INT64_MAX);
    buffer_printf(out, "%" PRIu32 " %" PRIu64 " ", n, n64);
    return ok;
}

static bool word_or_tag(struct lexer *lx, char op, struct buffer *out)
{
    char tag[TAG_MAX + 1] = "";
    char word[16] = "";
    bool ok = op == 'w' ? lexer_word(lx, word, sizeof word) : lexer_tag(lx, tag);
    if (!ok)
        return false;
    CHECK(memchr(word, '\0', sizeof word) != NULL && memchr(tag, '\0', sizeof tag) != NULL);
    CHECK(op != 'w' || word[0] != '\0');
    buffer_printf(out, "%s%s ", word, tag);
    return true;
}

static bool token(struct lexer *lx, char op, struct buffer *out)
{
    struct text t = { NULL, 0 };
    bool ok;
    switch (op) {
    case 'a':
        ok = lexer_atom(lx, &t);
        CHECK(!ok || t.n > 0);
        break;
    case 's':
        ok = lexer_astring(lx, &t);
        break;
    case 'q':
        ok = lexer_string(lx, &t);
        break;
    case 'n':
        ok = lexer_nstring(lx, &t);
        break;
    case 'm':
        ok = lexer_list_mailbox(lx, &t);
        break;
    case 'x':
        ok = lexer_line(lx, &t);
        break;
    case 'd':
    case 'z':
    case 'D':
        return number(lx, op, out);
    case 'w':
    case 't':
        return word_or_tag(lx, op, out);
    case 'L':
        return read_literal(lx, out);
    case ' ':
        return lexer_space(lx);
    case '(':
    case ')':
        return lexer_expect(lx, op);
    case ',':
        buffer_putc(out, lexer_accept(lx, ',') ? 'y' : 'n');
        return lx->failure == LEXER_FINE;
    case '$':
        buffer_putc(out, lexer_at_end(lx) ? 'y' : 'n');
        return lx->failure == LEXER_FINE;
    case 'e':
        return lexer_end(lx);
    case 'r':
        return lexer_recover(lx) && (lexer_begin(lx), true);
    default:
        return true;
    }
    if (ok)
        put_text(out, &t);
    return ok;
}

static bool parse(struct lexer *lx, struct buffer *out)
{
    for (size_t i = 0; i < ops_n; i++) {
        if (!token(lx, (char)ops[i], out)) {
            buffer_printf(out, "at %zu: %d %s\n", i, lx->failure, lx->error);
            if (!lexer_recover(lx))
                break;
            lexer_begin(lx);
        }
    }
    return lx->failure == LEXER_FINE || lexer_fail(lx, LEXER_SYNTAX, "end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer wide;
    struct buffer narrow;
    fuzz_cut(&data, &size, '\n', &ops, &ops_n);
    fuzz_buffer(&wide);
    fuzz_buffer(&narrow);
    (void)parse_in_pieces(parse, data, size, &parse_wide, &wide);
    if (size <= PARSE_SMALL)
        (void)parse_in_pieces(parse, data, size, &parse_narrow, &narrow);
    buffer_free(&wide);
    buffer_free(&narrow);
    return 0;
}
