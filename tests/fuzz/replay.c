/*
 * The fuzz targets without a fuzzer, for make check: gcc builds it, under ASan and UBSan.
 *
 *     replay seeds DIRECTORY     each target with the files in DIRECTORY/NAME, and with each
 *                                beginning of the small ones
 *     replay one NAME FILE...    one target with these files
 */
#include "tests/fuzz/targets.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Beginnings of longer seeds would take more time than they are worth. */
#define CUT_MAX 600
/* And of these every so many, with sessions, each of which makes a Maildir. */
#define CUTS 40

/* What is being run, for whoever reads of an abort. */
static void tell(const char *path, size_t n)
{
    static const char at[] = "replaying ";
    char line[600];
    int len = snprintf(line, sizeof line, "%s%s (%zu octets)\n", at, path, n);
    if (getenv("REPLAY_VERBOSE") != NULL && len > 0)
        (void)!write(STDERR_FILENO, line, (size_t)len);
}

static void run(const struct fuzz_target *t, const char *path, const uint8_t *data, size_t n)
{
    /* A copy of its own size, so that a read beyond it is seen. */
    uint8_t *copy = malloc(n + (n == 0));
    if (copy == NULL)
        abort();
    if (n > 0)
        memcpy(copy, data, n);
    tell(path, n);
    t->run(copy, n);
    free(copy);
}

static bool run_file(const struct fuzz_target *t, const char *path, bool cut)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (f == NULL || fstat(fileno(f), &st) < 0) {
        perror(path);
        return false;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size + 1);
    bool ok = data != NULL && fread(data, 1, size, f) == size;
    fclose(f);
    if (ok) {
        run(t, path, data, size);
        size_t step = size / CUTS + 1;
        for (size_t n = 0; cut && size <= CUT_MAX && n < size; n += step)
            run(t, path, data, n);
    }
    free(data);
    return ok;
}

static bool run_directory(const struct fuzz_target *t, const char *seeds, unsigned *files)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", seeds, t->name);
    DIR *d = opendir(path);
    if (d == NULL) {
        fprintf(stderr, "%s: no seeds\n", path);
        return false;
    }
    bool ok = true;
    *files = 0;
    for (struct dirent *e; ok && (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/%s", seeds, t->name, e->d_name);
        ok = run_file(t, path, true);
        ++*files;
    }
    closedir(d);
    return ok && *files > 0;
}

static int replay_seeds(const char *seeds)
{
    int status = 0;
    for (const struct fuzz_target *t = fuzz_targets; t->name != NULL; t++) {
        unsigned files = 0;
        if (!run_directory(t, seeds, &files))
            status = 1;
        printf("%-14s %u seeds\n", t->name, files);
        fflush(stdout);
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "seeds") == 0)
        return replay_seeds(argv[2]);
    const struct fuzz_target *t =
        argc > 3 && strcmp(argv[1], "one") == 0 ? fuzz_find(argv[2]) : NULL;
    if (t == NULL) {
        fprintf(stderr, "usage: replay seeds DIRECTORY | one NAME FILE...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++)
        if (!run_file(t, argv[i], false))
            return 1;
    return 0;
}
