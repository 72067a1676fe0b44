/* Which keywords of an mbox fit into its folder (mailstore/adopt.h). */
#ifndef MAILSTORE_ADOPT_KEYWORDS_H
#define MAILSTORE_ADOPT_KEYWORDS_H

#include "base/buffer.h"
#include "mailstore/keywords.h"

/* Of one message. */
#define ADOPT_KEYWORDS_MAX 64

struct adopt_keywords {
    struct keywords kw; /* the folder's, and those that were picked */
    struct buffer left; /* names that had no room, with ", " between them */
};

void adopt_keywords_init(struct adopt_keywords *ak);
void adopt_keywords_free(struct adopt_keywords *ak);

/* Takes words between blanks apart, in their place, and picks those that the folder has or has
 * room for; what can be no keyword is passed over. `left` has what had no room. word_r holds
 * ADOPT_KEYWORDS_MAX. False: no memory. */
bool adopt_keywords_pick(struct adopt_keywords *ak, char *words, const char **word_r,
                         size_t *count_r);

#endif
