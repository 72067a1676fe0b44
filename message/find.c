#include "message/find.h"

#include "message/lanes.h"

/* Comparing may take so many octets more than four times what was gone through. */
#define WASTE_MAX 4096

/* Only the beginning of a long text is looked through for rare octets. */
#define RARE_IN 64

/* How often an octet is met in folded text, roughly. */
static unsigned commonness(unsigned char c)
{
    static const char order[] = " etaoinsrhldcumfpgwybvk.,-\n";
    const char *at = memchr(order, c, sizeof order - 1);
    if (at != NULL)
        return 100 - (unsigned)(at - order);
    if (c == 0xd0 || c == 0xd1) /* every other octet of Cyrillic */
        return 95;
    return c >= 0xc0 ? 60 : c >= 0x80 ? 40 : 20;
}

void finder_init(struct finder *f, const char *text, size_t len)
{
    *f = (struct finder){ .text = text, .len = len };
    size_t n = len < RARE_IN ? len : RARE_IN;
    size_t *first = &f->place[0];
    size_t *second = &f->place[1];
    for (size_t i = 1; i < n; i++)
        if (commonness((unsigned char)text[i]) < commonness((unsigned char)text[*first]))
            *first = i;
    if (n > 1)
        *second = *first == 0 ? 1 : 0;
    for (size_t i = 0; i < n; i++)
        if (i != *first && text[i] != text[*first] &&
            (text[*second] == text[*first] ||
             commonness((unsigned char)text[i]) < commonness((unsigned char)text[*second])))
            *second = i;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool equal(const struct finder *f, const char *p, bool any_case)
{
    if (!any_case)
        return memcmp(p, f->text, f->len) == 0;
    for (size_t i = 0; i < f->len; i++)
        if ((is_letter(f->text[i]) ? p[i] | 0x20 : p[i]) != f->text[i])
            return false;
    return true;
}

/* Where it is in the n octets; *place_r is how far they were gone through where that had to be
 * given up. */
static inline enum find_result find(const struct finder *f, const char *p, size_t n,
                                    bool any_case, size_t *place_r)
{
    *place_r = 0;
    if (n < f->len)
        return FIND_NOTHING;
    size_t places = n - f->len + 1;
    size_t wasted = 0;
    const char *at[2] = { p + f->place[0], p + f->place[1] };
    char octet[2] = { f->text[f->place[0]], f->text[f->place[1]] };
    lanes wanted[2];
    lanes lower[2];
    for (size_t i = 0; i < 2; i++) {
        wanted[i] = (lanes){ 0 } + (unsigned char)octet[i];
        lower[i] = (lanes){ 0 } + (unsigned char)(any_case && is_letter(octet[i]) ? 0x20 : 0);
    }
    size_t i = 0;
    while (i < places && places >= sizeof(lanes)) {
        if (places - i < sizeof(lanes)) /* the last sixteen, some of them once more */
            i = places - sizeof(lanes);
        lanes fit = (lanes)((lanes_load(at[0] + i) | lower[0]) == wanted[0]) &
                    (lanes)((lanes_load(at[1] + i) | lower[1]) == wanted[1]);
        for (unsigned bits = lanes_bits(fit); bits != 0; bits &= bits - 1) {
            size_t place = i + (size_t)__builtin_ctz(bits);
            *place_r = place;
            if (equal(f, p + place, any_case))
                return FIND_FOUND;
            wasted += f->len;
            if (wasted / 4 > place + WASTE_MAX)
                return FIND_UNSURE;
        }
        i += sizeof(lanes);
    }
    for (; i < places; i++) { /* fewer than sixteen in all */
        *place_r = i;
        if (equal(f, p + i, any_case))
            return FIND_FOUND;
    }
    return FIND_NOTHING;
}

const char *finder_find(const struct finder *f, const char *p, size_t n)
{
    size_t place;
    switch (find(f, p, n, false, &place)) {
    case FIND_NOTHING:
        return NULL;
    case FIND_FOUND:
        return p + place;
    case FIND_UNSURE:
        break;
    }
    return memmem(p + place, n - place, f->text, f->len);
}

enum find_result finder_find_any_case(const struct finder *f, const char *p, size_t n)
{
    size_t place;
    return find(f, p, n, true, &place);
}
