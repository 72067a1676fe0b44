/*
 * keywords_pick.h. UW-IMAP has 30 keywords in a folder, Courier as many as one likes, we 26
 * (and $Forwarded). Those that come first have the letters; the others are told and left out,
 * for what would be the use of a folder that can't be had for its keywords.
 */
#include "mailstore/keywords_pick.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LEFT_MAX 1024

void keywords_pick_init(struct keywords_pick *kp)
{
    keywords_init(&kp->kw);
    buffer_init(&kp->left, LEFT_MAX);
}

void keywords_pick_free(struct keywords_pick *kp)
{
    keywords_free(&kp->kw);
    buffer_free(&kp->left);
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
static int pick(struct keywords_pick *kp, const char *name)
{
    if (keywords_index(&kp->kw, name) >= 0)
        return 1;
    for (size_t i = 0; i < LETTERS_COUNTED; i++) {
        if (kp->kw.name[i] != NULL || (kp->kw.used & (1U << i)) != 0)
            continue;
        kp->kw.name[i] = strdup(name);
        return kp->kw.name[i] == NULL ? -1 : 1;
    }
    leave(&kp->left, name);
    return 0;
}

bool keywords_pick_is_name(const char *word)
{
    static const char unknown[] = "unknown-";
    return keyword_valid(word) && strncasecmp(word, unknown, sizeof unknown - 1) != 0;
}

bool keywords_pick_words(struct keywords_pick *kp, char *words, const char **word_r,
                         size_t *count_r)
{
    char *rest = NULL;
    *count_r = 0;
    for (char *w = strtok_r(words, " \t", &rest); w != NULL && *count_r < KEYWORDS_PICK_MAX;
         w = strtok_r(NULL, " \t", &rest)) {
        int picked = keywords_pick_is_name(w) ? pick(kp, w) : 0;
        if (picked < 0)
            return false;
        if (picked > 0)
            word_r[(*count_r)++] = w;
    }
    return true;
}
