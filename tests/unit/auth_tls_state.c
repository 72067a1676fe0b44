/* Whether STARTTLS is offered, and for how long what was found out holds. */
#include "auth/tls_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char work[] = "/tmp/auth_tls_state.XXXXXX";
static char state_dir[64], certificate[64];
static struct settings settings;

/* The file that remembers, of which there is to be one. */
static void remembered(char path[256])
{
    DIR *dir = opendir(state_dir);
    assert_non_null(dir);
    unsigned found = 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, 256, "%s/%.64s", state_dir, e->d_name);
        found++;
    }
    closedir(dir);
    assert_int_equal(found, 1);
}

static void replace(const char *path, const char *from, const char *to)
{
    char text[8192] = "";
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    char *at = strstr(text, from);
    assert_non_null(at);
    rewind(f);
    assert_int_equal(ftruncate(fileno(f), 0), 0);
    fprintf(f, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    assert_int_equal(fclose(f), 0);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void set(char **member, const char *value)
{
    free(*member);
    *member = strdup(value);
    assert_non_null(*member);
}

static void test_none(void **state)
{
    (void)state;
    set(&settings.tls_cert, "");
    assert_false(tls_state_good(&settings, state_dir));
    assert_int_equal(access(state_dir, F_OK), -1); /* not even looked at */
    set(&settings.tls_cert, certificate);
}

/* What is remembered is believed, because nobody looks again: so it is told apart here. */
static void test_remembers(void **state)
{
    (void)state;
    char path[256];
    struct stat st;
    write_text(certificate, "no certificate\n");
    assert_false(tls_state_good(&settings, state_dir));
    remembered(path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(state_dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    unlink(path);
    assert_false(tls_state_good(&settings, state_dir));
    remembered(path);

    /* The verdict is the last line. */
    char last[1024] = "";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(last, sizeof last, f) != NULL)
        continue;
    fclose(f);
    assert_non_null(strchr(last, '\n'));
    replace(path, last, "good\n");
    assert_true(tls_state_good(&settings, state_dir));
}

static void test_file_changes(void **state)
{
    (void)state;
    assert_true(tls_state_good(&settings, state_dir)); /* from above */
    write_text(certificate, "still no certificate\n");
    assert_false(tls_state_good(&settings, state_dir));
    unlink(certificate);
    assert_false(tls_state_good(&settings, state_dir));
}

/* Anything but a whole and fitting file is as none. */
static void test_damage(void **state)
{
    (void)state;
    char path[256];
    write_text(certificate, "no certificate\n");
    assert_false(tls_state_good(&settings, state_dir));
    remembered(path);
    static const char *const damage[] = { "", "good\n", "\n", "good" };
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        write_text(path, damage[i]);
        assert_false(tls_state_good(&settings, state_dir));
    }
    assert_int_equal(truncate(path, 20), 0);
    assert_false(tls_state_good(&settings, state_dir));
    unlink(path);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_false(tls_state_good(&settings, state_dir));
}

/* A directory that others can write to is not believed. */
static void test_directory(void **state)
{
    (void)state;
    char path[256];
    write_text(certificate, "no certificate\n");
    assert_false(tls_state_good(&settings, state_dir));
    assert_int_equal(chmod(state_dir, 0777), 0);
    remembered(path);
    write_text(path, "x");
    assert_false(tls_state_good(&settings, state_dir));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fgetc(f), 'x'); /* nor written to */
    fclose(f);
    assert_int_equal(chmod(state_dir, 0700), 0);
}

static void test_without(void **state)
{
    (void)state;
    assert_false(tls_state_good(&settings, NULL));
    assert_false(tls_state_good(&settings, "/nonexistent/there"));
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(work) == NULL || !settings_init(&settings))
        return -1;
    snprintf(state_dir, sizeof state_dir, "%s/state", work);
    snprintf(certificate, sizeof certificate, "%s/cert", work);
    set(&settings.tls_cert, certificate);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char path[256];
    remembered(path);
    unlink(path);
    unlink(certificate);
    settings_free(&settings);
    return rmdir(state_dir) == 0 ? rmdir(work) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),         cmocka_unit_test(test_remembers),
        cmocka_unit_test(test_file_changes), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_directory),    cmocka_unit_test(test_without),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
