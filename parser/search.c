#include "parser/search.h"

#include "parser/date.h"

#include <ctype.h>
#include <string.h>

/* The longest word of the grammar and its NUL. */
#define WORD_MAX 18

#define OBJECT_ID_MAX    255
#define OBJECT_ID_OCTETS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

/* How each key of the grammar goes on. */
enum operand {
    NOTHING,
    FLAG_SET,   /* stands for the flag `name` */
    FLAG_CLEAR, /* stands for NOT the flag */
    FIELD,      /* astring, looked for in the header field `name` */
    STRING,
    DATE,
    NUMBER,
    INTERVAL, /* a number of seconds, not 0 */
    ATOM,
    ATOM_CLEAR,
    OBJECT_ID
};

static const struct key {
    const char *word;
    enum search_kind kind;
    enum operand operand;
    const char *name;
} keys[] = {
    { "ALL", SEARCH_ALL, NOTHING, NULL },
    { "ANSWERED", SEARCH_FLAG, FLAG_SET, "\\Answered" },
    { "BCC", SEARCH_HEADER, FIELD, "Bcc" },
    { "BEFORE", SEARCH_BEFORE, DATE, NULL },
    { "BODY", SEARCH_BODY, STRING, NULL },
    { "CC", SEARCH_HEADER, FIELD, "Cc" },
    { "DELETED", SEARCH_FLAG, FLAG_SET, "\\Deleted" },
    { "DRAFT", SEARCH_FLAG, FLAG_SET, "\\Draft" },
    { "EMAILID", SEARCH_EMAILID, OBJECT_ID, NULL },
    { "FLAGGED", SEARCH_FLAG, FLAG_SET, "\\Flagged" },
    { "FROM", SEARCH_HEADER, FIELD, "From" },
    { "KEYWORD", SEARCH_KEYWORD, ATOM, NULL },
    { "LARGER", SEARCH_LARGER, NUMBER, NULL },
    { "OLD", SEARCH_FLAG, FLAG_CLEAR, "\\Recent" },
    { "OLDER", SEARCH_OLDER, INTERVAL, NULL },
    { "ON", SEARCH_ON, DATE, NULL },
    { "RECENT", SEARCH_FLAG, FLAG_SET, "\\Recent" },
    { "SAVEDATESUPPORTED", SEARCH_ALL, NOTHING, NULL }, /* in every folder */
    { "SAVEDBEFORE", SEARCH_SAVEDBEFORE, DATE, NULL },
    { "SAVEDON", SEARCH_SAVEDON, DATE, NULL },
    { "SAVEDSINCE", SEARCH_SAVEDSINCE, DATE, NULL },
    { "SEEN", SEARCH_FLAG, FLAG_SET, "\\Seen" },
    { "SENTBEFORE", SEARCH_SENTBEFORE, DATE, NULL },
    { "SENTON", SEARCH_SENTON, DATE, NULL },
    { "SENTSINCE", SEARCH_SENTSINCE, DATE, NULL },
    { "SINCE", SEARCH_SINCE, DATE, NULL },
    { "SMALLER", SEARCH_SMALLER, NUMBER, NULL },
    { "SUBJECT", SEARCH_HEADER, FIELD, "Subject" },
    { "TEXT", SEARCH_TEXT, STRING, NULL },
    { "THREADID", SEARCH_THREADID, OBJECT_ID, NULL },
    { "TO", SEARCH_HEADER, FIELD, "To" },
    { "UNANSWERED", SEARCH_FLAG, FLAG_CLEAR, "\\Answered" },
    { "UNDELETED", SEARCH_FLAG, FLAG_CLEAR, "\\Deleted" },
    { "UNDRAFT", SEARCH_FLAG, FLAG_CLEAR, "\\Draft" },
    { "UNFLAGGED", SEARCH_FLAG, FLAG_CLEAR, "\\Flagged" },
    { "UNKEYWORD", SEARCH_KEYWORD, ATOM_CLEAR, NULL },
    { "UNSEEN", SEARCH_FLAG, FLAG_CLEAR, "\\Seen" },
    { "YOUNGER", SEARCH_YOUNGER, INTERVAL, NULL },
};

