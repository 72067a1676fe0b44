/* Courier's keywords, any octets at all: up to the first NUL the list, behind it what was
 * changed since of one message. All messages stay, under their flags; a second time finds
 * nothing to do; and of a message the change counts. */
#include "tests/fuzz/scratch.h"

#include "mailstore/courier_keywords.h"
#include "mailstore/mailbox.h"

#include <dirent.h>

static size_t count_files(int dir, uint32_t *letters_r)
{
    int fd = openat(dir, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(fd >= 0);
    DIR *d = fdopendir(fd);
    CHECK(d != NULL);
    size_t n = 0;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        struct maildir_name name;
        if (e->d_name[0] == '.')
            continue;
        CHECK(maildir_name_parse(e->d_name, &name));
        CHECK(name.base_len == 1 && e->d_name[0] >= '1' && e->d_name[0] <= '3');
        CHECK(name.flags == (e->d_name[0] == '1' ? FLAG_SEEN : 0));
        letters_r[e->d_name[0] - '1'] = name.letters;
        n++;
    }
    closedir(d);
    return n;
}

static void take(const struct folder_dirs *dirs, bool again)
{
    struct keywords kw;
    bool renamed;
    keywords_init(&kw);
    CHECK(courier_keywords_take(&kw, dirs, &renamed) == STORE_OK);
    CHECK(!again || !renamed);
    keywords_free(&kw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t letters[3];
    uint32_t later[3];
    const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
    size_t n = nul == NULL ? size : (size_t)(nul - data);
    struct folder_dirs dirs = { .dir = scratch_open(scratch_begin()), .tmp = -1 };
    scratch_mkdir(dirs.dir, "cur");
    scratch_mkdir(dirs.dir, "new");
    scratch_mkdir(dirs.dir, "courierimapkeywords");
    scratch_file(dirs.dir, "cur/1:2,S", 0, "", 0);
    scratch_file(dirs.dir, "cur/2:2,", 0, "", 0);
    scratch_file(dirs.dir, "cur/3", 0, "", 0);
    scratch_file(dirs.dir, "courierimapkeywords/:list", 0, data, n);
    if (nul != NULL)
        scratch_file(dirs.dir, "courierimapkeywords/2", 0, nul + 1, size - n - 1);
    dirs.cur = openat(dirs.dir, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dirs.new = openat(dirs.dir, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(dirs.cur >= 0 && dirs.new >= 0);
    take(&dirs, false);
    CHECK(count_files(dirs.dir, letters) == 3);
    take(&dirs, true);
    CHECK(count_files(dirs.dir, later) == 3 && memcmp(letters, later, sizeof letters) == 0);
    CHECK(nul == NULL || nul + 1 < data + size || letters[1] == 0);
    close(dirs.cur);
    close(dirs.new);
    close(dirs.dir);
    return 0;
}
