#include "message/message_ids.h"

#include <endian.h>
#include <string.h>

void message_ids_begin(struct message_ids *ids, const char *value, size_t n)
{
    *ids = (struct message_ids){ .lex = { value, n == 0 ? value : value + n } };
    buffer_init(&ids->id, n); /* no id is longer than the field */
}

bool message_ids_end(struct message_ids *ids)
{
    bool ok = !ids->id.failed;
    buffer_free(&ids->id);
    return ok;
}

static bool is_closed_quote(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
    return p < end;
}

/* What is behind the comment that begins at p; NULL: it is not closed. */
static const char *comment_end(const char *p, const char *end)
{
    size_t depth = 0;
    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '(')
            depth++;
        else if (*p == ')' && --depth == 0)
            return p + 1;
    }
    return NULL;
}

/* Reads the quoted string, or passes the comment, that begins here. False: neither does. */
static bool take_quoted(struct message_ids *ids, struct buffer *out)
{
    struct lexer *lex = &ids->lex;
    if (*lex->p == '"' && !ids->quotes_end) {
        ids->quotes_end = !is_closed_quote(lex->p, lex->end);
        if (!ids->quotes_end)
            lexer_quoted(lex, out);
        return !ids->quotes_end;
    }
    if (*lex->p == '(' && !ids->comments_end) {
        const char *next = comment_end(lex->p, lex->end);
        ids->comments_end = next == NULL;
        if (next != NULL)
            lex->p = next;
        return next != NULL;
    }
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether an octet inside an id stands for itself, whatever is around it. */
static bool is_plain(char c)
{
    return c != '<' && c != '>' && c != '"' && c != '(' && c != '@' && !is_space(c);
}

static void take_plain(struct message_ids *ids)
{
    struct lexer *lex = &ids->lex;
    const char *run = lex->p;
    while (!lexer_done(lex) && is_plain(*lex->p))
        lex->p++;
    buffer_append(&ids->id, run, (size_t)(lex->p - run));
}

/* Reads what is behind a '<', up to after its '>' or to another '<'. Whether it is an id. */
static bool read_id(struct message_ids *ids)
{
    struct lexer *lex = &ids->lex;
    struct buffer *id = &ids->id;
    size_t left = 0; /* octets before the first '@' */
    bool at = false;
    buffer_clear(id);
    for (;;) {
        take_plain(ids);
        if (lexer_done(lex) || *lex->p == '<')
            return false;
        if (take_quoted(ids, id))
            continue;
        char c = *lex->p++;
        if (c == '>')
            return left > 0 && id->len > left + 1 && id->len <= MESSAGE_ID_MAX;
        if (c == '@' && !at) {
            at = true;
            left = id->len;
        }
        if (!is_space(c))
            buffer_putc(id, c);
    }
}

bool message_ids_next(struct message_ids *ids)
{
    struct lexer *lex = &ids->lex;
    while (!lexer_done(lex) && !ids->id.failed) {
        if (take_quoted(ids, NULL))
            continue;
        if (*lex->p++ == '<' && read_id(ids))
            return !ids->id.failed;
    }
    return false;
}

/* --- SipHash-2-4 (Aumasson and Bernstein, 2012), with the key of its authors' test vectors.
 * ---
 */

struct sip {
    uint64_t a, b, c, d;
};

static uint64_t rotated(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

static void sip_rounds(struct sip *s, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        s->a += s->b;
        s->c += s->d;
        s->b = rotated(s->b, 13) ^ s->a;
        s->d = rotated(s->d, 16) ^ s->c;
        s->a = rotated(s->a, 32) + s->d;
        s->c += s->b;
        s->d = rotated(s->d, 21) ^ s->a;
        s->b = rotated(s->b, 17) ^ s->c;
        s->c = rotated(s->c, 32);
    }
}

static void sip_word(struct sip *s, uint64_t word)
{
    s->d ^= word;
    sip_rounds(s, 2);
    s->a ^= word;
}

uint64_t message_id_hash(const char *id, size_t n)
{
    const uint64_t low = UINT64_C(0x0706050403020100);
    const uint64_t high = UINT64_C(0x0f0e0d0c0b0a0908);
    struct sip s = { low ^ UINT64_C(0x736f6d6570736575), high ^ UINT64_C(0x646f72616e646f6d),
                     low ^ UINT64_C(0x6c7967656e657261), high ^ UINT64_C(0x7465646279746573) };
    uint64_t word;
    size_t i = 0;
    for (; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, id + i, sizeof word);
        sip_word(&s, le64toh(word));
    }
    word = 0;
    if (i < n)
        memcpy(&word, id + i, n - i);
    sip_word(&s, le64toh(word) | (uint64_t)n << 56);
    s.c ^= 0xff;
    sip_rounds(&s, 4);
    uint64_t hash = s.a ^ s.b ^ s.c ^ s.d;
    return hash == 0 ? 1 : hash;
}