static bool search_key(struct lexer *lx, unsigned depth, struct search_key **key_r);
static bool word_key(struct lexer *lx, unsigned depth, const char *word,
                     struct search_key **key_r);

static struct search_key *new_key(struct lexer *lx, enum search_kind kind)
{
    struct search_key *key = arena_take(&lx->arena, sizeof *key);
    if (key == NULL)
        lexer_fail(lx, LEXER_LIMIT, "the arguments are too long");
    else
        key->kind = kind;
    return key;
}

/* key, or NOT key. */
static bool maybe_not(struct lexer *lx, bool negate, struct search_key *key,
                      struct search_key **key_r)
{
    *key_r = key;
    if (!negate)
        return true;
    *key_r = new_key(lx, SEARCH_NOT);
    if (*key_r == NULL)
        return false;
    (*key_r)->child = key;
    return true;
}

/* SP objectid (RFC 8474 section 7). */
static bool object_id(struct lexer *lx, struct search_key *key)
{
    struct text atom;
    if (!lexer_space(lx) || !lexer_atom(lx, &atom))
        return false;
    key->name = atom.octets;
    size_t n = strspn(atom.octets, OBJECT_ID_OCTETS);
    return (n == atom.n && n <= OBJECT_ID_MAX) ||
           lexer_fail(lx, LEXER_SYNTAX, "that is no object identifier");
}

static bool table_key(struct lexer *lx, const struct key *k, struct search_key **key_r)
{
    struct search_key *key = new_key(lx, k->kind);
    struct text atom;
    if (key == NULL)
        return false;
    key->name = k->name;
    switch (k->operand) {
    case NOTHING:
    case FLAG_SET:
        break;
    case FLAG_CLEAR:
        return maybe_not(lx, true, key, key_r);
    case FIELD:
    case STRING:
        if (!lexer_space(lx) || !lexer_astring(lx, &key->text))
            return false;
        break;
    case DATE:
        if (!lexer_space(lx) || !parse_date(lx, &key->day))
            return false;
        break;
    case NUMBER:
        if (!lexer_space(lx) || !lexer_number64(lx, &key->size))
            return false;
        break;
    case INTERVAL:
        if (!lexer_space(lx) || !lexer_nz_number(lx, &key->interval))
            return false;
        break;
    case ATOM:
    case ATOM_CLEAR:
        if (!lexer_space(lx) || !lexer_atom(lx, &atom))
            return false;
        key->name = atom.octets;
        return maybe_not(lx, k->operand == ATOM_CLEAR, key, key_r);
    case OBJECT_ID:
        if (!object_id(lx, key))
            return false;
        break;
    }
    *key_r = key;
    return true;
}

static bool header_key(struct lexer *lx, struct search_key **key_r)
{
    struct search_key *key = new_key(lx, SEARCH_HEADER);
    struct text name;
    if (key == NULL || !lexer_space(lx) || !lexer_astring(lx, &name) || !lexer_space(lx) ||
        !lexer_astring(lx, &key->text))
        return false;
    key->name = name.octets;
    *key_r = key;
    return true;
}

/* NEW: RECENT UNSEEN. */
static bool new_mail_key(struct lexer *lx, struct search_key **key_r)
{
    struct search_key *both = new_key(lx, SEARCH_AND);
    struct search_key *recent = new_key(lx, SEARCH_FLAG);
    struct search_key *seen = new_key(lx, SEARCH_FLAG);
    if (both == NULL || recent == NULL || seen == NULL)
        return false;
    recent->name = "\\Recent";
    seen->name = "\\Seen";
    both->child = recent;
    *key_r = both;
    return maybe_not(lx, true, seen, &recent->next);
}

