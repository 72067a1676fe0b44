/* File names of a Maildir: one octet of flags, four of letters, a line that is a name, and
 * another name. Flags that are set are read again, and nothing else of the name changes. */
#include "tests/fuzz/fuzz.h"

#include "mailstore/filename.h"
#include "mailstore/mailbox.h"

#define FLAGS_ALL (FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT)

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void check_set(const char *name, uint8_t flags, uint32_t letters)
{
    char out[NAME_MAX + 1];
    char twice[NAME_MAX + 1];
    struct maildir_name before;
    struct maildir_name after;
    bool usable = maildir_name_parse(name, &before);
    if (!maildir_name_with_flags(name, flags, letters, out)) {
        CHECK(strlen(name) > BASE_NAME_MAX);
        return;
    }
    CHECK(strlen(out) <= NAME_MAX);
    uint8_t flags_now;
    uint32_t letters_now;
    maildir_name_flags(out, &flags_now, &letters_now);
    CHECK(flags_now == flags && letters_now == letters);
    CHECK(maildir_name_with_flags(out, flags, letters, twice) && strcmp(out, twice) == 0);
    if (usable) {
        CHECK(maildir_name_parse(out, &after));
        CHECK(after.unique_len == before.unique_len && after.base_len == before.base_len);
        CHECK(memcmp(name, out, before.base_len) == 0);
    }
}

static void check_name(const char *name)
{
    struct maildir_name n;
    uint64_t value;
    if (!maildir_name_parse(name, &n))
        return;
    CHECK(n.unique_len > 0 && n.unique_len <= n.base_len && n.base_len <= BASE_NAME_MAX);
    CHECK((n.letters & ~(LETTERS_AZ | LETTER_P)) == 0 && (n.flags & ~FLAGS_ALL) == 0);
    for (size_t i = 0; i < n.base_len; i++)
        CHECK(name[i] != '\n' && name[i] != ':');
    (void)maildir_name_number(name, 'S', &value);
    (void)maildir_name_number(name, 'W', &value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t flags = 0;
    uint32_t letters = 0;
    if (size >= 5) {
        flags = data[0] & FLAGS_ALL;
        memcpy(&letters, data + 1, 4);
        letters &= LETTERS_AZ | LETTER_P;
        data += 5;
        size -= 5;
    }
    const uint8_t *part;
    size_t n;
    fuzz_cut(&data, &size, '\n', &part, &n);
    char *name = fuzz_string(part, n);
    char *other = fuzz_string(data, size);
    check_name(name);
    check_name(other);
    check_set(name, flags, letters);
    struct name_key a = maildir_name_key(name);
    struct name_key b = maildir_name_key(other);
    CHECK(maildir_name_order(&a, &a) == 0);
    CHECK(sign(maildir_name_order(&a, &b)) == -sign(maildir_name_order(&b, &a)));
    free(name);
    free(other);
    return 0;
}
