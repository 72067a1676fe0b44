/* Which keywords of another server's folder fit into one of ours. */
#ifndef MAILSTORE_KEYWORDS_PICK_H
#define MAILSTORE_KEYWORDS_PICK_H

#include "base/buffer.h"
#include "mailstore/keywords.h"

/* Of one message. */
#define KEYWORDS_PICK_MAX 64

struct keywords_pick {
    struct keywords kw; /* the folder's, and those that were picked */
    struct buffer left; /* names that had no room, with ", " between them */
};

void keywords_pick_init(struct keywords_pick *kp);
void keywords_pick_free(struct keywords_pick *kp);

/* Whether a word can be a keyword's name; "unknown-9" is what a letter without one is called
 * (keywords.h). */
bool keywords_pick_is_name(const char *word);

/* Takes words between blanks apart, in their place, and picks those that the folder has or has
 * room for; what can be no keyword is passed over. `left` has what had no room. word_r holds
 * KEYWORDS_PICK_MAX. False: no memory. */
bool keywords_pick_words(struct keywords_pick *kp, char *words, const char **word_r,
                         size_t *count_r);

#endif
