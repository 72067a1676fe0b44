/*
 * The steps are those of RFC 5256 section 2.1, the names those of its grammar in section 5.
 *
 * Linear, though the steps repeat each other: what is looked at and not taken off is looked at
 * again only after something before it was, and never more than a "[" with what is up to the
 * next bracket: the blobs at the beginning are gone through once for all of steps 3 to 5,
 * since one of them has a subj-refwd behind it if and only if the last has.
 */
#include "message/base_subject.h"

#include <string.h>
#include <strings.h>

/* What is left of the subject. */
struct rest {
    const char *p;
    const char *end;
};

static bool begins_with(const char *p, const char *end, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(end - p) >= n && strncasecmp(p, text, n) == 0;
}

static bool ends_with(const struct rest *r, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(r->end - r->p) >= n && strncasecmp(r->end - n, text, n) == 0;
}

/* Step 1: tabs and line ends become spaces, several spaces one. Returns the new length. */
static size_t squeeze(char *p, size_t n)
{
    size_t to = 0;
    bool after_space = false;
    for (size_t i = 0; i < n; i++) {
        bool space = p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n';
        if (!space || !after_space)
            p[to++] = (char)(space ? ' ' : p[i]);
        after_space = space;
    }
    return to;
}

/* The white space that is left is single spaces. */
static const char *skip_wsp(const char *p, const char *end)
{
    while (p < end && *p == ' ')
        p++;
    return p;
}

/* What is behind the subj-blob that begins at p; p itself where none does. */
static const char *skip_blob(const char *p, const char *end)
{
    if (p == end || *p != '[')
        return p;
    const char *close = p + 1;
    while (close < end && *close != '[' && *close != ']' && *close != '\0')
        close++;
    return close < end && *close == ']' ? skip_wsp(close + 1, end) : p;
}

/* The same of a subj-refwd. */
static const char *skip_refwd(const char *from, const char *end)
{
    const char *p = from;
    if (begins_with(p, end, "re") || begins_with(p, end, "fw"))
        p += 2;
    else
        return from;
    if ((from[0] | 0x20) == 'f' && p < end && (*p | 0x20) == 'd')
        p++;
    p = skip_blob(skip_wsp(p, end), end);
    return p < end && *p == ':' ? p + 1 : from;
}

/* Step 2: takes off every subj-trailer. */
static void trim_trailers(struct rest *r, bool *reply)
{
    for (;;) {
        if (ends_with(r, " ")) {
            r->end--;
        } else if (ends_with(r, "(fwd)")) {
            r->end -= strlen("(fwd)");
            *reply = true;
        } else {
            return;
        }
    }
}

/* Steps 3 to 5: takes off every subj-leader, and blobs that are not all there is. */
static void trim_leaders(struct rest *r, bool *reply)
{
    for (;;) {
        r->p = skip_wsp(r->p, r->end);
        const char *last = r->p; /* the last blob */
        const char *p = r->p;
        const char *next;
        while ((next = skip_blob(p, r->end)) != p) {
            last = p;
            p = next;
        }
        next = skip_refwd(p, r->end);
        if (next == p) {
            r->p = p == r->end ? last : p;
            return;
        }
        *reply = true;
        r->p = next;
    }
}

/* Step 6: takes off what is around a subj-fwd. */
static bool trim_forward(struct rest *r, bool *reply)
{
    if (!begins_with(r->p, r->end, "[fwd:") || !ends_with(r, "]"))
        return false;
    r->p += strlen("[fwd:");
    r->end--;
    *reply = true;
    return true;
}

struct base_subject base_subject_find(char *subject, size_t n)
{
    struct base_subject base = { .text = subject };
    if (n == 0)
        return base;
    struct rest r = { subject, subject + squeeze(subject, n) };
    do {
        trim_trailers(&r, &base.reply);
        trim_leaders(&r, &base.reply);
    } while (trim_forward(&r, &base.reply));
    base.text = r.p;
    base.len = (size_t)(r.end - r.p);
    return base;
}
