/*
 * LIST's patterns. All ways to fit are followed at once: after each element of the pattern,
 * at[j] tells whether the pattern so far fits the first j octets of the name. So the time is
 * the product of the lengths at most, whatever the pattern.
 */
#include "mailstore/store.h"

#include <string.h>
#include <strings.h>

struct match {
    const char *name;
    size_t len;
    size_t inbox; /* so many octets at the beginning are INBOX: any case fits */
    bool at[FOLDER_NAME_MAX + 1];
};

static int upper(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/* One octet of the pattern that stands for itself. False: nothing can fit any more. */
static bool step_octet(struct match *m, char c)
{
    bool any = false;
    for (size_t j = m->len; j > 0; j--) {
        bool same = m->name[j - 1] == c || (j <= m->inbox && upper(m->name[j - 1]) == upper(c));
        m->at[j] = m->at[j - 1] && same;
        any = any || m->at[j];
    }
    m->at[0] = false;
    return any;
}

static void step_wildcard(struct match *m, bool crosses_levels)
{
    for (size_t j = 1; j <= m->len; j++)
        m->at[j] = m->at[j] || (m->at[j - 1] && (crosses_levels || m->name[j - 1] != '/'));
}

bool folder_match(const char *pattern, const char *name)
{
    struct match m = { .name = name, .len = strlen(name) };
    if (m.len > FOLDER_NAME_MAX)
        return false;
    size_t first = strcspn(name, "/");
    if (first == 5 && strncasecmp(name, "INBOX", 5) == 0)
        m.inbox = first;
    m.at[0] = true;
    while (*pattern != '\0') {
        size_t wild = strspn(pattern, "*%");
        if (wild > 0) {
            step_wildcard(&m, memchr(pattern, '*', wild) != NULL);
            pattern += wild;
        } else if (!step_octet(&m, *pattern++)) {
            return false;
        }
    }
    return m.at[m.len];
}
