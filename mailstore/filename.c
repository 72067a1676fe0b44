/* The syntax of Maildir names. Two programs disagree only on names with several colons: the
 * base name ends at the first (Dovecot's uidlist does so), the flags begin at the last. */
#include "mailstore/filename.h"

#include "mailstore/mailbox.h"

#include <stdio.h>
#include <string.h>

static const struct {
    char letter;
    uint8_t flag;
} flag_letters[] = { { 'D', FLAG_DRAFT },
                     { 'F', FLAG_FLAGGED },
                     { 'R', FLAG_ANSWERED },
                     { 'S', FLAG_SEEN },
                     { 'T', FLAG_DELETED } };

#define FLAG_LETTERS (sizeof flag_letters / sizeof flag_letters[0])

static uint8_t flag_of_letter(char c)
{
    for (size_t i = 0; i < FLAG_LETTERS; i++)
        if (flag_letters[i].letter == c)
            return flag_letters[i].flag;
    return 0;
}

/* Whether the octet is a flag or keyword that we set and clear ourselves. */
static bool letter_is_ours(char c)
{
    return (c >= 'a' && c <= 'z') || c == 'P' || flag_of_letter(c) != 0;
}

/* Where the letters begin, behind ":2,"; NULL when there are none. */
static const char *letters_of(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL && colon[1] == '2' && colon[2] == ',' ? colon + 3 : NULL;
}

void maildir_name_flags(const char *name, uint8_t *flags_r, uint32_t *letters_r)
{
    uint8_t flags = 0;
    uint32_t letters = 0;
    const char *p = letters_of(name);
    for (; p != NULL && *p != '\0' && *p != ','; p++) {
        if (*p >= 'a' && *p <= 'z')
            letters |= 1U << (*p - 'a');
        else if (*p == 'P')
            letters |= LETTER_P;
        else
            flags |= flag_of_letter(*p);
    }
    *flags_r = flags;
    *letters_r = letters;
}

bool maildir_name_parse(const char *name, struct maildir_name *n_r)
{
    size_t base = strcspn(name, ":");
    size_t unique = strcspn(name, ",:");
    if (unique == 0 || base > BASE_NAME_MAX)
        return false;
    for (size_t i = 0; i < base; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    n_r->unique_len = unique;
    n_r->base_len = base;
    maildir_name_flags(name, &n_r->flags, &n_r->letters);
    return true;
}

/* The letters to be set, as octets. */
static size_t collect_letters(uint8_t flags, uint32_t letters, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < FLAG_LETTERS; i++)
        if (flags & flag_letters[i].flag)
            out[n++] = flag_letters[i].letter;
    if (letters & LETTER_P)
        out[n++] = 'P';
    for (int i = 0; i < LETTERS_COUNTED; i++)
        if (letters & (1U << i))
            out[n++] = (char)('a' + i);
    return n;
}

static void sort_octets(char *s, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        char c = s[i];
        size_t j = i;
        for (; j > 0 && (unsigned char)s[j - 1] > (unsigned char)c; j--)
            s[j] = s[j - 1];
        s[j] = c;
    }
}

bool maildir_name_with_flags(const char *name, uint8_t flags, uint32_t letters, char *out)
{
    const char *old = letters_of(name);
    size_t stem = old != NULL ? (size_t)(old - 3 - name) : strlen(name);
    size_t old_len = old != NULL ? strcspn(old, ",") : 0;
    const char *rest = old != NULL ? old + old_len : "";
    size_t rest_len = strlen(rest);
    if (old_len > NAME_MAX || stem > NAME_MAX)
        return false;
    char set[NAME_MAX + 64];
    size_t n = collect_letters(flags, letters, set);
    for (size_t i = 0; i < old_len; i++)
        if (!letter_is_ours(old[i]))
            set[n++] = old[i];
    sort_octets(set, n);
    if (stem + 3 + n + rest_len > NAME_MAX)
        return false;
    memcpy(out, name, stem);      // NOLINT(bugprone-not-null-terminated-result): more follows
    memcpy(out + stem, ":2,", 3); // NOLINT(bugprone-not-null-terminated-result)
    memcpy(out + stem + 3, set, n);
    memcpy(out + stem + 3 + n, rest, rest_len + 1);
    return true;
}

/* Reads decimal digits; false when there is none or the number does not fit. */
static bool digits(const char **p, uint64_t *value_r)
{
    uint64_t v = 0;
    const char *s = *p;
    for (; *s >= '0' && *s <= '9'; s++) {
        uint64_t d = (uint64_t)(*s - '0');
        if (v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    if (s == *p)
        return false;
    *p = s;
    *value_r = v;
    return true;
}

bool maildir_name_number(const char *name, char key, uint64_t *value_r)
{
    const char *end = name + strcspn(name, ":");
    const char *p = name + strcspn(name, ",:");
    while (p < end) {
        const char *field = p + 1;
        if (field[0] == key && field[1] == '=') {
            const char *value = field + 2;
            uint64_t v = 0;
            if (digits(&value, &v) && (*value == ',' || *value == ':' || *value == '\0')) {
                *value_r = v;
                return true;
            }
        }
        p = field + strcspn(field, ",:");
    }
    return false;
}

/* Whatever is no number counts as 0. */
bool maildir_name_seconds(const char *name, uint64_t *seconds_r)
{
    const char *p = name;
    return strspn(name, "0123456789") >= 9 && digits(&p, seconds_r) && p - name <= 10 &&
           (*p == '.' || *p == '_') && strcspn(name, " ") >= strcspn(name, ",:");
}

struct name_key maildir_name_key(const char *name)
{
    struct name_key key = { 0, 0, name };
    const char *p = name;
    if (!digits(&p, &key.seconds) || *p != '.')
        return key;
    const char *end = p + 1 + strcspn(p + 1, ".,:");
    const char *m = memchr(p, 'M', (size_t)(end - p));
    if (m != NULL) {
        m++;
        (void)digits(&m, &key.micros);
    }
    return key;
}

int maildir_name_order(const struct name_key *a, const struct name_key *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    if (a->micros != b->micros)
        return a->micros < b->micros ? -1 : 1;
    size_t la = strcspn(a->name, ":");
    size_t lb = strcspn(b->name, ":");
    int c = memcmp(a->name, b->name, la < lb ? la : lb);
    if (c != 0)
        return c;
    return la < lb ? -1 : la > lb;
}