/* MODSEQ [entry-name SP entry-type SP] mod-sequence. There is one for all of a message's
 * metadata, so names and types are read and ignored (RFC 7162 section 3.1.5). */
static bool modseq_key(struct lexer *lx, struct search_key **key_r)
{
    char type[WORD_MAX];
    struct text entry;
    *key_r = new_key(lx, SEARCH_MODSEQ);
    if (*key_r == NULL || !lexer_space(lx))
        return false;
    if (lexer_peek(lx) == '"') {
        if (!lexer_astring(lx, &entry) || !lexer_space(lx) ||
            !lexer_word(lx, type, sizeof type) || !lexer_space(lx))
            return false;
        if (strcmp(type, "ALL") != 0 && strcmp(type, "PRIV") != 0 &&
            strcmp(type, "SHARED") != 0)
            return lexer_fail(lx, LEXER_SYNTAX, "unknown entry type %s", type);
    }
    return lexer_number64(lx, &(*key_r)->modseq);
}

static bool set_key(struct lexer *lx, enum search_kind kind, struct search_key **key_r)
{
    *key_r = new_key(lx, kind);
    return *key_r != NULL && parse_sequence_set(lx, &(*key_r)->set);
}

/* NOT and FUZZY. */
static bool child_key(struct lexer *lx, enum search_kind kind, unsigned depth,
                      struct search_key **key_r)
{
    *key_r = new_key(lx, kind);
    return *key_r != NULL && lexer_space(lx) && search_key(lx, depth + 1, &(*key_r)->child);
}

/* OR a OR b OR c ... is how clients ask for any of many: no level deeper for each, but one OR
 * of them all. */
static bool or_key(struct lexer *lx, unsigned depth, struct search_key **key_r)
{
    char word[WORD_MAX];
    *key_r = new_key(lx, SEARCH_OR);
    if (*key_r == NULL)
        return false;
    struct search_key **next = &(*key_r)->child;
    do {
        if (!lexer_space(lx) || !search_key(lx, depth + 1, next) || !lexer_space(lx))
            return false;
        next = &(*next)->next;
        int c = lexer_peek(lx);
        if (c < 0 || c >= 0x80 || !isalpha(c))
            return search_key(lx, depth + 1, next);
        if (!lexer_word(lx, word, sizeof word))
            return false;
    } while (strcmp(word, "OR") == 0);
    return word_key(lx, depth + 1, word, next);
}

/* Keys one after another, all of which must fit, into *next and on. */
static bool key_list(struct lexer *lx, unsigned depth, struct search_key **next)
{
    do {
        if (!search_key(lx, depth + 1, next))
            return false;
        next = &(*next)->next;
    } while (lexer_accept(lx, ' '));
    return lx->failure == LEXER_FINE;
}

static bool word_key(struct lexer *lx, unsigned depth, const char *word,
                     struct search_key **key_r)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(word, keys[i].word) == 0)
            return table_key(lx, &keys[i], key_r);
    if (strcmp(word, "NOT") == 0)
        return child_key(lx, SEARCH_NOT, depth, key_r);
    if (strcmp(word, "FUZZY") == 0)
        return child_key(lx, SEARCH_FUZZY, depth, key_r);
    if (strcmp(word, "OR") == 0)
        return or_key(lx, depth, key_r);
    if (strcmp(word, "NEW") == 0)
        return new_mail_key(lx, key_r);
    if (strcmp(word, "HEADER") == 0)
        return header_key(lx, key_r);
    if (strcmp(word, "MODSEQ") == 0)
        return modseq_key(lx, key_r);
    if (strcmp(word, "UID") == 0)
        return lexer_space(lx) && set_key(lx, SEARCH_UID, key_r);
    return lexer_fail(lx, LEXER_SYNTAX, "unknown search key %s", word);
}

