/*
 * The names of a block's messages, in one value:
 *
 *     count (16 bits), count times where the name ends in the text (16 bits), text
 *
 * Most names follow from the base name, the flags and the place of the file, so the base name
 * is all that is kept: when a flag changes this value stays as it is. A name that follows from
 * nothing (no ":2,", letters that we know nothing of, letters out of order, more behind a
 * second comma, longer than a base name may be) is kept whole, and must be put again whenever
 * the file is renamed. Whole is always right, only dearer; so where it is not obvious, it is
 * taken.
 */
#include "mailstore/index_block.h"

#include "mailstore/filename.h"

#include <string.h>

#define NUMBER sizeof(uint16_t)

_Static_assert(NUMBER + (size_t)INDEX_BLOCK * (NUMBER + NAME_MAX) <= UINT16_MAX,
               "an offset does not fit");
_Static_assert(NAME_MAX <= UINT8_MAX, "a length does not fit");

static unsigned number_at(const unsigned char *value, size_t i)
{
    uint16_t n;
    memcpy(&n, value + i * NUMBER, NUMBER);
    return n;
}

static void put_number(unsigned char *value, size_t i, size_t number)
{
    uint16_t n = (uint16_t)number;
    memcpy(value + i * NUMBER, &n, NUMBER);
}

/* --- One name. -------------------------------------------------------------------------------
 */

/* Whether the name of a file in cur/ is what maildir_name_with_flags makes of its base name:
 * behind ":2," letters in ascending order, none twice, and each of them one that counts. */
static bool follows_from_base(const char *name, size_t base, const struct index_message *m)
{
    if (strncmp(name + base, ":2,", 3) != 0)
        return false;
    const char *letter = name + base + 3;
    int n = 0;
    for (; letter[n] != '\0'; n++)
        if (n > 0 && letter[n] <= letter[n - 1])
            return false;
    uint8_t flags;
    uint32_t letters;
    maildir_name_flags(name, &flags, &letters);
    return flags == m->flags && letters == m->letters &&
           n == __builtin_popcount(flags) + __builtin_popcount(letters);
}

static bool in_cur(const struct index_message *m)
{
    return (m->bits & (INDEX_ON_DISK | INDEX_IN_NEW)) == INDEX_ON_DISK;
}

static bool is_name(const char *name, size_t n)
{
    return n > 0 && n <= NAME_MAX && memchr(name, '/', n) == NULL &&
           memchr(name, '\0', n) == NULL && !(n == 1 && name[0] == '.') &&
           !(n == 2 && name[0] == '.' && name[1] == '.');
}

static size_t length_until(const char *name, size_t n, char end)
{
    const char *found = memchr(name, end, n);
    return found == NULL ? n : (size_t)(found - name);
}

bool index_name_keep(const char *name, struct index_message *m, struct index_name *kept_r)
{
    size_t n = strnlen(name, NAME_MAX + 1);
    if (!is_name(name, n))
        return false;
    size_t base = length_until(name, n, ':');
    bool follows = in_cur(m) ? follows_from_base(name, base, m) : base == n;
    bool whole = !follows || base == 0 || base > BASE_NAME_MAX;
    m->bits = (uint8_t)(whole ? m->bits | INDEX_WHOLE : m->bits & ~INDEX_WHOLE);
    size_t len = whole ? n : base;
    kept_r->len = (uint8_t)len;
    memcpy(kept_r->text, name, len);
    return true;
}

bool index_name_make(const struct index_message *m, const char *kept, size_t n, char *name_r)
{
    char base[NAME_MAX + 1];
    bool made = (m->bits & INDEX_WHOLE) == 0 && in_cur(m);
    char *copy = made ? base : name_r;
    if (n > NAME_MAX)
        return false;
    memcpy(copy, kept, n);
    copy[n] = '\0';
    return is_name(copy, n) &&
           (!made || maildir_name_with_flags(base, m->flags, m->letters, name_r));
}

size_t index_name_unique(const char *kept, size_t n)
{
    return length_until(kept, length_until(kept, n, ','), ':');
}

/* --- A value. --------------------------------------------------------------------------------
 */

bool index_names_parse(const MDB_val *data, unsigned count, struct index_names *names_r)
{
    const unsigned char *value = data->mv_data;
    size_t head = NUMBER * (1 + (size_t)count);
    if (data->mv_size < head || number_at(value, 0) != count)
        return false;
    size_t end = 0;
    for (unsigned i = 1; i <= count; i++) {
        size_t next = number_at(value, i);
        if (next <= end || next - end > NAME_MAX)
            return false;
        end = next;
    }
    *names_r = (struct index_names){ value, data->mv_size, count };
    return end == data->mv_size - head;
}

size_t index_names_at(const struct index_names *names, unsigned i, const char **text_r)
{
    size_t head = NUMBER * (1 + (size_t)names->count);
    size_t from = i == 0 ? 0 : number_at(names->value, i);
    size_t end = number_at(names->value, (size_t)i + 1);
    if (i >= names->count || end <= from || end - from > NAME_MAX || end > names->size - head)
        return 0;
    *text_r = (const char *)names->value + head + from;
    return end - from;
}

size_t index_names_size(const struct index_name *name, unsigned count)
{
    size_t size = NUMBER * (1 + (size_t)count);
    for (unsigned i = 0; i < count; i++)
        size += name[i].len;
    return size;
}

void index_names_pack(const struct index_name *name, unsigned count, unsigned char *value)
{
    unsigned char *text = value + NUMBER * (1 + (size_t)count);
    size_t end = 0;
    put_number(value, 0, count);
    for (unsigned i = 0; i < count; i++) {
        memcpy(text + end, name[i].text, name[i].len);
        end += name[i].len;
        put_number(value, (size_t)i + 1, end);
    }
}
