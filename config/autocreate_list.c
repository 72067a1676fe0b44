#include "config/autocreate_list.h"

#include "mailstore/special_use.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t"

static const struct {
    const char *word;
    enum special_use use;
} uses[] = {
    { "\\Archive", USE_ARCHIVE }, { "\\Drafts", USE_DRAFTS }, { "\\Junk", USE_JUNK },
    { "\\Sent", USE_SENT },       { "\\Trash", USE_TRASH },
};

static unsigned use_of(const char *word, size_t n)
{
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (strlen(uses[i].word) == n && strncasecmp(word, uses[i].word, n) == 0)
            return uses[i].use;
    return 0;
}

/* The words from p up to `end`. */
static bool take_uses(const char *p, const char *end, unsigned *uses_r)
{
    while (p < end) {
        size_t n = strcspn(p, BLANKS ",");
        unsigned use = use_of(p, n);
        if (use == 0)
            return false;
        *uses_r |= use;
        p += n;
        p += strspn(p, BLANKS);
    }
    return true;
}

bool autocreate_next(const char **at, struct autocreate_item *item_r)
{
    const char *begin = *at + strspn(*at, BLANKS);
    const char *end = begin + strcspn(begin, ",");
    const char *backslash = memchr(begin, '\\', (size_t)(end - begin));
    const char *stop = backslash != NULL ? backslash : end;
    while (stop > begin && strchr(BLANKS, stop[-1]) != NULL)
        stop--;
    *item_r = (struct autocreate_item){ begin, (size_t)(stop - begin), 0 };
    *at = *end == ',' ? end + 1 : end;
    return item_r->n > 0 && (backslash == NULL || take_uses(backslash, end, &item_r->uses));
}