// NOLINTNEXTLINE(misc-no-recursion): SEARCH_DEPTH_MAX bounds it
static bool search_key(struct lexer *lx, unsigned depth, struct search_key **key_r)
{
    char word[WORD_MAX];
    if (depth > SEARCH_DEPTH_MAX)
        return lexer_fail(lx, LEXER_LIMIT, "search keys nested deeper than %d",
                          SEARCH_DEPTH_MAX);
    int c = lexer_peek(lx);
    if (c == '*' || c == '$' || (c >= '0' && c <= '9'))
        return set_key(lx, SEARCH_SEQUENCE, key_r);
    if (lexer_accept(lx, '(')) {
        *key_r = new_key(lx, SEARCH_AND);
        return *key_r != NULL && key_list(lx, depth, &(*key_r)->child) && lexer_expect(lx, ')');
    }
    return lexer_word(lx, word, sizeof word) && word_key(lx, depth, word, key_r);
}

/* The keys, whose first word (NULL: none) is read already. */
static bool all_keys(struct lexer *lx, const char *word, struct search_key **first)
{
    if (word == NULL)
        return key_list(lx, 0, first);
    if (!word_key(lx, 0, word, first))
        return false;
    return !lexer_accept(lx, ' ') ? lx->failure == LEXER_FINE
                                  : key_list(lx, 0, &(*first)->next);
}

/* The first word, if there is one: *word_r points to it, or is NULL. */
static bool first_word(struct lexer *lx, char word[WORD_MAX], const char **word_r)
{
    int c = lexer_peek(lx);
    *word_r = NULL;
    if (c < 0 || c >= 0x80 || !isalpha(c))
        return true;
    *word_r = word;
    return lexer_word(lx, word, WORD_MAX);
}

/* A first word has to be read before it is known whether it is RETURN or CHARSET. */
bool parse_search(struct lexer *lx, struct search_program *program_r)
{
    char space[WORD_MAX];
    const char *word;
    *program_r = (struct search_program){ .root = new_key(lx, SEARCH_AND) };
    if (program_r->root == NULL || !first_word(lx, space, &word))
        return false;
    if (word != NULL && strcmp(word, "RETURN") == 0 &&
        (!lexer_space(lx) || !parse_search_return(lx, &program_r->returns) ||
         !lexer_space(lx) || !first_word(lx, space, &word)))
        return false;
    if (word != NULL && strcmp(word, "CHARSET") == 0) {
        struct text charset;
        if (!lexer_space(lx) || !lexer_astring(lx, &charset) || !lexer_space(lx))
            return false;
        program_r->charset = charset.octets;
        word = NULL;
    }
    if (!all_keys(lx, word, &program_r->root->child))
        return false;
    program_r->returns.modseq = search_has_key(program_r->root, SEARCH_MODSEQ);
    return (program_r->returns.options & RETURN_RELEVANCY) == 0 ||
           search_has_key(program_r->root, SEARCH_FUZZY) ||
           lexer_fail(lx, LEXER_SYNTAX, "RELEVANCY wants FUZZY");
}

bool parse_search_criteria(struct lexer *lx, struct search_program *program_r)
{
    struct text charset;
    *program_r = (struct search_program){ .root = new_key(lx, SEARCH_AND) };
    if (program_r->root == NULL || !lexer_astring(lx, &charset) || !lexer_space(lx))
        return false;
    program_r->charset = charset.octets;
    if (!key_list(lx, 0, &program_r->root->child))
        return false;
    program_r->returns.modseq = search_has_key(program_r->root, SEARCH_MODSEQ);
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): SEARCH_DEPTH_MAX bounds it
bool search_has_key(const struct search_key *key, enum search_kind kind)
{
    if (key->kind == kind)
        return true;
    for (const struct search_key *child = key->child; child != NULL; child = child->next)
        if (search_has_key(child, kind))
            return true;
    return false;
}
