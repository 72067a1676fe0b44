/* LIST's patterns: the first line is one, the rest is a name; against the plainest matcher. */
#include "tests/fuzz/fuzz.h"

#include "mailstore/store.h"

#include <strings.h>

static bool same(char a, char b, bool any_case)
{
    return a == b || (any_case && strncasecmp(&a, &b, 1) == 0);
}

/* Whether the pattern fits: row i says for which ends of the name its first i octets do. */
static bool fits(const char *pattern, const char *name)
{
    size_t n = strlen(name);
    size_t inbox =
        strncasecmp(name, "INBOX", 5) == 0 && (name[5] == '\0' || name[5] == '/') ? 5 : 0;
    bool *row = calloc(n + 1, 1);
    bool *next = calloc(n + 1, 1);
    CHECK(row != NULL && next != NULL);
    row[0] = true;
    for (const char *p = pattern; *p != '\0'; p++) {
        for (size_t j = 0; j <= n; j++) {
            bool wild = *p == '*' || (*p == '%' && (j == 0 || name[j - 1] != '/'));
            if (*p == '*' || *p == '%')
                next[j] = row[j] || (wild && j > 0 && next[j - 1]);
            else
                next[j] = j > 0 && row[j - 1] && same(*p, name[j - 1], j <= inbox);
        }
        bool *swap = row;
        row = next;
        next = swap;
    }
    bool result = row[n];
    free(row);
    free(next);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *part;
    size_t n;
    fuzz_cut(&data, &size, '\n', &part, &n);
    char *pattern = fuzz_string(part, n);
    char *name = fuzz_string(data, size);
    bool matched = folder_match(pattern, name);
    if (strlen(name) > FOLDER_NAME_MAX)
        CHECK(!matched);
    else if (strlen(pattern) <= FOLDER_NAME_MAX)
        CHECK(matched == fits(pattern, name));
    free(pattern);
    free(name);
    return 0;
}
