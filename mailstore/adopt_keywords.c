/*
 * adopt_keywords.h. UW-IMAP has 30 keywords in a folder, a Maildir 26 (and $Forwarded). Those
 * that come first in the file have the letters; the others are told and left out, for what
 * would be the use of a folder that can't be had for its keywords.
 */
#include "mailstore/adopt_keywords.h"

#include <stdlib.h>
#include <string.h>

#define LEFT_MAX 1024

void adopt_keywords_init(struct adopt_keywords *ak)
{
    keywords_init(&ak->kw);
    buffer_init(&ak->left, LEFT_MAX);
}

void adopt_keywords_free(struct adopt_keywords *ak)
{
    keywords_free(&ak->kw);
    buffer_free(&ak->left);
}

/* In the buffer each name has ", " behind it, so that it is found whole. */
static void leave(struct buffer *left, const char *name)
{
    const char *has = buffer_string(left);
    size_t n = strlen(name);
    for (const char *p = has; p != NULL && (p = strstr(p, name)) != NULL; p += n)
        if ((p == has || p[-1] == ' ') && p[n] == ',')
            return;
    if (has == NULL || left->len + n + 2 > LEFT_MAX - 1)
        return;
    buffer_puts(left, name);
    buffer_puts(left, ", ");
}

/* -1: no memory; 0: no room. */
static int pick(struct adopt_keywords *ak, const char *name)
{
    if (keywords_index(&ak->kw, name) >= 0)
        return 1;
    for (size_t i = 0; i < LETTERS_COUNTED; i++) {
        if (ak->kw.name[i] != NULL || (ak->kw.used & (1U << i)) != 0)
            continue;
        ak->kw.name[i] = strdup(name);
        return ak->kw.name[i] == NULL ? -1 : 1;
    }
    leave(&ak->left, name);
    return 0;
}

bool adopt_keywords_pick(struct adopt_keywords *ak, char *words, const char **word_r,
                         size_t *count_r)
{
    char *rest = NULL;
    *count_r = 0;
    for (char *w = strtok_r(words, " \t", &rest); w != NULL && *count_r < ADOPT_KEYWORDS_MAX;
         w = strtok_r(NULL, " \t", &rest)) {
        int picked = keyword_valid(w) ? pick(ak, w) : 0;
        if (picked < 0)
            return false;
        if (picked > 0)
            word_r[(*count_r)++] = w;
    }
    return true;
}
