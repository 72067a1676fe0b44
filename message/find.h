/*
 * Looking for one string in many: sixteen places at once are held against its two rarest
 * octets, and only where both fit is it compared.
 */
#ifndef MESSAGE_FIND_H
#define MESSAGE_FIND_H

#include <stdbool.h>
#include <stddef.h>

struct finder {
    const char *text;
    size_t len;
    size_t place[2]; /* where in it are the octets that are seldom met */
};

/* `text`, which must live as long, has one octet or more. */
void finder_init(struct finder *f, const char *text, size_t len);

/* As memmem(3), in time linear in n. */
const char *finder_find(const struct finder *f, const char *p, size_t n);

enum find_result {
    FIND_NOTHING,
    FIND_FOUND,
    FIND_UNSURE /* it would take more than linear time: search in another way */
};

/* The same where letters of US-ASCII are equal in either case; the text has none in upper
 * case. */
enum find_result finder_find_any_case(const struct finder *f, const char *p, size_t n);

#endif
