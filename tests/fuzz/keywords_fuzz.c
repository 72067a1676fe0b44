/* The file dovecot-keywords, any octets at all: each letter has a name that can be told, by
 * which it is found again; a keyword that is added is there for the next reader. */
#include "tests/fuzz/scratch.h"

#include "mailstore/keywords.h"

#include <strings.h>

static void check_names(struct keywords *kw, uint32_t used)
{
    kw->used = used;
    for (unsigned i = 0; i <= LETTERS_COUNTED; i++) {
        const char *name = keywords_name(kw, i);
        if (name == NULL)
            continue;
        CHECK(keyword_valid(name));
        int index = keywords_index(kw, name);
        CHECK(index >= 0 && index <= LETTERS_COUNTED);
        const char *same = keywords_name(kw, (unsigned)index);
        CHECK(same != NULL && strcasecmp(same, name) == 0);
    }
    uint32_t letters = keywords_to_letters(kw, 1U << LETTER_P_INDEX);
    CHECK((letters & LETTER_P) != 0);
    CHECK((keywords_from_letters(kw, LETTERS_AZ | LETTER_P) & (1U << LETTER_P_INDEX)) != 0);
}

static void look(struct keywords *kw, int dir)
{
    uint32_t renamed;
    CHECK(keywords_look(kw, dir, &renamed) == STORE_OK);
    CHECK((renamed & ~LETTERS_AZ) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const more[] = { "fuzz-a", "Fuzz-B" };
    struct keywords kw;
    struct keywords again;
    int dir = scratch_open(scratch_begin());
    scratch_mkdir(dir, "cur");
    scratch_mkdir(dir, "new");
    scratch_file(dir, KEYWORDS_NAME, 0, data, size);
    int cur = openat(dir, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int new = openat(dir, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(cur >= 0 && new >= 0);
    keywords_init(&kw);
    keywords_init(&again);
    look(&kw, dir);
    check_names(&kw, 0);
    check_names(&kw, LETTERS_AZ);
    check_names(&kw, 0);
    bool room = keywords_have_room(&kw);
    enum store_error error = keywords_add(&kw, dir, cur, new, more, 1);
    CHECK(error == STORE_OK || (!room && error == STORE_LIMIT));
    if (error == STORE_OK) {
        look(&again, dir);
        CHECK(keywords_index(&again, "FUZZ-a") == keywords_index(&kw, more[0]));
        CHECK(keywords_index(&again, "FUZZ-a") >= 0);
        error = keywords_add(&again, dir, cur, new, more, 2);
        CHECK(error == STORE_OK || error == STORE_LIMIT);
        check_names(&again, LETTERS_AZ);
    }
    keywords_free(&kw);
    keywords_free(&again);
    close(cur);
    close(new);
    close(dir);
    return 0;
}
