#include "parser/status.h"

#include <string.h>

/* The longest item and its NUL. */
#define WORD_MAX 16

const char *const status_item_name[STATUS_ITEMS] = {
    [STATUS_MESSAGES] = "MESSAGES",
    [STATUS_RECENT] = "RECENT",
    [STATUS_UIDNEXT] = "UIDNEXT",
    [STATUS_UIDVALIDITY] = "UIDVALIDITY",
    [STATUS_UNSEEN] = "UNSEEN",
    [STATUS_DELETED] = "DELETED",
    [STATUS_SIZE] = "SIZE",
    [STATUS_HIGHESTMODSEQ] = "HIGHESTMODSEQ",
    [STATUS_APPENDLIMIT] = "APPENDLIMIT",
    [STATUS_MAILBOXID] = "MAILBOXID",
};

static bool item(struct lexer *lx, unsigned *items)
{
    char word[WORD_MAX];
    if (!lexer_word(lx, word, sizeof word))
        return false;
    for (unsigned i = 0; i < STATUS_ITEMS; i++) {
        if (strcmp(word, status_item_name[i]) == 0) {
            *items |= 1U << i;
            return true;
        }
    }
    return lexer_fail(lx, LEXER_SYNTAX, "unknown item %s", word);
}

bool parse_status_items(struct lexer *lx, unsigned *items_r)
{
    *items_r = 0;
    if (!lexer_expect(lx, '('))
        return false;
    do {
        if (!item(lx, items_r))
            return false;
    } while (lexer_accept(lx, ' '));
    return lexer_expect(lx, ')');
}
